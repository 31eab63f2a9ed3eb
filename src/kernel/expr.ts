import { InternalError } from '../util/error.ts';
import type { DType, ScalarType } from './dtype.ts';
import { computedIn, isFloat } from './dtype.ts';
import type { BinaryOp, KernelOp, UnaryOp } from './ops.ts';
import { binaryOps, isPredicate } from './ops.ts';
import { applyBinary, applyUnary, bitcast, convert, roundTo } from './semantics.ts';

/**
 * Scalar expressions: what a kernel computes for one point of its domain. They are hash-consed, so that equal
 * expressions are one object (`===`), a common subexpression is found by looking, and each is emitted once.
 */
export type Expr = ConstExpr | IndexExpr | AccExpr | LocalExpr | LoadExpr | OpExpr;

interface Base {
  /** Unique; greater than the ids of all operands. */
  readonly id: number;
  readonly dtype: ScalarType;
}

/** A literal. Bools are 0 or 1. */
export interface ConstExpr extends Base {
  readonly kind: 'const';
  readonly value: number;
}

/** The coordinate along one axis of the kernel's domain: an i32 in `[0, extent)`. */
export interface IndexExpr extends Base {
  readonly kind: 'index';
  readonly axis: number;
  readonly extent: number;
}

/** The result of a kernel's reduction number `slot`; it occurs in epilogues only. */
export interface AccExpr extends Base {
  readonly kind: 'acc';
  readonly slot: number;
}

/** The value that local variable number `slot` of a procedure has when the expression is read. */
export interface LocalExpr extends Base {
  readonly kind: 'local';
  readonly slot: number;
}

/**
 * The element at linear position `index` of operand number `operand`. Where `guard` is false nothing is read and the
 * value is 0; where it is true, or there is no guard, `index` is in bounds.
 */
export interface LoadExpr extends Base {
  readonly kind: 'load';
  /** The operand's dtype: its elements are widened where they are read. */
  readonly stored: DType;
  readonly operand: number;
  readonly index: Expr;
  readonly guard: Expr | null;
}

/** A scalar operation; `ops.ts` lists them, `semantics.ts` says what they mean. */
export interface OpExpr extends Base {
  readonly kind: 'op';
  readonly op: KernelOp;
  readonly args: readonly Expr[];
}

// Two generations of one table: when the young one is full it becomes the old one, and what was not looked up since
// then is forgotten. Forgetting costs at most a missed sharing, never correctness, and memory stays bounded.
const generationSize = 1 << 17;
let young = new Map<string, Expr>();
let old = new Map<string, Expr>();
let nextId = 0;

function intern(key: string, make: (id: number) => Expr): Expr {
  let found = young.get(key);
  if (found !== undefined) return found;
  found = old.get(key) ?? make(nextId++);
  if (young.size >= generationSize) {
    old = young;
    young = new Map();
  }
  young.set(key, found);
  return found;
}

/** A literal of `of`; the value is rounded to it. */
export function constant(of: DType, value: number): Expr {
  const v = roundTo(of, value);
  const dtype = computedIn(of);
  const text = Object.is(v, -0) ? '-0' : String(v);
  return intern(`c${dtype}:${text}`, (id) => ({ kind: 'const', id, dtype, value: v }));
}

/** The coordinate along domain axis `axis`, in `[0, extent)`. An axis of extent 1 (or 0) is the constant 0. */
export function index(axis: number, extent: number): Expr {
  if (extent <= 1) return constant('i32', 0);
  return intern(`i${axis}:${extent}`, (id) => ({ kind: 'index', id, dtype: 'i32', axis, extent }));
}

/** The result of reduction number `slot`. */
export const acc = (slot: number, dtype: ScalarType): Expr =>
  intern(`a${slot}:${dtype}`, (id) => ({ kind: 'acc', id, dtype, slot }));

/** Local variable number `slot` of a procedure. */
export const local = (slot: number, dtype: ScalarType): Expr =>
  intern(`v${slot}:${dtype}`, (id) => ({ kind: 'local', id, dtype, slot }));

/** Reads operand `operand` at a linear position, where `guard` (if any) holds; else 0. */
export function load(operand: number, stored: DType, position: Expr, guard: Expr | null = null): Expr {
  if (guard?.kind === 'const') {
    if (guard.value === 0) return constant(stored, 0);
    guard = null;
  }
  const g = guard;
  return intern(`l${operand}:${stored}:${position.id}:${g === null ? '' : g.id}`, (id) => ({
    kind: 'load',
    id,
    dtype: computedIn(stored),
    stored,
    operand,
    index: position,
    guard: g,
  }));
}

const binarySet: ReadonlySet<string> = new Set(binaryOps);
const isConst = (e: Expr, value: number): boolean => e.kind === 'const' && Object.is(e.value, value);

/** A unary operation; folded when its operand is a literal. */
export function unary(op: UnaryOp, x: Expr): Expr {
  const dtype = isPredicate(op) ? 'bool' : x.dtype;
  if (x.kind === 'const') return constant(dtype, applyUnary(op, x.dtype, x.value));
  if (op === 'not' && x.kind === 'op' && x.op === 'not') return x.args[0] as Expr;
  return opNode(op, dtype, [x]);
}

/** A binary operation on operands of one dtype; folded when both are literals, simplified when one is neutral. */
export function binary(op: BinaryOp, x: Expr, y: Expr): Expr {
  if (x.dtype !== y.dtype) throw new InternalError(`${op} of ${x.dtype} and ${y.dtype}`);
  const dtype = isPredicate(op) ? 'bool' : x.dtype;
  if (x.kind === 'const' && y.kind === 'const') return constant(dtype, applyBinary(op, x.dtype, x.value, y.value));
  return simplify(op, x, y) ?? opNode(op, dtype, [x, y]);
}

