import { isFloat } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, cast, constant, select as selectExpr, unary } from '../kernel/expr.ts';
import { iadd, imul, isub, lit } from '../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import { sameShape, showAval } from '../trace/aval.ts';
import { bind } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Cells, Operand, Primitive, Procedure } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { gatherWindows } from './indexing.ts';
import { inFront, without } from './rules.ts';
import { broadcastedIota, reshape, slice, toFront, transpose, zerosOf } from './structural.ts';

/** Sorting along an axis. */

/** Static parameters of {@link sortP}. */
export interface SortParams {
  readonly axis: number;
  /** How many of the operands are keys, compared one after the other. */
  readonly numKeys: number;
  readonly descending: boolean;
}

export const sortP: Primitive<SortParams> = primitive<SortParams, number>({
  name: 'sort',
  type: (ins, { axis, numKeys }) => {
    const [first] = ins;
    const fits =
      first !== undefined &&
      ins.every((a) => sameShape(a.shape, first.shape)) &&
      axis >= 0 &&
      axis < first.shape.length &&
      numKeys >= 1 &&
      numKeys <= ins.length;
    return fits
      ? typed(...ins)
      : mistyped(
          `[sort] along axis ${axis} by ${numKeys} keys needs arrays of one shape that has the axis, and so many keys; ` +
            `got ${ins.map(showAval).join(', ')}`,
        );
  },
  derivative: {
    kind: 'smooth',
    partials: (operand, ins, _, p) => {
      const order = sortedOrder(ins.slice(0, p.numKeys), p);
      return (t) => ins.map((x, i) => (i === operand ? takeAlong(t, order, p.axis) : zerosOf(x.aval)));
    },
  },
  batch: (ins, p, size) =>
    inFront(
      ...bind(
        sortP,
        ins.map((x) => toFront(x, size)),
        { ...p, axis: p.axis + 1 },
      ),
    ),
  lower: (ins, p) => mergeSort(ins, p),
  cases: [
    { ins: [{ shape: [7], dtype: 'float', distinct: true }], params: { axis: 0, numKeys: 1, descending: false } },
    {
      ins: [
        { shape: [3, 5, 2], dtype: 'float', distinct: true },
        { shape: [3, 5, 2], dtype: 'float' },
      ],
      params: { axis: 1, numKeys: 1, descending: true },
      label: 'with a payload, descending',
    },
    {
      ins: [
        { shape: [2, 9], dtype: 'integer', integers: [0, 2] },
        { shape: [2, 9], dtype: 'integer' },
        { shape: [2, 9], dtype: 'f32' },
      ],
      params: { axis: 1, numKeys: 2, descending: false },
      label: 'two keys with ties',
    },
    { ins: [{ shape: [6], dtype: 'bool' }], params: { axis: 0, numKeys: 1, descending: false }, label: 'bools' },
    { ins: [{ shape: [2, 0], dtype: 'float' }], params: { axis: 1, numKeys: 1, descending: false }, label: 'empty' },
    { ins: [{ shape: [3, 1], dtype: 'float' }], params: { axis: 1, numKeys: 1, descending: false }, label: 'of one' },
  ],
});

/** The permutation that sorts by these keys: positions along the axis, as i32. */
function sortedOrder(keys: readonly NDArray[], p: SortParams): NDArray {
  const positions = broadcastedIota('i32', at(keys, 0).shape, p.axis);
  return at(bind(sortP, [...keys, positions], { ...p, numKeys: keys.length }), keys.length);
}

/** The elements of `x` at `order` along an axis, where both have one shape and positions are in bounds. */
function takeAlong(x: NDArray, order: NDArray, axis: number): NDArray {
  if (x.size === 0) return x;
  const others = range(x.ndim).filter((a) => a !== axis);
  const last = [...others, axis];
  const rows = transpose(x, last);
  const indices = transpose(order, last);
  const taken = gatherWindows(rows, reshape(indices, [...indices.shape, 1]), {
    offsetDims: [],
    collapsedDims: [others.length],
    indexMap: [others.length],
    operandBatchingDims: range(others.length),
    indicesBatchingDims: range(others.length),
    sizes: rows.shape.map(() => 1),
    mode: 'clip',
  });
  return transpose(
    taken,
    range(x.ndim).map((a) => last.indexOf(a)),
  );
}

