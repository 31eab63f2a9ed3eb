import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceDevice } from '../../../src/backends/reference/device.ts';
import { setDefaultDevice } from '../../../src/compiler/runtime.ts';
import type { NDArray } from '../../../src/index.ts';
import { jit, lax, numpy as np, ShapeDtypeStruct } from '../../../src/index.ts';
import type { Device } from '../../../src/kernel/device.ts';
import { bytesAlive } from '../../../src/kernel/liveness.ts';
import type { Program } from '../../../src/kernel/program.ts';
import { runSteps } from '../../../src/kernel/program.ts';
import { mnistStep } from '../../mnist-step.ts';

const reference = createReferenceDevice();
/** The reference device as one that binds few buffers. */
const binding = (maxOperands: number): Device => ({ ...reference, target: { ...reference.target, maxOperands } });
beforeAll(() => setDefaultDevice(binding(8)));
afterAll(() => setDefaultDevice(reference));

const most = ({ steps }: Program): number => Math.max(...runSteps(steps).map((s) => s.args.length));

test('the training step of the MNIST network is at most 18 kernels where 8 buffers can be bound', () => {
  const { leaves, step } = mnistStep();
  const { program } = step.lower(leaves, new ShapeDtypeStruct([32, 28, 28, 1], 'f32'), new ShapeDtypeStruct([32], 'i32')); // prettier-ignore
  const runs = runSteps(program.steps);
  expect(runs.length).toBeLessThanOrEqual(18);
  expect(most(program)).toBeLessThanOrEqual(8);
  // Each gradient and all of its update are one kernel: nothing is read twice.
  expect(
    runs.filter((s) => s.kernel.operands.filter((o) => o.access === 'readwrite' && o.dtype === 'f32').length >= 3)
      .length,
  ).toBe(8);
});

/** Scales that a step's number decides, which the updates of two arrays need. */
const scaled = (t: NDArray, x: NDArray, y: NDArray): readonly NDArray[] => {
  const [one, two] = [np.power(0.9, t), np.power(0.99, t)];
  return [np.matmul(x, x).mul(one).div(two), np.sort(y.mul(one).sub(two), 0)];
};

test('small temporaries of one kernel share a buffer, and hold what they would by themselves', () => {
  const noise = (n: number): NDArray => np.array(Array.from({ length: n }, (_, i) => Math.sin(i)));
  const args = [np.array(3), noise(64).reshape([8, 8]), noise(30).reshape([10, 3])] as const;
  const packed = jit(scaled).lower(...args).program;
  const results = jit(scaled)(...args).map((x) => x.tolistSync());
  setDefaultDevice(binding(64));
  const plain = jit(scaled).lower(...args).program;
  expect(packed.buffers.length).toBe(plain.buffers.length - 1);
  expect(packed.slots.length).toBeLessThanOrEqual(plain.slots.length + 1);
  expect(bytesAlive(packed)).toBeLessThanOrEqual(bytesAlive(plain) + 64);
  expect(results).toEqual(jit(scaled)(...args).map((x) => x.tolistSync()));
  setDefaultDevice(binding(8));
});

test('so they do in loops, whose conditions stay by themselves', () => {
  const grow = (x: NDArray): NDArray =>
    lax.whileLoop(
      (y: NDArray) => np.less(y.max().sub(y.min()).add(np.tanh(y.sum())), 50),
      (y) => {
        const [low, high] = [y.min(0, { keepdims: true }), y.max(0, { keepdims: true })];
        return np.sort(y.mul(2).sub(low).add(high), 0);
      },
      x,
    );
  const x = np.array([[3, 1, 2], [5, 4, 9]]); // prettier-ignore
  const got = jit(grow)(x).tolistSync();
  setDefaultDevice(binding(64));
  expect(got).toEqual(jit(grow)(x).tolistSync());
  setDefaultDevice(binding(8));
});

test('an update that can not be in place is no kernel that binds more than there is', () => {
  // The old value is read after the new one is known, so that both are there at once.
  const step = (m: NDArray, v: NDArray, p: NDArray, g: NDArray, s: NDArray): readonly NDArray[] => {
    const [m1, v1] = [m.mul(0.9).add(g), v.mul(0.9).add(g.mul(g))];
    const p1 = p.sub(m1.mul(s).div(v1.add(1)));
    return [m1, v1, p1, m.mul(np.matmul(p1, v1).sum()), p.add(np.matmul(m1, p1))];
  };
  const square = (seed: number): NDArray => np.array(Array.from({ length: 16 }, (_, i) => Math.cos(seed + i))).reshape([4, 4]); // prettier-ignore
  const args = (): [NDArray, NDArray, NDArray, NDArray, NDArray] => [square(1), square(2), square(3), square(4), square(5)]; // prettier-ignore
  const wanted = step(...args()).map((x) => x.tolistSync());
  for (const maxOperands of [3, 4, 5, 6, 8]) {
    setDefaultDevice(binding(maxOperands));
    const f = jit(step, { donateArgnums: [0, 1, 2] });
    expect(f(...args()).map((x) => x.tolistSync())).toEqual(wanted);
    expect(most(jit(step, { donateArgnums: [0, 1, 2] }).lower(...args()).program), `of ${maxOperands}`).toBeLessThanOrEqual(Math.max(maxOperands, 5)); // prettier-ignore
  }
  setDefaultDevice(binding(8));
});
