import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { wgslText } from '../../src/backends/webgpu/emit.ts';
import { platformGpu } from '../../src/backends/webgpu/platform.ts';
import { gpuSchedule, softwareSchedule } from '../../src/backends/webgpu/schedule.ts';
import type { Choice } from '../../src/backends/webgpu/tuning/candidates.ts';
import { candidates, chosenSchedule } from '../../src/backends/webgpu/tuning/candidates.ts';
import { productKey } from '../../src/backends/webgpu/tuning/product-key.ts';
import type { TuningStore } from '../../src/backends/webgpu/tuning/store.ts';
import { fileStore } from '../../src/backends/webgpu/tuning/store-file.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { NDArray, TuneProgress } from '../../src/index.ts';
import { grad, jit, lax, numpy as np, ShapeDtypeStruct, tune } from '../../src/index.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { ContractKernel } from '../../src/kernel/kernel.ts';
import { partsOf } from '../../src/kernel/kernel.ts';
import { runSteps } from '../../src/kernel/program.ts';

const reference = createReferenceDevice();
let folder = '';
let limits: GPUSupportedLimits;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-tuning-'));
  // A device has no more than it asked for, whatever the adapter could give.
  const device = await ((await (await platformGpu()).requestAdapter()) as GPUAdapter).requestDevice();
  ({ limits } = device);
  device.destroy();
});
afterAll(() => rm(folder, { recursive: true }));

const noise = (...shape: readonly number[]): NDArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  return np.array(Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1)))).reshape(shape);
};

/** All candidates with all products take long to compile in software: `CANDIDATES=all`. */
const all = process.env['CANDIDATES'] === 'all';

/** A layer with what is fused into it, and if asked a batch of products with an overhang everywhere, and a convolution. */
const products = (): readonly NDArray[] => {
  const [x, w, b] = [noise(40, 36), noise(36, 50), noise(50)];
  const layer = np.maximum(np.add(np.matmul(np.multiply(x, 2), w), b), 0);
  if (!all) return [layer];
  const batch = np.matmul(noise(3, 17, 21), noise(3, 21, 19));
  const windows = lax.conv(noise(2, 3, 12, 12), noise(5, 3, 3, 3), [1, 1], 'SAME');
  return [layer, batch, windows];
};

async function on(device: Device, f: () => readonly NDArray[]): Promise<readonly (readonly number[])[]> {
  setDefaultDevice(device);
  return Promise.all(f().map(async (y) => [...(await y.data())]));
}

function expectClose(got: readonly (readonly number[])[], wanted: readonly (readonly number[])[], what: string): void {
  got.forEach((values, i) => {
    const worst = Math.max(...values.map((v, k) => Math.abs(v - (wanted[i]?.[k] ?? NaN))));
    expect(worst, `${what}, result ${i}`).toBeLessThan(1e-4);
  });
}

const contractions = (f: (...args: never[]) => unknown, ...args: readonly NDArray[]): readonly ContractKernel[] =>
  runSteps(jit(f as (...xs: readonly NDArray[]) => NDArray).lower(...args).program.steps)
    .flatMap((s) => partsOf(s.kernel))
    .filter((k) => k.kind === 'contract');

test.each(all ? [gpuSchedule, softwareSchedule] : [gpuSchedule])(
  'every candidate computes what is wanted ($name schedule)',
  async (base) => {
    setDefaultDevice(reference);
    const wanted = await on(reference, products);
    const [kernel] = contractions((a: NDArray, b: NDArray) => np.matmul(a, b), noise(64, 64), noise(64, 64));
    const choices = candidates(kernel as ContractKernel, base.contract, limits);
    expect(choices.length).toBeGreaterThan(15);
    expect(choices[0]).toBeNull();
    expect(new Set(choices.map((c) => JSON.stringify(c))).size).toBe(choices.length);
    for (const choice of all ? choices : choices.filter((_, i) => i % 6 === 0)) {
      const contract = choice === null ? base.contract : chosenSchedule(base.contract, choice);
      const device = await createWebGpuDevice({ schedule: { ...base, contract } });
      expectClose(await on(device, () => jit(() => products())()), wanted, JSON.stringify(choice));
      await device.close();
    }
  },
);

