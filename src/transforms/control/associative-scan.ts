import { concatenate, rev, sliceAlong } from '../../lax/pieces.ts';
import { reshape } from '../../lax/structural.ts';
import { sameAval, showAval } from '../../trace/aval.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { NDArray } from '../../trace/value.ts';
import { firstDifference, keystr, leafPaths, TreeMismatchError, unflatten } from '../../tree/tree.ts';
import { at } from '../../util/array.ts';
import { flattenArrays, nameOf } from '../trees.ts';

/** Options of {@link associativeScan}. */
export interface AssociativeScanOptions {
  /** Combines from the last element to the first. Default false. */
  readonly reverse?: boolean;
  /** The axis to go along; default 0. */
  readonly axis?: number;
}

/**
 * All prefixes of an associative operation, in a number of steps that grows with the logarithm of the length: element `i`
 * of the result is `fn(… fn(fn(e0, e1), e2) …, ei)`.
 *
 * It computes on whole arrays: pairs of neighbours are combined, the prefixes of the pairs are computed by the same
 * procedure, and the elements in between by one combination more.
 *
 * @param fn combines two trees of arrays, element by element along the axis, into one of the same structure and types. It
 *   must be associative, and is called with arrays of several lengths along the axis.
 * @param elems an array or a tree of arrays of one length along the axis.
 * @throws ArgumentError when lengths differ, or the axis does not exist.
 * @throws TreeMismatchError when `fn` gives back another structure.
 * @example
 * lax.associativeScan((a: NDArray, b: NDArray) => a.add(b), np.array([1, 2, 3])); // [1, 3, 6]
 */
export function associativeScan<E>(fn: (a: E, b: E) => E, elems: E, options: AssociativeScanOptions = {}): E {
  const { leaves, treedef } = flattenArrays(elems, '[associativeScan] elems');
  const paths = leafPaths(treedef);
  const axes = leaves.map((x, i) => axisOf(x, options.axis ?? 0, keystr(paths[i] ?? [], 'elems')));
  const lengths = leaves.map((x, i) => at(x.shape, at(axes, i)));
  if (lengths.some((n) => n !== lengths[0])) {
    const all = leaves.map((x, i) => `  ${keystr(paths[i] ?? [], 'elems')}: ${showAval(x.aval)}`);
    throw new ArgumentError(`[associativeScan] elems must have one length along the axis:\n${all.join('\n')}`);
  }
  const combine: Combine = (a, b) => {
    const back = flattenArrays(fn(unflatten<E>(treedef, a), unflatten<E>(treedef, b)), `the result of ${nameOf(fn)}`);
    const difference = firstDifference(treedef, back.treedef);
    if (difference !== null) {
      throw new TreeMismatchError(`[associativeScan] elems and what ${nameOf(fn)} gives back differ ${difference}`);
    }
    back.leaves.forEach((x, i) => {
      if (sameAval(x.aval, at(a, i).aval)) return;
      throw new ArgumentError(
        `[associativeScan] ${nameOf(fn)} must give back arrays of the types that it gets, but at ` +
          `${keystr(paths[i] ?? [], 'elems')} it got ${showAval(at(a, i).aval)} and gave ${showAval(x.aval)}`,
      );
    });
    return back.leaves;
  };
  const turned = (xs: readonly NDArray[]): readonly NDArray[] =>
    options.reverse === true ? xs.map((x, i) => rev(x, [at(axes, i)])) : xs;
  return unflatten<E>(treedef, turned(prefixes(combine, turned(leaves), axes)));
}

type Combine = (a: readonly NDArray[], b: readonly NDArray[]) => readonly NDArray[];

function prefixes(combine: Combine, xs: readonly NDArray[], axes: readonly number[]): readonly NDArray[] {
  const n = xs.length === 0 ? 0 : at(at(xs, 0).shape, at(axes, 0));
  if (n < 2) return xs;
  const every = (from: number, to: number, list: readonly NDArray[], step = 2): readonly NDArray[] =>
    list.map((x, i) => sliceAlong(x, at(axes, i), from, to, step));
  const pairs = combine(every(0, n - 1, xs), every(1, n, xs));
  const odd = prefixes(combine, pairs, axes);
  const half = Math.floor(n / 2);
  // The last pair has no element after it if the length is even.
  const before = n % 2 === 0 ? every(0, half - 1, odd, 1) : odd;
  const rest = n > 2 ? combine(before, every(2, n, xs)) : [];
  return odd.map((o, i) => {
    const axis = at(axes, i);
    const first = sliceAlong(at(xs, i), axis, 0, 1);
    return interleaved(rest.length === 0 ? first : concatenate([first, at(rest, i)], axis), o, axis);
  });
}

/** `a0, b0, a1, b1, …`; `a` has as many elements as `b`, or one more. */
function interleaved(a: NDArray, b: NDArray, axis: number): NDArray {
  const n = at(b.shape, axis);
  const apart = (x: NDArray): NDArray => reshape(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]);
  const both = concatenate([apart(sliceAlong(a, axis, 0, n)), apart(b)], axis + 1);
  const joined = reshape(
    both,
    b.shape.map((m, i) => (i === axis ? 2 * n : m)),
  );
  return at(a.shape, axis) === n ? joined : concatenate([joined, sliceAlong(a, axis, n, n + 1)], axis);
}

function axisOf(x: NDArray, axis: number, what: string): number {
  const along = axis < 0 ? axis + x.ndim : axis;
  if (Number.isInteger(along) && along >= 0 && along < x.ndim) return along;
  throw new ArgumentError(`[associativeScan] ${what}, ${showAval(x.aval)}, has no axis ${axis}`);
}
