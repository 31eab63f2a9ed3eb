import { convertElementType } from '../lax/casts.ts';
import { einsum } from '../numpy/einsum.ts';
import { split, uniform as drawUniform } from '../random/index.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import type { Affine, AffineOptions } from './dense.ts';
import { addBias, initAffine } from './dense.ts';
import type { Initializer } from './initializers.ts';
import { glorotUniform, heUniform, zeros } from './initializers.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';

/** Layers that are products with kernels of other forms than a matrix. */

// ------------------------------------------------------------------------------------------------------ einsum

/** Options of {@link einsumDense}. */
export interface EinsumDenseOptions extends Omit<AffineOptions, 'bias'> {
  /** The letters of the output's axes that the bias has; default none, and no bias. */
  readonly biasAxes?: string;
}

/**
 * A product by an einsum equation of the input and a kernel: `y = einsum(equation, x, kernel) + bias`. The first letter of input
 * and output is the batch. As `keras.layers.EinsumDense`, without ellipses.
 *
 * @param equation such as `'nab,bc->nac'`.
 * @param outputShape the shape of one output, null where an extent is that of the input.
 * @throws ArgumentError for an equation of another form, and from init when it does not fit the shapes.
 * @example
 * einsumDense('nsd,dhk->nshk', [null, 8, 64], { biasAxes: 'hk' }); // the heads of an attention layer
 */
export function einsumDense(
  equation: string,
  outputShape: readonly (number | null)[],
  { biasAxes = '', kernelInit = glorotUniform(), biasInit = zeros() }: EinsumDenseOptions = {},
): Layer<Affine, null> {
  const form = /^([a-z])([a-z]*),([a-z]+)->\1([a-z]*)$/i.exec(equation);
  if (form === null || [...biasAxes].some((letter) => !(form[4] ?? '').includes(letter))) {
    throw new ArgumentError(
      `[nn.einsumDense] needs an equation such as 'nab,bc->nac', whose input and output begin with the batch, and bias axes of the output; got '${equation}' and '${biasAxes}'`,
    );
  }
  const [inputLetters, kernelLetters, outputLetters] = [form[2] ?? '', form[3] ?? '', form[4] ?? ''];
  return pure(
    `einsumDense(${equation})`,
    (key, inputShape) => {
      const sizes = sizesOf(equation, [
        [inputLetters, inputShape],
        [outputLetters, outputShape],
      ]);
      const extents = (letters: string): Shape => [...letters].map((letter) => sizeOf(equation, sizes, letter));
      const [kernelKey, biasKey] = split(key) as unknown as readonly [NDArray, NDArray];
      const result = extents(outputLetters);
      const first = [...outputLetters].findIndex((letter) => biasAxes.includes(letter));
      const biasShape = result.map((n, i) => (biasAxes.includes(at([...outputLetters], i)) ? n : 1)).slice(first);
      const bias = first < 0 ? null : biasInit(biasKey, biasShape);
      return { params: { kernel: kernelInit(kernelKey, extents(kernelLetters)), bias }, outputShape: result };
    },
    ({ kernel, bias }, x) => addBias(einsum(equation, x, kernel), bias),
  );
}

/** The extent of each letter; null says nothing. */
function sizesOf(
  equation: string,
  shapes: readonly (readonly [letters: string, shape: readonly (number | null)[]])[],
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [letters, shape] of shapes) {
    const fits = shape.length === letters.length && [...letters].every((letter, i) => {
      const n = at(shape, i);
      const before = n === null ? undefined : sizes.get(letter);
      if (n !== null) sizes.set(letter, n);
      return before === undefined || before === n;
    }); // prettier-ignore
    if (fits) continue;
    const got = shapes.map(([, s]) => `[${s.map(String).join(', ')}]`).join(' and ');
    throw new ArgumentError(`[nn.einsumDense] '${equation}' does not fit examples and outputs of shapes ${got}`);
  }
  return sizes;
}

function sizeOf(equation: string, sizes: ReadonlyMap<string, number>, letter: string): number {
  const size = sizes.get(letter);
  if (size !== undefined) return size;
  throw new ArgumentError(
    `[nn.einsumDense] the extent of '${letter}' in '${equation}' is not known: give it in the output's shape`,
  );
}

// ---------------------------------------------------------------------------------------------------- bilinear

/** Options of {@link bilinear}. */
export interface BilinearOptions extends AffineOptions {
  /** How many of the input's features are the first vector; default half of them. */
  readonly first?: number;
}

