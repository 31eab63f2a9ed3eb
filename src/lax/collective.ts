import type { DType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import type { Shape } from '../trace/aval.ts';
import { aval, showAval } from '../trace/aval.ts';
import { bind1, namedAxes } from '../trace/context.ts';
import { ArgumentError, ShapeMismatchError, UnboundAxisError } from '../trace/errors.ts';
import type { Batched, BatchedResult, Primitive } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { TreeOf } from '../trace/tree-of.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { map } from '../tree/tree.ts';
import { range } from '../util/array.ts';
import { div, mul } from './elementwise.ts';
import { reduceAnd, reduceMax, reduceMin, reduceOr } from './reduce.ts';
import { collapse, indexInDim } from './reshaping.ts';
import { inFront, movePermutation, prepend, without } from './rules.ts';
import { convertElementType } from './casts.ts';
import { broadcastedIota } from './iota.ts';
import { concatenate } from './pieces.ts';
import { fill, reduceSum, toFront, transpose } from './structural.ts';

/**
 * Collectives over an axis that `vmap` has named: what each example computes from all of them. They exist while a
 * function is batched only, where their batching rules replace them by ordinary primitives; so they have no lowering and no
 * cases of their own; their laws are tested through `vmap`. The functions take trees, as JAX's do, and apply to each
 * leaf by itself.
 */

/** A function of arrays applied to all leaves of a tree. */
const eachLeaf = <T>(name: string, tree: T, f: (x: NDArray) => NDArray): TreeOf<T, NDArray> =>
  map((leaf: unknown) => f(asArray(leaf as ArrayLike, name)), tree) as TreeOf<T, NDArray>;

interface OverAxis {
  readonly axisName: string;
}

const lower = (_: unknown, { axisName }: OverAxis): never => {
  throw unbound('a collective', axisName);
};

const stablehlo = (_: unknown, __: unknown, { axisName }: OverAxis): never => {
  throw unbound('a collective', axisName);
};

const unbound = (what: string, name: string): UnboundAxisError => {
  const known = namedAxes().map((a) => JSON.stringify(a.name));
  return new UnboundAxisError(
    `[${what}] no axis is named ${JSON.stringify(name)} here` +
      `${known.length === 0 ? '' : ` (the named ones are ${known.join(', ')})`}: ` +
      `call it inside vmap(f, inAxes, { axisName: ${JSON.stringify(name)} })`,
  );
};

/**
 * The size of a named axis, as JAX's `axis_size`: a JS number.
 *
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @example
 * vmap((x: NDArray) => x.div(lax.axisSize('i')), 0, { axisName: 'i' })(np.array([2, 4])); // [1, 2]
 */
export const axisSize = (axisName: string): number => sizeNamed('axisSize', axisName);

function sizeNamed(what: string, axisName: string): number {
  const axis = namedAxes().find((a) => a.name === axisName);
  if (axis === undefined) throw unbound(what, axisName);
  return axis.size;
}

const insideOfVmap = {
  none: 'it exists inside of vmap only: test/laws/collectives.test.ts tests its rules there',
} as const;

const number = (dtype: DType): boolean => dtype !== 'bool';

// -------------------------------------------------------------------------------------------------------- psum

export const psumP: Primitive<OverAxis, 1> = primitive<OverAxis, 1>({
  name: 'psum',
  type: ([x]) => (number(x.dtype) ? typed(x) : mistyped(`[psum] can't add ${showAval(x)}: cast it first`)),
  derivative: { kind: 'linear', transpose: [([ct], _, p) => bind1(psumP, [ct as NDArray], p)] },
  batch: ([x], p, size, axisName): BatchedResult => {
    if (axisName !== p.axisName) return { values: [bind1(psumP, [x.value], p)], axes: [x.axis] };
    const sum = x.axis === null ? mul(x.value, size) : reduceSum(x.value, [x.axis]);
    return { values: [sum], axes: [null] };
  },
  lower,
  stablehlo,
  cases: insideOfVmap,
});

/**
 * The sum over the examples of a named axis, of each leaf of a tree: every example gets the total. Bools are counted.
 *
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @example
 * vmap((x: NDArray) => x.div(lax.psum(x, 'batch')), 0, { axisName: 'batch' })(np.array([1, 3])); // [0.25, 0.75]
 */
export function psum<T>(tree: T, axisName: string): TreeOf<T, NDArray> {
  sizeNamed('psum', axisName);
  return eachLeaf('psum', tree, (x) => total(x.dtype === 'bool' ? convertElementType(x, 'i32') : x, axisName));
}

const total = (x: NDArray, axisName: string): NDArray => bind1(psumP, [x], { axisName });

/**
 * The mean over the examples of a named axis, of each leaf of a tree. Integers give floats.
 *
 * @example
 * vmap((x: NDArray) => lax.pmean(x, 'i'), 0, { axisName: 'i' })(np.array([1, 3])); // [2, 2]
 */
export function pmean<T>(tree: T, axisName: string): TreeOf<T, NDArray> {
  const size = sizeNamed('pmean', axisName);
  return eachLeaf('pmean', tree, (x) =>
    div(total(isFloat(x.dtype) ? x : convertElementType(x, 'f32'), axisName), size),
  );
}

// --------------------------------------------------------------------------------- allGather and psumScatter

interface GatherParams extends OverAxis {
  readonly size: number;
  /** Where the named axis is among the axes of the gathered array. */
  readonly axis: number;
}

const inserted = (shape: Shape, axis: number, size: number): Shape => [
  ...shape.slice(0, axis),
  size,
  ...shape.slice(axis),
];

/** The rule for a `vmap` over another axis: a batch in front of everything. */
const alongOther = (p: Primitive<GatherParams, 1>, x: Batched, params: GatherParams, size: number): BatchedResult =>
  inFront(bind1(p, [toFront(x, size)], { ...params, axis: params.axis + 1 }));

export const allGatherP: Primitive<GatherParams, 1> = primitive<GatherParams, 1>({
  name: 'allGather',
  type: ([x], { size, axis }) =>
    axis >= 0 && axis <= x.shape.length
      ? typed(aval(inserted(x.shape, axis, size), x.dtype, x.weakType))
      : mistyped(`[allGather] can't put a new axis ${axis} into ${showAval(x)}`),
  derivative: { kind: 'linear', transpose: [([ct], _, p) => bind1(psumScatterP, [ct as NDArray], p)] },
  batch: ([x], p, size, axisName): BatchedResult => {
    if (axisName !== p.axisName) return alongOther(allGatherP, x, p, size);
    const front = toFront(x, size);
    return { values: [transpose(front, movePermutation(front.ndim, 0, p.axis))], axes: [null] };
  },
  lower,
  stablehlo,
  cases: insideOfVmap,
});

export const psumScatterP: Primitive<GatherParams, 1> = primitive<GatherParams, 1>({
  name: 'psumScatter',
  type: ([x], { size, axis }) =>
    x.shape[axis] === size && number(x.dtype)
      ? typed(aval(without(x.shape, [axis]), x.dtype, x.weakType))
      : mistyped(`[psumScatter] needs a number array with extent ${size} on axis ${axis}, got ${showAval(x)}`),
  derivative: { kind: 'linear', transpose: [([ct], _, p) => bind1(allGatherP, [ct as NDArray], p)] },
  batch: ([x], p, size, axisName): BatchedResult =>
    axisName === p.axisName
      ? { values: [reduceSum(toFront(x, size), [0])], axes: [p.axis] }
      : alongOther(psumScatterP, x, p, size),
  lower,
  stablehlo,
  cases: insideOfVmap,
});

/** Options of {@link allGather}. */
export interface AllGatherOptions {
  /** Where the examples' axis is in the result; default 0. */
  readonly axis?: number;
  /** Join along an existing axis instead of a new one; default false. */
  readonly tiled?: boolean;
}

/**
 * All examples of a named axis, of each leaf of a tree, as one array that every example gets: [size, ...shape].
 *
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @throws ShapeMismatchError for an axis that is not there.
 * @example
 * const gather = (x: NDArray) => lax.allGather(x, 'i', { axis: 1 });
 * vmap(gather, 0, { axisName: 'i' })(np.array([[1, 2], [3, 4]])).shape; // [2, 2, 2]
 * vmap(gather, 0, { axisName: 'i', outAxes: null })(np.array([[1, 2], [3, 4]])); // [[1, 3], [2, 4]]
 */
export function allGather<T>(
  tree: T,
  axisName: string,
  { axis = 0, tiled = false }: AllGatherOptions = {},
): TreeOf<T, NDArray> {
  const size = sizeNamed('allGather', axisName);
  return eachLeaf('allGather', tree, (x) => {
    if (tiled && !(axis >= 0 && axis < x.ndim)) {
      throw new ShapeMismatchError(
        `[allGather] with tiled joins along an axis that there is already, but ${showAval(x.aval)} has no axis ${axis}`,
      );
    }
    const gathered = all(x, axisName, size, axis);
    return tiled ? collapse(gathered, axis, axis + 2) : gathered;
  });
}

const all = (x: NDArray, axisName: string, size: number, axis: number): NDArray =>
  bind1(allGatherP, [x], { axisName, size, axis });

/**
 * The sum over the examples of a named axis, of which example `i` gets part `i` along `axis`: [...] from [size, ...], of
 * each leaf of a tree.
 *
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @throws ShapeMismatchError for an axis that is not there, or whose extent is not the number of examples.
 * @example
 * vmap((x: NDArray) => lax.psumScatter(x, 'i'), 0, { axisName: 'i' })(np.array([[1, 2], [30, 40]])); // [31, 42]
 */
export function psumScatter<T>(
  tree: T,
  axisName: string,
  { axis = 0 }: { readonly axis?: number } = {},
): TreeOf<T, NDArray> {
  const size = sizeNamed('psumScatter', axisName);
  return eachLeaf('psumScatter', tree, (x) => {
    if (x.shape[axis] === size) return bind1(psumScatterP, [x], { axisName, size, axis });
    throw new ShapeMismatchError(
      `[psumScatter] gives each of the ${size} examples of ${JSON.stringify(axisName)} a part along axis ${axis}, which must ` +
        `have that extent; got ${showAval(x.aval)}`,
    );
  });
}

const extremum =
  (name: string, numbers: (x: NDArray, axes: readonly number[]) => NDArray, bools: typeof reduceOr) =>
  <T>(tree: T, axisName: string): TreeOf<T, NDArray> => {
    const size = sizeNamed(name, axisName);
    return eachLeaf(name, tree, (x) => (x.dtype === 'bool' ? bools : numbers)(all(x, axisName, size, 0), [0]));
  };

/**
 * The largest over the examples of a named axis, of each leaf of a tree; NaN if any is. Of bools: is any true?
 *
 * @example
 * vmap((x: NDArray) => lax.pmax(x, 'i'), 0, { axisName: 'i' })(np.array([1, 3])); // [3, 3]
 */
export const pmax = extremum('pmax', reduceMax, reduceOr);

/**
 * The smallest over the examples of a named axis, of each leaf of a tree; NaN if any is. Of bools: are all true?
 *
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @example
 * vmap((x: NDArray) => lax.pmin(x, 'i'), 0, { axisName: 'i' })(np.array([1, 3])); // [1, 1]
 */
export const pmin = extremum('pmin', reduceMin, reduceAnd);

// ---------------------------------------------------------------------------------------- ppermute, axisIndex

interface PermuteParams extends OverAxis {
  /** Pairs of example numbers: from, to. */
  readonly permutation: readonly (readonly [number, number])[];
}

export const ppermuteP: Primitive<PermuteParams, 1> = primitive<PermuteParams, 1>({
  name: 'ppermute',
  type: ([x]) => typed(x),
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], _, p) =>
        bind1(ppermuteP, [ct as NDArray], {
          ...p,
          permutation: p.permutation.map(([from, to]) => [to, from] as const),
        }),
    ],
  },
  batch: ([x], p, size, axisName): BatchedResult => {
    if (axisName !== p.axisName) return { values: [bind1(ppermuteP, [x.value], p)], axes: [x.axis] };
    const whole = toFront(x, size);
    const sources = range(size).map((i) => p.permutation.find(([, to]) => to === i)?.[0] ?? null);
    const none = fill(prepend(1, whole.shape.slice(1)), whole.dtype, 0);
    return inFront(
      concatenate(
        sources.map((s) => (s === null ? none : indexInDim(whole, s))),
        0,
      ),
    );
  },
  lower,
  stablehlo,
  cases: insideOfVmap,
});

