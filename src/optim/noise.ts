import type { FloatType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { power, sqrt } from '../numpy/elementwise.ts';
import { normal } from '../random/distributions.ts';
import { key as keyOf, split } from '../random/keys.ts';
import { DTypeError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { scaleByLearningRate } from './basic.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { increment, inDtype, negated, times, zeroCount } from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';

/** What {@link addNoise} remembers. */
export type AddNoiseState = {
  readonly count: NDArray;
  /** The key of the noise to come. */
  readonly rngKey: NDArray;
};

/**
 * Adds normal noise to updates whose variance falls: `u + N(0, eta/tᵞ)`, with t from 1. Neelakantan et al.: Adding Gradient Noise
 * Improves Learning for Very Deep Networks (2015); as `optax.add_noise`.
 *
 * @param key a key, or the seed of one.
 * @example
 * chain(addNoise(0.01, 0.55, random.key(0)), sgd(0.1));
 */
export const addNoise = (eta: Scalar, gamma: Scalar, key: NDArray | number): GradientTransformation<AddNoiseState> => ({
  init: () => ({ count: zeroCount(), rngKey: typeof key === 'number' ? keyOf(key) : key }),
  update(updates, state) {
    const count = increment(state.count);
    const variance = times(power(inDtype(count, 'f32'), negated(gamma)), eta);
    const deviation = sqrt(variance);
    const [rngKey, sampleKey] = [...split(state.rngKey)] as [NDArray, NDArray];
    const { leaves, treedef } = tree.flatten(updates);
    const keys = [...split(sampleKey, leaves.length)];
    const noisy = (leaves as readonly NDArray[]).map((u, i) =>
      u.add(times(normal(keys[i] ?? sampleKey, u.shape, { dtype: floatOf(u) }), deviation)),
    );
    return [tree.unflatten<typeof updates>(treedef, noisy), { count, rngKey }];
  },
});

function floatOf({ dtype }: NDArray): FloatType {
  if (isFloat(dtype)) return dtype;
  throw new DTypeError(`[optim.addNoise] needs updates of floats, got ${dtype}`);
}

/** The numbers of {@link noisySgd}. */
export interface NoisySgdOptions {
  /** Default 0.01. */
  readonly eta?: Scalar;
  /** Default 0.55. */
  readonly gamma?: Scalar;
}

/**
 * Descent with noise: {@link addNoise}, then a step down. As `optax.noisy_sgd`, whose key is an option.
 *
 * @example
 * const optimizer = noisySgd(0.1, random.key(0));
 * optimizer.update(np.array([2, -0.5]), optimizer.init(np.zeros([2])))[0]; // [-0.201989, 0.057702]
 */
export const noisySgd = (
  learningRate: ScalarOrSchedule,
  key: NDArray | number,
  { eta = 0.01, gamma = 0.55 }: NoisySgdOptions = {},
): Chain => chain(addNoise(eta, gamma, key), scaleByLearningRate(learningRate));
