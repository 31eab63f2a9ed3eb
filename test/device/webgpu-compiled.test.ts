import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import type { Schedule } from '../../src/backends/webgpu/schedule.ts';
import { gpuSchedule, softwareSchedule } from '../../src/backends/webgpu/schedule.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import { grad, jit, lax, nn, numpy as np, vmap } from '../../src/index.ts';
import type { NDArray } from '../../src/index.ts';
import type { Device } from '../../src/kernel/device.ts';
import { mnistStep } from '../mnist-step.ts';
import { alteredGpu } from './webgpu-altered.ts';

const reference = createReferenceDevice();
let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

const noise = (...shape: readonly number[]): NDArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  return np.array(Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1)) / 2)).reshape(shape);
};

/** What a function of no arguments computes on each device. */
async function onBoth(f: () => NDArray): Promise<void> {
  const on = async (d: Device): Promise<readonly number[]> => {
    setDefaultDevice(d);
    return [...(await f().data())];
  };
  const [wanted, got] = [await on(reference), await on(device)];
  expect(got).toHaveLength(wanted.length);
  got.forEach((g, i) => expect(Math.abs(g - (wanted[i] as number))).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted[i] as number)))); // prettier-ignore
}

/** The gradient of a small recurrent network's loss over some steps, of the weights and inputs. */
const recurrent = (): ((w: NDArray, xs: NDArray) => NDArray) => {
  const loss = (w: NDArray, xs: NDArray): NDArray => {
    const [last, ys] = lax.scan(
      (h: NDArray, x: NDArray) => {
        const next = np.tanh(np.add(np.matmul(h, w), x));
        return [next, next.sum()] as const;
      },
      np.zeros(xs.shape.slice(1)),
      xs,
    );
    return np.add(last.sum(), np.mean(ys));
  };
  return jit(grad(loss));
};

test('the gradient of a network scanned over 200 steps has no more pipelines than one over 10, and few submits', async () => {
  const compiled: number[] = [];
  for (const steps of [10, 200]) {
    await onBoth(() => recurrent()(noise(8, 8), noise(steps, 3, 8)));
    const [w, xs, gradient] = [noise(8, 8), noise(steps, 5, 8), recurrent()];
    await Promise.all([w.data(), xs.data()]);
    const before = device.counters();
    await gradient(w, xs).data();
    const { dispatches, submits, decisions, pipelines } = device.counters();
    // A submit takes so many dispatches.
    const wanted = Math.ceil((dispatches - before.dispatches) / 1024);
    expect([submits - before.submits, decisions - before.decisions]).toEqual([wanted, 0]);
    compiled.push(pipelines - before.pipelines);
  }
  expect(compiled[0]).toBeGreaterThan(5);
  expect(compiled[1]).toBeLessThanOrEqual(compiled[0] as number);
});

test('a loop that a condition ends, alone and batched', async () => {
  // Newton's method until it moves no more.
  const root = (a: NDArray): NDArray =>
    lax.whileLoop(
      ([, moved]: readonly [NDArray, NDArray]) => np.greater(moved, 1e-4),
      ([x]) => {
        const next = np.multiply(0.5, np.add(x, np.divide(a, x)));
        return [next, np.abs(np.subtract(next, x))] as const;
      },
      [a, np.array(1)] as const,
    )[0];
  await onBoth(() => jit(root)(np.array(1234.5)));
  await onBoth(() => root(np.array(2)));
  await onBoth(() => jit(vmap(root))(np.array([2, 3, 500, 0.01])));
});

test('conditionals in scans, and a loop in a conditional in a scan', async () => {
  const collatz = (n: NDArray): NDArray =>
    lax.whileLoop(
      ([x]: readonly [NDArray, NDArray]) => np.greater(x, 1),
      ([x, count]) =>
        [
          lax.cond(np.equal(np.remainder(x, 2), 0), (y: NDArray) => np.floorDivide(y, 2), (y: NDArray) => np.add(np.multiply(y, 3), 1), x), // prettier-ignore
          np.add(count, 1),
        ] as const,
      [n, np.array(0, { dtype: 'i32' })] as const,
    )[1];
  const some = (xs: NDArray): NDArray =>
    lax.scan(
      (total: NDArray, x: NDArray) => {
        const next = lax.cond(np.greater(x, 6), collatz, (y: NDArray) => np.negative(y), x);
        return [np.add(total, next), next] as const;
      },
      np.array(0, { dtype: 'i32' }),
      xs,
    )[1];
  await onBoth(() => jit(some)(np.array([1, 7, 27, 3, 9], { dtype: 'i32' })));
});