test('the key of a product says its extents, how its operands lie, and what is fused into it', () => {
  setDefaultDevice(reference);
  const [x, w] = [noise(32, 24), noise(24, 16)];
  const keyOf = (f: (...args: never[]) => unknown, ...args: readonly NDArray[]): string =>
    productKey(contractions(f, ...args)[0] as ContractKernel);
  const plain = keyOf((a: NDArray, b: NDArray) => np.matmul(a, b), x, w);
  expect(plain).toBe('f32 1×32×16×24 lhs along depth, rhs along columns, 1 store');
  expect(keyOf((a: NDArray, b: NDArray) => np.matmul(a, b.transpose()), x, noise(16, 24))).toContain('rhs along depth');
  const biased = keyOf((a: NDArray, b: NDArray, c: NDArray) => np.add(np.matmul(a, b), c), x, w, noise(16));
  expect(biased).toBe(`${plain} of 1 more loads`);
  expect(keyOf((a: NDArray, b: NDArray) => np.matmul(np.multiply(a, 3), b), x, w)).toContain(
    'lhs along depth, with arithmetic',
  );
});

const mlp = (w: NDArray, x: NDArray): NDArray => np.tanh(np.matmul(x, w));

test('what wins is used, kept in a file, and found by a device that starts later', async () => {
  const path = join(folder, 'deeper', 'tuning.json');
  const first = await createWebGpuDevice({ tuning: fileStore(path) });
  setDefaultDevice(first);
  const [w, x] = [noise(48, 40), noise(64, 48)];
  const wanted = await on(first, () => [jit(mlp)(w, x)]);
  const seen: TuneProgress[] = [];
  const {
    products: tuned,
    saved,
    device,
  } = await tune(mlp, [w, x], {
    candidates: 4,
    onProgress: (p) => seen.push(p),
  });
  expect([saved, device]).toEqual([path, first.description]);
  expect(tuned).toHaveLength(1);
  const [winner] = tuned;
  expect(winner?.product).toBe('f32 1×64×40×48 lhs along depth, rhs along columns, 1 store');
  expect(winner?.source).toContain('dotGeneral');
  expect(winner?.microseconds).toBeLessThanOrEqual(winner?.microsecondsBefore ?? 0);
  expect(winner?.microseconds).toBeGreaterThan(0);
  expect(seen.map((p) => p.done)).toEqual(seen.map((_, i) => i + 1));
  expect(seen).toHaveLength(winner?.candidates ?? 0);
  expect(seen.at(-1)?.total).toBe(seen.length);
  expectClose(await on(first, () => [jit(mlp)(w, x)]), wanted, 'tuned');
  // The same again measures nothing.
  expect((await tune(jit(mlp), [w, new ShapeDtypeStruct([64, 48], 'f32')])).products).toEqual([]);
  const held = first.memory().liveBuffers;
  await first.close();
  expect(held).toBeLessThan(20);
  expect((await readdir(join(folder, 'deeper'))).sort()).toEqual(['tuning.json']);

  // Something else than what the schedule says, so that it shows.
  const text = await readFile(path, 'utf8');
  const choice: Choice = { workgroup: [16, 1], tile: [4, 4], staged: 8 };
  await writeFile(path, JSON.stringify(withChoices(JSON.parse(text), choice)));
  const later = await createWebGpuDevice({ tuning: fileStore(path) });
  expect(textOn(later)).toContain('@workgroup_size(16, 1)');
  expectClose(await on(later, () => [jit(mlp)(noise(48, 40), noise(64, 48))]), wanted, 'found again');
  setDefaultDevice(later);
  const shapes = [new ShapeDtypeStruct([48, 40], 'f32'), new ShapeDtypeStruct([64, 48], 'f32')] as const;
  expect((await tune(mlp, shapes)).products).toEqual([]);
  expect((await tune(mlp, shapes, { again: true, candidates: 1 })).products).toHaveLength(1);
  await later.close();
});

