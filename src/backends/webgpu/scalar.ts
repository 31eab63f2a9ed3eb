import type { DType, ScalarType } from '../../kernel/dtype.ts';
import { computedIn } from '../../kernel/dtype.ts';
import { interval } from '../../kernel/index-algebra.ts';
import type { Expr } from '../../kernel/expr.ts';
import type { BinaryOp, KernelOp, Monoid, UnaryOp } from '../../kernel/ops.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { InternalError } from '../../util/error.ts';
import type { Helper } from './math.ts';

/** The dtypes that shaders compute in. */
export type GpuDType = Exclude<ScalarType, 'f64'>;

/** The type of a value in a shader. */
export const valueType: { readonly [D in GpuDType]: string } = { bool: 'bool', i32: 'i32', u32: 'u32', f32: 'f32' };
/** The type of an element in workgroup memory: bool is not host-shareable, and a whole u32 there as in buffers. */
export const storageType: { readonly [D in GpuDType]: string } = { bool: 'u32', i32: 'i32', u32: 'u32', f32: 'f32' };

/** The type of an element in a buffer: half precision where the device has it, else a whole word. */
export const elementType = (dtype: DType): string =>
  dtype === 'f16' ? 'f16' : storageType[gpuDType(computedIn(dtype))];

/** A value as an element of a buffer. */
export const elementOf = (dtype: DType, value: string): string =>
  dtype === 'bool' ? `u32(${value})` : dtype === 'f16' ? `f16(${value})` : value;

/** Narrows a dtype to those of WebGPU; programs with f64 are refused before anything is emitted. */
export function gpuDType(dtype: ScalarType): GpuDType {
  if (dtype === 'f64') throw new InternalError('f64 reached the WGSL emitter');
  return dtype;
}

/**
 * How tightly a piece of WGSL binds. Operands of bitwise operators must be `unary`, so those need no level of their
 * own; a `compare` may not stand next to another.
 */
export const binding = { or: 1, and: 2, bits: 3, compare: 4, add: 5, mul: 6, unary: 7, atom: 8 } as const;

/** A piece of WGSL with how tightly it binds. */
export interface Code {
  readonly text: string;
  readonly level: number;
}

export const atom = (text: string): Code => ({ text, level: binding.atom });

/** The text, in parentheses unless it binds at least as tightly as `level`. */
export const within = (code: Code, level: number): string => (code.level >= level ? code.text : `(${code.text})`);

/** Tells the writer of a shader that it uses a helper function. */
export type Use = (helper: Helper) => string;

const call = (name: string, ...args: readonly Code[]): Code => atom(`${name}(${args.map((a) => a.text).join(', ')})`);
const infixLeft = (level: number, symbol: string) => (x: Code, y: Code) => ({
  text: `${within(x, level)} ${symbol} ${within(y, level + 1)}`,
  level,
});
const compare = (symbol: string) => (x: Code, y: Code) => ({
  text: `${within(x, binding.add)} ${symbol} ${within(y, binding.add)}`,
  level: binding.compare,
});
const bits = (symbol: string) => (x: Code, y: Code) => ({
  text: `${within(x, binding.unary)} ${symbol} ${within(y, binding.unary)}`,
  level: binding.bits,
});
// `&&` and `||` chain with themselves, and each wants parentheses around the other.
const logical = (level: number, symbol: string) => (x: Code, y: Code) => ({
  text: `${x.level === level ? x.text : within(x, binding.compare)} ${symbol} ${within(y, binding.compare)}`,
  level,
});
const prefix = (symbol: string) => (x: Code) => ({
  text: `${symbol}${x.text.startsWith('-') ? `(${x.text})` : within(x, binding.unary)}`,
  level: binding.unary,
});

const add = infixLeft(binding.add, '+');
const subtract = infixLeft(binding.add, '-');
const multiply = infixLeft(binding.mul, '*');
const divide = infixLeft(binding.mul, '/');
const remainder = infixLeft(binding.mul, '%');
const both = logical(binding.and, '&&');
const either = logical(binding.or, '||');
const not = prefix('!');
const equal = compare('==');
const differ = compare('!=');
const less = compare('<');
const same = (x: Code): Code => x;

