import { isFloat } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, cast, constant, select as selectExpr, unary } from '../kernel/expr.ts';
import { iadd, imul, lit } from '../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import type { Aval } from '../trace/aval.ts';
import { aval, sameShape, showAval } from '../trace/aval.ts';
import { bind } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Cells, Operand, Primitive, Procedure } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { at, range } from '../util/array.ts';
import { gatherAlong } from './indexing.ts';
import type { Digits, Keyed, Line } from './radix-sort.ts';
import { digitsFor, radixSort } from './radix-sort.ts';
import { axisOf, inFront, validAxes } from './rules.ts';
import { sliceAlong } from './pieces.ts';
import { toFront, zerosOf } from './structural.ts';

/** Sorting along one axis: any number of arrays are brought into the order of the first ones. */

export interface SortParams {
  readonly axis: number;
  /** How many operands decide the order: the first, among equals the second, and so on. */
  readonly numKeys: number;
  readonly descending: boolean;
}

/** The sorted operands, and the permutation: where along the axis each element was. Always stable. */
export const sortP: Primitive<SortParams> = primitive<SortParams, number>({
  name: 'sort',
  type: (ins, { axis, numKeys }) => {
    const [first] = ins;
    const fits =
      first !== undefined &&
      ins.every((a) => sameShape(a.shape, first.shape)) &&
      validAxes([axis], first.shape.length) &&
      numKeys >= 1 &&
      numKeys <= ins.length;
    return fits
      ? typed(...ins, aval(first.shape, 'i32'))
      : mistyped(
          `[sort] along axis ${axis} by ${numKeys} keys needs arrays of one shape that has the axis, at least as many as ` +
            `keys; got ${ins.map(showAval).join(', ')}`,
        );
  },
  derivative: {
    kind: 'smooth',
    partials: (operand, _, outs, { axis }) => {
      const order = at(outs, -1);
      return (t) => outs.map((o, i) => (i === operand ? gatherAlong(t, order, axis) : zerosOf(o.aval)));
    },
  },
  batch: (ins, p, size) => {
    const outs = bind(sortP, ins.map((x) => toFront(x, size)), { ...p, axis: p.axis + 1 }); // prettier-ignore
    return inFront(...outs);
  },
  lower: (ins, p) => sortProcedure(ins, p),
  stablehlo: (b, ins, p, outs) => sortHlo(b, ins, p, outs),
  cases: [
    {
      ins: [{ shape: [7], dtype: 'float', distinct: true }],
      params: { axis: 0, numKeys: 1, descending: false },
    },
    {
      ins: [
        { shape: [2, 5, 3], dtype: 'integer', integers: [0, 3] },
        { shape: [2, 5, 3], dtype: 'float', distinct: true },
        { shape: [2, 5, 3], dtype: 'float' },
      ],
      params: { axis: 1, numKeys: 2, descending: false },
      label: 'two keys and a value',
    },
    {
      ins: [
        { shape: [3, 9], dtype: 'bool' },
        { shape: [3, 9], dtype: 'integer' },
      ],
      params: { axis: 1, numKeys: 1, descending: true },
      label: 'ties, descending',
    },
    {
      ins: [{ shape: [130], dtype: 'float', distinct: true }],
      params: { axis: 0, numKeys: 1, descending: false },
      label: 'by digits',
    },
    {
      ins: [
        { shape: [2, 129], dtype: 'integer' },
        { shape: [2, 129], dtype: 'bool' },
      ],
      params: { axis: 1, numKeys: 1, descending: true },
      label: 'by digits, ties, descending',
    },
    {
      ins: [{ shape: [1, 2], dtype: 'float' }],
      params: { axis: 0, numKeys: 1, descending: false },
      label: 'of one',
    },
    {
      ins: [{ shape: [2, 0], dtype: 'float' }],
      params: { axis: 1, numKeys: 1, descending: false },
      label: 'empty',
    },
  ],
});

// ------------------------------------------------------------------------------------------------------- lowering

