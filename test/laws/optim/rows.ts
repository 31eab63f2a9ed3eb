import type { NDArray } from '../../../src/index.ts';
import { numpy as np, optim, tree } from '../../../src/index.ts';

/**
 * One row or more for each optimizer, transformation and schedule. The first word of a title is the name of the function;
 * tools/golden/optim_cases.py has the same rows in optax.
 */

/** What the rows are tried on: a vector, a scalar and a matrix. */
export type Params = { readonly b: NDArray; readonly s: NDArray; readonly w: NDArray };

const mask = { b: false, s: true, w: true };
const matrices = (params: unknown): unknown => tree.map((x: NDArray) => x.ndim === 2, params);
const falling = optim.linearSchedule(0.1, 0.01, 6);

/** Transformations by title. */
export const transformations: Readonly<Record<string, () => optim.GradientTransformation>> = {
  adam: () => optim.adam(0.01),
  'adam, other numbers': () => optim.adam(0.05, { b1: 0.8, b2: 0.95, eps: 1e-6, epsRoot: 1e-4 }),
  'adam, schedule': () => optim.adam(falling),
  nadam: () => optim.nadam(0.01),
  adamw: () => optim.adamw(0.01),
  'adamw, mask': () => optim.adamw(0.01, { weightDecay: 0.1, mask }),
  'adamw, function of a mask': () => optim.adamw(0.01, { weightDecay: 0.1, mask: matrices }),
  'adamw, schedule of decay': () => optim.adamw(0.01, { weightDecay: falling }),
  nadamw: () => optim.nadamw(0.01, { weightDecay: 0.01 }),
  amsgrad: () => optim.amsgrad(0.01),
  'amsgrad, biased': () => optim.amsgrad(0.01, { biasCorrectionMu: false, biasCorrectionNu: false }),
  scaleByAdam: () => optim.scaleByAdam({ nesterov: true }),
  scaleByAmsgrad: () => optim.scaleByAmsgrad({ b1: 0.5 }),
  sgd: () => optim.sgd(0.1),
  'sgd, momentum': () => optim.sgd(0.1, { momentum: 0.9 }),
  'sgd, Nesterov momentum': () => optim.sgd(0.1, { momentum: 0.9, nesterov: true }),
  'sgd, schedule': () => optim.sgd(falling, { momentum: 0.5 }),
  trace: () => optim.trace(0.7),
  ema: () => optim.ema(0.9),
  'ema, biased': () => optim.ema(0.9, { debias: false }),
  signSgd: () => optim.signSgd(0.1),
  rmsprop: () => optim.rmsprop(0.01),
  'rmsprop, momentum': () => optim.rmsprop(0.01, { decay: 0.8, momentum: 0.9, nesterov: true }),
  'rmsprop, centered': () => optim.rmsprop(0.01, { centered: true, initialScale: 0.5 }),
  'rmsprop, centered, fair': () => optim.rmsprop(0.01, { centered: true, eps: 1e-3, biasCorrection: true }),
  'rmsprop, eps outside': () => optim.rmsprop(0.01, { epsInSqrt: false, biasCorrection: true }),
  scaleByRms: () => optim.scaleByRms({ decay: 0.7, eps: 1e-4 }),
  scaleByStddev: () => optim.scaleByStddev({ initialScale: 0.3, eps: 1e-2 }),
  adagrad: () => optim.adagrad(0.1),
  scaleByRss: () => optim.scaleByRss({ initialAccumulatorValue: 0, eps: 1e-3 }),
  lion: () => optim.lion(0.01),
  'lion, mask': () => optim.lion(0.01, { b1: 0.8, b2: 0.9, weightDecay: 0.1, mask }),
  scaleByLion: () => optim.scaleByLion({ mode: 'smooth', smoothBeta: 2 }),
  'scaleByLion, refined': () => optim.scaleByLion({ mode: 'refined' }),
  scale: () => optim.scale(0.3),
  scaleByLearningRate: () => optim.scaleByLearningRate(0.2),
  'scaleByLearningRate, upwards': () => optim.scaleByLearningRate(falling, { flipSign: false }),
  scaleBySchedule: () => optim.scaleBySchedule(falling),
  scaleBySign: () => optim.scaleBySign(),
  setToZero: () => optim.setToZero(),
  identity: () => optim.identity(),
  centralize: () => optim.centralize(),
  stateless: () =>
    optim.stateless((updates, params) => tree.map((u: NDArray, p: NDArray) => u.sub(p.mul(0.5)), updates, params)),
  statelessWithTreeMap: () => optim.statelessWithTreeMap((u, p) => u.mul(p ?? 1)),
  withExtraArgs: () => optim.withExtraArgs(optim.scale(0.5)),
  addDecayedWeights: () => optim.chain(optim.addDecayedWeights(0.1), optim.scale(-0.1)),
  'addDecayedWeights, mask': () => optim.chain(optim.addDecayedWeights(0.1, { mask }), optim.scale(-0.1)),
  chain: () => optim.chain(optim.clip(1), optim.trace(0.9), optim.scale(-0.1)),
  namedChain: () =>
    optim.namedChain(['clip', optim.clip(1)], ['adam', optim.scaleByAdam()], ['rate', optim.scale(-0.1)]),
  clip: () => optim.clip(0.7),
  clipByGlobalNorm: () => optim.clipByGlobalNorm(4),
  clipByBlockRms: () => optim.clipByBlockRms(1),
  adaptiveGradClip: () => optim.adaptiveGradClip(0.3),
  'adaptiveGradClip, axis': () =>
    optim.chain(optim.masked(optim.adaptiveGradClip(0.3, { eps: 0.5, axis: 1 }), matrices), optim.scale(0.1)),
  masked: () => optim.masked(optim.adam(0.1), mask),
  'masked, function': () => optim.masked(optim.sgd(0.1, { momentum: 0.9 }), matrices),
  partition: () =>
    optim.partition(
      { fast: optim.sgd(0.1), slow: optim.adam(0.001), none: optim.setToZero() },
      { b: 'fast', s: 'none', w: 'slow' },
    ),
  multiTransform: () =>
    optim.multiTransform({ yes: optim.adam(0.1), no: optim.sgd(0.5) }, (params) =>
      tree.map((x: NDArray) => (x.ndim > 0 ? 'yes' : 'no'), params),
    ),
  freeze: () => optim.chain(optim.adam(0.1), optim.freeze(mask)),
  multiSteps: () => optim.multiSteps(optim.adam(0.1), 3),
  'multiSteps, sum, schedule': () =>
    optim.multiSteps(optim.sgd(0.1, { momentum: 0.9 }), (n) => np.where(n.lt(2), 2, 3), { useGradMean: false }),
  'skipNotFinite, broken': () => optim.multiSteps(optim.adam(0.1), 2, { shouldSkipUpdateFn: optim.skipNotFinite }),
  skipLargeUpdates: () => optim.multiSteps(optim.adam(0.1), 2, { shouldSkipUpdateFn: optim.skipLargeUpdates(20) }),
  injectHyperparams: () => optim.injectHyperparams(optim.adamw)(falling, { b1: 0.8, weightDecay: 0.1 }),
  'injectHyperparams, scheduled decay': () =>
    optim.injectHyperparams(optim.adam)(0.1, { b1: optim.linearSchedule(0.5, 0.9, 5) }),
};

