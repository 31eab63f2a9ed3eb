import type { Expr } from '../kernel/expr.ts';
import { aval, showMarked, showShape } from '../trace/aval.ts';
import type { Aval } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { functionType, list, names } from '../trace/stablehlo/text.ts';
import { at, range } from '../util/array.ts';
import { allWeak, otherAxes, shifted, validAxes } from './rules.ts';
import { toFront, transpose } from './structural.ts';

/** Which axes of the two operands are summed over together, and which are matched and kept. */
export interface DotDimensionNumbers {
  readonly contracting: readonly [lhs: readonly number[], rhs: readonly number[]];
  readonly batch: readonly [lhs: readonly number[], rhs: readonly number[]];
}

/** The axes of an operand that are neither contracted nor batch axes. */
const freeAxes = (rank: number, side: 0 | 1, d: DotDimensionNumbers): readonly number[] =>
  otherAxes([...d.contracting[side], ...d.batch[side]], rank);

const extents = (a: Aval, axes: readonly number[]): readonly number[] => axes.map((i) => at(a.shape, i));

export const dotGeneralP = primitive<DotDimensionNumbers, 2>({
  name: 'dotGeneral',
  type: ([x, y], d) => {
    const pairs = [d.contracting, d.batch].flatMap(([l, r]) => l.map((a, i) => [a, r[i] as number] as const));
    const axesFit =
      d.contracting[0].length === d.contracting[1].length &&
      d.batch[0].length === d.batch[1].length &&
      validAxes([...d.contracting[0], ...d.batch[0]], x.shape.length) &&
      validAxes([...d.contracting[1], ...d.batch[1]], y.shape.length);
    const unequal = axesFit ? pairs.find(([a, b]) => x.shape[a] !== y.shape[b]) : undefined;
    const what = (): string =>
      `[dotGeneral] ${showMarked(x, unequal?.[0] ?? null)} · ${showMarked(y, unequal?.[1] ?? null)}, contracting axes ` +
      `${showShape(d.contracting[0])} with ${showShape(d.contracting[1])}, batch axes ${showShape(d.batch[0])} with ` +
      `${showShape(d.batch[1])}: needs`;
    if (!axesFit || unequal !== undefined) return mistyped(`${what()} distinct axes, paired ones of equal extent`);
    if (x.dtype !== y.dtype || x.dtype === 'bool') return wrongDtype(`${what()} one number dtype`);
    const shape = [
      ...extents(x, d.batch[0]),
      ...extents(x, freeAxes(x.shape.length, 0, d)),
      ...extents(y, freeAxes(y.shape.length, 1, d)),
    ];
    return typed(aval(shape, x.dtype, allWeak([x, y])));
  },
  derivative: {
    kind: 'bilinear',
    transposeLhs: (ct, y, d, x) => transposeDot(ct, y, x, d, 0),
    transposeRhs: (ct, x, d, y) => transposeDot(ct, x, y, d, 1),
  },
  batch: ([x, y], d, size) => {
    const [lc, rc] = d.contracting;
    const [lb, rb] = d.batch;
    if (x.axis !== null && y.axis !== null) {
      const value = dotGeneral(toFront(x, size), toFront(y, size), {
        contracting: [shifted(lc), shifted(rc)],
        batch: [
          [0, ...shifted(lb)],
          [0, ...shifted(rb)],
        ],
      });
      return { values: [value], axes: [0] };
    }
    // A batch axis of one operand only is one more free axis of it: the first one.
    if (x.axis !== null) {
      const value = dotGeneral(toFront(x, size), y.value, { contracting: [shifted(lc), rc], batch: [shifted(lb), rb] });
      return { values: [value], axes: [lb.length] };
    }
    const value = dotGeneral(x.value, toFront(y, size), { contracting: [lc, shifted(rc)], batch: [lb, shifted(rb)] });
    return { values: [value], axes: [lb.length + freeAxes(x.value.ndim, 0, d).length] };
  },
  lower: ([x, y], d) => {
    const [lf, rf] = [freeAxes(x.aval.shape.length, 0, d), freeAxes(y.aval.shape.length, 1, d)];
    return {
      kind: 'contract',
      batch: extents(x.aval, d.batch[0]),
      rows: extents(x.aval, lf),
      columns: extents(y.aval, rf),
      depth: extents(x.aval, d.contracting[0]),
      lhs: (b, m, k) => x.at(place(x.aval.shape.length, [d.batch[0], b], [lf, m], [d.contracting[0], k])),
      rhs: (b, n, k) => y.at(place(y.aval.shape.length, [d.batch[1], b], [rf, n], [d.contracting[1], k])),
      coordinate: (b, m, n) => [...b, ...m, ...n],
    };
  },
  stablehlo: (b, [x, y], { contracting, batch }, [out]) => {
    const [l, r] = [b.widened(x), b.widened(y)];
    const pair = (axes: readonly [readonly number[], readonly number[]]): string => axes.map(list).join(' x ');
    const batching = batch[0].length === 0 ? '' : `batching_dims = ${pair(batch)}, `;
    const type = { shape: (out as Aval).shape, dtype: l.dtype };
    const how = `stablehlo.dot_general ${names([l, r])}, ${batching}contracting_dims = ${pair(contracting)}`;
    return [b.convert(b.add1(`${how} : ${functionType([l, r], [type])}`, type), x.dtype)];
  },
  cases: [
    {
      ins: [
        { shape: [3, 4], dtype: 'float' },
        { shape: [4, 2], dtype: 'float' },
      ],
      params: { contracting: [[1], [0]], batch: [[], []] },
    },
    {
      ins: [
        { shape: [4, 2, 3], dtype: 'float' },
        { shape: [2, 5, 4], dtype: 'float' },
      ],
      params: { contracting: [[0], [2]], batch: [[1], [0]] },
      label: 'batched, transposed',
    },
    {
      ins: [
        { shape: [2, 3, 4], dtype: 'float' },
        { shape: [4, 2], dtype: 'float' },
      ],
      params: {
        contracting: [
          [2, 0],
          [0, 1],
        ],
        batch: [[], []],
      },
      label: 'two contracted axes',
    },
    {
      ins: [
        { shape: [2, 0], dtype: 'float' },
        { shape: [0, 3], dtype: 'float' },
      ],
      params: { contracting: [[1], [0]], batch: [[], []] },
      label: 'nothing to contract',
    },
    {
      ins: [
        { shape: [2, 3], dtype: 'integer' },
        { shape: [3], dtype: 'integer' },
      ],
      params: { contracting: [[1], [0]], batch: [[], []] },
    },
  ],
});

