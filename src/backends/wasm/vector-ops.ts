import type { ScalarType } from '../../kernel/dtype.ts';
import type { BinaryOp, UnaryOp } from '../../kernel/ops.ts';
import { range } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import { roundToHalf } from './math/half.ts';
import { splat } from './math/lanes.ts';
import type { F32x4Function } from './math/library.ts';
import type { Value } from './module/code.ts';
import { i32, laneOp, op, v128 } from './module/code.ts';
import type { Op } from './module/opcodes.ts';
import type { CodeContext } from './scalar-ops.ts';
import { scalarBinary } from './scalar-ops.ts';

/**
 * Operations on four lanes of f32, i32, u32 or bool; a bool lane is all ones or all zeros. Kernels with f64 run as
 * scalars.
 */
type Unary = (c: CodeContext, dtype: ScalarType, x: Value) => Value;
type Binary = (c: CodeContext, dtype: ScalarType, x: Value, y: Value) => Value;

export const lanes = 4;

/** A vector literal of one 32-bit word in all lanes. */
export const splatWord = (value: number): Value => v128([value, value, value, value]);

/** A literal of the dtype in all lanes. */
export const vectorConst = (dtype: ScalarType, value: number): Value =>
  dtype === 'f32' ? splat(value) : dtype === 'bool' ? splatWord(value === 0 ? 0 : -1) : splatWord(value | 0);

/** A scalar in all lanes. */
export const vectorSplat = (dtype: ScalarType, x: Value): Value =>
  dtype === 'f32' ? op('f32x4.splat', x) : op('i32x4.splat', dtype === 'bool' ? op('i32.sub', i32(0), x) : x);

/** One lane as a scalar. */
export const laneOf = (dtype: ScalarType, x: Value, lane: number): Value =>
  dtype === 'f32'
    ? laneOp('f32x4.extract_lane', [lane], x)
    : dtype === 'bool'
      ? op('i32.and', laneOp('i32x4.extract_lane', [lane], x), i32(1))
      : laneOp('i32x4.extract_lane', [lane], x);

/** Applies a scalar operation to each lane: for what has no vector instruction. */
function lanewise(
  { f }: CodeContext,
  dtype: ScalarType,
  args: readonly Value[],
  apply: (...xs: Value[]) => Value,
): Value {
  const vectors = args.map((a) => f.let(a));
  let result: Value = splatWord(0);
  for (const lane of range(lanes)) {
    const value = apply(...vectors.map((v) => f.let(laneOf(dtype, v, lane))));
    result = f.let(laneOp(dtype === 'f32' ? 'f32x4.replace_lane' : 'i32x4.replace_lane', [lane], result, value));
  }
  return result;
}

const unsupported = (name: string, dtype: ScalarType): never => {
  throw new InternalError(`${name} of ${dtype} lanes`);
};

const floatOr =
  (name: Op, other: Unary): Unary =>
  (c, dtype, x) =>
    dtype === 'f32' ? op(name, x) : other(c, dtype, x);

const same: Unary = (_c, _dtype, x) => x;

const math =
  (name: F32x4Function): Unary =>
  ({ f, lib }, dtype, x) =>
    dtype === 'f32' ? lib.lanes(f, name, x) : unsupported(name, dtype);

const math2 =
  (name: F32x4Function): Binary =>
  ({ f, lib }, dtype, x, y) =>
    dtype === 'f32' ? lib.lanes(f, name, x, y) : unsupported(name, dtype);

/** Each unary operation on four lanes. */
export const vectorUnary = {
  neg: floatOr('f32x4.neg', (_c, dtype, x) => (dtype === 'bool' ? x : op('i32x4.neg', x))),
  abs: floatOr('f32x4.abs', (_c, dtype, x) => (dtype === 'i32' ? op('i32x4.abs', x) : x)),
  sign: ({ f }, dtype, x) => {
    const a = f.let(x);
    if (dtype === 'bool') return a;
    if (dtype === 'u32') return op('v128.and', op('i32x4.ne', a, splatWord(0)), splatWord(1));
    if (dtype === 'i32') return op('i32x4.min_s', op('i32x4.max_s', a, splatWord(-1)), splatWord(1));
    const zeroOrNan = op('v128.or', op('f32x4.eq', a, splat(0)), op('f32x4.ne', a, a));
    const one = op('v128.or', op('v128.and', a, splatWord(-(2 ** 31))), splat(1));
    return op('v128.bitselect', a, one, zeroOrNan);
  },
  floor: floatOr('f32x4.floor', same),
  ceil: floatOr('f32x4.ceil', same),
  round: floatOr('f32x4.nearest', same),
  half: ({ f }, _dtype, x) => roundToHalf(f, x),
  sqrt: floatOr('f32x4.sqrt', (_c, dtype) => unsupported('sqrt', dtype)),
  exp: math('exp'),
  expm1: math('expm1'),
  log: math('log'),
  log1p: math('log1p'),
  sin: math('sin'),
  cos: math('cos'),
  tan: math('tan'),
  tanh: math('tanh'),
  atan: math('atan'),
  erf: math('erf'),
  not: (_c, _dtype, x) => op('v128.not', x),
  isNan: ({ f }, dtype, x) => {
    if (dtype !== 'f32') return splatWord(0);
    const a = f.let(x);
    return op('f32x4.ne', a, a);
  },
} as const satisfies Readonly<Record<UnaryOp, Unary>>;

const arithmetic =
  (float: Op, int: Op, bool: Op): Binary =>
  (_c, dtype, x, y) =>
    op(dtype === 'f32' ? float : dtype === 'bool' ? bool : int, x, y);

