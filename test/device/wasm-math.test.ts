import { describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { detectFeatures } from '../../src/backends/wasm/features.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { DType, HostArray } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import { binary, index, load, unary } from '../../src/kernel/expr.ts';
import type { BinaryOp, UnaryOp } from '../../src/kernel/ops.ts';
import { applyBinary, applyUnary } from '../../src/kernel/semantics.ts';
import { range } from '../../src/util/array.ts';
import { Random } from './random-kernels.ts';
import { runCase } from './run-case.ts';

const devices = (detectFeatures().relaxedSimd ? [true, false] : [false]).map(
  (relaxedSimd) => [`relaxed SIMD ${relaxedSimd}`, createWasmDevice({ features: { relaxedSimd } })] as const,
);
const unaries: readonly UnaryOp[] = [
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'tan',
  'tanh',
  'atan',
  'erf',
  'sqrt',
];
const binaries: readonly BinaryOp[] = ['pow', 'atan2', 'rem', 'div'];

const specials = [
  0, -0, 1, -1, NaN, Infinity, -Infinity, 0.5, -0.5, 2, -2, 3, -3, 1e-45, -1e-45, 1e-40, 1.17e-38, 3.4e38, -3.4e38, 87.5,
  88.7228, 88.73, 89, -87.4, -103.5, -104, -110, 200, -200, 1e-8, 0.2928, 0.2929, -0.2929, -0.99999, 1e5, 1e7, 1e20, 709.7,
  11, 33, -5, 0.1, 1e30,
]; // prettier-ignore

function arguments_(dtype: 'f32' | 'f64', seed: number): HostArray {
  const r = new Random(seed);
  const data = hostArray[dtype](40_000 + specials.length ** 2);
  for (let i = 0; i < data.length; i++) {
    const sign = r.chance(0.5) ? -1 : 1;
    const kind = r.below(4);
    data[i] =
      kind === 0
        ? sign * r.next() * 4
        : kind === 1
          ? sign * r.next() * 120
          : kind === 2
            ? sign * r.next() * 1e5
            : sign * 2 ** (r.next() * 200 - 100);
  }
  specials.forEach((_, i) =>
    specials.forEach((s, j) => (data[i * specials.length + j] = seed === 1 ? s : (specials[i] as number))),
  );
  return data;
}

const f32Bits = (x: number): number => {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0] ?? 0;
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
};

const f64Bits = (x: number): bigint => {
  const bits = new BigInt64Array(Float64Array.of(x).buffer)[0] ?? 0n;
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
};

/** Representable numbers between the two, Infinity when they differ in kind. */
function ulps(dtype: 'f32' | 'f64', x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) && Number.isNaN(y) ? 0 : Infinity;
  if (x === 0 && y === 0) return Object.is(x, y) ? 0 : Infinity;
  if (dtype === 'f32') return Math.abs(f32Bits(x) - f32Bits(y));
  const distance = Number(f64Bits(x) - f64Bits(y));
  // Results below the normal range lose digits.
  return Math.abs(x) < 1e-290 && Math.abs(y) < 1e-290 ? 0 : Math.abs(distance);
}

/** Every exponent of f32 with both signs, several mantissas each. */
function everyExponent(): HostArray {
  const r = new Random(3);
  const bits: number[] = [];
  for (let exponent = 0; exponent < 255; exponent++)
    for (const mantissa of [0, 1, 0x7fffff, ...range(45).map(() => r.below(0x800000))])
      for (const sign of [0, 0x80000000]) bits.push((sign | (exponent << 23) | mantissa) >>> 0);
  return new Float32Array(Uint32Array.from(bits).buffer);
}

/** Second operands for {@link everyExponent}: near the first, far from it, and exponents that make powers finite. */
const partners: { readonly [op: string]: (x: number, r: Random) => number } = {
  pow: (x, r) => {
    const size = Math.abs(Math.log2(Math.abs(x))) || 1;
    const y = (r.chance(0.5) ? 1 : -1) * ((150 * r.next()) / size);
    return r.chance(0.3) ? Math.round(y) : y;
  },
  atan2: (x, r) => (r.chance(0.5) ? -1 : 1) * x * 2 ** (r.next() * 60 - 30),
  rem: (x, r) => (r.chance(0.5) ? -1 : 1) * x * 2 ** (r.next() * 60 - 50),
  div: (x, r) => (r.chance(0.5) ? -1 : 1) * x * 2 ** (r.next() * 300 - 150),
};

type Arguments = readonly [xs: HostArray, ys: HostArray];

const usual = (dtype: 'f32' | 'f64'): Arguments => [arguments_(dtype, 1), arguments_(dtype, 2)];

function sweep(op: string): Arguments {
  const xs = everyExponent();
  const r = new Random(4);
  return [xs, Float32Array.from(xs, (x) => partners[op]?.(x, r) ?? 0)];
}

function worst(
  device: Device,
  dtype: 'f32' | 'f64',
  op: UnaryOp | BinaryOp,
  [xs, ys]: Arguments,
): { readonly error: number; readonly where: string } {
  const two = (binaries as readonly string[]).includes(op);
  const i = index(0, xs.length);
  const [x, y] = [load(0, dtype, i), load(1, dtype, i)];
  const value = two ? binary(op as BinaryOp, x, y) : unary(op as UnaryOp, x);
  const operand = (access: 'read' | 'write', d: DType) => ({ dtype: d, length: xs.length, access });
  const [got] = runCase(device, {
    kernel: {
      kind: 'map',
      name: op,
      source: op,
      domain: [xs.length],
      operands: [operand('read', dtype), operand('read', dtype), operand('write', dtype)],
      stores: [{ operand: 2, index: i, value }],
    },
    data: [xs, ys, hostArray[dtype](xs.length)],
  });
  let [error, where] = [0, ''];
  xs.forEach((a: number, n: number) => {
    const b = ys[n] ?? 0;
    const want = two ? applyBinary(op as BinaryOp, dtype, a, b) : applyUnary(op as UnaryOp, dtype, a);
    const distance = ulps(dtype, got?.[n] ?? NaN, want);
    if (distance > error) [error, where] = [distance, `${op}(${a}, ${b}) = ${got?.[n]}, not ${want}`];
  });
  return { error, where };
}

describe.each(devices)('%s', (_, device) => {
  describe('f32: within 4 ulp everywhere, special values exact', () => {
    test.each([...unaries, ...binaries])('%s', (op) => {
      const { error, where } = worst(device, 'f32', op, usual('f32'));
      expect(error, where).toBeLessThanOrEqual(4);
    });

    test.each([...unaries, ...binaries])('%s at every exponent', (op) => {
      const { error, where } = worst(device, 'f32', op, sweep(op));
      expect(error, where).toBeLessThanOrEqual(4);
    });
  });

  test('f64: powers that are representable are exact', () => {
    const bases = range(99).map((i) => i + 1);
    const pairs = bases.flatMap((b) => range(18).map((e) => [b, e] as const)).filter(([b, e]) => b ** e <= 2 ** 53);
    const [xs, ys] = [Float64Array.from(pairs, ([b]) => b), Float64Array.from(pairs, ([, e]) => e)];
    const { error, where } = worst(device, 'f64', 'pow', [xs, ys]);
    expect(error, where).toBe(0);
  });

  describe('f64: within 5 ulp', () => {
    test.each([...unaries, ...binaries])('%s', (op) => {
      const { error, where } = worst(device, 'f64', op, usual('f64'));
      expect(error, where).toBeLessThanOrEqual(5);
    });
  });
});
