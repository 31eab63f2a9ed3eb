import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../../src/backends/reference/device.ts';
import { evaluator } from '../../../src/backends/reference/evaluate.ts';
import { defaultTarget, wgslText } from '../../../src/backends/webgpu/emit.ts';
import { gpuSchedule, softwareSchedule, targetFor } from '../../../src/backends/webgpu/schedule.ts';
import { trafficOf } from '../../../src/backends/webgpu/traffic.ts';
import { setDefaultDevice } from '../../../src/compiler/runtime.ts';
import type { NDArray } from '../../../src/index.ts';
import { jit, lax, nn, numpy as np, ShapeDtypeStruct } from '../../../src/index.ts';
import type { Expr } from '../../../src/kernel/expr.ts';
import { index } from '../../../src/kernel/expr.ts';
import { extentsOfPiece, footprint } from '../../../src/kernel/footprint.ts';
import { delinearize, iadd, idiv, imod, imul, linearize } from '../../../src/kernel/index-algebra.ts';
import { product, range } from '../../../src/util/array.ts';
import { mnistStep } from '../../mnist-step.ts';

const struct = (...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, 'f32');

/** Different positions in pieces of a domain, counted, on average over all pieces. */
function counted(position: Expr, size: number, domain: readonly number[], inner: readonly number[]): number {
  const evaluate = evaluator([position]);
  const flat = (n: number, extents: readonly number[]): readonly number[] =>
    extents.map((e, a) => Math.floor(n / product(extents.slice(a + 1))) % e);
  const pieces = Math.floor(product(domain) / size);
  let found = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const positions = new Set<number>();
    for (let n = piece * size; n < (piece + 1) * size; n++) {
      for (let k = 0; k < product(inner); k++) {
        const at = [...flat(n, domain), ...flat(k, inner)];
        positions.add(evaluate({ at, acc: [], locals: [], operands: [] })[0] as number);
      }
    }
    found += positions.size;
  }
  return found / pieces;
}

const estimated = (position: Expr, size: number, domain: readonly number[], inner: readonly number[]): number => {
  const extents = [...extentsOfPiece(size, domain), ...inner];
  return footprint(position, (axis) => extents[axis] as number);
};

describe('footprints', () => {
  const axes = (extents: readonly number[], from = 0): readonly Expr[] => extents.map((e, i) => index(from + i, e));

  test('rows, columns and blocks are counted exactly', () => {
    const [m, k] = axes([64, 48]) as [Expr, Expr];
    const whole = linearize([m, k], [64, 48]);
    expect(estimated(whole, 16, [64], [48])).toBe(16 * 48);
    expect(estimated(linearize([k, m], [48, 64]), 16, [64], [48])).toBe(16 * 48);
    expect(estimated(imul(m, 3), 16, [64], [48])).toBe(16);
    expect(extentsOfPiece(32, [4, 8, 16])).toEqual([1, 2, 16]);
    expect(extentsOfPiece(8, [4, 8, 16])).toEqual([1, 1, 8]);
  });

  test('sliding windows, strided ones and quotients nearly so', () => {
    const [b, y, x, dy, dx, c] = axes([3, 11, 11, 3, 3, 8]) as [Expr, Expr, Expr, Expr, Expr, Expr];
    const windows = (stride: number): Expr =>
      linearize([b, iadd(imul(y, stride), dy), iadd(imul(x, stride), dx), c], [3, 23, 23, 8]);
    const [domain, inner] = [[3, 11, 11], [3, 3, 8]]; // prettier-ignore
    for (const stride of [1, 2]) {
      for (const size of [16, 33, 64, 121]) {
        const [got, wanted] = [
          estimated(windows(stride), size, domain, inner),
          counted(windows(stride), size, domain, inner),
        ];
        expect(Math.abs(got / wanted - 1), `stride ${stride}, ${size} rows: ${got}, not ${wanted}`).toBeLessThan(0.2);
      }
    }
    const [r, s, t] = axes([26, 26, 8]) as [Expr, Expr, Expr];
    const pooled = linearize([idiv(r, 2), idiv(s, 2), t], [13, 13, 8]);
    for (const size of [64, 208, 416]) {
      const [got, wanted] = [estimated(pooled, size, [26, 26, 8], []), counted(pooled, size, [26, 26, 8], [])];
      expect(Math.abs(got / wanted - 1), `${size} points: ${got}, not ${wanted}`).toBeLessThan(0.25);
    }
  });

  test('never more than there are points', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        shapes,
        shapes,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 2, max: 5 }),
        (domain, other, size, by) => {
          const piece = Math.min(size, product(domain));
          const i = linearize(axes(domain), domain);
          const positions = [i, idiv(i, by), imod(i, by), linearize(delinearize(i, other.map((n) => n + 1)), other.map((n) => n + by))]; // prettier-ignore
          for (const position of positions) {
            const got = estimated(position, piece, domain, []);
            expect(got).toBeGreaterThanOrEqual(1 - 1e-9);
            expect(got).toBeLessThanOrEqual(piece + 1e-9);
          }
        },
      ),
    );
  });
});

