import { afterAll, describe, expect, test } from 'vitest';
import { emitContract } from '../../src/backends/wasm/contract/contract.ts';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { detectFeatures } from '../../src/backends/wasm/features.ts';
import { Library } from '../../src/backends/wasm/math/library.ts';
import { Func, i32 } from '../../src/backends/wasm/module/code.ts';
import { encodeModule } from '../../src/backends/wasm/module/encode.ts';
import type { ModuleBuilder } from '../../src/backends/wasm/rows.ts';
import type { HostArray } from '../../src/kernel/dtype.ts';
import { present } from '../../src/util/assert.ts';
import type { ExactCase, ProductOptions } from './contractions.ts';
import { convolution, matrixProduct } from './contractions.ts';
import { runCase } from './run-case.ts';

const kinds = detectFeatures().relaxedSimd ? [true, false] : [false];

type Sizes = readonly [m: number, k: number, n: number];

describe.each(kinds)('contractions, relaxed SIMD %s', { timeout: 60_000 }, (relaxedSimd) => {
  const features = { ...detectFeatures(), relaxedSimd };
  const alone = createWasmDevice({ features, threads: 1 });
  const team = createWasmDevice({ features, threads: 2, sharing: { kernel: 0, program: 0 } });
  afterAll(async () => {
    await alone.close();
    await team.close();
  });
  // The sign of a zero is not promised.
  const check = (c: ExactCase): void =>
    [alone, team].forEach((device) =>
      expect(present(runCase(device, c)[0], 'result').map((x: number) => x + 0)).toEqual(c.want),
    );
  const orders: readonly ProductOptions[] = [
    {},
    { transposeA: true },
    { transposeB: true },
    { transposeA: true, transposeB: true },
  ];

  test.each<[string, Sizes]>([
    ['nothing to add', [3, 0, 5]],
    ['one product', [1, 1, 1]],
    ['one row', [1, 77, 133]],
    ['one column', [133, 77, 1]],
    ['a dot product', [1, 5003, 1]],
    ['a long dot product', [1, 300001, 1]],
    ['an outer product', [67, 1, 70]],
    ['a short depth', [37, 3, 41]],
    ['two rows', [2, 130, 70]],
    ['three columns', [70, 130, 3]],
    ['few rows, long depth', [4, 9000, 36]],
    ['some rows, long depth', [10, 9000, 36]],
    ['some rows, many columns', [20, 500, 700]],
    ['heights of six and five', [32, 64, 64]],
    ['heights of five and four', [13, 30, 40]],
    ['seven rows', [7, 19, 24]],
    ['columns that do not fill a panel', [48, 33, 10]],
    ['tiny', [5, 6, 7]],
    ['units over rows', [200, 120, 72]],
    ['units over columns', [24, 64, 1600]],
    ['units over the depth', [9, 21632, 32]],
    ['depth in blocks', [20, 2500, 24]],
    ['rows, columns and depth in blocks', [101, 1100, 520]],
  ])('%s', (_, [m, k, n]) => orders.forEach((o) => check(matrixProduct(m, k, n, o))));

  test.each(['f64', 'i32', 'u32'] as const)('%s', (dtype) => {
    for (const [m, k, n] of [
      [1, 300, 40],
      [40, 300, 1],
      [33, 70, 45],
      [6, 5000, 9],
    ] as readonly Sizes[])
      // prettier-ignore
      orders.forEach((o) => check(matrixProduct(m, k, n, { ...o, dtype })));
  });

  test('batches, large and small', () => {
    for (const [m, k, n] of [
      [4, 4, 4],
      [1, 64, 70],
      [16, 16, 1],
      [70, 50, 64],
    ] as readonly Sizes[])
      // prettier-ignore
      orders.forEach((o) => check(matrixProduct(m, k, n, { ...o, batch: 5 })));
  });

  test('millions of rows', () => {
    const c = matrixProduct(1_700_000, 5, 8);
    const got = present(runCase(alone, c)[0], 'result');
    expect(got.findIndex((x: number, i: number) => x !== c.want[i])).toBe(-1);
  });

  test('what is fused before and after', () => {
    for (const [m, k, n] of [
      [1, 300, 40],
      [40, 300, 1],
      [9, 4000, 32],
      [300, 80, 64],
    ] as readonly Sizes[])
      // prettier-ignore
      orders.forEach((o) => check(matrixProduct(m, k, n, { ...o, epilogue: true, prologue: true })));
  });

  test.each(['forward', 'filters'] as const)('convolution: %s', (kind) => {
    const base = { batch: 2, size: 12, channels: 5, filters: 9, window: 3, padding: 0 };
    check(convolution(kind, base));
    check(convolution(kind, { ...base, padding: 2 }));
    check(convolution(kind, { ...base, channels: 1, filters: 32, size: 28 }));
    check(convolution(kind, { ...base, channels: 1, padding: 1 }));
    check(convolution(kind, { ...base, channels: 32, size: 7, window: 1 }));
    check(convolution(kind, { ...base, channels: 32, filters: 16, window: 5, padding: 2 }));
  });

  test('any partition of the units gives the same bits', () => {
    const cases = [matrixProduct(400, 60, 72), matrixProduct(9, 9000, 32), matrixProduct(4, 500, 700), matrixProduct(24, 64, 1600)]; // prettier-ignore
    for (const c of cases) {
      const real = { ...c, data: c.data.map((d, i) => (i === 3 ? d : d.map((x: number) => x * 0.1))) };
      const [whole, apart] = [runUnits(real, relaxedSimd, false), runUnits(real, relaxedSimd, true)];
      expect(apart.result).toEqual(whole.result);
      expect(Math.max(...apart.units)).toBeGreaterThan(1);
    }
  });
});

/** Runs a contraction's phases: each in one call, or unit by unit from the last one on with scratch memory in turns. */
function runUnits(
  { kernel, data }: ExactCase,
  relaxed: boolean,
  apart: boolean,
): { readonly result: HostArray; readonly units: readonly number[] } {
  const m: ModuleBuilder = { library: new Library(), funcs: [], relaxed };
  const { phases, scratchBytes, sharedBytes } = emitContract(m, kernel);
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536 });
  const starts: number[] = [];
  let next = 64;
  const room = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 64) * 64;
    return at;
  };
  for (const d of data) {
    const at = room(d.byteLength);
    starts.push(at);
    new Uint8Array(memory.buffer, at, d.byteLength).set(new Uint8Array(d.buffer));
  }
  const scratch = [room(scratchBytes), room(scratchBytes)];
  const shared = room(sharedBytes);
  const run = new Func('run', [['table', 'i32']], []);
  const call = (func: Func, from: number, to: number, thread: number): void =>
    run.run(func, i32(from), i32(to), i32(present(scratch[thread], 'scratch')), i32(shared), ...starts.map(i32));
  for (const { func, units } of phases) {
    if (!apart) call(func, 0, units, 0);
    else for (let u = units - 1; u >= 0; u--) call(func, u, u + 1, u % 2);
  }
  const bytes = encodeModule({ funcs: [...m.library.funcs, ...m.funcs, run], exported: run, shared: false, notes: [] });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  (instance.exports['run'] as (table: number) => void)(0);
  const output = present(data[3], 'output');
  return {
    result: new Float32Array(memory.buffer.slice(present(starts[3], 'address')), 0, output.length),
    units: phases.map((p) => p.units),
  };
}