const cycle = { initValue: 0.1, peakValue: 1, warmupSteps: 2, endValue: 0.05 };

/** Schedules by title. */
export const schedules: Readonly<Record<string, () => optim.CountSchedule>> = {
  constantSchedule: () => optim.constantSchedule(0.3),
  polynomialSchedule: () => optim.polynomialSchedule(1, 0.1, 2, 7, { transitionBegin: 2 }),
  'polynomialSchedule, power 0.5': () => optim.polynomialSchedule(0.1, 2, 0.5, 7),
  'polynomialSchedule, no steps': () => optim.polynomialSchedule(0.1, 2, 0.5, 0),
  linearSchedule: () => optim.linearSchedule(1, 0.1, 5, { transitionBegin: 1 }),
  warmupConstantSchedule: () => optim.warmupConstantSchedule(0, 1, 4),
  piecewiseConstantSchedule: () => optim.piecewiseConstantSchedule(1, { 7: 0.1, 3: 0.5 }),
  exponentialDecay: () => optim.exponentialDecay(1, 3, 0.5, { transitionBegin: 2 }),
  'exponentialDecay, staircase': () => optim.exponentialDecay(1, 3, 0.5, { staircase: true, endValue: 0.2 }),
  'exponentialDecay, growing': () => optim.exponentialDecay(1, 3, 1.5, { endValue: 2.5 }),
  cosineDecaySchedule: () => optim.cosineDecaySchedule(1, 8),
  'cosineDecaySchedule, exponent': () => optim.cosineDecaySchedule(2, 8, { alpha: 0.1, exponent: 1.5 }),
  joinSchedules: () =>
    optim.joinSchedules(
      [optim.linearSchedule(0, 1, 3), optim.constantSchedule(0.7), optim.exponentialDecay(0.7, 2, 0.5)],
      [3, 6],
    ),
  warmupCosineDecaySchedule: () => optim.warmupCosineDecaySchedule(0, 1, 3, 10, { endValue: 0.1, exponent: 2 }),
  warmupExponentialDecaySchedule: () =>
    optim.warmupExponentialDecaySchedule(0.1, 1, 3, 2, 0.7, { transitionBegin: 1, endValue: 0.3 }),
  sgdrSchedule: () => optim.sgdrSchedule([4, 6].map((decaySteps) => ({ ...cycle, decaySteps }))),
  piecewiseInterpolateSchedule: () => optim.piecewiseInterpolateSchedule('linear', 1, { 8: 0.01, 4: 0.1 }),
  'piecewiseInterpolateSchedule, cosine': () => optim.piecewiseInterpolateSchedule('cosine', 2, { 2: 3, 7: 0.1 }),
  linearOnecycleSchedule: () => optim.linearOnecycleSchedule(11, 2),
  cosineOnecycleSchedule: () => optim.cosineOnecycleSchedule(11, 2, { pctStart: 0.4 }),
};
