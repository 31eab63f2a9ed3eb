import type { DType } from '../../src/kernel/dtype.ts';
import type { BinaryOp, UnaryOp } from '../../src/kernel/ops.ts';

/**
 * What each scalar operation promises on each device: the one source of the tables of docs/numerics.md and of the tests
 * that hold the devices to them.
 */

/** Operands and the result. */
export type Edge = readonly [operands: readonly number[], result: number];

/** What an operation on f32 promises. */
export interface FloatRow {
  /** The largest distance from the exact result rounded to f32, in units in the last place. */
  readonly ulp: { readonly webgpu: number; readonly wasm: number };
  /** Why not 0 on webgpu. */
  readonly because: string;
  /** NaN, infinities, zeros: the same on all devices. */
  readonly edges: readonly Edge[];
}

type IndexOp = 'idiv' | 'imod';
type BitOp = 'and' | 'or' | 'xor' | 'shl' | 'shr' | 'sar';
export type FloatOp = Exclude<UnaryOp, 'not'> | Exclude<BinaryOp, IndexOp | BitOp>;
export type IntegerOp = 'neg' | 'abs' | 'sign' | 'not' | Exclude<BinaryOp, IndexOp | 'pow' | 'atan2'>;

const exact = (...edges: readonly Edge[]): FloatRow => ({ ulp: { webgpu: 0, wasm: 0 }, because: '', edges });
const within = (webgpu: number, wasm: number, because: string, ...edges: readonly Edge[]): FloatRow => ({
  ulp: { webgpu, wasm },
  because,
  edges,
});
const infinity = Infinity;

export const floatContract: Readonly<Record<FloatOp, FloatRow>> = {
  neg: exact([[0], -0], [[infinity], -infinity], [[NaN], NaN]),
  abs: exact([[-0], 0], [[-infinity], infinity], [[NaN], NaN]),
  sign: exact([[-0], -0], [[-infinity], -1], [[NaN], NaN]),
  floor: exact([[-0], -0], [[-0.5], -1], [[infinity], infinity], [[NaN], NaN]),
  ceil: exact([[-0.5], -0], [[-infinity], -infinity], [[NaN], NaN]),
  round: exact([[2.5], 2], [[-0.5], -0], [[infinity], infinity], [[NaN], NaN]),
  half: exact([[65519], 65504], [[65520], infinity], [[-0], -0], [[NaN], NaN]),
  isNan: exact([[NaN], 1], [[infinity], 0], [[0], 0]),
  add: exact([[infinity, -infinity], NaN], [[-0, -0], -0], [[0, -0], 0], [[NaN, 1], NaN]),
  sub: exact([[infinity, infinity], NaN], [[0, 0], 0], [[-0, 0], -0], [[NaN, 1], NaN]),
  mul: exact([[0, infinity], NaN], [[-0, 5], -0], [[-infinity, 2], -infinity], [[NaN, 0], NaN]),
  div: within(2, 0, 'WGSL allows 2.5', [[1, 0], infinity], [[1, -0], -infinity], [[0, 0], NaN], [[infinity, infinity], NaN], [[-1, infinity], -0]),
  rem: exact([[5, 0], NaN], [[infinity, 3], NaN], [[-6, 3], -0], [[5, -3], 2], [[5, infinity], 5]),
  max: exact([[NaN, 1], NaN], [[1, NaN], NaN], [[-0, 0], 0], [[-infinity, 1], 1]),
  min: exact([[NaN, 1], NaN], [[1, NaN], NaN], [[0, -0], -0], [[infinity, 1], 1]),
  eq: exact([[NaN, NaN], 0], [[0, -0], 1], [[infinity, infinity], 1]),
  ne: exact([[NaN, NaN], 1], [[0, -0], 0], [[infinity, infinity], 0]),
  lt: exact([[NaN, 1], 0], [[1, NaN], 0], [[-0, 0], 0], [[1, infinity], 1]),
  le: exact([[NaN, 1], 0], [[1, NaN], 0], [[0, -0], 1], [[infinity, infinity], 1]),
  sqrt: within(2, 0, 'WGSL allows the error of 1 / inverseSqrt', [[-1], NaN], [[-0], -0], [[infinity], infinity], [[NaN], NaN]),
  exp: within(1, 1, 'a polynomial, and a product with 2ⁿ in two steps', [[89], infinity], [[-infinity], 0], [[-0], 1], [[NaN], NaN]),
  expm1: within(1, 1, 'a polynomial', [[-0], -0], [[-infinity], -1], [[89], infinity], [[NaN], NaN]),
  log: within(1, 1, 'a polynomial', [[0], -infinity], [[-0], -infinity], [[-1], NaN], [[infinity], infinity], [[1], 0], [[NaN], NaN]),
  log1p: within(2, 2, '1 + x is rounded away from zero', [[-0], -0], [[-1], -infinity], [[-2], NaN], [[infinity], infinity], [[NaN], NaN]),
  sin: within(2, 2, 'the reduced angle is rounded, then a polynomial of it', [[-0], -0], [[infinity], NaN], [[NaN], NaN]),
  cos: within(2, 2, 'as sin', [[-0], 1], [[-infinity], NaN], [[NaN], NaN]),
  tan: within(4, 4, 'a quotient of both', [[-0], -0], [[infinity], NaN], [[NaN], NaN]),
  tanh: within(3, 3, 'a quotient of expm1', [[-0], -0], [[infinity], 1], [[-infinity], -1], [[NaN], NaN]),
  atan: within(3, 3, 'a quotient, a polynomial and a sum', [[-0], -0], [[infinity], Math.fround(Math.PI / 2)], [[NaN], NaN]),
  atan2: within(4, 4, 'as atan, and the quotient of the operands', [[0, -0], Math.fround(Math.PI)], [[-0, 1], -0], [[infinity, infinity], Math.fround(Math.PI / 4)], [[NaN, 1], NaN]),
  erf: within(2, 2, 'polynomials', [[-0], -0], [[infinity], 1], [[-infinity], -1], [[NaN], NaN]),
  pow: within(3, 3, 'y log₂ x is kept to about 2⁻²⁸ of its size', [[NaN, 0], 1], [[1, NaN], 1], [[-8, 0.5], NaN], [[-2, 3], -8], [[0, -1], infinity], [[-0, -1], -infinity], [[-1, infinity], 1], [[2, -infinity], 0]),
}; // prettier-ignore

