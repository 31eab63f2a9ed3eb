import type { DType } from '../kernel/dtype.ts';
import { scalarOf } from '../lax/rules.ts';
import { logicalOr, maximum, sqrt, where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { AdamOptions, AdamState } from './adam.ts';
import { scaleByAdam } from './adam.ts';
import { scaleByLearningRate } from './basic.ts';
import type { Mask } from './masking.ts';
import { masked } from './masking.ts';
import { squares } from './norms.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { arrayOf, asLike, increment, inDtype, oneMinus, plus, times, zeroCount } from './scalars.ts';
import { trace } from './sgd.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain, needParams } from './transformation.ts';
import { castLike, zerosLike } from './trees.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** Optimizers that look at the norm of each parameter as a whole: LARS, LAMB, NovoGrad. */

/** The numbers of {@link scaleByTrustRatio}. */
export interface TrustRatioOptions {
  /** The least norm that is counted with; default 0. */
  readonly minNorm?: Scalar;
  /** Default 1. */
  readonly trustCoefficient?: Scalar;
  /** Added to the norm of the update; default 0. */
  readonly eps?: Scalar;
}

/**
 * Gives each leaf's update the length of its parameter, times `trustCoefficient`: `u · c·‖p‖/(‖u‖ + eps)`, and `u` itself where a
 * norm is 0. You et al.: Large Batch Training of Convolutional Networks (2017); as `optax.scale_by_trust_ratio`.
 *
 * @throws ArgumentError when `update` gets no parameters.
 * @example
 * scaleByTrustRatio().update(np.array([3, 0]), null, np.array([6, 8]))[0]; // [10, 0]
 */
export function scaleByTrustRatio(options: TrustRatioOptions = {}): GradientTransformation<null> {
  const { minNorm = 0, trustCoefficient = 1, eps = 0 } = options;
  const norm = (x: NDArray): NDArray => {
    const found = sqrt(squares(x));
    return minNorm === 0 ? found : maximum(found, arrayOf(minNorm, found.dtype));
  };
  const scaled = (u: NDArray, p: NDArray): NDArray => {
    const [ofParam, ofUpdate] = [norm(p), norm(u)];
    const ratio = times(ofParam, trustCoefficient).div(plus(ofUpdate, eps));
    return times(u, where(logicalOr(ofParam.eq(0), ofUpdate.eq(0)), 1, ratio));
  };
  return {
    init: () => null,
    update: (updates, state, params) => [tree.map(scaled, updates, needParams('scaleByTrustRatio', params)), state],
  };
}

/**
 * Multiplies each leaf's update by the root mean square of its parameter, at least `minScale`. Shazeer, Stern: Adafactor (ICML
 * 2018); as `optax.scale_by_param_block_rms`.
 *
 * @throws ArgumentError when `update` gets no parameters.
 * @example
 * scaleByParamBlockRms().update(np.array([1, -1]), null, np.array([1, 7]))[0]; // [5, -5]
 */
export function scaleByParamBlockRms(minScale: Scalar = 1e-3): GradientTransformation<null> {
  const scaled = (u: NDArray, p: NDArray): NDArray => {
    const rms = sqrt(squares(p).div(p.size));
    return times(u, maximum(rms, arrayOf(minScale, rms.dtype)));
  };
  return {
    init: () => null,
    update: (updates, state, params) => [tree.map(scaled, updates, needParams('scaleByParamBlockRms', params)), state],
  };
}

/** The numbers of {@link lamb}; `eps` is 1e-6 by default. */
export interface LambOptions extends Omit<AdamOptions, 'muDtype' | 'nesterov'> {
  /** Default 0. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which parameters decay; default all. */
  readonly mask?: Mask;
}

/**
 * LAMB: Adam, decay of weights, {@link scaleByTrustRatio}, then a step down. You et al.: Large Batch Optimization for Deep
 * Learning (ICLR 2020); as `optax.lamb`.
 *
 * @example
 * lamb(1e-3, { weightDecay: 0.01 });
 */
export const lamb = (
  learningRate: ScalarOrSchedule,
  { weightDecay = 0, mask, eps = 1e-6, ...options }: LambOptions = {},
): Chain =>
  chain(
    scaleByAdam({ ...options, eps }),
    addDecayedWeights(weightDecay, { mask }),
    scaleByTrustRatio(),
    scaleByLearningRate(learningRate),
  );

/** The numbers of {@link lars}. */
export interface LarsOptions {
  /** Default 0. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which parameters decay; default all. */
  readonly weightDecayMask?: Mask;
  /** Default 0.001. */
  readonly trustCoefficient?: Scalar;
  /** Added to the norm of the update; default 0. */
  readonly eps?: Scalar;
  /** Which updates are given the length of their parameters; default all. */
  readonly trustRatioMask?: Mask;
  /** Decay of the sum of earlier steps; default 0.9. */
  readonly momentum?: Scalar;
  /** Nesterov's form of the momentum; default false. */
  readonly nesterov?: boolean;
}

/**
 * LARS: decay of weights, {@link scaleByTrustRatio}, a step down, momentum. You et al.: Large Batch Training of Convolutional
 * Networks (2017); as `optax.lars`.
 *
 * @example
 * const [optimizer, p] = [lars(1), np.array([6, 8])];
 * optimizer.update(np.array([3, 0]), optimizer.init(p), p)[0]; // [-0.01, 0]
 */
export function lars(learningRate: ScalarOrSchedule, options: LarsOptions = {}): Chain {
  const { weightDecay = 0, weightDecayMask = true, trustCoefficient = 0.001, eps = 0 } = options;
  const { trustRatioMask = true, momentum = 0.9, nesterov = false } = options;
  return chain(
    addDecayedWeights(weightDecay, { mask: weightDecayMask }),
    masked(scaleByTrustRatio({ trustCoefficient, eps }), trustRatioMask),
    scaleByLearningRate(learningRate),
    trace(momentum, { nesterov }),
  );
}

/** The numbers of {@link novograd}; `eps` is 1e-6 by default there, 1e-8 in {@link scaleByNovograd}. */
export interface NovogradOptions {
  /** Decay of the mean of gradients; default 0.9. */
  readonly b1?: Scalar;
  /** Decay of the mean of squared norms; default 0.25. */
  readonly b2?: Scalar;
  /** Added to the root. */
  readonly eps?: Scalar;
  /** Added under the root; default 0. */
  readonly epsRoot?: Scalar;
  /** Default 0. */
  readonly weightDecay?: Scalar;
  /** The dtype in which the mean of gradients is kept; default that of each parameter. */
  readonly muDtype?: DType;
}

/**
 * Adam with one mean of squared norms for each leaf:
 *
 *     ν ← b2·ν + (1 − b2)·‖g‖²        μ ← b1·μ + g/(√(ν + epsRoot) + eps) + weightDecay·p        u = μ
 *
 * where the first step takes `‖g‖²` and the first sum as they are. Ginsburg et al.: Stochastic Gradient Methods with Layer-wise
 * Adaptive Moments (2019); as `optax.scale_by_novograd`.
 *
 * @throws ArgumentError when `update` gets no parameters.
 * @example
 * const [rescale, p] = [scaleByNovograd(), np.ones([2])];
 * rescale.update(np.array([3, 4]), rescale.init(p), p)[0]; // [0.6, 0.8]
 */
export function scaleByNovograd(options: NovogradOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.25, eps = 1e-8, epsRoot = 0, weightDecay = 0, muDtype } = options;
  return {
    init: (params) => ({
      count: zeroCount(),
      mu: zerosLike(params, muDtype),
      nu: tree.map((p: NDArray) => scalarOf(p.dtype, 0), params),
    }),
    update(updates, state, params) {
      const count = increment(state.count);
      const first = count.eq(1);
      const follow = (g: NDArray, v: NDArray): NDArray => {
        const square = inDtype(squares(g), v.dtype);
        return where(first, square, times(square, oneMinus(b2)).add(times(v, b2)));
      };
      const nu = tree.map(follow, updates, state.nu);
      const gather = (m: NDArray, g: NDArray, p: NDArray, v: NDArray): NDArray => {
        const added = g.div(asLike(plus(sqrt(plus(v, epsRoot)), eps), g)).add(times(p, weightDecay));
        return where(first, added, times(m, b1).add(added));
      };
      const mu = tree.map(gather, state.mu, updates, needParams('scaleByNovograd', params), nu) as typeof updates;
      const kept = castLike(mu, state.mu);
      return [castLike(mu, updates), { count, mu: kept, nu: castLike(nu, state.nu) }];
    },
  };
}

/**
 * {@link scaleByNovograd}, then a step down. As `optax.novograd`.
 *
 * @example
 * const [optimizer, p] = [novograd(0.1), np.ones([2])];
 * optimizer.update(np.array([3, 4]), optimizer.init(p), p)[0]; // [-0.06, -0.08]
 */
export const novograd = (learningRate: ScalarOrSchedule, options: Omit<NovogradOptions, 'muDtype'> = {}): Chain =>
  chain(scaleByNovograd({ eps: 1e-6, ...options }), scaleByLearningRate(learningRate));
