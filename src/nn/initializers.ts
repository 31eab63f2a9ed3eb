import type { DType } from '../kernel/dtype.ts';
import { fill, zerosOf } from '../lax/structural.ts';
import { eye } from '../numpy/create.ts';
import { sign } from '../lax/elementwise.ts';
import { select } from '../lax/select.ts';
import { pad } from '../lax/reshaping.ts';
import { qr } from '../numpy/linalg/index.ts';
import { diagonal } from '../numpy/matrices.ts';
import { moveaxis } from '../numpy/rearrange.ts';
import { argsort } from '../numpy/sorting.ts';
import * as random from '../random/index.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, product } from '../util/array.ts';

/** How parameters begin. What `jax.nn.initializers` has too gives the same numbers for the same key. */

/** Makes the first value of a parameter. */
export type Initializer = (key: NDArray, shape: Shape, dtype?: DType) => NDArray;

/**
 * How many inputs each output of a kernel sums, and how many outputs each input goes to. The last two axes of a kernel
 * are in and out; axes before, such as a convolution's window, are its receptive field.
 *
 * @throws ArgumentError for shapes with less than two axes.
 * @example
 * nn.initializers.fans([3, 3, 16, 32]).fanIn; // 144
 * nn.initializers.fans([3, 3, 16, 32]).fanOut; // 288
 */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length < 2) {
    throw new ArgumentError(
      `[nn.initializers] a kernel has at least the axes in and out, got shape [${shape.join(', ')}]`,
    );
  }
  const receptive = product(shape.slice(0, -2));
  return { fanIn: at(shape, -2) * receptive, fanOut: at(shape, -1) * receptive };
}

/**
 * One value everywhere.
 *
 * @example
 * nn.initializers.constant(0.1)(key, [2]); // [0.1, 0.1]
 */
export const constant =
  (value: number): Initializer =>
  (_, shape, dtype = 'f32') =>
    fill(shape, dtype, value);

/**
 * Zeros: the default of Keras for biases.
 *
 * @example
 * nn.initializers.zeros()(key, [2]); // [0, 0]
 */
export const zeros = (): Initializer => constant(0);

/**
 * Ones.
 *
 * @example
 * nn.initializers.ones()(key, [2]); // [1, 1]
 */
export const ones = (): Initializer => constant(1);

// ------------------------------------------------------------------------------------- of a given distribution

/**
 * Uniform in [0, scale). The numbers are those of `jax.nn.initializers.uniform`.
 *
 * @example
 * const w = nn.initializers.uniform(0.05)(key, [100, 100]); // all in [0, 0.05)
 */
export const uniform =
  (scale = 1e-2): Initializer =>
  (key, shape, dtype = 'f32') =>
    random.uniform(key, shape, { dtype }).mul(scale);

/**
 * Normal, of mean 0 and a standard deviation. The numbers are those of `jax.nn.initializers.normal`.
 *
 * @example
 * const w = nn.initializers.normal(0.02)(key, [100, 100]);
 * np.round(np.std(w), 3); // 0.02
 */
export const normal =
  (deviation = 1e-2): Initializer =>
  (key, shape, dtype = 'f32') =>
    random.normal(key, shape, { dtype }).mul(deviation);

/**
 * Standard normal restricted to (lower, upper), times `deviation`. The numbers are those of
 * `jax.nn.initializers.truncated_normal`.
 *
 * @example
 * const w = nn.initializers.truncatedNormal(0.02)(key, [100, 100]);
 * w.abs().max().lt(2 * 0.02); // true
 */
export const truncatedNormal =
  (deviation = 1e-2, lower = -2, upper = 2): Initializer =>
  (key, shape, dtype = 'f32') =>
    random.truncatedNormal(key, lower, upper, shape, { dtype }).mul(deviation);

// ------------------------------------------------------------------------------------- by the size of the kernel

/** What the variance is divided by, and what is drawn from. */
export interface VarianceScalingOptions {
  /** Inputs of an output, outputs of an input, or their mean (arithmetic or geometric); default `fanIn`. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAvg' | 'fanGeoAvg';
  /** Default `truncatedNormal`, cut at two standard deviations and widened to have the variance all the same. */
  readonly distribution?: 'truncatedNormal' | 'normal' | 'uniform';
}

/** The standard deviation of a standard normal distribution that is restricted to (−2, 2). */
const truncatedDeviation = 0.8796256610342398;

/**
 * Random numbers of mean 0 and variance `scale / n`, n as the mode says: it lets activations, gradients or both keep their
 * size from layer to layer. The numbers are those of `jax.nn.initializers.variance_scaling`.
 *
 * @throws ArgumentError for a scale that is not above 0, and from the initializer for shapes with less than two axes.
 * @example
 * const w = nn.initializers.varianceScaling(2, { mode: 'fanOut', distribution: 'normal' })(key, [100, 400]);
 * np.round(np.std(w), 3); // 0.071
 */