// -------------------------------------------------------------------------------------------------- merge sort

/** `x` before `y`: NaN is above everything and equal to itself, -0 equals 0. */
function before(x: Expr, y: Expr): Expr {
  if (x.dtype === 'bool') return before(cast('i32', x), cast('i32', y));
  const less = binary('lt', x, y);
  if (!isFloat(x.dtype)) return less;
  return binary('or', less, binary('and', unary('isNan', y), unary('not', unary('isNan', x))));
}

/** The order of two rows of keys: by the first key that tells them apart. */
function keysBefore(xs: readonly Expr[], ys: readonly Expr[]): Expr {
  const [x, ...restX] = xs as readonly [Expr, ...Expr[]];
  const [y, ...restY] = ys as readonly [Expr, ...Expr[]];
  if (restX.length === 0) return before(x, y);
  return binary('or', before(x, y), binary('and', unary('not', before(y, x)), keysBefore(restX, restY)));
}

/** A stable merge sort, bottom up, of positions: two lists of them take turns, and the operands follow at the end. */
function mergeSort(ins: readonly Operand[], { axis, numKeys, descending }: SortParams): Procedure {
  const { shape } = at(ins, 0).aval;
  const n = at(shape, axis);
  const outer = without(shape, [axis]);
  const coordinate = (point: readonly Expr[], i: Expr): readonly Expr[] => [
    ...point.slice(0, axis),
    i,
    ...point.slice(axis),
  ];
  return {
    kind: 'procedure',
    domain: outer,
    starts: ins.map(() => null),
    scratch: [{ shape: [...outer, 2, n], dtype: 'i32' }],
    readsOnce: false,
    write: (p, point, results, [lists]) => {
      const list = lists as Cells;
      const source = p.variable(lit(0));
      p.for(0, n, (i) => list.set([...point, lit(0), i], i));
      const keys = (i: Expr): readonly Expr[] => ins.slice(0, numKeys).map((x) => x.at(coordinate(point, i)));
      const goesFirst = (a: Expr, b: Expr): Expr =>
        descending ? keysBefore(keys(b), keys(a)) : keysBefore(keys(a), keys(b));
      for (let width = 1; width < n; width *= 2) {
        const blocks = Math.ceil(n / (2 * width));
        p.for(0, blocks, (block) => merge(p, { list, point, source: source.value, n, width, block, goesFirst }));
        source.set(isub(lit(1), source.value));
      }
      p.for(0, n, (i) => {
        const from = p.keep(list.at([...point, source.value, i]));
        results.forEach((r, k) => r.set(coordinate(point, i), at(ins, k).at(coordinate(point, from))));
      });
    },
  };
}

interface Merge {
  readonly list: Cells;
  readonly point: readonly Expr[];
  /** Which of the two lists is read. */
  readonly source: Expr;
  readonly n: number;
  readonly width: number;
  readonly block: Expr;
  readonly goesFirst: (a: Expr, b: Expr) => Expr;
}

/** Merges two neighbouring runs of `width` positions into the other list. */
function merge(p: ProcedureWriter, { list, point, source, n, width, block, goesFirst }: Merge): void {
  const low = p.keep(imul(block, 2 * width));
  const cap = (e: Expr): Expr => p.keep(binary('min', e, lit(n)));
  const [middle, high] = [cap(iadd(low, lit(width))), cap(iadd(low, lit(2 * width)))];
  const [left, right] = [p.variable(low), p.variable(middle)];
  const fromLeft = p.variable(constant('bool', 0));
  const [a, b] = [p.variable(lit(0)), p.variable(lit(0))];
  p.for(low, high, (k) => {
    p.if(
      binary('lt', left.value, middle),
      () => {
        a.set(list.at([...point, source, left.value]));
        p.if(
          binary('lt', right.value, high),
          () => {
            b.set(list.at([...point, source, right.value]));
            // The left one stays in front unless the right one is strictly smaller: that makes the sort stable.
            fromLeft.set(unary('not', goesFirst(b.value, a.value)));
          },
          () => fromLeft.set(constant('bool', 1)),
        );
      },
      () => {
        b.set(list.at([...point, source, right.value]));
        fromLeft.set(constant('bool', 0));
      },
    );
    list.set([...point, isub(lit(1), source), k], selectExpr(fromLeft.value, a.value, b.value));
    const step = cast('i32', fromLeft.value);
    left.set(iadd(left.value, step));
    right.set(iadd(right.value, isub(lit(1), step)));
  });
}

