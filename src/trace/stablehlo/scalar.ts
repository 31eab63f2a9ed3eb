import { computedIn } from '../../kernel/dtype.ts';
import type { DType } from '../../kernel/dtype.ts';
import type { Expr, IndexExpr, LoadExpr, LocalExpr } from '../../kernel/expr.ts';
import type { KernelOp } from '../../kernel/ops.ts';
import { at } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import type { Shape } from '../aval.ts';
import type { Direction, HloBuilder } from './builder.ts';
import { errorFunction } from './erf.ts';
import type { HloValue } from './text.ts';

/** Scalar operations as StableHLO, on whole arrays of any shape. */

/** Writes one scalar operation; its result has dtype `dtype`. */
type Spelling = (b: HloBuilder, args: readonly HloValue[], dtype: DType) => HloValue;

const plain =
  (name: string): Spelling =>
  (b, args) =>
    b.op(name, ...(args as [HloValue]));

const comparing =
  (direction: Direction): Spelling =>
  (b, args) =>
    b.compare(direction, at(args, 0), at(args, 1));

const unary =
  (write: (b: HloBuilder, x: HloValue) => HloValue): Spelling =>
  (b, args) =>
    write(b, at(args, 0));

const spellings = {
  neg: plain('negate'),
  abs: unary((b, x) => b.abs(x)),
  sign: unary((b, x) => b.sign(x)),
  floor: plain('floor'),
  ceil: plain('ceil'),
  round: plain('round_nearest_even'),
  half: unary((b, x) => b.roundToHalf(x)),
  sqrt: plain('sqrt'),
  exp: plain('exponential'),
  expm1: plain('exponential_minus_one'),
  log: plain('log'),
  log1p: plain('log_plus_one'),
  sin: plain('sine'),
  cos: plain('cosine'),
  tan: plain('tan'),
  tanh: plain('tanh'),
  atan: unary((b, x) => b.op('atan2', x, b.like(x, 1))),
  erf: unary(errorFunction),
  not: plain('not'),
  isNan: unary((b, x) => b.isNan(x)),
  add: plain('add'),
  sub: plain('subtract'),
  mul: plain('multiply'),
  div: plain('divide'),
  rem: plain('remainder'),
  idiv: (b, args) => {
    const [x, y] = args as [HloValue, HloValue];
    const below = b.compare('LT', b.op('remainder', x, y), b.like(x, 0));
    return b.op('subtract', b.op('divide', x, y), b.convert(below, x.dtype));
  },
  imod: (b, args) => {
    const [x, y] = args as [HloValue, HloValue];
    const rest = b.op('remainder', x, y);
    return b.select(b.compare('LT', rest, b.like(x, 0)), b.op('add', rest, y), rest);
  },
  pow: plain('power'),
  atan2: plain('atan2'),
  max: plain('maximum'),
  min: plain('minimum'),
  and: plain('and'),
  or: plain('or'),
  xor: plain('xor'),
  shl: plain('shift_left'),
  shr: plain('shift_right_logical'),
  sar: plain('shift_right_arithmetic'),
  eq: comparing('EQ'),
  ne: comparing('NE'),
  lt: comparing('LT'),
  le: comparing('LE'),
  select: (b, args) => b.select(at(args, 0), at(args, 1), at(args, 2)),
  cast: (b, args, dtype) => b.convert(at(args, 0), dtype),
  bitcast: (b, args, dtype) => b.bitcast(at(args, 0), dtype),
} satisfies Record<KernelOp, Spelling>;

/** Adds a scalar operation on whole arrays. */
export const writeOp = (b: HloBuilder, op: KernelOp, args: readonly HloValue[], dtype: DType): HloValue =>
  spellings[op](b, args, dtype);

/** What the leaves of expressions are. */
export interface Leaves {
  /** The element that is read, in the dtype that it is stored in. `value` gives the value of the position or guard. */
  readonly load: (e: LoadExpr, value: (e: Expr) => HloValue) => HloValue;
  readonly index?: (e: IndexExpr) => HloValue;
  readonly local?: (e: LocalExpr) => HloValue;
}

/** Writes scalar expressions, each common part once; every element of `shape` is computed alike. */
export function writeExpressions(
  b: HloBuilder,
  roots: readonly Expr[],
  shape: Shape,
  leaves: Leaves,
): readonly HloValue[] {
  const known = new Map<Expr, HloValue>();
  const value = (e: Expr): HloValue => {
    let found = known.get(e);
    if (found === undefined) known.set(e, (found = write(e)));
    return found;
  };
  const write = (e: Expr): HloValue => {
    switch (e.kind) {
      case 'const':
        return b.constant(e.dtype, e.value, shape);
      case 'op':
        return writeOp(b, e.op, e.args.map(value), e.dtype);
      case 'load':
        return b.convert(leaves.load(e, value), computedIn(e.stored));
      case 'index':
        if (leaves.index !== undefined) return leaves.index(e);
        break;
      case 'local':
        if (leaves.local !== undefined) return leaves.local(e);
        break;
      case 'acc':
        break;
    }
    throw new InternalError(`an expression that depends on an ${e.kind} where there is none`);
  };
  return roots.map(value);
}
