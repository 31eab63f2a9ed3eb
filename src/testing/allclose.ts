import { array } from '../numpy/create.ts';
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
  // Numbers of JavaScript are as precise as f64, and are compared so where the other side is.
  const wide = [actual, expected].some((x) => !isPlain(x) && flattenArrays(x, 'x').leaves.some((leaf) => leaf.dtype === 'f64')); // prettier-ignore
  const arraysOf = (x: unknown): unknown => (isPlain(x) ? array(x as ArrayLike, wide ? { dtype: 'f64' } : {}) : x);
  const [a, e] = [flattenArrays(arraysOf(actual), 'actual'), flattenArrays(arraysOf(expected), 'expected')];
  const difference = firstDifference(a.treedef, e.treedef);
  if (difference !== null) throw new TreeMismatchError(`assertAllclose: the trees differ ${difference}`);
  for (const [i, x] of a.leaves.entries()) {
    await compare(x, e.leaves[i] as NDArray, keystr(leafPaths(a.treedef)[i] ?? [], 'actual'), options);
  }
}

/** A number, or a nested list of numbers, which is one array here and not a tree of scalars. */
const isPlain = (x: unknown): boolean =>
  typeof x === 'number' || (Array.isArray(x) && x.flat(Infinity).every((v) => typeof v === 'number'));

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
    const near = Number.isFinite(e) && Math.abs(a - e) <= absolute + relative * Math.abs(e);
    if (!(Object.is(a, e) || a === e || near)) bad.push(i);
  });
  const [first] = bad;
  if (first === undefined) return;
  throw new NotCloseError(
    `${path} differs at flat position ${first}: ${String(actual[first])}, expected ${String(expected[first])} ` +
      `(${bad.length} of ${actual.length} elements differ; rtol ${relative}, atol ${absolute})`,
  );
}