describe('on a GPU', () => {
  const reference = createReferenceDevice();
  const { dtypes } = reference.target;
  beforeAll(() => {
    const target = targetFor(gpuSchedule, { dtypes, maxOperands: 8 });
    setDefaultDevice({ ...reference, target, traffic: (kernel) => trafficOf(kernel, defaultTarget) });
  });
  afterAll(() => setDefaultDevice(reference));

  test('the training step of the MNIST network moves at most 1.5 times what its kernels have to, in at most 18 of them', () => {
    const { leaves, step } = mnistStep();
    const cost = step.lower(leaves, struct(32, 28, 28, 1), new ShapeDtypeStruct([32], 'i32')).costAnalysis();
    expect(cost.kernels).toBeLessThanOrEqual(18);
    expect(cost.traffic?.ratio).toBeGreaterThan(1);
    expect(cost.traffic?.ratio).toBeLessThanOrEqual(1.5);
    const sum = (pick: (k: (typeof cost.byKernel)[number]) => number): number => cost.byKernel.map(pick).reduce((a, b) => a + b, 0); // prettier-ignore
    expect(sum((k) => k.traffic?.bytes ?? NaN)).toBe(cost.traffic?.bytes);
    expect(sum((k) => k.flops)).toBe(cost.flops);
    // What is counted as unavoidable is what kernels bind, but for what they leave untouched.
    expect(cost.traffic?.unavoidable).toBeLessThanOrEqual(cost.bytesMoved);
    expect(cost.traffic?.unavoidable).toBeGreaterThan(0.97 * cost.bytesMoved);
  });

  test('a product of 1024³ does more than 16 operations for each byte, as its shader says', () => {
    const lowered = jit((a: NDArray, b: NDArray) => a.matmul(b)).lower(struct(1024, 1024), struct(1024, 1024));
    const { traffic } = lowered.costAnalysis();
    // Blocks of 128 × 64: each operand is read once for every block beside or below another.
    const [rows, columns] = [128, 64];
    expect(lowered.asText('wgsl')).toContain(`${rows} × ${columns} results a workgroup`);
    const bytes = 4 * 1024 ** 2 * (1024 / columns + 1024 / rows + 1);
    expect(traffic).toEqual({ bytes, unavoidable: 3 * 4 * 1024 ** 2, ratio: bytes / (12 * 1024 ** 2), flopsPerByte: 2 * 1024 ** 3 / bytes }); // prettier-ignore
    expect(traffic?.flopsPerByte).toBeGreaterThan(16);
  });

  test('what workgroups share is counted for each, what a row keeps is not', () => {
    const trafficOfFirst = (f: (...xs: never[]) => NDArray, ...shapes: readonly ShapeDtypeStruct[]) =>
      jit(f as (...xs: readonly NDArray[]) => NDArray).lower(...(shapes as unknown as NDArray[])).costAnalysis().byKernel[0]?.traffic; // prettier-ignore
    // A softmax reads its rows once, though it walks them three times.
    expect(trafficOfFirst((x: NDArray) => nn.softmax(x), struct(64, 512))?.ratio).toBe(1);
    // Rows that no cache holds are read at each walk: twice more than once, and written once.
    expect(trafficOfFirst((x: NDArray) => nn.softmax(x), struct(64, 65536))?.ratio).toBe(1.5);
    // 1024 workgroups of 1024 points read a bias of 64 elements each.
    const bias = trafficOfFirst((x: NDArray, b: NDArray) => x.add(b), struct(16384, 64), struct(64));
    expect(bias?.bytes).toBe(4 * (2 * 16384 * 64 + 1024 * 64));
    expect(bias?.unavoidable).toBe(4 * (2 * 16384 * 64 + 64));
    expect(trafficOfFirst((x: NDArray) => np.sort(x, 0), struct(100, 10))?.ratio).toBe(1);
  });

  test('adapters that are programs on the CPU read more', () => {
    const lowered = jit((a: NDArray, b: NDArray) => a.matmul(b)).lower(struct(512, 512), struct(512, 512));
    const bytes = (schedule: typeof gpuSchedule): number =>
      lowered.costAnalysis().byKernel.length * lowered.program.steps.reduce((n, s) => n + (s.kind === 'run' ? trafficOf(s.kernel, { ...defaultTarget, schedule }).bytes : 0), 0); // prettier-ignore
    expect(bytes(softwareSchedule)).toBeGreaterThan(2 * bytes(gpuSchedule));
  });

  test('products of few results and much depth are parts of the depth, added up in order', () => {
    const lowered = jit((a: NDArray, b: NDArray) => a.T.matmul(b)).lower(struct(8192, 32), struct(8192, 48));
    const [partial, sum] = lowered.program.steps.map((s) => (s.kind === 'run' ? s.kernel : null));
    expect(partial).toMatchObject({ kind: 'contract', batch: [64], depth: [128] });
    expect(sum).toMatchObject({ kind: 'reduce', reduced: [64], domain: [32, 48] });
    // Nothing is gained where there are many results, or too few to be worth a second kernel.
    for (const [m, n] of [
      [1024, 1024],
      [2, 2],
    ] as const) {
      // prettier-ignore
      const { steps } = jit((a: NDArray, b: NDArray) => a.T.matmul(b)).lower(struct(8192, m), struct(8192, n)).program;
      expect(steps).toHaveLength(1);
    }
  });

  test('and what they compute is the product', () => {
    const noise = (...shape: readonly number[]): NDArray => np.array(range(product(shape)).map((i) => Math.sin(i))).reshape(shape); // prettier-ignore
    const conv = (x: NDArray, g: NDArray): NDArray =>
      lax.convGeneralDilated(x, g, [1, 1], 'VALID', { dimensionNumbers: ['CHWN', 'IHWO', 'NHWC'] });
    const [x, g] = [noise(16, 14, 14, 3), noise(16, 12, 12, 8)];
    const matmul = (a: NDArray, b: NDArray): NDArray => a.T.matmul(b);
    const [a, b] = [noise(2048, 16), noise(2048, 9)];
    const split = [jit(conv)(x, g), jit(matmul)(a, b)].map((y) => y.tolistSync() as number[]);
    const texts = [jit(conv).lower(x, g), jit(matmul).lower(a, b)].map((l) => l.program.steps.length);
    expect(texts).toEqual([2, 2]);
    setDefaultDevice(reference);
    const whole = [jit(conv)(x, g), jit(matmul)(a, b)].map((y) => y.tolistSync() as number[]);
    split.forEach((y, i) => {
      const wanted = whole[i]?.flat(9) as number[];
      y.flat(9).forEach((v, k) => expect(Math.abs(v - (wanted[k] as number))).toBeLessThan(1e-3));
    });
  });

  test('the text of a shader whose depth is shared out says so', () => {
    const lowered = jit((x: NDArray, w: NDArray) => x.matmul(w)).lower(struct(32, 1600), struct(1600, 64));
    const text = wgslText(lowered.program);
    expect(text).toContain('16 × 16 results a workgroup, 64 deep in workgroup memory, by 16 parts of the workgroup');
    expect(text).toContain('@workgroup_size(4, 64)');
  });
});