/** Integers wrap modulo 2³²; every result is exact, and the same on all devices. */
export interface IntegerRow {
  readonly i32: readonly Edge[];
  readonly u32: readonly Edge[];
}

const least = -(2 ** 31);
const most = 2 ** 31 - 1;
const all = 2 ** 32 - 1;

export const integerContract: Readonly<Record<IntegerOp, IntegerRow>> = {
  neg: { i32: [[[least], least]], u32: [[[1], all]] },
  abs: { i32: [[[-3], 3], [[least], least]], u32: [[[all], all]] },
  sign: { i32: [[[least], -1]], u32: [[[all], 1]] },
  not: { i32: [[[0], -1]], u32: [[[0], all]] },
  add: { i32: [[[most, 1], least]], u32: [[[all, 1], 0]] },
  sub: { i32: [[[least, 1], most]], u32: [[[0, 1], all]] },
  mul: { i32: [[[65537, 65537], 131073]], u32: [[[all, all], 1]] },
  div: { i32: [[[-7, 2], -3], [[5, 0], -1], [[least, -1], least]], u32: [[[5, 0], all]] },
  rem: { i32: [[[-7, 2], -1], [[5, 0], 5], [[least, -1], 0]], u32: [[[5, 0], 5]] },
  max: { i32: [[[-1, 1], 1]], u32: [[[all, 1], all]] },
  min: { i32: [[[-1, 1], -1]], u32: [[[all, 1], 1]] },
  and: { i32: [[[-1, 6], 6]], u32: [[[all, 6], 6]] },
  or: { i32: [[[-8, 3], -5]], u32: [[[8, 3], 11]] },
  xor: { i32: [[[-1, 1], -2]], u32: [[[all, 1], all - 1]] },
  shl: { i32: [[[1, 31], least], [[1, 32], 0], [[1, -1], 0]], u32: [[[1, 31], 2 ** 31], [[1, 32], 0]] },
  shr: { i32: [[[-1, 31], 1], [[-1, 32], 0]], u32: [[[all, 31], 1], [[all, 32], 0]] },
  sar: { i32: [[[-8, 1], -4], [[-1, 32], -1], [[1, 32], 0]], u32: [[[all, 31], all], [[all, 32], all]] },
  eq: { i32: [[[least, least], 1]], u32: [[[all, all], 1]] },
  ne: { i32: [[[least, most], 1]], u32: [[[all, 0], 1]] },
  lt: { i32: [[[-1, 1], 1]], u32: [[[all, 1], 0]] },
  le: { i32: [[[least, most], 1]], u32: [[[all, 1], 0]] },
}; // prettier-ignore

/** Dtypes that every device computes with. */
type GpuDType = Extract<DType, 'f32' | 'i32' | 'u32' | 'bool'>;

/** A conversion between them. */
export interface CastRow {
  readonly from: GpuDType;
  readonly to: GpuDType;
  readonly rule: string;
  readonly edges: readonly Edge[];
}

const truncates = 'towards zero; beyond the range the end of it';
const wraps = 'the same 32 bits';
const nearest = 'to the nearest, ties to even';
const flag = '1 unless zero';
const number = '0 or 1';

export const castContract: readonly CastRow[] = [
  { from: 'f32', to: 'i32', rule: truncates, edges: [[[-1.9], -1], [[NaN], 0], [[infinity], most], [[-3e9], least]] },
  { from: 'f32', to: 'u32', rule: truncates, edges: [[[1.9], 1], [[-1], 0], [[NaN], 0], [[infinity], all]] },
  { from: 'f32', to: 'bool', rule: flag, edges: [[[-0], 0], [[NaN], 1], [[0.5], 1]] },
  { from: 'i32', to: 'f32', rule: nearest, edges: [[[16777217], 16777216], [[most], 2 ** 31]] },
  { from: 'i32', to: 'u32', rule: wraps, edges: [[[-1], all]] },
  { from: 'i32', to: 'bool', rule: flag, edges: [[[-1], 1], [[0], 0]] },
  { from: 'u32', to: 'f32', rule: nearest, edges: [[[16777219], 16777220], [[all], 2 ** 32]] },
  { from: 'u32', to: 'i32', rule: wraps, edges: [[[all], -1]] },
  { from: 'u32', to: 'bool', rule: flag, edges: [[[all], 1], [[0], 0]] },
  { from: 'bool', to: 'f32', rule: number, edges: [[[1], 1], [[0], 0]] },
  { from: 'bool', to: 'i32', rule: number, edges: [[[1], 1]] },
  { from: 'bool', to: 'u32', rule: number, edges: [[[1], 1]] },
]; // prettier-ignore
