import type { ScalarType } from '../../kernel/dtype.ts';
import { isFloat } from '../../kernel/dtype.ts';
import type { BinaryOp, UnaryOp } from '../../kernel/ops.ts';
import { InternalError } from '../../util/error.ts';
import { ofScalar, roundToHalf } from './math/half.ts';
import type { F64Function, IntegerFunction, Library } from './math/library.ts';
import type { Func, Value } from './module/code.ts';
import { call, f32, f64, i32, laneOp, op, selectOp } from './module/code.ts';
import type { Op, ValueType } from './module/opcodes.ts';

/** Where an operation's code goes and what it may call. */
export interface CodeContext {
  readonly f: Func;
  readonly lib: Library;
}

type Unary = (c: CodeContext, dtype: ScalarType, x: Value) => Value;
type Binary = (c: CodeContext, dtype: ScalarType, x: Value, y: Value) => Value;

/** How a scalar of each dtype is held: bool as 0 or 1. */
export const scalarType: { readonly [D in ScalarType]: ValueType } = {
  bool: 'i32',
  i32: 'i32',
  u32: 'i32',
  f32: 'f32',
  f64: 'f64',
};

/** A literal as a scalar. */
export const scalarConst = (dtype: ScalarType, value: number): Value =>
  dtype === 'f32' ? f32(value) : dtype === 'f64' ? f64(value) : i32(value);

const unsupported = (name: string, dtype: ScalarType): never => {
  throw new InternalError(`${name} of ${dtype}`);
};

/** For floats an instruction, for other dtypes something else. */
const floatOr =
  (name: string, other: Unary): Unary =>
  (c, dtype, x) =>
    isFloat(dtype) ? op(`${dtype}.${name}` as Op, x) : other(c, dtype, x);

const same: Unary = (_c, _dtype, x) => x;

/** A transcendental function: f32 runs in one lane of the vector version, so that both give the same. */
const math =
  (name: F64Function): Unary =>
  ({ lib }, dtype, x) =>
    dtype === 'f64'
      ? call(lib.f64(name), x)
      : dtype === 'f32'
        ? laneOp('f32x4.extract_lane', [0], call(lib.f32x4(name), op('f32x4.splat', x)))
        : unsupported(name, dtype);

const math2 =
  (name: F64Function): Binary =>
  ({ lib }, dtype, x, y) =>
    dtype === 'f64'
      ? call(lib.f64(name), x, y)
      : dtype === 'f32'
        ? laneOp('f32x4.extract_lane', [0], call(lib.f32x4(name), op('f32x4.splat', x), op('f32x4.splat', y)))
        : unsupported(name, dtype);

const zero = (dtype: ScalarType): Value => scalarConst(dtype, 0);

const scalarToNearestHalf = ofScalar(roundToHalf, ['f32', 'f32']);

/** Each unary operation on a scalar. */
export const scalarUnary = {
  neg: floatOr('neg', (_c, dtype, x) => (dtype === 'bool' ? x : op('i32.sub', i32(0), x))),
  abs: floatOr('abs', ({ f }, dtype, x) => {
    if (dtype !== 'i32') return x;
    const a = f.let(x);
    return selectOp(op('i32.lt_s', a, i32(0)), op('i32.sub', i32(0), a), a);
  }),
  sign: ({ f }, dtype, x) => {
    const a = f.let(x);
    if (dtype === 'bool') return a;
    if (dtype === 'u32') return op('i32.ne', a, i32(0));
    if (dtype === 'i32') return op('i32.sub', op('i32.gt_s', a, i32(0)), op('i32.lt_s', a, i32(0)));
    const zeroOrNan = op('i32.or', op(`${dtype}.eq`, a, zero(dtype)), op(`${dtype}.ne`, a, a));
    return selectOp(zeroOrNan, a, op(`${dtype}.copysign`, scalarConst(dtype, 1), a));
  },
  floor: floatOr('floor', same),
  ceil: floatOr('ceil', same),
  round: floatOr('nearest', same),
  half: ({ f }, _dtype, x) => scalarToNearestHalf(f, x),
  sqrt: floatOr('sqrt', (_c, dtype) => unsupported('sqrt', dtype)),
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
  not: (_c, dtype, x) => (dtype === 'bool' ? op('i32.eqz', x) : op('i32.xor', x, i32(-1))),
  isNan: ({ f }, dtype, x) => {
    if (!isFloat(dtype)) return i32(0);
    const a = f.let(x);
    return op(`${dtype}.ne`, a, a);
  },
} as const satisfies Readonly<Record<UnaryOp, Unary>>;

const integer =
  (float: string | null, signed: Op, unsigned: Op, bool: Binary): Binary =>
  (c, dtype, x, y) => {
    if (isFloat(dtype)) return float === null ? unsupported(signed, dtype) : op(`${dtype}.${float}` as Op, x, y);
    if (dtype === 'bool') return bool(c, dtype, x, y);
    return op(dtype === 'i32' ? signed : unsigned, x, y);
  };

const boolOp =
  (name: Op): Binary =>
  (_c, _dtype, x, y) =>
    op(name, x, y);

