import { dotGeneral } from '../lax/dot.ts';
import { split } from '../random/index.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import type { Initializer } from './initializers.ts';
import { glorotUniform, zeros } from './initializers.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';

/** A kernel and, unless the layer goes without, a bias. */
export type Affine = { readonly kernel: NDArray; readonly bias: NDArray | null };

/** How the parameters of a layer begin. */
export interface AffineOptions {
  /** Add a bias? Default true. */
  readonly bias?: boolean;
  /** Default Glorot uniform, as in Keras. */
  readonly kernelInit?: Initializer;
  /** Default zeros. */
  readonly biasInit?: Initializer;
}

/** Fresh parameters of a layer whose kernel has its outputs on the last axis. */
export function initAffine(key: NDArray, kernelShape: readonly number[], options: AffineOptions): Affine {
  const { bias = true, kernelInit = glorotUniform(), biasInit = zeros() } = options;
  const [kernelKey, biasKey] = split(key) as unknown as readonly [NDArray, NDArray];
  return {
    kernel: kernelInit(kernelKey, kernelShape),
    bias: bias ? biasInit(biasKey, kernelShape.slice(-1)) : null,
  };
}

/** `y + bias`, the bias along the last axis. */
export const addBias = (y: NDArray, bias: NDArray | null): NDArray => (bias === null ? y : y.add(bias));

/** The product with the last axis of `x`. */
export const times = (x: NDArray, kernel: NDArray): NDArray =>
  dotGeneral(x, kernel, { contracting: [[x.ndim - 1], [0]], batch: [[], []] });

/** `x · kernel + bias`, over the last axis of `x`. */
export const affine = ({ kernel, bias }: Affine, x: NDArray): NDArray => addBias(times(x, kernel), bias);

/**
 * A fully connected layer: `y = x · kernel + bias`.
 *
 * x: `[n, ..., in]` · kernel: `[in, features]` · bias: `[features]` · y: `[n, ..., features]`. As `keras.layers.Dense`.
 *
 * @example
 * const { params } = nn.dense(10).init(key, [784]); // kernel: f32[784,10], bias: f32[10]
 */
export const dense = (features: number, options: AffineOptions = {}): Layer<Affine, null> =>
  pure(
    `dense(${features})`,
    (key, inputShape) => {
      const size = inputShape.at(-1);
      if (size === undefined) {
        throw new ArgumentError('[nn.dense] needs inputs with a feature axis, got scalars: reshape them to [n, 1]');
      }
      return {
        params: initAffine(key, [size, features], options),
        outputShape: [...inputShape.slice(0, -1), features],
      };
    },
    affine,
  );

/**
 * As {@link dense}.
 *
 * @example
 * nn.linear(10).init(key, [784]).outputShape; // [10]
 */
export const linear: typeof dense = dense;
