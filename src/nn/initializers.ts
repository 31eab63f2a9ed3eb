import type { DType } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { fill } from '../lax/structural.ts';
import { uniform } from '../random/index.ts';
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
