import { dotGeneral } from '../lax/dot.ts';
import { max, sqrt } from '../lax/elementwise.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import { fill } from '../lax/structural.ts';
import { normal, split } from '../random/index.ts';
import { foriLoop } from '../transforms/control/index.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import type { PathStep } from '../tree/tree.ts';
import { leavesWithPath, mapWithPath } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { Layer, Tree } from './layer.ts';

/** Layers whose kernels are computed from what is learned instead of being it. */

const isKernel = (path: readonly PathStep[]): boolean => path.at(-1) === 'kernel';

/** The kernels of a layer's parameters: the leaves of that name, `[..., features]`. */
function kernelsOf(name: string, layer: Layer, params: Tree): readonly NDArray[] {
  const kernels = leavesWithPath(params).flatMap(([path, leaf]) => (isKernel(path) ? [leaf as NDArray] : []));
  if (kernels.length > 0) return kernels;
  throw new ArgumentError(`[nn.${name}] ${layer.name} has no parameters named kernel`);
}

/** The same parameters with other kernels; `change` gets each kernel's number too. */
function withKernels<P extends Tree>(params: P, change: (kernel: NDArray, i: number) => NDArray): P {
  let count = 0;
  return mapWithPath((path, leaf: NDArray) => (isKernel(path) ? change(leaf, count++) : leaf), params);
}

/** A layer's parameters, of which the kernels give directions only, and for each kernel the lengths of its columns. */
export type WeightNormed<P extends Tree> = { readonly layer: P; readonly scale: readonly NDArray[] };

/**
 * Wraps a layer so that length and direction of its kernels are learned apart: where the layer sees a kernel, it is
 *
 *     kernel = scale · v / ‖v‖,   the norm over all axes but the last
 *
 * Its parameters are those of the layer, with v in the place of each leaf named `kernel`, and a scale `[features]` for each,
 * which begins at ‖v‖, so that the layer begins as what it was. As `torch.nn.utils.parametrizations.weight_norm`.
 *
 * T. Salimans, D. P. Kingma: Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural
 * Networks. NeurIPS 2016.
 *
 * @throws ArgumentError for a layer that has no parameters named `kernel`.
 * @example
 * sequential(weightNorm(dense(64)), relu, weightNorm(dense(10)));
 */
export function weightNorm<P extends Tree, S extends Tree>(layer: Layer<P, S>): Layer<WeightNormed<P>, S> {
  const norms = (kernel: NDArray): NDArray => sqrt(kernel.mul(kernel).sum(othersThanLast(kernel)));
  return {
    name: `weightNorm(${layer.name})`,
    init(key, inputShape) {
      const made = layer.init(key, inputShape);
      const kernels = kernelsOf('weightNorm', layer, made.params);
      return { ...made, params: { layer: made.params, scale: kernels.map(norms) } };
    },
    apply({ layer: directions, scale }, state, x, context) {
      const params = withKernels(directions, (v, i) => v.mul(at(scale, i).div(norms(v))));
      return layer.apply(params, state, x, context);
    },
  };
}

const othersThanLast = (x: NDArray): readonly number[] => x.shape.slice(0, -1).map((_, i) => i);

/** Singular vectors of a kernel as a matrix: `u: [features]`, `v: [all other extents together]`. */
export type SingularVectors = { readonly u: NDArray; readonly v: NDArray };

/** A layer's state, and the singular vectors of each kernel. */
export type SpectralNormed<S extends Tree> = { readonly layer: S; readonly vectors: readonly SingularVectors[] };

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  /** Power iterations in each training step; default 1. */
  readonly steps?: number;
  /** The least length that vectors are divided by; default 1e-12. */
  readonly epsilon?: number;
}

/**
 * Wraps a layer so that the largest singular value of its kernels is 1: where the layer sees a kernel, it is
 *
 *     kernel / σ,   σ = vᵀ K u,   with K the kernel as a matrix [all other axes, features]
 *
 * The vectors u and v are the state. Each training step brings them nearer to the singular vectors by power iterations,
 * `u = Kᵀ v / ‖Kᵀ v‖`, `v = K u / ‖K u‖`, through which no gradient goes; without training they stay as they are. They begin with 15
 * iterations from a random vector. As `torch.nn.utils.parametrizations.spectral_norm`; of the layer's parameters, those named
 * `kernel` are divided.
 *
 * T. Miyato et al.: Spectral Normalization for Generative Adversarial Networks. ICLR 2018.
 *
 * @throws ArgumentError for a layer that has no parameters named `kernel`.
 * @example
 * const critic = sequential(spectralNorm(dense(64)), leakyRelu, spectralNorm(dense(1)));
 */
export function spectralNorm<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  { steps = 1, epsilon = 1e-12 }: SpectralNormOptions = {},
): Layer<P, SpectralNormed<S>> {
  return {
    name: `spectralNorm(${layer.name})`,
    init(key, inputShape) {
      const [own, drawn] = split(key) as unknown as readonly [NDArray, NDArray];
      const made = layer.init(own, inputShape);
      const kernels = kernelsOf('spectralNorm', layer, made.params);
      const keys = [...split(drawn, kernels.length)];
      const vectors = kernels.map((kernel, i) => {
        const matrix = asMatrix(kernel);
        const u = normal(at(keys, i), [at(matrix.shape, 1)], { dtype: matrix.dtype });
        const first = { u, v: unit(times(matrix, 1, u), epsilon) };
        return foriLoop(0, 15, (_, pair: SingularVectors) => iterated(matrix, pair, epsilon), first);
      });
      return { ...made, state: { layer: made.state, vectors } };
    },
    apply(params, { layer: inner, vectors }, x, context) {
      const used: SingularVectors[] = [];
      const divided = withKernels(params, (kernel, n) => {
        const matrix = asMatrix(kernel);
        let pair = at(vectors, n);
        for (let i = 0; context.training && i < steps; i++) pair = iterated(stopGradient(matrix), pair, epsilon);
        used.push(pair);
        return kernel.div(times(matrix, 1, pair.u).mul(pair.v).sum());
      });
      const [y, after] = layer.apply(divided, inner, x, context);
      return [y, { layer: after, vectors: used }];
    },
  };
}

const asMatrix = (kernel: NDArray): NDArray => kernel.reshape([-1, at(kernel.shape, -1)]);

/** The product of a matrix and a vector along an axis of the matrix. */
const times = (matrix: NDArray, axis: 0 | 1, vector: NDArray): NDArray =>
  dotGeneral(matrix, vector, { contracting: [[axis], [0]], batch: [[], []] });

function unit(x: NDArray, epsilon: number): NDArray {
  const length = sqrt(x.mul(x).sum());
  return x.div(max(length, fill([], x.dtype, epsilon)));
}

function iterated(matrix: NDArray, { v }: SingularVectors, epsilon: number): SingularVectors {
  const u = unit(times(matrix, 0, v), epsilon);
  return { u, v: unit(times(matrix, 1, u), epsilon) };
}