/** Rewrites that hold for every value, NaN, infinities and (but for x + 0) signed zeros included. */
function simplify(op: BinaryOp, x: Expr, y: Expr): Expr | null {
  switch (op) {
    case 'add':
      return isConst(y, 0) || isConst(y, -0) ? x : isConst(x, 0) || isConst(x, -0) ? y : null;
    case 'sub':
      return isConst(y, 0) ? x : null;
    case 'mul':
      if (isConst(y, 1)) return x;
      if (isConst(x, 1)) return y;
      if (!isFloat(x.dtype) && (isConst(x, 0) || isConst(y, 0))) return constant(x.dtype, 0);
      return null;
    case 'div':
      return isConst(y, 1) ? x : null;
    case 'and':
      if (x === y) return x;
      if (x.dtype !== 'bool') return null;
      if (isConst(x, 0) || isConst(y, 0)) return constant('bool', 0);
      return isConst(x, 1) ? y : isConst(y, 1) ? x : null;
    case 'or':
      if (x === y) return x;
      if (x.dtype !== 'bool') return null;
      if (isConst(x, 1) || isConst(y, 1)) return constant('bool', 1);
      return isConst(x, 0) ? y : isConst(y, 0) ? x : null;
    case 'max':
    case 'min':
      return x === y ? x : null;
    default:
      return null;
  }
}

/** `onTrue` where `condition` holds, else `onFalse`. */
export function select(condition: Expr, onTrue: Expr, onFalse: Expr): Expr {
  if (condition.dtype !== 'bool') throw new InternalError(`select on ${condition.dtype}`);
  if (onTrue.dtype !== onFalse.dtype) throw new InternalError(`select of ${onTrue.dtype} and ${onFalse.dtype}`);
  if (condition.kind === 'const') return condition.value === 0 ? onFalse : onTrue;
  if (onTrue === onFalse) return onTrue;
  return opNode('select', onTrue.dtype, [condition, onTrue, onFalse]);
}

/** Converts to `dtype`: see `convert` in semantics.ts. To dtypes that are stored narrower, `convertTo` in narrow.ts does. */
export function cast(dtype: ScalarType, x: Expr): Expr {
  if (x.dtype === dtype) return x;
  if (x.kind === 'const') return constant(dtype, convert(x.dtype, dtype, x.value));
  return opNode('cast', dtype, [x]);
}

/** The same bits as another 4-byte dtype. */
export function bitcastTo(dtype: ScalarType, x: Expr): Expr {
  if (x.dtype === dtype) return x;
  if (x.kind === 'const') return constant(dtype, bitcast(x.dtype, dtype, x.value));
  return opNode('bitcast', dtype, [x]);
}

const opNode = (op: KernelOp, dtype: ScalarType, args: readonly Expr[]): Expr =>
  intern(`o${op}:${dtype}:${args.map((a) => a.id).join(',')}`, (id) => ({ kind: 'op', id, dtype, op, args }));

/** Rebuilds an operation with other operands, folding again. */
export function rebuild(e: OpExpr, args: readonly Expr[]): Expr {
  const [x, y, z] = args as [Expr, Expr, Expr];
  if (e.op === 'select') return select(x, y, z);
  if (e.op === 'cast') return cast(e.dtype, x);
  if (e.op === 'bitcast') return bitcastTo(e.dtype, x);
  return binarySet.has(e.op) ? binary(e.op as BinaryOp, x, y) : unary(e.op as UnaryOp, x);
}

/** The direct operands of an expression; a load's are its position and its guard. */
export function operandsOf(e: Expr): readonly Expr[] {
  if (e.kind === 'op') return e.args;
  if (e.kind === 'load') return e.guard === null ? [e.index] : [e.index, e.guard];
  return [];
}

/** Visits every distinct subexpression of `roots` once, operands before their users. */
export function visit(roots: readonly Expr[], see: (e: Expr) => void): void {
  const seen = new Set<Expr>();
  const go = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    operandsOf(e).forEach(go);
    see(e);
  };
  roots.forEach(go);
}

/** All loads in the expressions, each once. */
export function loadsOf(roots: readonly Expr[]): readonly LoadExpr[] {
  const loads: LoadExpr[] = [];
  visit(roots, (e) => {
    if (e.kind === 'load') loads.push(e);
  });
  return loads;
}

/** Rewrites bottom-up: `change` sees each node with its operands already rewritten and may return another. */
export function rewriter(change: (e: Expr) => Expr): (e: Expr) => Expr {
  const done = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    let out = done.get(e);
    if (out === undefined) {
      out = change(withOperands(e, go));
      done.set(e, out);
    }
    return out;
  };
  return go;
}

function withOperands(e: Expr, go: (e: Expr) => Expr): Expr {
  if (e.kind === 'op') {
    const args = e.args.map(go);
    return args.every((a, i) => a === e.args[i]) ? e : rebuild(e, args);
  }
  if (e.kind === 'load') {
    const position = go(e.index);
    const guard = e.guard === null ? null : go(e.guard);
    return position === e.index && guard === e.guard ? e : load(e.operand, e.stored, position, guard);
  }
  return e;
}

/** Lets every load in `e` happen only where `condition` holds as well. */
export function guarded(e: Expr, condition: Expr): Expr {
  return rewriter((x) =>
    x.kind === 'load'
      ? load(x.operand, x.stored, x.index, x.guard === null ? condition : binary('and', x.guard, condition))
      : x,
  )(e);
}
