import type { ScalarType } from '../../../kernel/dtype.ts';
import type { Expr } from '../../../kernel/expr.ts';
import { index } from '../../../kernel/expr.ts';
import type { Store } from '../../../kernel/kernel.ts';
import { range } from '../../../util/array.ts';
import type { Axis } from '../collapse.ts';
import { shifted, substitution } from '../collapse.ts';
import type { Evaluator } from '../evaluator.ts';
import type { Local, Value } from '../module/code.ts';
import { get, i32, op, selectOp } from '../module/code.ts';
import type { Op } from '../module/opcodes.ts';
import { coordinatesOf, lastAxis } from '../runs.ts';

/** A contraction with the roles chosen: lanes run along `columns`. */
export interface Contraction {
  readonly dtype: ScalarType;
  readonly batch: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  readonly depth: readonly Axis[];
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly stores: readonly Store[];
}

/** The points of a group of axes. */
export const sizeOf = (axes: readonly Axis[]): number => axes.reduce((n, a) => n * a.extent, 1);

/** Parameters for the coordinates of the batch. */
export const batchParams = (c: Contraction): readonly (readonly [string, 'i32'])[] =>
  c.batch.map((a) => [`i${a.axis}`, 'i32'] as const);

export const elementLoad = (dtype: ScalarType): Op =>
  dtype === 'f32' ? 'f32.load' : dtype === 'f64' ? 'f64.load' : 'i32.load';
export const elementStore = (dtype: ScalarType): Op =>
  dtype === 'f32' ? 'f32.store' : dtype === 'f64' ? 'f64.store' : 'i32.store';

/** Multiplies two scalars or vectors of a contraction. */
export function multiply(dtype: ScalarType, x: Value, y: Value): Value {
  const vector = x.type === 'v128';
  if (dtype === 'f32') return op(vector ? 'f32x4.mul' : 'f32.mul', x, y);
  if (dtype === 'f64') return op(vector ? 'f64x2.mul' : 'f64.mul', x, y);
  return op(vector ? 'i32x4.mul' : 'i32.mul', x, y);
}

/** Adds two scalars or vectors of a contraction. */
export function sum(dtype: ScalarType, x: Value, y: Value): Value {
  const vector = x.type === 'v128';
  if (dtype === 'f32') return op(vector ? 'f32x4.add' : 'f32.add', x, y);
  if (dtype === 'f64') return op(vector ? 'f64x2.add' : 'f64.add', x, y);
  return op(vector ? 'i32x4.add' : 'i32.add', x, y);
}

/** `x·y + z`, in one instruction where there is one for vectors. */
export function multiplyAdd(dtype: ScalarType, relaxed: boolean, x: Value, y: Value, z: Value): Value {
  if (relaxed && x.type === 'v128') {
    if (dtype === 'f32') return op('f32x4.relaxed_madd', x, y, z);
    if (dtype === 'f64') return op('f64x2.relaxed_madd', x, y, z);
  }
  return sum(dtype, z, multiply(dtype, x, y));
}

/** An operand at several neighbouring positions at once. */
export interface Neighbours {
  /** What the expressions' axes are. */
  readonly coordinates: readonly (readonly [number, Value])[];
  /** The operand at each position. */
  readonly values: readonly Expr[];
}

/** Axes of the positions after the first are numbered from here on. */
const copies = 1 << 16;

/**
 * `value` at `count` positions over `axes` from the linear position `first` on. Over one axis they share a coordinate; over
 * several each has axes of its own, since it may lie beyond the end of the last axis.
 */
export function neighbours(
  e: Evaluator,
  axes: readonly Axis[],
  value: Expr,
  first: Value,
  count: number,
  copy = 0,
): Neighbours {
  const { f } = e;
  const start = coordinatesOf(f, axes, first);
  if (axes.length <= 1 || count === 1) {
    const inner = lastAxis(axes);
    return { coordinates: start, values: range(count).map((i) => shifted(inner, i)(value)) };
  }
  const coordinates = [...start];
  const values = [value];
  let at: readonly Value[] = start.map(([, v]) => v);
  for (const i of range(count).slice(1)) {
    at = following(e, axes, at);
    const renamed = new Map(axes.map((a, j) => [a.axis, copies * (2 * i + copy) + j]));
    axes.forEach((a, j) => coordinates.push([renamed.get(a.axis) as number, at[j] as Value]));
    values.push(
      substitution((x) =>
        x.kind === 'index' && renamed.has(x.axis) ? index(renamed.get(x.axis) as number, x.extent) : x,
      )(value),
    );
  }
  return { coordinates, values };
}

/** The coordinates of the position after `at`. */
function following({ f }: Evaluator, axes: readonly Axis[], at: readonly Value[]): readonly Value[] {
  const next = [...at];
  let carry: Value = i32(1);
  for (const j of range(axes.length).reverse()) {
    const moved = f.let(op('i32.add', at[j] as Value, carry));
    if (j === 0) next[j] = moved;
    else {
      const over = f.let(op('i32.eq', moved, i32((axes[j] as Axis).extent)));
      next[j] = f.let(selectOp(over, i32(0), moved));
      carry = over;
    }
  }
  return next;
}

/** A pointer that moves on. */
export const advance = (e: Evaluator, pointer: Local, by: number): void =>
  e.f.set(pointer, op('i32.add', get(pointer), i32(by)));
