import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { binary, cast, index, load, unary } from '../../src/kernel/expr.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { BinaryOp, UnaryOp } from '../../src/kernel/ops.ts';
import { binaryOps, unaryOps } from '../../src/kernel/ops.ts';
import { applyBinary, applyUnary, convert } from '../../src/kernel/semantics.ts';
import { runCase } from './webgpu-kernels.ts';

let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

/** How far a result may be from the exact one, rounded to f32: units in the last place. */
interface Tolerance {
  readonly ulp: number;
  readonly because?: string;
}
const exact: Tolerance = { ulp: 0 };

const tolerances = {
  neg: exact,
  abs: exact,
  sign: exact,
  floor: exact,
  ceil: exact,
  round: exact,
  half: exact,
  not: exact,
  isNan: exact,
  add: exact,
  sub: exact,
  mul: exact,
  rem: exact,
  max: exact,
  min: exact,
  eq: exact,
  ne: exact,
  lt: exact,
  le: exact,
  div: { ulp: 2, because: 'WGSL allows 2.5' },
  sqrt: { ulp: 2, because: 'WGSL allows the error of 1 / inverseSqrt' },
  exp: { ulp: 1, because: 'polynomial, and a product with 2^n in two steps' },
  expm1: { ulp: 1, because: 'polynomial' },
  log: { ulp: 1, because: 'polynomial' },
  log1p: { ulp: 2, because: '1 + x is rounded away from zero' },
  sin: { ulp: 2, because: 'the reduced angle is rounded, then a polynomial of it' },
  cos: { ulp: 2, because: 'as sin' },
  tan: { ulp: 4, because: 'a quotient of both' },
  tanh: { ulp: 3, because: 'a quotient of expm1' },
  atan: { ulp: 3, because: 'a quotient, a polynomial and a sum' },
  atan2: { ulp: 4, because: 'as atan, and the quotient of the operands' },
  erf: { ulp: 2, because: 'polynomials' },
  pow: { ulp: 3, because: 'y log2 x is kept to about 2^-28 of its size' },
} as const satisfies Partial<Record<UnaryOp | BinaryOp, Tolerance>>;

const orderedBits = new DataView(new ArrayBuffer(4));
/** Floats in their order, as integers one apart. */
function ordinal(x: number): number {
  orderedBits.setFloat32(0, x);
  const bits = orderedBits.getInt32(0);
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
}

const tiny = 2 ** -126;
/** Within tolerance; a subnormal may be flushed to zero, and then the sign of a zero may be lost as well. */
function close(got: number, wanted: number, { ulp }: Tolerance): boolean {
  if (Number.isNaN(wanted)) return Number.isNaN(got);
  if (Object.is(got, wanted)) return true;
  if (wanted === 0) return got === 0 ? ulp > 0 : Math.abs(got) < tiny;
  if (Math.abs(wanted) < tiny * 2 && Math.abs(got) < tiny * 2) return true;
  return Math.abs(ordinal(got) - ordinal(wanted)) <= ulp;
}

const special = [
  0, -0, 1, -1, 2, -2, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 7, 1e-3, -1e-3, 1e-7, -1e-7, 1e-20, -1e-20, 1e20, -1e20, 88.7, 88.73,
  -87, -103, -104.5, 127, 128, -149, 0.99999994, 1.0000001, 1e10, -1e10, 16777216, 16777217, 8388607.5, -8388608, 3.4e38, -3.4e38,
  1.17549435e-38, -1.17549435e-38, Infinity, -Infinity, NaN, Math.PI, -Math.PI, Math.PI / 2, 0.70710677, 1.4142135, 2147483648, -2147483648,
  4294967296, 1000.5, 123456.789,
].map(Math.fround); // prettier-ignore

/** Deterministic floats over many magnitudes, both signs. */
function spread(count: number, seed: number): readonly number[] {
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, (_, i) => {
    const sign = random() < 0.5 ? -1 : 1;
    const size = i % 2 === 0 ? random() * 10 : 2 ** (random() * 40 - 20);
    return Math.fround(sign * size);
  });
}

function elementwise(
  result: DType,
  inputs: readonly (readonly [DType, readonly number[]])[],
  value: (args: readonly Expr[]) => Expr,
): Promise<readonly number[]> {
  const n = inputs[0]?.[1].length ?? 0;
  const i = index(0, n);
  const args = inputs.map(([dtype], k) => load(k, dtype, i));
  const kernel: Kernel = {
    kind: 'map',
    name: 'elementwise',
    source: 'test of one operation',
    domain: [n],
    operands: [
      ...inputs.map(([dtype]) => ({ dtype, length: n, access: 'read' as const })),
      { dtype: result, length: n, access: 'write' as const },
    ],
    stores: [{ operand: inputs.length, index: i, value: value(args) }],
  };
  const data = inputs.map(([dtype, values]) => {
    const array = hostArray[dtype](n);
    array.set(values);
    return array;
  });
  return runCase(device, { kernel, data: [...data, null] }).then(([out]) => Array.from(out ?? []));
}

function report(
  op: string,
  args: readonly (readonly number[])[],
  got: readonly number[],
  wanted: readonly number[],
  tolerance: Tolerance,
): void {
  const bad = wanted.flatMap((w, i) =>
    close(got[i] ?? NaN, w, tolerance) ? [] : [`${op}(${args.map((a) => a[i]).join(', ')}) = ${got[i]}, not ${w}`],
  );
  expect(bad, `${bad.length} results out of tolerance`).toEqual([]);
}

