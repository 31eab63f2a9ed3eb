import { concatenate, sliceAlong } from '../../lax/pieces.ts';
import { reshape } from '../../lax/structural.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { NDArray } from '../../trace/value.ts';
import { unflatten } from '../../tree/tree.ts';
import { at } from '../../util/array.ts';
import type { ArrayTree } from '../trees.ts';
import { flattenArrays, named, nameOf } from '../trees.ts';
import { vmap } from '../vmap.ts';
import { lengthOf, scan } from './scan.ts';

/** Options of {@link map}. */
export interface MapOptions {
  /** How many slices are computed at once, by `vmap`; default 1, which takes the least memory. */
  readonly batchSize?: number;
}

/**
 * Applies `f` to each slice of `xs` along axis 0, one after the other in a compiled loop, and stacks the results. As
 * `vmap(f)(xs)`, but with the memory of one slice at a time, or of `batchSize` slices.
 *
 * @param f from a slice of each array of `xs` (without its axis 0) to a slice of the results; traced once.
 * @param xs an array or a tree of arrays of one length along axis 0.
 * @throws ArgumentError when the lengths differ.
 * @example
 * const distances = lax.map((x: NDArray) => np.abs(points.sub(x)).sum(1), points, { batchSize: 16 });
 */
export function map<X, Y>(f: (x: X) => Y, xs: X, options: MapOptions = {}): Y {
  const { batchSize } = options;
  const flat = flattenArrays(xs, '[map] xs');
  const length = lengthOf(flat, undefined, 'map');
  if (batchSize === undefined) return each(f, xs);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ArgumentError(`[map] batchSize must be a positive integer, got ${batchSize}`);
  }
  const many = vmap(f);
  const whole = length - (length % batchSize);
  if (whole === 0) return many(xs);
  const batches = part(flat, 0, whole, (x) => reshape(x, [whole / batchSize, batchSize, ...x.shape.slice(1)]));
  const done = flattenArrays(each(many, unflatten<X>(flat.treedef, batches)), 'the results of map');
  const results = done.leaves.map((y) => reshape(y, [whole, ...y.shape.slice(2)]));
  if (whole === length) return unflatten<Y>(done.treedef, results);
  const rest = flattenArrays(
    many(
      unflatten<X>(
        flat.treedef,
        part(flat, whole, length, (x) => x),
      ),
    ),
    'the results of map',
  );
  return unflatten<Y>(
    done.treedef,
    results.map((y, i) => concatenate([y, at(rest.leaves, i)], 0)),
  );
}

function each<X, Y>(f: (x: X) => Y, xs: X): Y {
  const step = named((_: null, x: X): readonly [null, Y] => [null, f(x)], nameOf(f));
  return scan(step, null, xs)[1];
}

/** Slices `from` up to `to` of every array. */
const part = ({ leaves }: ArrayTree, from: number, to: number, shape: (x: NDArray) => NDArray): readonly NDArray[] =>
  leaves.map((x) => shape(sliceAlong(x, 0, from, to)));