const byLane =
  (name: 'div' | 'rem' | 'idiv' | 'imod' | 'shl' | 'shr' | 'sar'): Binary =>
  (c, dtype, x, y) =>
    lanewise(c, dtype, [x, y], (a, b) => scalarBinary[name](c, dtype, a, b));

const extremum =
  (name: 'max' | 'min', bool: Op): Binary =>
  (_c, dtype, x, y) => {
    if (dtype === 'f32') return op(`f32x4.${name}`, x, y);
    if (dtype === 'bool') return op(bool, x, y);
    return op(`i32x4.${name}_${dtype === 'i32' ? 's' : 'u'}`, x, y);
  };

/** Vector shifts take one amount for all lanes: literals have it, other amounts go lane by lane. */
const shift =
  (name: 'shl' | 'shr' | 'sar', instruction: Op): Binary =>
  (c, dtype, x, y) => {
    if (y.kind !== 'const128') return byLane(name)(c, dtype, x, y);
    const amount = (y.words[0] as number) >>> 0;
    if (amount >= 32 && name !== 'sar') return splatWord(0);
    return op(instruction, x, i32(Math.min(amount, 31)));
  };

const both = (x: Value, y: Value): Value => op('v128.and', x, y);
const negate = (x: Value): Value => op('v128.not', x);

const compare =
  (name: 'eq' | 'ne' | 'lt' | 'le', bool: (x: Value, y: Value) => Value): Binary =>
  (_c, dtype, x, y) => {
    if (dtype === 'f32') return op(`f32x4.${name}`, x, y);
    if (dtype === 'bool') return bool(x, y);
    if (name === 'eq' || name === 'ne') return op(`i32x4.${name}`, x, y);
    return op(`i32x4.${name}_${dtype === 'i32' ? 's' : 'u'}`, x, y);
  };

/** Each binary operation on four lanes. */
export const vectorBinary = {
  add: arithmetic('f32x4.add', 'i32x4.add', 'v128.or'),
  sub: arithmetic('f32x4.sub', 'i32x4.sub', 'v128.xor'),
  mul: arithmetic('f32x4.mul', 'i32x4.mul', 'v128.and'),
  div: (c, dtype, x, y) => {
    if (dtype === 'f32') return op('f32x4.div', x, y);
    return dtype === 'bool' ? op('v128.or', x, negate(y)) : byLane('div')(c, dtype, x, y);
  },
  rem: (c, dtype, x, y) => {
    if (dtype === 'f32') return c.lib.lanes(c.f, 'rem', x, y);
    return dtype === 'bool' ? both(x, negate(y)) : byLane('rem')(c, dtype, x, y);
  },
  idiv: byLane('idiv'),
  imod: byLane('imod'),
  pow: math2('pow'),
  atan2: math2('atan2'),
  max: extremum('max', 'v128.or'),
  min: extremum('min', 'v128.and'),
  and: (_c, _dtype, x, y) => both(x, y),
  or: (_c, _dtype, x, y) => op('v128.or', x, y),
  xor: (_c, _dtype, x, y) => op('v128.xor', x, y),
  shl: shift('shl', 'i32x4.shl'),
  shr: shift('shr', 'i32x4.shr_u'),
  sar: shift('sar', 'i32x4.shr_s'),
  eq: compare('eq', (x, y) => negate(op('v128.xor', x, y))),
  ne: compare('ne', (x, y) => op('v128.xor', x, y)),
  lt: compare('lt', (x, y) => op('v128.andnot', y, x)),
  le: compare('le', (x, y) => op('v128.or', negate(x), y)),
} as const satisfies Readonly<Record<BinaryOp, Binary>>;

/** Floor division of lanes in [0, 2³¹) by a positive constant, by multiplication with its scaled reciprocal. */
export function divideLanes({ f }: CodeContext, value: Value, divisor: number): Value {
  const log = Math.ceil(Math.log2(divisor));
  if (2 ** log === divisor) return op('i32x4.shr_u', value, i32(log));
  const x = f.let(value);
  // With m = ⌈2^(31+log)/d⌉ the product's error stays below 1/d for 31-bit dividends.
  const m = splatWord(Number((2n ** BigInt(31 + log) + BigInt(divisor) - 1n) / BigInt(divisor)) | 0);
  const part = (name: Op): Value => op('i64x2.shr_u', op(name, x, m), i32(31 + log));
  const [low, high] = [part('i64x2.extmul_low_i32x4_u'), part('i64x2.extmul_high_i32x4_u')];
  const words = [0, 8, 16, 24].flatMap((b) => range(4).map((i) => b + i));
  return laneOp('i8x16.shuffle', words, low, high);
}

/** Conversion of lanes; see `convert` in semantics.ts. */
export function vectorCast(from: ScalarType, to: ScalarType, x: Value): Value {
  if (from === to) return x;
  if (to === 'bool') return from === 'f32' ? op('f32x4.ne', x, splat(0)) : op('i32x4.ne', x, splatWord(0));
  if (from === 'bool') return op('v128.and', x, to === 'f32' ? splat(1) : splatWord(1));
  if (to === 'f32') return op(from === 'u32' ? 'f32x4.convert_i32x4_u' : 'f32x4.convert_i32x4_s', x);
  if (from !== 'f32') return x;
  return op(to === 'i32' ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f32x4_u', x);
}

/** Combines the four lanes into a scalar, as a tree. */
export function foldLanes(
  { f }: CodeContext,
  dtype: ScalarType,
  x: Value,
  combine: (a: Value, b: Value) => Value,
): Value {
  const v = f.let(x);
  const [a, b, c, d] = range(lanes).map((i) => f.let(laneOf(dtype, v, i))) as [Value, Value, Value, Value];
  return combine(f.let(combine(a, c)), f.let(combine(b, d)));
}
