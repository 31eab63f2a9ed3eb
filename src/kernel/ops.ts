import type { DType } from './dtype.ts';
import { boundsOf } from './dtype.ts';

/**
 * The closed set of scalar operations. Each backend spells every one (`satisfies Record<KernelOp, …>`), so that a
 * new operation does not compile until all backends have it. `semantics.ts` says what each means.
 */
export const unaryOps = [
  'neg', // two's complement wrap for integers
  'abs',
  'sign', // keeps NaN and -0
  'floor',
  'ceil',
  'round', // half to even
  'half', // f32, rounded to the nearest number of half precision
  'sqrt',
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
  'not', // logical for bool, bitwise for integers
  'isNan', // float → bool
] as const;

export const binaryOps = [
  'add', // integers wrap; bool: or
  'sub',
  'mul', // bool: and
  'div', // integers truncate towards zero; x/0 is -1 (all ones), as in XLA
  'rem', // the dividend's sign; x%0 is x for integers, NaN for floats
  'idiv', // i32 floor division by a positive constant: index arithmetic
  'imod', // i32 floor modulus by a positive constant: index arithmetic
  'pow', // floats: IEEE pow
  'atan2',
  'max', // NaN if either is NaN
  'min', // NaN if either is NaN
  'and', // logical for bool, bitwise for integers
  'or',
  'xor',
  'shl', // shift amounts of 32 and more give 0
  'shr', // logical; shift amounts of 32 and more give 0
  'sar', // arithmetic; shift amounts of 32 and more give the sign
  'eq', // → bool; IEEE for floats
  'ne',
  'lt',
  'le',
] as const;

/** An operation of one operand. */
export type UnaryOp = (typeof unaryOps)[number];
/** An operation of two operands of equal dtype. */
export type BinaryOp = (typeof binaryOps)[number];

/**
 * - `select(c, a, b)`: `a` where the bool `c` holds, else `b`.
 * - `cast(x)`: to the expression's dtype. Float to integer truncates and saturates, NaN gives 0; to bool is `x != 0`.
 * - `bitcast(x)`: the same bits as another 4-byte dtype (f32, i32, u32).
 */
export type KernelOp = UnaryOp | BinaryOp | 'select' | 'cast' | 'bitcast';

/** Operations whose result is bool, whatever their operands are. */
export const isPredicate = (op: KernelOp): boolean =>
  op === 'eq' || op === 'ne' || op === 'lt' || op === 'le' || op === 'isNan';

/** The associative, commutative operations that a reduction can use. `and`/`or` are for bool. */
export const monoids = ['add', 'mul', 'max', 'min', 'and', 'or'] as const;
/** How a reduction combines two values. */
export type Monoid = (typeof monoids)[number];

/** The value that leaves every other unchanged under `monoid`: the result of reducing nothing. */
export const monoidIdentity: { readonly [M in Monoid]: (dtype: DType) => number } = {
  add: () => 0,
  mul: () => 1,
  max: (dtype) => boundsOf(dtype).min,
  min: (dtype) => boundsOf(dtype).max,
  and: (dtype) => (boundsOf(dtype).min < 0 ? -1 : boundsOf(dtype).max),
  or: () => 0,
};