/** A coordinate of `rank` axes, filled group by group. */
function place(
  rank: number,
  ...groups: readonly (readonly [axes: readonly number[], values: readonly Expr[]])[]
): readonly Expr[] {
  const coordinate: Expr[] = new Array<Expr>(rank);
  for (const [axes, values] of groups) axes.forEach((a, i) => (coordinate[a] = values[i] as Expr));
  return coordinate;
}

/** The cotangent of operand `side`: the result's cotangent, contracted with the other operand's free axes. */
function transposeDot(ct: NDArray, other: NDArray, wanted: Aval, d: DotDimensionNumbers, side: 0 | 1): NDArray {
  const otherSide = side === 0 ? 1 : 0;
  const nBatch = d.batch[0].length;
  const free = freeAxes(wanted.shape.length, side, d);
  const otherFree = freeAxes(other.ndim, otherSide, d);
  // The cotangent's axes are (batch, free of lhs, free of rhs).
  const otherFreeInCt = range(otherFree.length).map((i) => nBatch + (side === 0 ? free.length : 0) + i);
  // A product's axes are batch axes, then the free axes of its operands: ours of the cotangent, contracted of the other.
  const contractedInOrder = [...d.contracting[otherSide]]
    .sort((a, b) => a - b)
    .map((a) => at(d.contracting[side], d.contracting[otherSide].indexOf(a)));
  const isAxis = [...d.batch[side], ...free, ...contractedInOrder];
  const isAxisSwapped = [...d.batch[side], ...contractedInOrder, ...free];
  const batch = range(nBatch);
  // The order that gives the axes as they are wanted, if one does: then what follows can be computed with the product.
  const swap = isAxisSwapped.every((a, k) => a === k);
  const product = swap
    ? dotGeneral(other, ct, { contracting: [otherFree, otherFreeInCt], batch: [d.batch[otherSide], batch] })
    : dotGeneral(ct, other, { contracting: [otherFreeInCt, otherFree], batch: [batch, d.batch[otherSide]] });
  const axes = swap ? isAxisSwapped : isAxis;
  return transpose(
    product,
    range(wanted.shape.length).map((a) => axes.indexOf(a)),
  );
}

/**
 * The general dot product: sums over the paired `contracting` axes, keeps the paired `batch` axes. The result's axes are
 * (batch, free axes of `x`, free axes of `y`).
 *
 * @example
 * const batched = lax.dotGeneral(np.ones([5, 2, 3]), np.ones([5, 3, 4]), { contracting: [[2], [1]], batch: [[0], [0]] }); // f32[5,2,4]
 */
export const dotGeneral = (x: ArrayLike, y: ArrayLike, dimensionNumbers: DotDimensionNumbers): NDArray =>
  bind1(dotGeneralP, [asArray(x, 'dotGeneral'), asArray(y, 'dotGeneral')], dimensionNumbers);