/** A stable sort by a comparator of elements, with positions along the axis as one more operand. */
function sortHlo(
  b: HloBuilder,
  ins: readonly HloValue[],
  { axis, numKeys, descending }: SortParams,
  outs: readonly Aval[],
): readonly HloValue[] {
  const positions = b.iota('i32', at(outs, -1).shape, axis);
  const operands = [...ins, positions];
  const scalars = operands.flatMap(({ dtype }) => [
    { shape: [], dtype },
    { shape: [], dtype },
  ]);
  const comparator = b.region(scalars, (...pairs) => {
    const keys = range(numKeys).map((k) => {
      const pair = [at(pairs, 2 * k), at(pairs, 2 * k + 1)] as const;
      return descending ? ([pair[1], pair[0]] as const) : pair;
    });
    const comes = ([x, y]: readonly [HloValue, HloValue]): HloValue => b.sortsBefore(x, y);
    const [last, ...others] = [...keys].reverse() as [readonly [HloValue, HloValue], ...(typeof keys)[number][]];
    return [
      others.reduce((rest, [x, y]) => {
        const tied = b.op('and', b.not(comes([y, x])), rest);
        return b.op('or', comes([x, y]), tied);
      }, comes(last)),
    ];
  });
  return b.generic('sort', operands, [`dimension = ${axis} : i64`, 'is_stable = true'], outs, [comparator]);
}

/** What is merged: the first key of each element, which is compared most, and where the element was. */
type Run = Keyed;

/** Does an element, by its first key and position, come strictly before another? */
type Precedes = (key: Expr, position: Expr, otherKey: Expr, otherPosition: Expr) => Expr;

function sortProcedure(ins: readonly Operand[], p: SortParams): Procedure {
  const { shape, dtype } = at(ins, 0).aval;
  const digits = p.numKeys === 1 ? digitsFor(dtype, at(shape, p.axis)) : null;
  return digits === null ? mergeProcedure(ins, p) : digitProcedure(ins, p, digits);
}

/** A sort by the digits of one key; elements come to their places in the end. */
function digitProcedure(ins: readonly Operand[], { axis, descending }: SortParams, digits: Digits): Procedure {
  const { shape } = at(ins, 0).aval;
  const domain = shape.filter((_, a) => a !== axis);
  const n = at(shape, axis);
  return {
    kind: 'procedure',
    domain,
    starts: [...ins, null].map(() => null),
    scratch: [
      { shape, dtype: 'u32' },
      { shape, dtype: 'i32' },
      { shape, dtype: 'u32' },
      { shape: [...domain, digits.passes * 2 ** digits.bits], dtype: 'i32' },
    ],
    readsOnce: false,
    write: (w, point, results, scratch) => {
      const place = (i: Expr): readonly Expr[] => [...point.slice(0, axis), i, ...point.slice(axis)];
      const line = (cells: Cells, where = place): Line => ({
        at: (i) => cells.at(where(i)),
        set: (i, value) => cells.set(where(i), value),
      });
      const position = line(at(results, -1));
      radixSort(w, (i) => at(ins, 0).at(place(i)), n, digits, descending, {
        counts: line(at(scratch, 3), (i) => [...point, i]),
        first: { key: line(at(scratch, 0)), position: line(at(scratch, 1)) },
        last: { key: line(at(scratch, 2)), position },
      });
      w.for(0, n, (i) => {
        const from = place(w.keep(position.at(i)));
        ins.forEach((x, k) => at(results, k).set(place(i), x.at(from)));
      });
    },
  };
}

