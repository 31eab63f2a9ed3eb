import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../src/kernel/device.ts';
import type { ScalarType } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { binary, cast, unary } from '../../src/kernel/expr.ts';
import type { BinaryOp, KernelOp, UnaryOp } from '../../src/kernel/ops.ts';
import { binaryOps, isPredicate, unaryOps } from '../../src/kernel/ops.ts';
import { applyBinary, applyUnary, convert } from '../../src/kernel/semantics.ts';
import type { Edge, FloatOp, IntegerOp } from './contract.ts';
import { castContract, floatContract, integerContract } from './contract.ts';
import type { Columns } from './measure.ts';
import { compute, distance, flushingDistance, pairs, specialFloats, specialIntegers, spread } from './measure.ts';

/** Holds a device to every row of the contract. */

const isUnary = (op: KernelOp): op is UnaryOp => (unaryOps as readonly string[]).includes(op);
const isBinary = (op: KernelOp): op is BinaryOp => (binaryOps as readonly string[]).includes(op);

/** The operation as an expression of its operands, and what it means. */
function meaning(op: FloatOp | IntegerOp, dtype: ScalarType): { readonly expr: (args: readonly Expr[]) => Expr; readonly exact: (...xs: readonly number[]) => number } {
  if (isUnary(op)) return { expr: ([a]) => unary(op, a as Expr), exact: (x) => applyUnary(op, dtype, x) };
  if (!isBinary(op)) throw new Error(`${op} is neither unary nor binary`);
  return {
    expr: ([a, b]) => binary(op, a as Expr, b as Expr),
    exact: (x, y) => applyBinary(op, dtype, x, y),
  };
} // prettier-ignore

const columnsOf = (edges: readonly Edge[]): Columns =>
  (edges[0]?.[0] ?? []).map((_, k) => edges.map(([operands]) => Math.fround(operands[k] as number)));

/** Arguments where an operation is hard, beside the special values and what is spread over all magnitudes. */
function hardArguments(op: FloatOp): readonly number[] {
  if (op !== 'sin' && op !== 'cos' && op !== 'tan') return [];
  const quarters = Array.from({ length: 1200 }, (_, k) => Math.fround(((k - 600) * Math.PI) / 2));
  const large = [1e5, 1e33].flatMap((by, i) => spread(500, 3 + i).map((v) => Math.fround(v * by)));
  return [...quarters, ...large];
}

export interface SuiteOptions {
  readonly device: 'webgpu' | 'wasm';
  readonly make: () => Promise<Device>;
  readonly close: (device: Device) => void | Promise<void>;
  /** May subnormal operands and results become zeros? */
  readonly flushes: boolean;
}

export function numericsOn({ device: name, make, close, flushes }: SuiteOptions): void {
  let device: Device;
  beforeAll(async () => {
    device = await make();
  });
  afterAll(() => close(device));

  const agree = async (
    op: FloatOp | IntegerOp,
    dtype: ScalarType,
    columns: Columns,
    most: number,
  ): Promise<void> => {
    const { expr, exact } = meaning(op, dtype);
    const got = await compute(device, [dtype, isPredicate(op) ? 'bool' : dtype], columns, expr);
    const bad = got.flatMap((y, i) => {
      const operands = columns.map((column) => column[i] as number);
      const off = flushes ? flushingDistance(y, operands, exact) : distance(y, exact(...operands));
      return off <= most ? [] : [`${op}(${operands.join(', ')}) = ${y}, not ${exact(...operands)}`];
    });
    expect(bad, `${bad.length} results of ${op} in ${dtype} further off than ${most} ulp`).toEqual([]);
  }; // prettier-ignore

  test.each(Object.entries(floatContract))('%s of f32 is within its ulp', async (key, { ulp, edges }) => {
    const op = key as FloatOp;
    const one = [...specialFloats, ...spread(20_000, 1), ...hardArguments(op)];
    const [x, y] = pairs(specialFloats) as [readonly number[], readonly number[]];
    const two = [[...x, ...spread(20_000, 1)], [...y, ...spread(20_000, 2)]]; // prettier-ignore
    await agree(op, 'f32', isUnary(op) ? [one] : two, ulp[name]);
    expect(edges.length).toBeGreaterThan(0);
  });

  test.each(Object.entries(floatContract))('%s of f32 has the edges of the table', async (key, { edges }) => {
    const op = key as FloatOp;
    const got = await compute(device, ['f32', isPredicate(op) ? 'bool' : 'f32'], columnsOf(edges), meaning(op, 'f32').expr);
    expect(got).toEqual(edges.map(([, result]) => result));
  }); // prettier-ignore

  const integerRows = Object.entries(integerContract).flatMap(([op, row]) =>
    (['i32', 'u32'] as const).map((dtype) => [op as IntegerOp, dtype, row[dtype]] as const),
  );
  test.each(integerRows)('%s of %s, edges and all pairs of special values', async (op, dtype, edges) => {
    const values = specialIntegers.map((v) => (dtype === 'u32' ? v >>> 0 : v));
    await agree(op, dtype, isUnary(op) ? [values] : pairs(values), 0);
    const columns = (edges[0]?.[0] ?? []).map((_, k) => edges.map(([operands]) => operands[k] as number));
    const got = await compute(device, [dtype, isPredicate(op) ? 'bool' : dtype], columns, meaning(op, dtype).expr);
    expect(got).toEqual(edges.map(([, result]) => result));
  });

  test.each(castContract)('cast of $from to $to', async ({ from, to, edges }) => {
    const others =
      from === 'f32'
        ? [...specialFloats.filter((x) => !flushes || x === 0 || Math.abs(x) >= 2 ** -126 || !Number.isFinite(x)), ...spread(1000, 5)]
        : specialIntegers.map((v) => (from === 'i32' ? v : from === 'u32' ? v >>> 0 : v & 1));
    const x = [...edges.map(([[e]]) => (from === 'f32' ? Math.fround(e as number) : (e as number))), ...others];
    const got = await compute(device, [from, to], [x], ([a]) => cast(to, a as Expr));
    const wanted = [...edges.map(([, result]) => result), ...others.map((v) => convert(from, to, v))];
    expect(got).toEqual(wanted);
  }); // prettier-ignore
}
