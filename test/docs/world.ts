import type { NDArray } from '../../src/index.ts';
import { numpy as np, random } from '../../src/index.ts';

/** What examples take for granted without saying what it is, each made anew for every example. */
export const world = {
  key: (): NDArray => random.key(0),
  /** Examples, and a matrix that they can be multiplied with. */
  x: (): NDArray => np.ones([2, 3]),
  w: (): NDArray => np.full([3, 4], 0.5),
  dx: (): NDArray => np.ones([2, 3]),
  /** A system of equations. */
  a: (): NDArray => np.array([[4, 1, 0], [1, 3, 1], [0, 1, 2]]), // prettier-ignore
  b: (): NDArray => np.array([1, 2, 3]),
  /** A classifier of small images. */
  images: (): NDArray => random.uniform(random.key(1), [8, 28, 28, 1]),
  labels: (): NDArray => np.arange(8).astype('i32'),
  /** A dense layer, and what a gradient of it may be. */
  params: (): Params => ({ w: np.full([3, 4], 0.5), b: np.zeros([4]) }),
  gradients: (): Params => ({ w: np.full([3, 4], 0.1), b: np.ones([4]) }),
  batch: (): NDArray => np.ones([5, 3]),
  /** Its mean square, over examples if there are any. */
  loss: (): ((params: Params, x?: NDArray) => NDArray) => loss,
  step: (): ((params: Params, batch: NDArray) => NDArray) => loss,
};

const loss = (params: Params, x: NDArray = np.ones([2, 3])): NDArray => x.matmul(params.w).add(params.b).pow(2).mean();

/** Types that examples take for granted. */
export interface Params {
  readonly w: NDArray;
  readonly b: NDArray;
}
export const typesOfWorld: readonly string[] = ['Params'];
