import type { DType } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { fill } from '../lax/structural.ts';
import { sign } from '../lax/elementwise.ts';
import { qr } from '../numpy/linalg/index.ts';
import { diagonal } from '../numpy/matrices.ts';
import { moveaxis } from '../numpy/rearrange.ts';
import { normal as drawNormal, uniform } from '../random/index.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, product } from '../util/array.ts';

/** Makes the first value of a parameter. */
export type Initializer = (key: NDArray, shape: Shape, dtype?: DType) => NDArray;

/**
 * How many inputs each output of a kernel sums, and how many outputs each input goes to. The last two axes of a kernel
 * are in and out; axes before, such as a convolution's window, are its receptive field.
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
 * Uniform in ±√(6 / (fanIn + fanOut)), which keeps the variance of activations and of gradients: the default of Keras
 * for kernels. Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (AISTATS 2010).
 * The numbers are those of `jax.nn.initializers.glorot_uniform`.
 */
export const glorotUniform =
  (): Initializer =>
  (key, shape, dtype = 'f32') => {
    const { fanIn, fanOut } = fans(shape);
    return convertElementType(uniform(key, shape, { minval: -1 }), dtype).mul(Math.sqrt(6 / (fanIn + fanOut)));
  };

/** One value everywhere. */
export const constant =
  (value: number): Initializer =>
  (_, shape, dtype = 'f32') =>
    fill(shape, dtype, value);

/** Zeros: the default of Keras for biases. */
export const zeros = (): Initializer => constant(0);

/** Ones. */
export const ones = (): Initializer => constant(1);

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, times `scale`: the default of Keras for what meets
 * the state of a recurrent cell. It keeps lengths, so that neither states nor gradients die out or blow up over many steps.
 * `columnAxis` is the axis of the columns; all others together are the rows. Saxe, McClelland, Ganguli, 2014. The numbers are those of
 * `jax.nn.initializers.orthogonal`.
 */
export const orthogonal =
  (scale = 1, columnAxis = -1): Initializer =>
  (key, shape, dtype = 'f32') => {
    if (shape.length < 2) {
      throw new ArgumentError(`[nn.initializers.orthogonal] needs two axes or more, got shape [${shape.join(', ')}]`);
    }
    const columns = at(shape, columnAxis);
    const rows = product(shape) / columns;
    const [q, r] = qr(drawNormal(key, [Math.max(rows, columns), Math.min(rows, columns)], { dtype }));
    // The decomposition is unique, and so the matrix uniformly distributed, once the diagonal of R is positive.
    const fixed = q.mul(sign(diagonal(r)));
    const axis = columnAxis < 0 ? columnAxis + shape.length : columnAxis;
    const apart = (rows < columns ? fixed.T : fixed).reshape([...shape.filter((_, i) => i !== axis), columns]);
    return moveaxis(apart, -1, axis).mul(scale);
  };