// ------------------------------------------------------------------------------------------------------ functions

/** Options of {@link sort}. */
export interface SortOptions {
  /** Default -1. */
  readonly dimension?: number;
  /** Accepted for JAX's sake: the sort is always stable. */
  readonly isStable?: boolean;
  /** How many of the operands are keys; default 1. */
  readonly numKeys?: number;
}

const axisIn = (name: string, x: NDArray, axis: number): number => {
  const a = axis < 0 ? axis + x.ndim : axis;
  if (Number.isInteger(a) && a >= 0 && a < x.ndim) return a;
  throw new ArgumentError(`[${name}] axis ${axis} is out of range for ${showAval(x.aval)}`);
};

/**
 * Sorts along an axis, ascending and stable; NaN comes last, -0 and 0 are equal. Of a list of arrays the first `numKeys`
 * are keys, and the others follow.
 *
 * @throws ShapeMismatchError for arrays of different shapes.
 */
export function sort(operand: NDArray, options?: SortOptions): NDArray;
export function sort(operands: readonly NDArray[], options?: SortOptions): NDArray[];
export function sort(operand: NDArray | readonly NDArray[], options: SortOptions = {}): NDArray | NDArray[] {
  const operands = 'aval' in operand ? [operand] : operand;
  const [first] = operands;
  if (first === undefined) throw new ArgumentError('[sort] needs at least one array');
  const axis = axisIn('sort', first, options.dimension ?? -1);
  const sorted = bind(sortP, operands, { axis, numKeys: options.numKeys ?? 1, descending: false });
  return 'aval' in operand ? at(sorted, 0) : [...sorted];
}

/** One array sorted along an axis. */
export const sortAlong = (x: NDArray, axis: number, descending: boolean): NDArray =>
  at(bind(sortP, [x], { axis, numKeys: 1, descending }), 0);

/** Sorts keys along an axis, and values with them. */
export function sortKeyVal(keys: NDArray, values: NDArray, dimension = -1): [keys: NDArray, values: NDArray] {
  const axis = axisIn('sortKeyVal', keys, dimension);
  return [...bind(sortP, [keys, values], { axis, numKeys: 1, descending: false })] as [NDArray, NDArray];
}

/** The positions along an axis that sort an array, as i32; stable, also when descending. */
export function argsort(
  x: NDArray,
  axis = -1,
  { descending = false }: { readonly descending?: boolean } = {},
): NDArray {
  return sortedOrder([x], { axis: axisIn('argsort', x, axis), numKeys: 1, descending });
}

/**
 * The `k` largest elements along the last axis, largest first, and their positions (i32); of equal ones the first. NaN is
 * above everything.
 *
 * @throws ArgumentError unless 0 ≤ k ≤ the last extent.
 */
export function topK(x: NDArray, k: number): [values: NDArray, indices: NDArray] {
  const axis = axisIn('topK', x, -1);
  const n = at(x.shape, axis);
  if (!Number.isInteger(k) || k < 0 || k > n) {
    throw new ArgumentError(`[topK] needs k between 0 and ${n}, the last extent of ${showAval(x.aval)}; got ${k}`);
  }
  const positions = broadcastedIota('i32', x.shape, axis);
  const sorted = bind(sortP, [x, positions], { axis, numKeys: 1, descending: true });
  const none = x.shape.map(() => 0);
  const limit = x.shape.map((e, a) => (a === axis ? k : e));
  return sorted.map((y) => slice(y, none, limit)) as [NDArray, NDArray];
}