/**
 * A bilinear form of two vectors, which the input has one after the other along its last axis:
 *
 *     y[n, ..., o] = bias[o] + Σ over i, j of a[n, ..., i] · kernel[i, j, o] · b[n, ..., j],   x = [a, b]
 *
 * x: `[n, ..., first + second]` · kernel: `[first, second, features]` · bias: `[features]` · y: `[n, ..., features]`. As
 * `torch.nn.Bilinear`, and as there kernel and bias begin uniform in ±1 / √first.
 *
 * @throws ArgumentError, from init, for inputs that can't be parted so.
 * @example
 * const form = nn.bilinear(1);
 * const params = { kernel: np.array([[[1], [2]], [[3], [4]]]), bias: np.array([100]) };
 * const [y] = form.apply(params, null, np.array([[1, 10, 1, 0]]), { training: false }); // of [1, 10] and [1, 0]
 * y; // [[131]]
 */
export function bilinear(features: number, options: BilinearOptions = {}): Layer<Affine, null> {
  const parted = (width: number | undefined): readonly [number, number] => {
    const first = options.first ?? (width ?? 0) / 2;
    if (width !== undefined && Number.isInteger(first) && first >= 1 && first < width) return [first, width - first];
    throw new ArgumentError(
      `[nn.bilinear] needs inputs [..., first + second], got ${width ?? 'no'} features and ${first} for the first`,
    );
  };
  return pure(
    `bilinear(${features})`,
    (key, inputShape) => {
      const [first, second] = parted(inputShape.at(-1));
      const begin: Initializer = (own, shape, dtype = 'f32') =>
        drawUniform(own, shape, { dtype, minval: -1 }).mul(1 / Math.sqrt(first));
      return {
        params: initAffine(key, [first, second, features], { kernelInit: begin, biasInit: begin, ...options }),
        outputShape: [...inputShape.slice(0, -1), features],
      };
    },
    ({ kernel, bias }, x) => {
      const [first, second] = parted(x.shape.at(-1));
      const rows = x.reshape([-1, first + second]);
      const half = einsum('ni,ijo->njo', rows.slice([], [0, first]), kernel);
      const y = einsum('njo,nj->no', half, rows.slice([], [first, first + second]));
      return addBias(y, bias).reshape([...x.shape.slice(0, -1), features]);
    },
  );
}

// -------------------------------------------------------------------------------------------------------- LoRA

/** Options of {@link loraLinear}. */
export interface LoraOptions extends AffineOptions {
  /** The update counts `alpha / rank`; default the rank. */
  readonly alpha?: number;
}

/** The two factors of an update of low rank: `[in, rank]` and `[rank, features]`. */
export type LowRank = { readonly down: NDArray; readonly up: NDArray };

/**
 * A fully connected layer whose kernel stays what it is, plus an update of low rank, which alone is trained:
 *
 *     y = x · kernel + bias + alpha / rank · (x · down) · up
 *
 * The parameters are `down` and `up`; kernel and bias are the state, of the form of the parameters of {@link dense}, so that those
 * of a trained one can be put in its place. `up` begins at zero: the layer begins as what is in the state.
 *
 * x: `[n, ..., in]` · down: `[in, rank]`, begins He uniform · up: `[rank, features]` · y: `[n, ..., features]`. As
 * `keras.layers.Dense` with `enable_lora`.
 *
 * E. J. Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models. ICLR 2022.
 *
 * @throws ArgumentError for a rank that is none, and from init for inputs without a feature axis.
 * @example
 * const tuned = loraLinear(64, 4);
 * const { params } = tuned.init(key, [784]);
 * const [y] = tuned.apply(params, trainedDense, x, { training: true });
 */
export function loraLinear(features: number, rank: number, options: LoraOptions = {}): Layer<LowRank, Affine> {
  if (!Number.isInteger(rank) || rank < 1) {
    throw new ArgumentError(`[nn.loraLinear] the rank must be a whole number from 1, got ${rank}`);
  }
  const share = (options.alpha ?? rank) / rank;
  return {
    name: `loraLinear(${features}, ${rank})`,
    init(key, inputShape) {
      const width = inputShape.at(-1);
      if (width === undefined) {
        throw new ArgumentError(
          '[nn.loraLinear] needs inputs with a feature axis, got scalars: reshape them to [n, 1]',
        );
      }
      const [baseKey, downKey] = split(key) as unknown as readonly [NDArray, NDArray];
      return {
        params: { down: heUniform()(downKey, [width, rank]), up: zeros()(downKey, [rank, features]) },
        state: initAffine(baseKey, [width, features], options),
        outputShape: [...inputShape.slice(0, -1), features],
      };
    },
    apply({ down, up }, state, x) {
      const kernel = convertElementType(state.kernel, x.dtype);
      const bias = state.bias === null ? null : convertElementType(state.bias, x.dtype);
      const update = x.matmul(down).matmul(up).mul(share);
      return [addBias(x.matmul(kernel), bias).add(update), state];
    },
  };
}