/** A merge sort, bottom up: runs of one, two, four, … are merged from the results into scratch and back. */
function mergeProcedure(ins: readonly Operand[], { axis, numKeys, descending }: SortParams): Procedure {
  const { shape, dtype } = at(ins, 0).aval;
  const n = at(shape, axis);
  return {
    kind: 'procedure',
    domain: shape.filter((_, a) => a !== axis),
    starts: [...ins, null].map(() => null),
    scratch: [
      { shape, dtype },
      { shape, dtype: 'i32' },
    ],
    readsOnce: false,
    write: (w, point, results, scratch) => {
      const place = (i: Expr): readonly Expr[] => [...point.slice(0, axis), i, ...point.slice(axis)];
      const line = (cells: Cells): Line => ({
        at: (i) => cells.at(place(i)),
        set: (i, value) => cells.set(place(i), value),
      });
      const run: Run = { key: line(at(results, 0)), position: line(at(results, -1)) };
      const other: Run = { key: line(at(scratch, 0)), position: line(at(scratch, 1)) };
      const later = ins.slice(1, numKeys).map((x) => (i: Expr) => x.at(place(i)));
      const precedes: Precedes = descending
        ? (k, i, l, j) => before([l, ...later.map((key) => key(j))], [k, ...later.map((key) => key(i))])
        : (k, i, l, j) => before([k, ...later.map((key) => key(i))], [l, ...later.map((key) => key(j))]);
      w.for(0, n, (i) => {
        run.key.set(i, at(ins, 0).at(place(i)));
        run.position.set(i, i);
      });
      const width = w.variable(lit(1));
      w.while(binary('lt', width.value, lit(n)), () => {
        mergeRuns(w, run, other, width.value, n, precedes);
        mergeRuns(w, other, run, iadd(width.value, width.value), n, precedes);
        width.set(imul(width.value, 4));
      });
      if (ins.length === 1) return;
      w.for(0, n, (i) => {
        const from = place(w.keep(run.position.at(i)));
        ins.slice(1).forEach((x, k) => at(results, k + 1).set(place(i), x.at(from)));
      });
    },
  };
}

/** Merges each two neighbouring runs of `width` elements; equals stay in order, as the left run wins ties. */
function mergeRuns(w: ProcedureWriter, from: Run, to: Run, width: Expr, n: number, precedes: Precedes): void {
  const start = w.variable(lit(0));
  const last = lit(n - 1);
  w.while(binary('lt', start.value, lit(n)), () => {
    const middle = w.keep(binary('min', iadd(start.value, width), lit(n)));
    const end = w.keep(binary('min', iadd(middle, width), lit(n)));
    const left = w.variable(start.value);
    const right = w.variable(middle);
    w.for(start.value, end, (k) => {
      // After its last element a run stands one too far; what is read there is not used.
      const [i, j] = [left.value, right.value].map((e) => w.keep(binary('min', e, last))) as [Expr, Expr];
      const [x, y] = [w.keep(from.key.at(i)), w.keep(from.key.at(j))];
      const smaller = precedes(y, from.position.at(j), x, from.position.at(i));
      const leftIsOver = unary('not', binary('lt', left.value, middle));
      const takeRight = w.keep(binary('and', binary('lt', right.value, end), binary('or', leftIsOver, smaller)));
      to.key.set(k, selectExpr(takeRight, y, x));
      to.position.set(k, from.position.at(selectExpr(takeRight, j, i)));
      const step = w.keep(cast('i32', takeRight));
      right.set(iadd(right.value, step));
      left.set(iadd(left.value, binary('sub', lit(1), step)));
    });
    start.set(end);
  });
}

/** Do these keys come strictly before the others, by the first that tells them apart? */
function before(xs: readonly Expr[], ys: readonly Expr[]): Expr {
  return xs.reduceRight<Expr>(
    (rest, x, i) => {
      const y = at(ys, i);
      return binary('or', less(x, y), binary('and', unary('not', less(y, x)), rest));
    },
    constant('bool', 0),
  );
}

/** x < y in the order of sorting: NaN comes last, and -0 equals 0. */
function less(x: Expr, y: Expr): Expr {
  const smaller = binary('lt', x, y);
  if (!isFloat(x.dtype)) return smaller;
  return binary('or', smaller, binary('and', unary('isNan', y), unary('not', unary('isNan', x))));
}

// ------------------------------------------------------------------------------------------------------ functions

