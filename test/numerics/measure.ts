import type { Device } from '../../src/kernel/device.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { index, load } from '../../src/kernel/expr.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { runProgram } from '../device/run-case.ts';
import { programOf } from '../device/run-case.ts';

/** Operands in columns: the operands of call i are `columns[0][i]`, `columns[1][i]`. */
export type Columns = readonly (readonly number[])[];

/** Computes one operation on a device, for many operands. */
export async function compute(
  device: Device,
  [from, to]: readonly [DType, DType],
  columns: Columns,
  value: (args: readonly Expr[]) => Expr,
): Promise<readonly number[]> {
  const n = columns[0]?.length ?? 0;
  const i = index(0, n);
  const args = columns.map((_, k) => load(k, from, i));
  const kernel: Kernel = {
    kind: 'map', name: 'elementwise', source: 'one operation', domain: [n],
    operands: [
      ...columns.map(() => ({ dtype: from, length: n, access: 'read' as const })),
      { dtype: to, length: n, access: 'write' as const },
    ],
    stores: [{ operand: columns.length, index: i, value: value(args) }],
  }; // prettier-ignore
  const data = columns.map((values) => {
    const array = hostArray[from](n);
    array.set(values);
    return array;
  });
  const [out] = await runProgram(device, { program: programOf({ kernel, data }), inputs: data });
  return Array.from(out ?? []);
}

const bits = new DataView(new ArrayBuffer(4));

/** Floats in their order, as integers one apart. */
function ordinal(x: number): number {
  bits.setFloat32(0, x);
  const word = bits.getInt32(0);
  return word < 0 ? -(word & 0x7fffffff) : word;
}

/** Units in the last place between two f32; infinite where one is NaN, or they are zeros of different signs. */
export function distance(got: number, wanted: number): number {
  if (Object.is(got, wanted)) return 0;
  if (Number.isNaN(got) || Number.isNaN(wanted) || (got === 0 && wanted === 0)) return Infinity;
  return Math.abs(ordinal(got) - ordinal(wanted));
}

const smallest = 2 ** -126;
const flushed = (x: number): number => (Math.abs(x) < smallest ? (Object.is(Math.sign(x), -1) || Object.is(x, -0) ? -0 : 0) : x); // prettier-ignore

/**
 * How far a device is off that may take subnormal operands for zeros of their sign, and does not tell results of
 * 2^-126 and less from each other: the distance from the nearest of the results that this leaves.
 */
export function flushingDistance(
  got: number,
  operands: readonly number[],
  exact: (...xs: readonly number[]) => number,
): number {
  const choices = operands.reduce<readonly (readonly number[])[]>(
    (known, x) => known.flatMap((xs) => (Object.is(x, flushed(x)) ? [x] : [x, flushed(x)]).map((y) => [...xs, y])),
    [[]],
  );
  const results = choices.map((xs) => exact(...xs));
  const tiny = (x: number): boolean => Math.abs(x) <= smallest;
  const coarse = operands.some((x) => x !== 0 && Math.abs(x) < smallest);
  return Math.min(...results.map((y) => (tiny(got) && tiny(y) && (coarse || y !== 0) ? 0 : distance(got, y))));
}

/** Special values of f32: ends of ranges, kinks, NaN, infinities, zeros, subnormals. */
export const specialFloats: readonly number[] = [
  0, -0, 1, -1, 2, -2, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 7, 1e-3, -1e-3, 1e-7, -1e-7, 1e-20, -1e-20, 1e20, -1e20,
  88.7, 88.73, -87, -103, -104.5, 127, 128, -149, 0.99999994, 1.0000001, 1e10, -1e10, 16777216, 16777217, 8388607.5,
  -8388608, 3.4e38, -3.4e38, 1.17549435e-38, -1.17549435e-38, 1e-40, -1e-40, 1e-45, Infinity, -Infinity, NaN, Math.PI,
  -Math.PI, Math.PI / 2, 0.70710677, 1.4142135, 2147483648, -2147483648, 4294967296, 1000.5, 123456.789,
].map(Math.fround); // prettier-ignore

/** Deterministic floats over many magnitudes, both signs. */
export function spread(count: number, seed: number): readonly number[] {
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, (_, i) => {
    const sign = random() < 0.5 ? -1 : 1;
    const size = i % 2 === 0 ? random() * 10 : 2 ** (random() * 40 - 20);
    return Math.fround(sign * size);
  });
}

/** Integers where operations overflow, and shifts by 31, 32 and 33. */
export const specialIntegers: readonly number[] = [
  0, 1, -1, 2, -2, 3, 5, 7, -7, 31, 32, 33, 100, -100, 65535, 65537, 2 ** 31 - 1, -(2 ** 31), 123456789, -987654321,
]; // prettier-ignore

/** Every pair of these. */
export const pairs = (values: readonly number[]): Columns => [
  values.flatMap((a) => values.map(() => a)),
  values.flatMap(() => values),
];