/** What is stored, with every choice replaced. */
function withChoices(stored: unknown, choice: unknown): unknown {
  const { version, adapters } = stored as { version: number; adapters: Record<string, Record<string, unknown>> };
  const replaced = Object.entries(adapters).map(([adapter, choices]) => [
    adapter,
    Object.fromEntries(Object.keys(choices).map((key) => [key, choice])),
  ]);
  return { version, adapters: Object.fromEntries(replaced) as unknown };
}

/** What the network becomes on a device. */
const textOn = (device: WebGpuDevice): string => {
  setDefaultDevice(device);
  const shape = (...s: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(s, 'f32');
  return wgslText(jit(mlp).lower(shape(48, 40), shape(64, 48)).program, device.wgslTarget);
};

/** A store in memory. */
function memoryStore(): TuningStore & { value: unknown } {
  const store = {
    place: 'memory',
    value: undefined as unknown,
    load: () => Promise.resolve(store.value),
    update: (change: (before: unknown) => unknown) => {
      store.value = JSON.parse(JSON.stringify(change(store.value)));
      return Promise.resolve();
    },
  };
  return store;
}

test('choices hold in derivatives, and in kernels side by side', async () => {
  const loss = (w: NDArray, x: NDArray): NDArray => np.sum(mlp(w, x));
  const gradients = (): readonly NDArray[] => jit((w: NDArray, x: NDArray) => grad(loss, { argnums: [0, 1] })(w, x))(noise(33, 40), noise(50, 33)); // prettier-ignore
  const wanted = await on(reference, gradients);
  const store = memoryStore();
  const device = await createWebGpuDevice({ tuning: store });
  setDefaultDevice(device);
  const { products: tuned } = await tune(grad(loss, { argnums: [0, 1] }), [noise(33, 40), noise(50, 33)], { candidates: 1 }); // prettier-ignore
  expect(tuned.length).toBe(3);
  await device.close();
  for (const choice of [{ workgroup: [16, 2], tile: [8, 4], staged: 16 }, 'reduction']) {
    store.value = withChoices(store.value, choice);
    const other = await createWebGpuDevice({ tuning: store });
    expectClose(await on(other, gradients), wanted, JSON.stringify(choice));
    await other.close();
  }
});

test('what is stored and makes no sense is left alone', async () => {
  const store = memoryStore();
  const device = await createWebGpuDevice({ tuning: store });
  const usual = textOn(device);
  await tune(mlp, [noise(48, 40), noise(64, 48)], { candidates: 1 });
  await device.close();
  const good = store.value;
  const senseless = [
    { workgroup: [1000, 1000], tile: [4, 4], staged: null },
    { workgroup: [8, 8], tile: [3, 4], staged: null },
    { workgroup: [8, 8], tile: [8, 8], staged: 4096 },
    { workgroup: [-8, 8], tile: [4, 4], staged: 0.5 },
    { workgroup: '8', tile: [4, 4], staged: null },
    'quickly',
    7,
    null,
  ];
  for (const choice of senseless) {
    store.value = withChoices(good, choice);
    const other = await createWebGpuDevice({ tuning: store });
    expect(textOn(other), JSON.stringify(choice)).toBe(usual);
    await other.close();
  }
  const path = join(folder, 'torn.json');
  for (const text of [
    '{"version": 1, "adap',
    '[]',
    'null',
    '{"version": 99, "adapters": {}}',
    '{"version": 1, "adapters": 3}',
  ]) {
    await writeFile(path, text);
    const other = await createWebGpuDevice({ tuning: fileStore(path) });
    expect(textOn(other), text).toBe(usual);
    await other.close();
  }
});

test('choices that can not be stored hold all the same, and the report says so', async () => {
  await writeFile(join(folder, 'file'), '');
  const device = await createWebGpuDevice({ tuning: fileStore(join(folder, 'file', 'tuning.json')) });
  setDefaultDevice(device);
  const report = await tune(mlp, [noise(48, 40), noise(64, 48)], { candidates: 1 });
  expect([report.products.length, report.saved]).toEqual([1, null]);
  expect((await tune(mlp, [noise(48, 40), noise(64, 48)])).products).toEqual([]);
  await device.close();
});
