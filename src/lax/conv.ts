import type { Expr } from '../kernel/expr.ts';
import { binary, constant } from '../kernel/expr.ts';
import { iadd, idiv, ieq, imod, imul, inBounds, lit } from '../kernel/index-algebra.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { aval, showAval, showMarked } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Batched, BatchedResult, Cases } from '../trace/primitive.ts';
import { mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { functionType, list, names, tensorType } from '../trace/stablehlo/text.ts';
import { at, product, range } from '../util/array.ts';
import { allWeak, dilated } from './rules.ts';
import { rev, zeroOutside } from './pieces.ts';
import { reshape, toFront, transpose } from './structural.ts';

/**
 * Which axis is what. `lhs`: [batch, feature, ...spatial]; `rhs`: [out feature, in feature, ...spatial];
 * `out`: [batch, feature, ...spatial], as axis numbers.
 */
export interface ConvDimensionNumbers {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly out: readonly number[];
}

export interface ConvParams {
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [low: number, high: number])[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  readonly dimensionNumbers: ConvDimensionNumbers;
  readonly featureGroupCount: number;
  readonly batchGroupCount: number;
}

const spatial = (spec: readonly number[]): readonly number[] => spec.slice(2);
const extentsOf = (shape: Shape, axes: readonly number[]): readonly number[] => axes.map((a) => at(shape, a));
/** Exchanges the first two roles of a specification: batch and feature, or out and in feature. */
const swapped = ([a, b, ...rest]: readonly number[]): readonly number[] => [b as number, a as number, ...rest];

/** The spatial extents of the result. */
function outSpatial(lhs: Shape, rhs: Shape, p: ConvParams): readonly number[] {
  const kernel = extentsOf(rhs, spatial(p.dimensionNumbers.rhs));
  return extentsOf(lhs, spatial(p.dimensionNumbers.lhs)).map((n, i) => {
    const [low, high] = at(p.padding, i);
    const padded = dilated(n, at(p.lhsDilation, i)) + low + high;
    const window = dilated(at(kernel, i), at(p.rhsDilation, i));
    return Math.max(0, Math.floor((padded - window) / at(p.strides, i)) + 1);
  });
}

/** Puts batch, feature and spatial items where a specification says. */
function arrange<T>(spec: readonly number[], batch: T, feature: T, rest: readonly T[]): readonly T[] {
  const items = [batch, feature, ...rest];
  return range(items.length).map((axis) => items[spec.indexOf(axis)] as T);
}

export const convP = primitive<ConvParams, 2>({
  name: 'convGeneralDilated',
  type: ([x, w], p) => {
    const { lhs, rhs, out } = p.dimensionNumbers;
    const rank = x.shape.length;
    const specs = [lhs, rhs, out].every((s) => s.length === rank && range(rank).every((a) => s.includes(a)));
    const lists = [p.strides, p.padding, p.lhsDilation, p.rhsDilation].every((l) => l.length === rank - 2);
    if (rank < 2 || w.shape.length !== rank || !specs || !lists) {
      return mistyped(
        `[convGeneralDilated] ${showAval(x)} * ${showAval(w)} with ${rank} axes needs ${rank - 2} strides, paddings and ` +
          `dilations, and dimension numbers that name each of the ${rank} axes once`,
      );
    }
    const [n, c] = [at(x.shape, at(lhs, 0)), at(x.shape, at(lhs, 1))];
    const [o, i] = [at(w.shape, at(rhs, 0)), at(w.shape, at(rhs, 1))];
    const { featureGroupCount: fg, batchGroupCount: bg } = p;
    if (x.dtype !== w.dtype) {
      return wrongDtype(`[convGeneralDilated] ${showAval(x)} * ${showAval(w)}: needs two operands of one dtype`);
    }
    const fits = c === i * fg && o % fg === 0 && o % bg === 0 && n % bg === 0 && (fg === 1 || bg === 1);
    if (!fits) {
      const features = c !== i * fg;
      return mistyped(
        `[convGeneralDilated] ${showMarked(x, features ? at(lhs, 1) : null)} * ${showMarked(w, features ? at(rhs, 1) : null)} with ${fg} feature and ${bg} batch groups: the input's ${c} ` +
          `features must be the kernel's ${i} times the feature groups, and the groups must divide its ${o} output features and the batch of ${n}`,
      );
    }
    return typed(aval(arrange(out, n / bg, o, outSpatial(x.shape, w.shape, p)), x.dtype, allWeak([x, w])));
  },
  derivative: {
    kind: 'bilinear',
    transposeLhs: (ct, w, p, x) => transposeLhs(ct, w, p, x),
    transposeRhs: (ct, x, p, w) => transposeRhs(ct, x, p, w),
  },
  batch: ([x, w], p, size) => batchConv(x, w, p, size),
  lower: ([x, w], p, [out]) => {
    const { lhs, rhs, out: outSpec } = p.dimensionNumbers;
    const groups = p.featureGroupCount * p.batchGroupCount;
    const perGroup = at(w.aval.shape, at(rhs, 0)) / groups;
    const inFeatures = at(w.aval.shape, at(rhs, 1));
    const batchOut = at((out as Aval).shape, at(outSpec, 0));
    const inSpatial = extentsOf(x.aval.shape, spatial(lhs));
    const group = (b: readonly Expr[]): Expr => b[0] ?? lit(0);
    // Rows in the order of the result's layout, depth in the order of the kernel's, so that neighbours in memory stay
    // neighbours in the loops.
    const rows = byPosition([at(outSpec, 0), ...spatial(outSpec)]);
    const depth = byPosition([at(rhs, 1), ...spatial(rhs)]);
    const rowExtents = [batchOut, ...extentsOf((out as Aval).shape, spatial(outSpec))];
    const depthExtents = [inFeatures, ...extentsOf(w.aval.shape, spatial(rhs))];
    return {
      kind: 'contract',
      batch: groups === 1 ? [] : [groups],
      rows: rows.map((r) => at(rowExtents, r)),
      columns: [perGroup],
      depth: depth.map((d) => at(depthExtents, d)),
      lhs: (b, m, k) => {
        const [n, ...os] = unsort(rows, m) as [Expr, ...Expr[]];
        const [i, ...ks] = unsort(depth, k) as [Expr, ...Expr[]];
        const batch = p.batchGroupCount > 1 ? iadd(imul(group(b), batchOut), n) : n;
        const feature = p.featureGroupCount > 1 ? iadd(imul(group(b), inFeatures), i) : i;
        const { position, inside } = inputPosition(os, ks, inSpatial, p);
        return zeroOutside(x.at(arrange(lhs, batch, feature, position)), inside);
      },
      rhs: (b, [o], k) => {
        const [i, ...ks] = unsort(depth, k) as [Expr, ...Expr[]];
        return w.at(arrange(rhs, iadd(imul(group(b), perGroup), o as Expr), i, ks));
      },
      coordinate: (b, m, [o]) => {
        const [n, ...os] = unsort(rows, m) as [Expr, ...Expr[]];
        return arrange(outSpec, n, iadd(imul(group(b), perGroup), o as Expr), os);
      },
    };
  },
  stablehlo: (b, [x, w], p, [out]) => {
    const input = paddedFirst(b, b.widened(x), w, p);
    const operands = [input.x, b.widened(w)] as const;
    const type = { shape: (out as Aval).shape, dtype: input.x.dtype };
    const { lhs, rhs, out: result } = p.dimensionNumbers;
    const dims = `${layoutText(lhs, 'b', 'f')}x${layoutText(rhs, 'o', 'i')}->${layoutText(result, 'b', 'f')}`;
    const window =
      `stride = ${list(p.strides)}, pad = ${list(input.padding.map(list))}, ` +
      `lhs_dilate = ${list(p.lhsDilation)}, rhs_dilate = ${list(p.rhsDilation)}`;
    const groups = `batch_group_count = ${p.batchGroupCount} : i64, feature_group_count = ${p.featureGroupCount} : i64`;
    const how = `stablehlo.convolution(${names(operands)}) dim_numbers = ${dims}, window = {${window}} {${groups}}`;
    return [b.convert(b.add1(`${how} : ${functionType(operands, [type])}`, type), x.dtype)];
  },
  cases: convCases(),
});

/**
 * XLA exchanges the operands of a convolution whose window is larger than its input, which a gradient by the kernel can be, and
 * then computes it on CPUs element by element. There the padding comes first, behind a barrier that keeps it from being folded
 * into the convolution again.
 */
function paddedFirst(
  b: HloBuilder,
  x: HloValue,
  w: HloValue,
  { padding, lhsDilation, dimensionNumbers: { lhs, rhs } }: ConvParams,
): { readonly x: HloValue; readonly padding: ConvParams['padding'] } {
  const extents = extentsOf(x.shape, spatial(lhs));
  const grows = padding.every((p) => p.every((n) => n >= 0)) && lhsDilation.every((d) => d === 1);
  if (!grows || product(extentsOf(w.shape, spatial(rhs))) <= product(extents)) return { x, padding };
  const side = (end: 0 | 1): readonly number[] =>
    x.shape.map((_, axis) => padding[spatial(lhs).indexOf(axis)]?.[end] ?? 0);
  const padded = b.pad(x, b.constant(x.dtype, 0), side(0), side(1));
  const kept = b.add1(`stablehlo.optimization_barrier ${padded.name} : ${tensorType(padded)}`, padded);
  return { x: kept, padding: padding.map(() => [0, 0]) };
}

/** `[b, 0, 1, f]`: which axis is what. */
const layoutText = ([first, second, ...rest]: readonly number[], one: string, other: string): string =>
  list(arrange([first as number, second as number, ...rest], one, other, range(rest.length).map(String)));

/** The order in which the given axes stand in memory: positions in `axes`, by rising axis number. */
const byPosition = (axes: readonly number[]): readonly number[] =>
  range(axes.length).sort((a, b) => at(axes, a) - at(axes, b));

/** Undoes {@link byPosition}. */
const unsort = <T>(order: readonly number[], sorted: readonly T[]): readonly T[] =>
  range(order.length).map((i) => sorted[order.indexOf(i)] as T);

/** Where the input is read for output position `os` and kernel position `ks`, and whether that is inside it. */
function inputPosition(
  os: readonly Expr[],
  ks: readonly Expr[],
  extents: readonly number[],
  p: ConvParams,
): { readonly position: readonly Expr[]; readonly inside: Expr } {
  let inside: Expr = constant('bool', 1);
  const position = os.map((o, i) => {
    const low = at(p.padding, i)[0];
    const inDilated = iadd(iadd(imul(o, at(p.strides, i)), imul(ks[i] as Expr, at(p.rhsDilation, i))), lit(-low));
    const dilation = at(p.lhsDilation, i);
    const inInput = idiv(inDilated, dilation);
    inside = binary('and', inside, inBounds(inInput, at(extents, i)));
    if (dilation > 1) inside = binary('and', inside, ieq(imod(inDilated, dilation), lit(0)));
    return inInput;
  });
  return { position, inside };
}

// ------------------------------------------------------------------------------------------------- transposition

/** The cotangent of the input: the result's cotangent, dilated by the strides, convolved with the reversed kernel. */
function transposeLhs(ct: NDArray, w: NDArray, p: ConvParams, x: Aval): NDArray {
  const { lhs, rhs, out } = p.dimensionNumbers;
  const groups = p.featureGroupCount * p.batchGroupCount;
  const kernel = rev(groups === 1 ? w : moveGroups(w, at(rhs, 0), at(rhs, 1), groups), spatial(rhs));
  const inExtents = extentsOf(x.shape, spatial(lhs));
  const outExtents = extentsOf(ct.shape, spatial(out));
  const kernelExtents = extentsOf(w.shape, spatial(rhs));
  const padding = inExtents.map((n, i): readonly [number, number] => {
    const window = dilated(at(kernelExtents, i), at(p.rhsDilation, i));
    const low = window - at(p.padding, i)[0] - 1;
    const high = dilated(n, at(p.lhsDilation, i)) + window - 1 - dilated(at(outExtents, i), at(p.strides, i)) - low;
    return [low, high];
  });
  const result = convolve(ct, kernel, {
    strides: p.lhsDilation,
    padding,
    lhsDilation: p.strides,
    rhsDilation: p.rhsDilation,
    dimensionNumbers: { lhs: out, rhs: swapped(rhs), out: lhs },
    featureGroupCount: groups,
    batchGroupCount: 1,
  });
  return p.batchGroupCount === 1 ? result : moveGroups(result, at(lhs, 1), at(lhs, 0), groups);
}

/** The cotangent of the kernel: the input convolved with the result's cotangent, batch and features exchanged. */
function transposeRhs(ct: NDArray, x: NDArray, p: ConvParams, w: Aval): NDArray {
  const { lhs, rhs, out } = p.dimensionNumbers;
  const inExtents = extentsOf(x.shape, spatial(lhs));
  const outExtents = extentsOf(ct.shape, spatial(out));
  const kernelExtents = extentsOf(w.shape, spatial(rhs));
  const padding = inExtents.map((n, i): readonly [number, number] => {
    const low = at(p.padding, i)[0];
    const window = dilated(at(kernelExtents, i), at(p.rhsDilation, i));
    const grown = dilated(at(outExtents, i), at(p.strides, i)) - dilated(n, at(p.lhsDilation, i));
    return [low, grown + window - low - 1];
  });
  return convolve(x, ct, {
    strides: p.rhsDilation,
    padding,
    lhsDilation: p.lhsDilation,
    rhsDilation: p.strides,
    dimensionNumbers: { lhs: swapped(lhs), rhs: swapped(out), out: swapped(rhs) },
    featureGroupCount: p.batchGroupCount,
    batchGroupCount: p.featureGroupCount,
  });
}

/** Moves the outer factor `groups` of axis `from` to be the outer factor of axis `to`. */
function moveGroups(x: NDArray, from: number, to: number, groups: number): NDArray {
  const split = reshape(x, [...x.shape.slice(0, from), groups, at(x.shape, from) / groups, ...x.shape.slice(from + 1)]);
  const target = to < from ? to : to + 1;
  const order = range(split.ndim).filter((a) => a !== from);
  order.splice(order.indexOf(target), 0, from);
  const moved = transpose(split, order);
  const shape = x.shape.map((n, a) => (a === from ? n / groups : a === to ? n * groups : n));
  return reshape(moved, shape);
}

// ------------------------------------------------------------------------------------------------------ batching

/** Folds a leading batch axis into axis `axis` of the rest, inside the axis's outer factor `groups`. */
function foldInto(b: Batched, axis: number, groups: number, size: number): NDArray {
  const x = toFront(b, size);
  const shape = x.shape.slice(1);
  const n = at(shape, axis);
  const split = reshape(x, [size, ...shape.slice(0, axis), groups, n / groups, ...shape.slice(axis + 1)]);
  const order = range(split.ndim).slice(1);
  order.splice(axis + 1, 0, 0);
  return reshape(
    transpose(split, order),
    shape.map((e, a) => (a === axis ? e * size : e)),
  );
}

/** Takes a batch axis back out of axis `axis`: the reverse of {@link foldInto}; the batch axis comes first. */
function unfoldFrom(y: NDArray, axis: number, groups: number, size: number): BatchedResult {
  const n = at(y.shape, axis) / size;
  const split = reshape(y, [...y.shape.slice(0, axis), groups, size, n / groups, ...y.shape.slice(axis + 1)]);
  const order = range(split.ndim).filter((a) => a !== axis + 1);
  const shape = y.shape.map((e, a) => (a === axis ? n : e));
  return { values: [reshape(transpose(split, [axis + 1, ...order]), [size, ...shape])], axes: [0] };
}

function batchConv(x: Batched, w: Batched, p: ConvParams, size: number): BatchedResult {
  const { lhs, rhs, out } = p.dimensionNumbers;
  const groups = p.featureGroupCount * p.batchGroupCount;
  if (x.axis !== null && w.axis !== null) {
    // Both: each example becomes a group of its own, outside the groups there are.
    const byBatch = p.batchGroupCount > 1;
    const y = convolve(
      foldInto(x, at(lhs, byBatch ? 0 : 1), 1, size),
      foldInto(w, at(rhs, 0), 1, size),
      byBatch ? { ...p, batchGroupCount: groups * size } : { ...p, featureGroupCount: groups * size },
    );
    return unfoldFrom(y, at(out, 1), 1, size);
  }
  if (x.axis !== null) {
    const y = convolve(foldInto(x, at(lhs, 0), p.batchGroupCount, size), w.value, p);
    return unfoldFrom(y, at(out, 0), 1, size);
  }
  const y = convolve(x.value, foldInto(w, at(rhs, 0), groups, size), p);
  return unfoldFrom(y, at(out, 1), groups, size);
}

/**
 * The general convolution (cross-correlation), in any number of spatial dimensions, with strides, padding, dilation of
 * the input (`lhsDilation`: transposed convolution) and of the kernel, and grouped features or batches.
 */
export const convolve = (x: NDArray, kernel: NDArray, params: ConvParams): NDArray => bind1(convP, [x, kernel], params);

/** `NHWC`-like text to axis numbers: `axes('NHWC', 'NC')` is [0, 3, 1, 2]. */
export function layoutAxes(layout: string, roles: 'NC' | 'OI'): readonly number[] {
  const letters = layout.split('');
  const named = roles.split('').map((r) => letters.indexOf(r));
  if (named.some((i) => i < 0)) {
    throw new ArgumentError(`the layout ${JSON.stringify(layout)} must name ${roles.split('').join(' and ')}`);
  }
  const order = 'DHW';
  const rest = range(letters.length)
    .filter((i) => !named.includes(i))
    .sort((a, b) => order.indexOf(at(letters, a)) - order.indexOf(at(letters, b)));
  return [...named, ...rest];
}

function convCases(): Cases<ConvParams, 2> {
  const nhwc: ConvDimensionNumbers = { lhs: [0, 3, 1, 2], rhs: [3, 2, 0, 1], out: [0, 3, 1, 2] };
  const plain = {
    strides: [1, 1],
    padding: [[0, 0], [0, 0]] as const,
    lhsDilation: [1, 1],
    rhsDilation: [1, 1],
    dimensionNumbers: nhwc,
    featureGroupCount: 1,
    batchGroupCount: 1,
  }; // prettier-ignore
  const float = (shape: Shape): { readonly shape: Shape; readonly dtype: 'float' } => ({ shape, dtype: 'float' });
  return [
    { ins: [float([2, 5, 4, 2]), float([3, 2, 2, 3])], params: plain },
    {
      ins: [float([1, 5, 6, 2]), float([3, 3, 2, 2])],
      params: { ...plain, strides: [2, 1], padding: [[1, 1], [0, 2]], rhsDilation: [1, 2] },
      label: 'strided, padded, dilated kernel',
    },
    {
      ins: [float([1, 3, 3, 2]), float([2, 2, 2, 2])],
      params: { ...plain, padding: [[1, 1], [1, 0]], lhsDilation: [2, 2] },
      label: 'dilated input',
    },
    {
      ins: [float([2, 4, 4, 4]), float([2, 2, 2, 6])],
      params: { ...plain, featureGroupCount: 2 },
      label: 'feature groups',
    },
    {
      ins: [float([4, 3, 3, 2]), float([2, 2, 2, 4])],
      params: { ...plain, batchGroupCount: 2 },
      label: 'batch groups',
    },
    {
      ins: [float([2, 3, 6]), float([4, 3, 2])],
      params: {
        strides: [2],
        padding: [[1, 0]],
        lhsDilation: [1],
        rhsDilation: [1],
        dimensionNumbers: { lhs: [0, 1, 2], rhs: [0, 1, 2], out: [0, 1, 2] },
        featureGroupCount: 1,
        batchGroupCount: 1,
      },
      label: 'one dimension, NCW',
    },
  ]; // prettier-ignore
}