const division =
  (float: Binary, name: 'div' | 'rem', bool: Binary): Binary =>
  (c, dtype, x, y) => {
    if (isFloat(dtype)) return float(c, dtype, x, y);
    if (dtype === 'bool') return bool(c, dtype, x, y);
    const target: IntegerFunction = `${name}_${dtype === 'i32' ? 's' : 'u'}`;
    return call(c.lib.integer(target), x, y);
  };

const extremum =
  (name: 'max' | 'min', better: 'gt' | 'lt', bool: Op): Binary =>
  ({ f }, dtype, x, y) => {
    if (isFloat(dtype)) return op(`${dtype}.${name}`, x, y);
    if (dtype === 'bool') return op(bool, x, y);
    const [a, b] = [f.let(x), f.let(y)];
    return selectOp(op(`i32.${better}_${dtype === 'i32' ? 's' : 'u'}`, a, b), a, b);
  };

/** Amounts of 32 and more give `beyond`; WebAssembly takes them modulo 32. */
const shift =
  (name: 'i32.shl' | 'i32.shr_u'): Binary =>
  ({ f }, _dtype, x, y) => {
    const amount = f.let(y);
    if (amount.kind === 'const') return amount.value >>> 0 >= 32 ? i32(0) : op(name, x, amount);
    return selectOp(op('i32.lt_u', amount, i32(32)), op(name, x, amount), i32(0));
  };

const euclid =
  (unsignedOp: 'i32.div_u' | 'i32.rem_u', name: 'floordiv' | 'floormod'): Binary =>
  ({ lib }, _dtype, x, y) =>
    isNonNegative(x) ? op(unsignedOp, x, y) : call(lib.integer(name), x, y);

const isNonNegative = (x: Value): boolean => x.kind === 'const' && x.value >= 0;

const compare =
  (name: 'eq' | 'ne' | 'lt' | 'le'): Binary =>
  (_c, dtype, x, y) => {
    if (isFloat(dtype)) return op(`${dtype}.${name}`, x, y);
    if (name === 'eq' || name === 'ne') return op(`i32.${name}`, x, y);
    return op(`i32.${name}_${dtype === 'i32' ? 's' : 'u'}`, x, y);
  };

/** Each binary operation on scalars. */
export const scalarBinary = {
  add: integer('add', 'i32.add', 'i32.add', boolOp('i32.or')),
  sub: integer('sub', 'i32.sub', 'i32.sub', boolOp('i32.xor')),
  mul: integer('mul', 'i32.mul', 'i32.mul', boolOp('i32.and')),
  div: division(
    (_c, dtype, x, y) => op(dtype === 'f64' ? 'f64.div' : 'f32.div', x, y),
    'div',
    (_c, _d, x, y) => op('i32.or', x, op('i32.eqz', y)),
  ),
  rem: division(math2('rem'), 'rem', (_c, _d, x, y) => op('i32.and', x, op('i32.eqz', y))),
  idiv: euclid('i32.div_u', 'floordiv'),
  imod: euclid('i32.rem_u', 'floormod'),
  pow: math2('pow'),
  atan2: math2('atan2'),
  max: extremum('max', 'gt', 'i32.or'),
  min: extremum('min', 'lt', 'i32.and'),
  and: boolOp('i32.and'),
  or: boolOp('i32.or'),
  xor: boolOp('i32.xor'),
  shl: shift('i32.shl'),
  shr: shift('i32.shr_u'),
  sar: ({ f }, _dtype, x, y) => {
    const amount = f.let(y);
    return op('i32.shr_s', x, selectOp(op('i32.lt_u', amount, i32(32)), amount, i32(31)));
  },
  eq: compare('eq'),
  ne: compare('ne'),
  lt: compare('lt'),
  le: compare('le'),
} as const satisfies Readonly<Record<BinaryOp, Binary>>;

/** Conversion of a scalar; see `convert` in semantics.ts. */
export function scalarCast({ f }: CodeContext, from: ScalarType, to: ScalarType, value: Value): Value {
  if (from === to) return value;
  const x = f.let(value);
  if (to === 'bool') return isFloat(from) ? op(`${from}.ne`, x, zero(from)) : op('i32.ne', x, i32(0));
  if (to === 'f64') {
    if (from === 'f32') return op('f64.promote_f32', x);
    return op(from === 'u32' ? 'f64.convert_i32_u' : 'f64.convert_i32_s', x);
  }
  if (to === 'f32') {
    if (from === 'f64') return op('f32.demote_f64', x);
    return op(from === 'u32' ? 'f32.convert_i32_u' : 'f32.convert_i32_s', x);
  }
  if (!isFloat(from)) return x;
  return op(`i32.trunc_sat_${from}_${to === 'i32' ? 's' : 'u'}`, x);
}

/** The same bits as another 4-byte dtype. */
export function scalarBitcast(from: ScalarType, to: ScalarType, x: Value): Value {
  if (from === 'f32') return to === 'f32' ? x : op('i32.reinterpret_f32', x);
  return to === 'f32' ? op('f32.reinterpret_i32', x) : x;
}