/** A literal of a dtype. */
export function literal(dtype: GpuDType, value: number, use: Use): Code {
  switch (dtype) {
    case 'bool':
      return atom(value === 0 ? 'false' : 'true');
    case 'u32':
      return atom(`${value}u`);
    case 'i32':
      if (value === -(2 ** 31)) return atom('i32(-2147483648)');
      return value < 0 ? { text: String(value), level: binding.unary } : atom(String(value));
    case 'f32': {
      if (Number.isNaN(value)) return atom(`${use('nan')}()`);
      const sign = value < 0 || Object.is(value, -0) ? '-' : '';
      const size = Math.abs(value);
      if (size === Infinity)
        return sign === '' ? atom(`${use('infinity')}()`) : prefix('-')(atom(`${use('infinity')}()`));
      if (size === 0 && sign === '-') return atom('bitcast<f32>(0x80000000u)');
      const text = sign + shortestFloat(size);
      return sign === '' ? atom(text) : { text, level: binding.unary };
    }
  }
}

const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** The shortest decimal that reads back as the same f32, and is not above the largest one, which WGSL refuses. */
function shortestFloat(value: number): string {
  for (let digits = 1; digits <= 17; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value && Number(text) <= largestFloat)
      return /[.e]/.test(text) ? text : `${text}.0`;
  }
  throw new InternalError(`${value} is not an f32`);
}

/** Spells a unary operation for each dtype of its operand; null where the operation does not exist. */
type UnarySpelling = { readonly [D in GpuDType]: ((x: Code, use: Use) => Code) | null };
type BinarySpelling = { readonly [D in GpuDType]: ((x: Code, y: Code, use: Use) => Code) | null };

const builtin = (name: string) => (x: Code) => call(name, x);
const helper = (name: Helper) => (x: Code, use: Use) => call(use(name), x);
const helper2 = (name: Helper) => (x: Code, y: Code, use: Use) => call(use(name), x, y);
const floatOnly = (name: Helper): UnarySpelling => ({ f32: helper(name), i32: null, u32: null, bool: null });
const rounding = (name: Helper): UnarySpelling => ({ f32: helper(name), i32: same, u32: same, bool: same });

const unarySpelling = {
  neg: {
    f32: prefix('-'),
    i32: prefix('-'),
    u32: (x) => subtract(atom('0u'), x),
    bool: same,
  },
  abs: { f32: builtin('abs'), i32: builtin('abs'), u32: same, bool: same },
  sign: { f32: helper('sign_of'), i32: builtin('sign'), u32: (x) => call('min', x, atom('1u')), bool: same },
  floor: rounding('floor_of'),
  ceil: rounding('ceil_of'),
  round: rounding('round_even'),
  half: floatOnly('round_half'),
  sqrt: floatOnly('square_root'),
  exp: floatOnly('exponential'),
  expm1: floatOnly('exponential_minus_one'),
  log: floatOnly('logarithm'),
  log1p: floatOnly('logarithm_one_plus'),
  sin: floatOnly('sine'),
  cos: floatOnly('cosine'),
  tan: floatOnly('tangent'),
  tanh: floatOnly('hyperbolic_tangent'),
  atan: floatOnly('arctangent'),
  erf: floatOnly('error_function'),
  not: { f32: null, i32: prefix('~'), u32: prefix('~'), bool: not },
  isNan: { f32: helper('is_nan'), i32: () => atom('false'), u32: () => atom('false'), bool: () => atom('false') },
} satisfies Record<UnaryOp, UnarySpelling>;

/** The same bits as u32. A negative literal has no type of its own yet, and must become i32 first. */
const asU32 = (x: Code): Code => call('u32', /^-\d+$/.test(x.text) ? call('i32', x) : x);
const asI32 = (x: Code): Code => call('i32', x);
const exact = (spell: (x: Code, y: Code, use: Use) => Code): BinarySpelling => ({
  f32: spell,
  i32: spell,
  u32: spell,
  bool: null,
});