export function varianceScaling(scale: number, options: VarianceScalingOptions = {}): Initializer {
  const { mode = 'fanIn', distribution = 'truncatedNormal' } = options;
  if (!(scale > 0)) {
    throw new ArgumentError(`[nn.initializers.varianceScaling] the scale must be above 0, got ${scale}`);
  }
  return (key, shape, dtype = 'f32') => {
    const { fanIn, fanOut } = fans(shape);
    const n = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2, fanGeoAvg: Math.sqrt(fanIn * fanOut) }[mode];
    const deviation = Math.sqrt(scale / n);
    switch (distribution) {
      case 'truncatedNormal':
        return random.truncatedNormal(key, -2, 2, shape, { dtype }).mul(deviation / truncatedDeviation);
      case 'normal':
        return random.normal(key, shape, { dtype }).mul(deviation);
      case 'uniform':
        return random.uniform(key, shape, { dtype, minval: -1 }).mul(deviation * Math.sqrt(3));
    }
  };
}

/**
 * Uniform in ±√(6 / (fanIn + fanOut)), which keeps the variance of activations and of gradients: the default of Keras
 * for kernels. Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (AISTATS 2010).
 * The numbers are those of `jax.nn.initializers.glorot_uniform`.
 *
 * @example
 * const w = nn.initializers.glorotUniform()(key, [100, 50]);
 * w.abs().max().lt(Math.sqrt(6 / 150)); // true
 */
export const glorotUniform = (): Initializer => varianceScaling(1, { mode: 'fanAvg', distribution: 'uniform' });
/**
 * As {@link glorotUniform}.
 *
 * @example
 * const layer = nn.dense(64, { kernelInit: nn.initializers.xavierUniform() });
 */
export const xavierUniform: () => Initializer = glorotUniform;

/**
 * Truncated normal of variance 2 / (fanIn + fanOut). Glorot, Bengio, 2010. The numbers are those of
 * `jax.nn.initializers.glorot_normal`.
 *
 * @example
 * const w = nn.initializers.glorotNormal()(key, [100, 100]);
 * np.round(np.std(w), 2); // 0.1
 */
export const glorotNormal = (): Initializer => varianceScaling(1, { mode: 'fanAvg' });
/**
 * As {@link glorotNormal}.
 *
 * @example
 * const layer = nn.dense(64, { kernelInit: nn.initializers.xavierNormal() });
 */
export const xavierNormal: () => Initializer = glorotNormal;

/**
 * Truncated normal of variance 2 / fanIn, for layers before a relu. He et al.: Delving Deep into Rectifiers: Surpassing
 * Human-Level Performance on ImageNet Classification (ICCV 2015). The numbers are those of `jax.nn.initializers.he_normal`.
 *
 * @example
 * const w = nn.initializers.heNormal()(key, [200, 100]);
 * np.round(np.std(w), 2); // 0.1
 */
export const heNormal = (): Initializer => varianceScaling(2);
/**
 * As {@link heNormal}.
 *
 * @example
 * const layer = nn.conv2d(32, 3, { kernelInit: nn.initializers.kaimingNormal() });
 */
export const kaimingNormal: () => Initializer = heNormal;

/**
 * Uniform in ±√(6 / fanIn), for layers before a relu. He et al., 2015. The numbers are those of `jax.nn.initializers.he_uniform`.
 *
 * @example
 * const w = nn.initializers.heUniform()(key, [150, 100]);
 * w.abs().max().lt(0.2); // true
 */
export const heUniform = (): Initializer => varianceScaling(2, { distribution: 'uniform' });
/**
 * As {@link heUniform}.
 *
 * @example
 * const layer = nn.conv2d(32, 3, { kernelInit: nn.initializers.kaimingUniform() });
 */
export const kaimingUniform: () => Initializer = heUniform;

/**
 * Truncated normal of variance 1 / fanIn: the default of Flax for kernels. LeCun et al.: Efficient BackProp (1998). The
 * numbers are those of `jax.nn.initializers.lecun_normal`.
 *
 * @example
 * const w = nn.initializers.lecunNormal()(key, [100, 100]);
 * np.round(np.std(w), 2); // 0.1
 */
export const lecunNormal = (): Initializer => varianceScaling(1);

/**
 * Uniform in ±√(3 / fanIn). LeCun et al., 1998. The numbers are those of `jax.nn.initializers.lecun_uniform`.
 *
 * @example
 * const w = nn.initializers.lecunUniform()(key, [300, 100]);
 * w.abs().max().lt(0.1); // true
 */
export const lecunUniform = (): Initializer => varianceScaling(1, { distribution: 'uniform' });

// --------------------------------------------------------------------------------------------------- of a structure

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, times `scale`: the default of Keras for what meets
 * the state of a recurrent cell. It keeps lengths, so that neither states nor gradients die out or blow up over many steps.
 * `columnAxis` is the axis of the columns; all others together are the rows. Saxe, McClelland, Ganguli, 2014. The numbers are those of
 * `jax.nn.initializers.orthogonal`.
 *
 * @example
 * const w = nn.initializers.orthogonal()(key, [3, 3]);
 * np.allclose(w.matmul(w.transpose()), np.eye(3), { atol: 1e-5 }); // true
 */
