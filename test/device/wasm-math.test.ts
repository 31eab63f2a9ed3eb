import { describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import type { DType, HostArray } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import { binary, index, load, unary } from '../../src/kernel/expr.ts';
import type { BinaryOp, UnaryOp } from '../../src/kernel/ops.ts';
import { applyBinary, applyUnary } from '../../src/kernel/semantics.ts';
import { Random } from './random-kernels.ts';
import { runCase } from './run-case.ts';

const device = createWasmDevice();
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

function worst(
  dtype: 'f32' | 'f64',
  op: UnaryOp | BinaryOp,
  two: boolean,
): { readonly error: number; readonly where: string } {
  const [xs, ys] = [arguments_(dtype, 1), arguments_(dtype, 2)];
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

describe('f32: within 4 ulp everywhere, special values exact', () => {
  test.each([...unaries, ...binaries])('%s', (op) => {
    const { error, where } = worst('f32', op, (binaries as readonly string[]).includes(op));
    expect(error, where).toBeLessThanOrEqual(4);
  });
});

describe('f64: within 5 ulp; pow to 1e-12', () => {
  test.each([...unaries, ...binaries])('%s', (op) => {
    const { error, where } = worst('f64', op, (binaries as readonly string[]).includes(op));
    expect(error, where).toBeLessThanOrEqual(op === 'pow' ? 5000 : 5);
  });
});
