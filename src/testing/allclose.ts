import { array } from '../numpy/create.ts';
import { isTyped } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { flattenArrays } from '../transforms/trees.ts';
import { firstDifference, isRecord, keystr, leafPaths, TreeMismatchError } from '../tree/tree.ts';
import { at, coordinateOf } from '../util/array.ts';
import { PullbackError } from '../util/error.ts';
import { toleranceOf } from './tolerance.ts';

/** How far apart numbers may be: |actual - expected| ≤ atol + rtol · |expected|. */
export interface AllcloseOptions {
  /**
   * Default by dtype: 5e-3 for f16, 1e-5 for f32 (on webgpu 1e-2 and 1e-4), 1e-10 for f64, 0 for integers and bools; that of
   * the coarser where dtypes differ. Numbers of JavaScript have no dtype, and among themselves are compared as f32.
   */
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
 * Throws unless two trees of arrays have one structure, equal shapes, and close values; NaN is close to NaN. Dtypes may differ.
 * Nested lists of numbers or booleans, and typed arrays, stand for arrays wherever the other tree has one.
 *
 * @throws NotCloseError with the path, the position, both values and how many others differ.
 * @example
 * await assertAllclose(np.array([1, 2]), [1, 2.000001]);
 * @example
 * await assertAllclose({ w: np.ones([2, 2]), n: np.array(3) }, { w: [[1, 1], [1, 1]], n: 3 });
 */
export async function assertAllclose(actual: unknown, expected: unknown, options: AllcloseOptions = {}): Promise<void> {
  const plain = new Set<NDArray>();
  const a = flattenArrays(withArrays(actual, expected, plain), 'actual');
  const e = flattenArrays(withArrays(expected, actual, plain), 'expected');
  const difference = firstDifference(a.treedef, e.treedef);
  if (difference !== null) throw new TreeMismatchError(`assertAllclose: the trees differ ${difference}`);
  const paths = leafPaths(a.treedef);
  for (const [i, x] of a.leaves.entries()) await compare([x, at(e.leaves, i)], plain, keystr(at(paths, i), 'actual'), options); // prettier-ignore
}

/**
 * The tree with arrays for what stands for arrays, given the tree that it is compared with. Numbers of JavaScript become f64,
 * which holds them all, and are noted as `plain`.
 */
function withArrays(x: unknown, other: unknown, plain: Set<NDArray>): unknown {
  if (x instanceof NDArray) return x;
  if (isTyped(x)) return array(x);
  if (isNumbers(x) && (isNumbers(other) || other instanceof NDArray || isTyped(other))) {
    const made = array(x, { dtype: 'f64' });
    plain.add(made);
    return made;
  }
  if (Array.isArray(x)) return x.map((v: unknown, i) => withArrays(v, Array.isArray(other) ? other[i] : undefined, plain)); // prettier-ignore
  if (!isRecord(x)) return x;
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, withArrays(v, isRecord(other) ? other[k] : undefined, plain)])); // prettier-ignore
}

/** A number, a boolean, or a nested list of them. */
const isNumbers = (x: unknown): x is Exclude<ArrayLike, NDArray> =>
  typeof x === 'number' || typeof x === 'boolean' || (Array.isArray(x) && x.every(isNumbers));

async function compare(
  [x, y]: readonly [NDArray, NDArray],
  plain: ReadonlySet<NDArray>,
  path: string,
  { rtol, atol }: AllcloseOptions,
): Promise<void> {
  if (x.shape.join() !== y.shape.join()) {
    throw new NotCloseError(`${path} has shape [${x.shape.join(', ')}], expected [${y.shape.join(', ')}]`);
  }
  const usual = usualTolerance([x, y].filter((z) => !plain.has(z)));
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
  const position = x.ndim === 0 ? '' : ` at [${coordinateOf(first, x.shape).join(', ')}]`;
  throw new NotCloseError(
    `${path} differs${position}: ${String(actual[first])}, expected ${String(expected[first])} ` +
      `(${bad.length} of ${actual.length} elements differ; rtol ${relative}, atol ${absolute})`,
  );
}

/** The tolerance of the coarsest of some arrays. */
const usualTolerance = (xs: readonly NDArray[]): number =>
  xs.length === 0
    ? toleranceOf('f32', null)
    : Math.max(...xs.map((x) => toleranceOf(x.dtype, x.concrete()?.device?.name ?? null)));
