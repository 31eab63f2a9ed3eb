import type { DType } from './dtype.ts';
import { boundsOf, computedIn, isFloat, isNarrow } from './dtype.ts';
import type { Expr, OpExpr } from './expr.ts';
import { binary, bitcastTo, cast, constant, select, unary } from './expr.ts';
import type { KernelOp } from './ops.ts';
import { roundTo } from './semantics.ts';

/**
 * Values of dtypes that are stored in fewer bits than they are computed in: expressions have them as numbers of the dtype
 * that they are computed in, and what is here makes them so.
 */

/** Converts to any dtype: see `convert` in semantics.ts. */
export function convertTo(to: DType, x: Expr): Expr {
  if (!isNarrow(to)) return cast(computedIn(to), x);
  if (to === 'f16' || !isFloat(x.dtype)) return narrow(to, to === 'f16' && x.dtype === 'f64' ? towardsOdd(x) : x);
  const { min, max } = boundsOf(to);
  const below = binary('min', cast(computedIn(to), x), constant(to, max));
  return min === 0 ? below : binary('max', below, constant(to, min));
}

/**
 * An f64 as f32, towards zero, and with the last digit 1 if it is not exact: rounded once more, to fewer digits, that gives
 * what rounding once would have (Boldo & Melquiond 2008).
 */
function towardsOdd(x: Expr): Expr {
  const nearest = cast('f32', x);
  const back = cast('f64', nearest);
  const bits = bitcastTo('u32', nearest);
  const above = binary('lt', unary('abs', x), unary('abs', back));
  const below = select(above, binary('sub', bits, constant('u32', 1)), bits);
  const odd = bitcastTo('f32', binary('or', below, constant('u32', 1)));
  return select(binary('or', binary('eq', back, x), unary('isNan', x)), nearest, odd);
}

/**
 * A value as a dtype stores it, in the dtype that it is computed in: rounded to half precision, or wrapped to the bits of a
 * narrow integer. This is where an operation's result becomes one of its dtype, so that fusing operations changes nothing.
 */
export function narrow(to: DType, x: Expr): Expr {
  if (!isNarrow(to)) return x;
  const value = cast(computedIn(to), x);
  if (isExact(to, value)) return value;
  if (to === 'f16') return unary('half', value);
  const { max } = boundsOf(to);
  if (value.dtype === 'u32') return binary('and', value, constant('u32', max));
  const shift = constant('i32', to === 'i8' ? 24 : 16);
  return binary('sar', binary('shl', value, shift), shift);
}

/** Is a value one of a narrow dtype's without being narrowed? */
function isExact(to: DType, x: Expr, depth = 8): boolean {
  if (x.kind === 'const') return Object.is(roundTo(to, x.value), x.value);
  if (x.kind === 'load') return x.stored === to || x.stored === 'bool';
  if (x.kind !== 'op' || depth === 0) return false;
  const inner = (e: Expr | undefined): boolean => e !== undefined && isExact(to, e, depth - 1);
  if (x.op === 'select') return inner(x.args[1]) && inner(x.args[2]);
  if (x.op === 'cast') return x.args[0]?.dtype === 'bool';
  if (to === 'f16') return x.op === 'half' || (exactOps.has(x.op) && x.args.every(inner));
  if (x.op === 'and' || x.op === 'min') return x.dtype === 'u32' ? x.args.some(inner) : x.args.every(inner);
  if (x.op === 'max') return x.args.every(inner) || isClamp(to, x);
  return x.op === 'sar' && isWrap(to, x);
}

/** Operations whose result is a number of half precision if the operand is. */
const exactOps: ReadonlySet<KernelOp> = new Set(['neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'max', 'min']);

/** Is it what {@link narrow} makes of a signed integer? */
const isWrap = (to: DType, { args: [x, by] }: OpExpr): boolean =>
  x?.kind === 'op' && x.op === 'shl' && x.args[1] === by && by === constant('i32', to === 'i8' ? 24 : 16);

/** Is it what {@link cast} makes of a float: between the least and the greatest value of a narrow integer? */
const isClamp = (to: DType, { args: [x, low] }: OpExpr): boolean =>
  low === constant(to, boundsOf(to).min) &&
  x?.kind === 'op' &&
  x.op === 'min' &&
  x.args[1] === constant(to, boundsOf(to).max);

/** The same bits as another dtype of as many. */
export function bitsTo(to: DType, from: DType, x: Expr): Expr {
  if (to === from) return x;
  if (from === 'f16') return narrow(to, halfToBits(x));
  if (to === 'f16') return bitsToHalf(narrow('u16', x));
  return isNarrow(to) ? narrow(to, x) : bitcastTo(computedIn(to), x);
}

const u32 = (value: number): Expr => constant('u32', value);
const shiftLeft = (x: Expr, by: number): Expr => binary('shl', x, u32(by));
const shiftRight = (x: Expr, by: number): Expr => binary('shr', x, u32(by));
/** What the exponent of f32 counts more than that of half precision. */
const bias = 127 - 15;

function halfToBits(x: Expr): Expr {
  const bits = bitcastTo('u32', x);
  const a = unary('abs', x);
  const normal = binary('sub', shiftRight(bitcastTo('u32', a), 13), u32(bias << 10));
  const tiny = cast('u32', binary('mul', a, constant('f32', 2 ** 24)));
  const finite = select(binary('lt', a, constant('f32', 2 ** -14)), tiny, normal);
  const all = select(
    binary('lt', a, constant('f32', 2 ** 16)),
    finite,
    select(unary('isNan', x), u32(0x7e00), u32(0x7c00)),
  );
  return binary('or', all, binary('and', shiftRight(bits, 16), u32(0x8000)));
}

function bitsToHalf(h: Expr): Expr {
  const fields = binary('and', h, u32(0x7fff));
  const moved = shiftLeft(fields, 13);
  const normal = binary('add', moved, u32(bias << 23));
  const tiny = binary('mul', cast('f32', fields), constant('f32', 2 ** -24));
  const finite = select(binary('lt', fields, u32(0x400)), bitcastTo('u32', tiny), normal);
  const all = select(binary('lt', fields, u32(0x7c00)), finite, binary('or', moved, u32(0x7f800000)));
  return bitcastTo('f32', binary('or', all, shiftLeft(binary('and', h, u32(0x8000)), 16)));
}