export const orthogonal =
  (scale = 1, columnAxis = -1): Initializer =>
  (key, shape, dtype = 'f32') => {
    if (shape.length < 2) {
      throw new ArgumentError(`[nn.initializers.orthogonal] needs two axes or more, got shape [${shape.join(', ')}]`);
    }
    const columns = at(shape, columnAxis);
    const rows = product(shape) / columns;
    const [q, r] = qr(random.normal(key, [Math.max(rows, columns), Math.min(rows, columns)], { dtype }));
    // The decomposition is unique, and so the matrix uniformly distributed, once the diagonal of R is positive.
    const fixed = q.mul(sign(diagonal(r)));
    const axis = columnAxis < 0 ? columnAxis + shape.length : columnAxis;
    const apart = (rows < columns ? fixed.T : fixed).reshape([...shape.filter((_, i) => i !== axis), columns]);
    return moveaxis(apart, -1, axis).mul(scale);
  };

/** A matrix in the middle of a window, zeros around it. */
function centred(matrix: NDArray, window: Shape): NDArray {
  const around = window.map((n) => [Math.floor((n - 1) / 2), Math.ceil((n - 1) / 2), 0] as const);
  return pad(matrix.reshape([...window.map(() => 1), ...matrix.shape]), 0, [...around, [0, 0, 0], [0, 0, 0]]);
}

/**
 * An {@link orthogonal} matrix in the middle of the window of a convolution, zeros around it: the layer begins as an
 * orthogonal map of the channels. Kernels `[...window, in, out]` with in ≤ out. Xiao et al.: Dynamical Isometry and a Mean Field
 * Theory of CNNs (ICML 2018). The numbers are those of `jax.nn.initializers.delta_orthogonal`.
 *
 * @throws ArgumentError, from the initializer, for other shapes.
 * @example
 * const kernel = nn.initializers.deltaOrthogonal()(key, [3, 4, 4]);
 * np.abs(kernel).sum([1, 2]).gt(0); // [false, true, false]
 */
export const deltaOrthogonal =
  (scale = 1, columnAxis = -1): Initializer =>
  (key, shape, dtype = 'f32') => {
    const window = shape.slice(0, -2);
    if (window.length === 0 || at(shape, -2) > at(shape, -1)) {
      throw new ArgumentError(
        `[nn.initializers.deltaOrthogonal] needs a kernel [...window, in, out] with in ≤ out, got shape [${shape.join(', ')}]`,
      );
    }
    return centred(orthogonal(scale, columnAxis)(key, shape.slice(-2), dtype), window);
  };

/**
 * `scale` on the diagonal of a matrix, zeros beside it; of a kernel with more axes, in the middle of its window, so that the
 * convolution begins by giving its input. As `keras.initializers.Identity`, which takes matrices only.
 *
 * @throws ArgumentError, from the initializer, for shapes with less than two axes.
 * @example
 * nn.initializers.identity(2)(key, [2, 3]); // [[2, 0, 0], [0, 2, 0]]
 */
export const identity =
  (scale = 1): Initializer =>
  (_, shape, dtype = 'f32') => {
    if (shape.length < 2) {
      throw new ArgumentError(`[nn.initializers.identity] needs two axes or more, got shape [${shape.join(', ')}]`);
    }
    return centred(eye(at(shape, -2), at(shape, -1), 0, { dtype }).mul(scale), shape.slice(0, -2));
  };

/**
 * Normal, with a share of each output's inputs set to 0: of the `fanIn` numbers of each output, `⌈sparsity · fanIn⌉`, drawn by
 * the key. As `torch.nn.init.sparse_`; Martens: Deep learning via Hessian-free optimization (ICML 2010).
 *
 * @throws ArgumentError for a sparsity outside of [0, 1], and from the initializer for shapes with less than two axes.
 * @example
 * const w = nn.initializers.sparse(0.9)(key, [10, 5]);
 * np.equal(w, 0).sum(0); // [9, 9, 9, 9, 9]
 */
export function sparse(sparsity: number, deviation = 1e-2): Initializer {
  if (!(sparsity >= 0 && sparsity <= 1)) {
    throw new ArgumentError(`[nn.initializers.sparse] the sparsity must be from 0 to 1, got ${sparsity}`);
  }
  return (key, shape, dtype = 'f32') => {
    const { fanIn } = fans(shape);
    const [values, order] = random.split(key) as unknown as readonly [NDArray, NDArray];
    const matrix = [fanIn, at(shape, -1)];
    const drawn = random.normal(values, matrix, { dtype }).mul(deviation);
    // The rank of each of a column's numbers in a random order.
    const ranks = argsort(argsort(random.uniform(order, matrix), 0), 0);
    return select(ranks.lt(Math.ceil(sparsity * fanIn)), zerosOf(drawn.aval), drawn).reshape(shape);
  };
}