const binarySpelling = {
  add: { ...exact(add), bool: either },
  sub: { ...exact(subtract), bool: differ },
  mul: { ...exact(multiply), bool: both },
  div: { f32: divide, i32: helper2('divide_i32'), u32: helper2('divide_u32'), bool: (x, y) => either(not(y), x) },
  rem: {
    f32: helper2('float_mod'),
    i32: helper2('remainder_i32'),
    u32: helper2('remainder_u32'),
    bool: (x, y) => both(x, not(y)),
  },
  idiv: { f32: null, i32: helper2('floor_div'), u32: divide, bool: null },
  imod: { f32: null, i32: helper2('floor_mod'), u32: remainder, bool: null },
  pow: { f32: helper2('power'), i32: null, u32: null, bool: null },
  atan2: { f32: helper2('arctangent2'), i32: null, u32: null, bool: null },
  max: { f32: helper2('maximum'), i32: (x, y) => call('max', x, y), u32: (x, y) => call('max', x, y), bool: either },
  min: { f32: helper2('minimum'), i32: (x, y) => call('min', x, y), u32: (x, y) => call('min', x, y), bool: both },
  and: { f32: null, i32: bits('&'), u32: bits('&'), bool: both },
  or: { f32: null, i32: bits('|'), u32: bits('|'), bool: either },
  xor: { f32: null, i32: bits('^'), u32: bits('^'), bool: differ },
  shl: {
    f32: null,
    i32: (x, y, use) => asI32(call(use('shift_left'), asU32(x), asU32(y))),
    u32: helper2('shift_left'),
    bool: null,
  },
  shr: {
    f32: null,
    i32: (x, y, use) => asI32(call(use('shift_right'), asU32(x), asU32(y))),
    u32: helper2('shift_right'),
    bool: null,
  },
  sar: {
    f32: null,
    i32: (x, y, use) => call(use('shift_right_signed'), x, asU32(y)),
    u32: (x, y, use) => asU32(call(use('shift_right_signed'), asI32(x), y)),
    bool: null,
  },
  eq: { ...exact(equal), bool: equal },
  ne: { f32: (x, y) => not(equal(x, y)), i32: differ, u32: differ, bool: differ },
  lt: { ...exact(less), bool: (x, y) => both(not(x), y) },
  le: { ...exact(compare('<=')), bool: (x, y) => either(not(x), y) },
} satisfies Record<BinaryOp, BinarySpelling>;

const combine = (monoid: Monoid): BinarySpelling => binarySpelling[monoid];

/** `total` joined with one more value of a reduction. */
export function combined(monoid: Monoid, dtype: GpuDType, total: Code, value: Code, use: Use): Code {
  const spell = combine(monoid)[dtype];
  if (spell === null) throw new InternalError(`no reduction by ${monoid} of ${dtype}`);
  return spell(total, value, use);
}

/** The value that a reduction starts from. */
export const identityOf = (monoid: Monoid, dtype: GpuDType, use: Use): Code =>
  literal(dtype, monoidIdentity[monoid](dtype), use);

/** Conversions by dtype of the operand, then of the result. */
const castSpelling = {
  f32: {
    f32: same,
    i32: helper('f32_to_i32'),
    u32: helper('f32_to_u32'),
    bool: (x) => not(equal(x, atom('0.0'))),
  },
  i32: { f32: builtin('f32'), i32: same, u32: asU32, bool: (x) => differ(x, atom('0')) },
  u32: { f32: helper('u32_to_f32'), i32: asI32, u32: same, bool: (x) => differ(x, atom('0u')) },
  bool: { f32: builtin('f32'), i32: asI32, u32: asU32, bool: same },
} satisfies Record<GpuDType, Record<GpuDType, (x: Code, use: Use) => Code>>;

/** An operation's operand: its code and the expression that it came from. */
export interface Arg {
  readonly code: Code;
  readonly expr: Expr;
}

type Spell = (args: readonly Arg[], result: GpuDType, use: Use) => Code;

const spellUnary =
  (op: UnaryOp): Spell =>
  ([x], _result, use) => {
    const { code, expr } = x as Arg;
    const spell = unarySpelling[op][gpuDType(expr.dtype)];
    if (spell === null) throw new InternalError(`no ${op} of ${expr.dtype}`);
    return spell(code, use);
  };

const spellBinary =
  (op: BinaryOp): Spell =>
  ([x, y], _result, use) => {
    const [a, b] = [x as Arg, y as Arg];
    const special = specialCase(op, a, b, use);
    if (special !== null) return special;
    const spell = (binarySpelling[op] as BinarySpelling)[gpuDType(a.expr.dtype)];
    if (spell === null) throw new InternalError(`no ${op} of ${a.expr.dtype}`);
    return spell(a.code, b.code, use);
  };

const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;