/** Options of {@link sort}. */
export interface SortOptions {
  /** Accepted for JAX's sake: the sort is always stable. */
  readonly isStable?: boolean;
  /** How many of the operands are compared; default 1. */
  readonly numKeys?: number;
}

/** The operands in sorted order, and last where each element was (i32). */
const sortWithPositions = (operands: readonly NDArray[], p: SortParams): readonly NDArray[] => bind(sortP, operands, p);

/**
 * Sorts along an axis (default the last), rising and stable: NaN comes last, -0 and 0 are equal. Of several operands of one
 * shape, the first `numKeys` are compared, one after the other, and all are brought into that order.
 *
 * @throws ShapeMismatchError for operands of different shapes.
 * @example
 * ```ts
 * lax.sort(np.array([3, 1, 2])); // [1, 2, 3]
 * const [keys, values] = lax.sort([ks, vs]); // both in the order of ks
 * ```
 */
export function sort(operands: readonly NDArray[], dimension?: number, options?: SortOptions): readonly NDArray[];
export function sort(operand: ArrayLike, dimension?: number, options?: SortOptions): NDArray;
export function sort(
  operands: ArrayLike | readonly NDArray[],
  dimension = -1,
  { numKeys = 1 }: SortOptions = {},
): NDArray | readonly NDArray[] {
  const several = isListOfArrays(operands);
  const list = several ? operands : [asArray(operands, 'sort')];
  const [first] = list;
  if (first === undefined) throw new ArgumentError('[sort] needs at least one array');
  const axis = axisOf('sort', first, dimension);
  const sorted = sortWithPositions(list, { axis, numKeys, descending: false }).slice(0, -1);
  return several ? sorted : at(sorted, 0);
}

const isListOfArrays = (x: ArrayLike | readonly NDArray[]): x is readonly NDArray[] =>
  Array.isArray(x) && (x as readonly unknown[])[0] instanceof NDArray;

/**
 * Keys sorted along an axis (default the last), and values in the same order.
 *
 * @throws ShapeMismatchError for keys and values of different shapes.
 * @example
 * const [ids, names] = lax.sortKeyVal(np.array([2, 1]), np.array([5, 6])); // [1, 2] and [6, 5]
 */
export function sortKeyVal(
  keys: ArrayLike,
  values: ArrayLike,
  dimension = -1,
  options: Pick<SortOptions, 'isStable'> = {},
): readonly [keys: NDArray, values: NDArray] {
  return sort([asArray(keys, 'sortKeyVal'), asArray(values, 'sortKeyVal')], dimension, options) as unknown as readonly [
    NDArray,
    NDArray,
  ];
}

/** An array sorted along an axis, and where each element was (i32); equals keep their order, NaN is above everything. */
export function sortAlong(
  x: NDArray,
  axis: number,
  descending = false,
): { readonly values: NDArray; readonly positions: NDArray } {
  const [values, positions] = sortWithPositions([x], { axis, numKeys: 1, descending });
  return { values: values as NDArray, positions: positions as NDArray };
}

/**
 * The `k` largest elements along an axis (default the last), largest first, and their positions as i32. Of equals the first
 * comes first; NaN is above everything.
 *
 * @throws ArgumentError when the axis has fewer than `k` elements.
 * @example
 * const [values, indices] = lax.topK(np.array([3, 9, 5]), 2); // [9, 5] and [1, 2]
 */
export function topK(
  operand: ArrayLike,
  k: number,
  options: { readonly axis?: number } = {},
): readonly [values: NDArray, indices: NDArray] {
  const x = asArray(operand, 'topK');
  const axis = axisOf('topK', x, options.axis ?? -1);
  const n = at(x.shape, axis);
  if (!Number.isInteger(k) || k < 0 || k > n) {
    throw new ArgumentError(
      `[topK] needs k between 0 and ${n}, the extent of axis ${axis} of ${showAval(x.aval)}; got ${k}`,
    );
  }
  const { values, positions } = sortAlong(x, axis, true);
  return [sliceAlong(values, axis, 0, k), sliceAlong(positions, axis, 0, k)];
}
