import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { flattenArrays } from '../transforms/trees.ts';
import { firstDifference, keystr, leafPaths, TreeMismatchError } from '../tree/tree.ts';
import { PullbackError } from '../util/error.ts';
import { toleranceOf } from './tolerance.ts';

/** How far apart numbers may be: |actual - expected| ≤ atol + rtol · |expected|. */
export interface AllcloseOptions {
  /** Default by dtype: 5e-3 for f16, 1e-5 for f32 (on webgpu 1e-2 and 1e-4), 1e-10 for f64, 0 for integers and bools. */
  readonly rtol?: number;
  /** Default by dtype, as `rtol`. */
  readonly atol?: number;
}

/** Two arrays that should be close are not. */
export class NotCloseError extends PullbackError {
  constructor(message: string) {
    super('not-close', message);
  }
}

/**
 * Throws unless two trees of arrays have one structure, equal shapes, and close values; NaN is close to NaN.
 *
 * @throws NotCloseError with the path, the position, both values and how many others differ.
 * @example
 * await assertAllclose(np.array([1, 2]), [1, 2.000001]);
 */
export async function assertAllclose(actual: unknown, expected: unknown, options: AllcloseOptions = {}): Promise<void> {
  const [a, e] = [flattenArrays(listToArray(actual), 'actual'), flattenArrays(listToArray(expected), 'expected')];
  const difference = firstDifference(a.treedef, e.treedef);
  if (difference !== null) throw new TreeMismatchError(`assertAllclose: the trees differ ${difference}`);
  for (const [i, x] of a.leaves.entries()) {
    await compare(x, e.leaves[i] as NDArray, keystr(leafPaths(a.treedef)[i] ?? [], 'actual'), options);
  }
}

/** A nested list of numbers is one array here, not a tree of scalars. */
const listToArray = (x: unknown): unknown =>
  Array.isArray(x) && x.flat(Infinity).every((v) => typeof v === 'number') ? asArray(x as ArrayLike) : x;

async function compare(x: NDArray, y: NDArray, path: string, { rtol, atol }: AllcloseOptions): Promise<void> {
  if (x.shape.join() !== y.shape.join()) {
    throw new NotCloseError(`${path} has shape [${x.shape.join(', ')}], expected [${y.shape.join(', ')}]`);
  }
  const usual = toleranceOf(x.dtype, x.concrete()?.device?.name ?? null);
  const [relative, absolute] = [rtol ?? usual, atol ?? usual];
  const [actual, expected] = [await x.data(), await y.data()];
  const bad: number[] = [];
  actual.forEach((a, i) => {
    const e = expected[i] as number;
    const close = Object.is(a, e) || a === e || Math.abs(a - e) <= absolute + relative * Math.abs(e);
    if (!close) bad.push(i);
  });
  const [first] = bad;
  if (first === undefined) return;
  throw new NotCloseError(
    `${path} differs at flat position ${first}: ${String(actual[first])}, expected ${String(expected[first])} ` +
      `(${bad.length} of ${actual.length} elements differ; rtol ${relative}, atol ${absolute})`,
  );
}