/** Plainer code where the operands allow it, and safer code where drivers fold what they must not. */
function specialCase(op: BinaryOp, x: Arg, y: Arg, use: Use): Code | null {
  const divisor = y.expr.kind === 'const' ? y.expr.value : null;
  switch (op) {
    case 'add':
      // Positions are sums of multiples and an offset, which may be negative.
      if (x.expr.dtype !== 'i32' || divisor === null || divisor >= 0 || divisor === -(2 ** 31)) return null;
      return subtract(x.code, atom(String(-divisor)));
    case 'idiv':
      return interval(x.expr).min >= 0 ? divide(x.code, y.code) : null;
    case 'imod':
      return interval(x.expr).min >= 0 ? remainder(x.code, y.code) : null;
    case 'div':
      return x.expr.dtype !== 'f32' && divisor !== null && divisor > 0 ? divide(x.code, y.code) : null;
    case 'rem':
      // Drivers that go through GLSL leave % of negative numbers open.
      if (x.expr.dtype === 'f32' || divisor === null || divisor <= 0) return null;
      return x.expr.dtype === 'u32' || interval(x.expr).min >= 0 ? remainder(x.code, y.code) : null;
    case 'mul': {
      if (x.expr.dtype !== 'f32' || !(isZero(x.expr) || isZero(y.expr))) return null;
      const [zero, other] = isZero(x.expr) ? [x, y] : [y, x];
      const positive = call(use('zero_times'), other.code);
      return Object.is(zero.expr.kind === 'const' ? zero.expr.value : 0, -0) ? call(use('negate'), positive) : positive;
    }
    case 'sub':
      return x.expr.dtype === 'f32' && x.expr === y.expr ? call(use('self_difference'), x.code) : null;
    case 'shl':
    case 'shr':
    case 'sar':
      return divisor === null ? null : shiftByConstant(op, x, divisor >>> 0, use);
    default:
      return null;
  }
}

/** Always in parentheses: `a < b, c >> d` would read as a template list. */
function shiftByConstant(op: 'shl' | 'shr' | 'sar', x: Arg, amount: number, use: Use): Code {
  if (amount >= 32 && op !== 'sar') return literal(gpuDType(x.expr.dtype), 0, use);
  const by = Math.min(amount, 31);
  const wanted = op === 'sar' ? 'i32' : op === 'shr' ? 'u32' : x.expr.dtype;
  const convert = wanted === x.expr.dtype ? same : wanted === 'i32' ? asI32 : asU32;
  const shifted = atom(`(${within(convert(x.code), binding.unary)} ${op === 'shl' ? '<<' : '>>'} ${by}u)`);
  return wanted === x.expr.dtype ? shifted : x.expr.dtype === 'i32' ? asI32(shifted) : asU32(shifted);
}

const spelling = {
  neg: spellUnary('neg'),
  abs: spellUnary('abs'),
  sign: spellUnary('sign'),
  floor: spellUnary('floor'),
  ceil: spellUnary('ceil'),
  round: spellUnary('round'),
  half: spellUnary('half'),
  sqrt: spellUnary('sqrt'),
  exp: spellUnary('exp'),
  expm1: spellUnary('expm1'),
  log: spellUnary('log'),
  log1p: spellUnary('log1p'),
  sin: spellUnary('sin'),
  cos: spellUnary('cos'),
  tan: spellUnary('tan'),
  tanh: spellUnary('tanh'),
  atan: spellUnary('atan'),
  erf: spellUnary('erf'),
  not: spellUnary('not'),
  isNan: spellUnary('isNan'),
  add: spellBinary('add'),
  sub: spellBinary('sub'),
  mul: spellBinary('mul'),
  div: spellBinary('div'),
  rem: spellBinary('rem'),
  idiv: spellBinary('idiv'),
  imod: spellBinary('imod'),
  pow: spellBinary('pow'),
  atan2: spellBinary('atan2'),
  max: spellBinary('max'),
  min: spellBinary('min'),
  and: spellBinary('and'),
  or: spellBinary('or'),
  xor: spellBinary('xor'),
  shl: spellBinary('shl'),
  shr: spellBinary('shr'),
  sar: spellBinary('sar'),
  eq: spellBinary('eq'),
  ne: spellBinary('ne'),
  lt: spellBinary('lt'),
  le: spellBinary('le'),
  select: ([condition, onTrue, onFalse]) =>
    call('select', (onFalse as Arg).code, (onTrue as Arg).code, (condition as Arg).code),
  cast: ([x], result, use) => {
    const { code, expr } = x as Arg;
    return castSpelling[gpuDType(expr.dtype)][result](code, use);
  },
  bitcast: ([x], result) => call(`bitcast<${result}>`, (x as Arg).code),
} satisfies Record<KernelOp, Spell>;

/** The WGSL of one operation on already spelled operands. */
export const spell = (op: KernelOp, args: readonly Arg[], result: GpuDType, use: Use): Code =>
  spelling[op](args, result, use);