/**
 * Sends each example's value, a tree, to another example of a named axis; examples that nothing is sent to get zeros.
 *
 * @param permutation pairs [from, to]; no example may be sent from twice, or to twice.
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @example
 * const onwards = (x: NDArray) => lax.ppermute(x, 'i', [[0, 1], [1, 2]]);
 * vmap(onwards, 0, { axisName: 'i' })(np.array([5, 6, 7])); // [0, 5, 6]
 */
export function ppermute<T>(
  tree: T,
  axisName: string,
  permutation: readonly (readonly [number, number])[],
): TreeOf<T, NDArray> {
  const size = sizeNamed('ppermute', axisName);
  for (const side of [0, 1] as const) {
    const ends = permutation.map((pair) => pair[side]);
    if (new Set(ends).size !== ends.length || !ends.every((i) => Number.isInteger(i) && i >= 0 && i < size)) {
      throw new ArgumentError(
        `[ppermute] needs pairs [from, to] of distinct numbers below ${size}, the size of ${JSON.stringify(axisName)}; ` +
          `got ${JSON.stringify(permutation)}`,
      );
    }
  }
  return eachLeaf('ppermute', tree, (x) => bind1(ppermuteP, [x], { axisName, permutation }));
}

export const axisIndexP: Primitive<OverAxis, 0> = primitive<OverAxis, 0>({
  name: 'axisIndex',
  type: () => typed(aval([], 'i32')),
  derivative: { kind: 'zero', because: 'it has no operands' },
  batch: (_, p, size, axisName): BatchedResult =>
    axisName === p.axisName
      ? { values: [broadcastedIota('i32', [size], 0)], axes: [0] }
      : { values: [bind1(axisIndexP, [], p)], axes: [null] },
  lower,
  stablehlo,
  cases: insideOfVmap,
});

/**
 * Which example of a named axis this is: i32[].
 *
 * @throws UnboundAxisError outside a `vmap` with that axisName.
 * @example
 * vmap((x: NDArray) => x.add(lax.axisIndex('i')), 0, { axisName: 'i' })(np.zeros([3])); // [0, 1, 2]
 */
export function axisIndex(axisName: string): NDArray {
  sizeNamed('axisIndex', axisName);
  return bind1(axisIndexP, [], { axisName });
}