const floatUnary = unaryOps.filter((op) => op !== 'not');
test.each(floatUnary)('%s of f32, special values and 4,000 others', async (op) => {
  const x = [...special, ...spread(4000, 1)];
  const result: DType = op === 'isNan' ? 'bool' : 'f32';
  const got = await elementwise(result, [['f32', x]], ([a]) => unary(op, a as Expr));
  report(
    op,
    [x],
    got,
    x.map((v) => applyUnary(op, 'f32', v)),
    tolerances[op],
  );
});

test.each(['sin', 'cos', 'tan'] as const)('%s of large f32, and near its zeros and poles', async (op) => {
  const quarters = Array.from({ length: 1200 }, (_, k) => Math.fround(((k - 600) * Math.PI) / 2));
  const x = spread(500, 3)
    .map((v) => Math.fround(v * 1e5))
    .concat(spread(500, 4).map((v) => Math.fround(v * 1e33)))
    .concat(quarters);
  const got = await elementwise('f32', [['f32', x]], ([a]) => unary(op, a as Expr));
  report(
    op,
    [x],
    got,
    x.map((v) => applyUnary(op, 'f32', v)),
    tolerances[op],
  );
});

const floatBinary = ['add', 'sub', 'mul', 'div', 'rem', 'pow', 'atan2', 'max', 'min', 'eq', 'ne', 'lt', 'le'] as const;
test.each(floatBinary)('%s of f32, all pairs of special values and 4,000 others', async (op) => {
  const x = [...special.flatMap((a) => special.map(() => a)), ...spread(4000, 1)];
  const y = [...special.flatMap(() => special), ...spread(4000, 2)];
  const predicate = op === 'eq' || op === 'ne' || op === 'lt' || op === 'le';
  const inputs = [
    ['f32', x],
    ['f32', y],
  ] as const;
  const got = await elementwise(predicate ? 'bool' : 'f32', inputs, ([a, b]) => binary(op, a as Expr, b as Expr));
  report(
    op,
    [x, y],
    got,
    x.map((v, i) => applyBinary(op, 'f32', v, y[i] ?? NaN)),
    tolerances[op],
  );
});

const integers = [
  0,
  1,
  -1,
  2,
  -2,
  3,
  5,
  7,
  -7,
  31,
  32,
  33,
  100,
  -100,
  65535,
  65537,
  2 ** 31 - 1,
  -(2 ** 31),
  123456789,
  -987654321,
];
const notForIntegers: readonly string[] = ['pow', 'atan2', 'idiv', 'imod'];
test.each(
  (['i32', 'u32'] as const).flatMap((dtype) =>
    binaryOps.filter((op) => !notForIntegers.includes(op)).map((op) => [op, dtype] as const),
  ),
)('%s of %s, all pairs of special values', async (op, dtype) => {
  const values = integers.map((v) => (dtype === 'u32' ? v >>> 0 : v));
  const x = values.flatMap((a) => values.map(() => a));
  const y = values.flatMap(() => values);
  const predicate = op === 'eq' || op === 'ne' || op === 'lt' || op === 'le';
  const got = await elementwise(
    predicate ? 'bool' : dtype,
    [
      [dtype, x],
      [dtype, y],
    ],
    ([a, b]) => binary(op, a as Expr, b as Expr),
  );
  report(
    op,
    [x, y],
    got,
    x.map((v, i) => applyBinary(op, dtype, v, y[i] ?? 0)),
    exact,
  );
});

test.each(['idiv', 'imod'] as const)('%s of i32 by positive numbers', async (op) => {
  const divisors = integers.filter((v) => v > 0);
  const x = integers.flatMap((a) => divisors.map(() => a));
  const y = integers.flatMap(() => divisors);
  const got = await elementwise(
    'i32',
    [
      ['i32', x],
      ['i32', y],
    ],
    ([a, b]) => binary(op, a as Expr, b as Expr),
  );
  report(
    op,
    [x, y],
    got,
    x.map((v, i) => applyBinary(op, 'i32', v, y[i] ?? 1)),
    exact,
  );
});

const gpu = ['f32', 'i32', 'u32', 'bool'] as const;
test.each(gpu.flatMap((from) => gpu.filter((to) => to !== from).map((to) => [from, to] as const)))(
  'cast of %s to %s',
  async (from, to) => {
    const x =
      from === 'f32'
        ? [...special, ...spread(1000, 5)]
        : integers.map((v) => (from === 'i32' ? v : from === 'u32' ? v >>> 0 : v & 1));
    const got = await elementwise(to, [[from, x]], ([a]) => cast(to, a as Expr));
    report(
      `cast<${to}>`,
      [x],
      got,
      x.map((v) => convert(from, to, v)),
      exact,
    );
  },
);

test('f32 by a literal zero, and a value minus itself, keep NaN and infinities', async () => {
  const zero = await elementwise('f32', [['f32', special]], ([a]) => binary('sub', a as Expr, a as Expr));
  report(
    'x - x',
    [special],
    zero,
    special.map((v) => v - v),
    exact,
  );
});