test('sorting, running totals and a factorization inside one program', async () => {
  const f = (x: NDArray): NDArray => {
    const sorted = np.sort(x);
    const a = np.add(np.matmul(x, x.transpose()), np.multiply(np.eye(4), 2));
    return np.concatenate([np.cumsum(sorted, 1).reshape([-1]), np.linalg.cholesky(a).reshape([-1])]);
  };
  await onBoth(() => jit(f)(noise(4, 9)));
  await onBoth(() => jit(grad((x: NDArray) => np.multiply(f(x), f(x)).sum()))(noise(4, 9)));
});

test('convolutions whose channels are neighbours, and both of their gradients', async () => {
  const conv = (x: NDArray, w: NDArray): NDArray =>
    lax.convGeneralDilated(x, w, [2, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] });
  const loss = (x: NDArray, w: NDArray): NDArray => np.sin(conv(x, w)).sum();
  const [x, w] = [(): NDArray => noise(3, 9, 7, 8), (): NDArray => noise(3, 2, 8, 12)];
  await onBoth(() => jit(conv)(x(), w()));
  await onBoth(() => jit(grad(loss))(x(), w()));
  await onBoth(() => jit(grad((v: NDArray, y: NDArray) => loss(y, v)))(w(), x()));
});

/**
 * Kernels and submits as on a GPU: long work of a software adapter is handed over in several submits. But tiles are such as a
 * software adapter compiles in short time.
 */
const likeGpu: Schedule = { ...gpuSchedule, contract: softwareSchedule.contract };

/** Two training steps of the MNIST network: its state, the losses, and what the second step took. */
async function twoSteps(gpu: WebGpuDevice): Promise<{
  readonly state: readonly (readonly number[])[];
  readonly losses: readonly number[];
  readonly dispatches: number;
  readonly passes: number;
  readonly submits: number;
}> {
  setDefaultDevice(gpu);
  const { leaves, step } = mnistStep();
  const [images, labels] = [noise(8, 28, 28, 1), np.array([1, 2, 3, 4, 5, 6, 7, 8], { dtype: 'i32' })];
  let state = leaves;
  const losses: number[] = [];
  const once = async (): Promise<void> => {
    const results = step(state, images, labels) as readonly NDArray[];
    state = results.slice(0, state.length);
    losses.push(...((await results.at(-1)?.data()) ?? []));
  };
  await once();
  const before = gpu.counters();
  await once();
  const { dispatches, passes, submits } = gpu.counters();
  return {
    state: await Promise.all(state.map(async (leaf) => [...(await leaf.data())])),
    losses,
    dispatches: dispatches - before.dispatches,
    passes: passes - before.passes,
    submits: submits - before.submits,
  };
}

test('a training step of the MNIST network is at most 18 dispatches in one pass and one submit, and its inference at most 6', async () => {
  const gpu = await createWebGpuDevice({ schedule: likeGpu });
  const usual = await twoSteps(gpu);
  expect(usual.dispatches).toBeLessThanOrEqual(18);
  expect([usual.passes, usual.submits]).toEqual([1, 1]);
  const fewest = { maxStorageBuffersPerShaderStage: 8 };
  const least = await createWebGpuDevice({ schedule: likeGpu, gpu: await alteredGpu(() => ({}), fewest) });
  expect(least.target.maxOperands).toBe(8);
  const limited = await twoSteps(least);
  await least.close();
  expect(limited.dispatches).toBeLessThanOrEqual(18);
  expect([limited.passes, limited.submits]).toEqual([1, 1]);
  limited.losses.forEach((loss, i) => expect(loss).toBeCloseTo(usual.losses[i] as number, 4));
  limited.state.forEach((leaf, i) => leaf.forEach((x, k) => expect(Math.abs(x - (usual.state[i]?.[k] as number))).toBeLessThan(1e-4))); // prettier-ignore
  setDefaultDevice(gpu);
  const scores = jit((params: readonly NDArray[], x: NDArray): NDArray => {
    const [w1, b1, w2, b2, w3, b3, w4, b4] = params as readonly [NDArray, NDArray, NDArray, NDArray, NDArray, NDArray, NDArray, NDArray]; // prettier-ignore
    const block = (y: NDArray, w: NDArray, b: NDArray): NDArray =>
        nn.maxPool(2).apply(null, null, nn.relu(lax.convGeneralDilated(y, w, [1, 1], 'VALID', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] }).add(b)), { training: false })[0]; // prettier-ignore
    const features = block(block(x, w1, b1), w2, b2).reshape([8, 1600]);
    return nn.relu(features.matmul(w3).add(b3)).matmul(w4).add(b4);
  });
  const shapes = [[3, 3, 1, 32], [32], [3, 3, 32, 64], [64], [1600, 64], [64], [64, 10], [10]];
  const images = noise(8, 28, 28, 1);
  const params = shapes.map((shape) => noise(...shape).mul(0.1));
  await scores(params, images).data();
  const idle = gpu.counters().dispatches;
  await scores(params, images).data();
  expect(gpu.counters().dispatches - idle).toBeLessThanOrEqual(6);
  await gpu.close();
});
