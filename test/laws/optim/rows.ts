import type { NDArray } from '../../../src/index.ts';
import { grad, numpy as np, optim, random, tree, valueAndGrad } from '../../../src/index.ts';

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
  radam: () => optim.radam(0.01, { b2: 0.8 }),
  'radam, Nesterov': () => optim.radam(0.01, { nesterov: true, threshold: 4.5 }),
  scaleByRadam: () => optim.scaleByRadam({ b1: 0.5, b2: 0.7, epsRoot: 1e-3 }),
  adabelief: () => optim.adabelief(0.01),
  scaleByBelief: () => optim.scaleByBelief({ b1: 0.7, eps: 1e-3, nesterov: true }),
  yogi: () => optim.yogi(0.01),
  scaleByYogi: () => optim.scaleByYogi({ b2: 0.9, initialAccumulatorValue: 0.1 }),
  adamax: () => optim.adamax(0.01),
  adamaxw: () => optim.adamaxw(0.01, { weightDecay: 0.1, mask }),
  scaleByAdamax: () => optim.scaleByAdamax({ b2: 0.5 }),
  novograd: () => optim.novograd(0.01, { weightDecay: 0.1 }),
  scaleByNovograd: () => optim.scaleByNovograd({ b1: 0.5, b2: 0.9 }),
  adadelta: () => optim.adadelta(1, { weightDecay: 0.1 }),
  scaleByAdadelta: () => optim.scaleByAdadelta({ rho: 0.5, eps: 1e-3 }),
  rprop: () => optim.rprop(0.1, { maxStepSize: 0.15 }),
  scaleByRprop: () => optim.scaleByRprop(0.01, { etaPlus: 2, minStepSize: 0.008 }),
  optimisticGradientDescent: () => optim.optimisticGradientDescent(0.1, { alpha: 0.9, beta: 0.7 }),
  scaleByOptimisticGradient: () => optim.scaleByOptimisticGradient(),
  lamb: () => optim.lamb(0.01, { weightDecay: 0.1 }),
  lars: () => optim.lars(0.1, { weightDecay: 0.1, trustRatioMask: mask }),
  scaleByTrustRatio: () => optim.scaleByTrustRatio({ minNorm: 0.5, trustCoefficient: 0.3, eps: 0.1 }),
  scaleByParamBlockRms: () => optim.scaleByParamBlockRms(),
  adafactor: () => optim.adafactor(0.1, { minDimSizeToFactor: 2 }),
  'adafactor, not factored': () => optim.adafactor(0.1, { momentum: 0.9, weightDecayRate: 0.01 }),
  scaleByFactoredRms: () => optim.scaleByFactoredRms({ minDimSizeToFactor: 3, decayRate: 0.5, epsilon: 1e-3 }),
  muon: () => optim.muon(0.1, { weightDecay: 0.1 }),
  'muon, plain': () => optim.muon(0.1, { nsSteps: 3, beta: 0.5, nesterov: false, adaptive: true, consistentRms: 0.2 }),
  scaleByMuon: () => optim.masked(optim.scaleByMuon({ nsCoeffs: [2, -1.5, 0.5] }), matrices),
  scheduleFreeAdamw: () => optim.scheduleFreeAdamw(0.01, { weightDecay: 0.1 }),
  'scheduleFreeAdamw, warmup': () => optim.scheduleFreeAdamw(0.1, { warmupSteps: 4, b1: 0.8, b2: 0.9 }),
  scheduleFreeSgd: () => optim.scheduleFreeSgd(0.1, { weightDecay: 0.1 }),
  scheduleFree: () => optim.scheduleFree(optim.adam(0.1, { b1: 0 }), 0.1, { b1: 0.7, weightLrPower: 1 }),
  sam: () => optim.sam(optim.sgd(0.1, { momentum: 0.9 }), optim.chain(optim.normalize(), optim.sgd(0.05))),
  'sam, three, kept': () =>
    optim.sam(optim.adam(0.1), optim.sgd(0.05, { momentum: 0.5 }), { syncPeriod: 3, resetState: false }),
  'sam, opaque, objective': () =>
    optim.sam(optim.adam(0.1), optim.chain(optim.normalize(), optim.sgd(0.05)), { syncPeriod: 3, opaqueMode: true }),
  normalize: () => optim.normalize(),
  lookahead: () => ofPairs(optim.lookahead(optim.sgd(0.1, { momentum: 0.9 }), 3, 0.5)),
  'lookahead, reset': () => ofPairs(optim.lookahead(optim.adam(0.1), 2, 0.3, { resetState: true })),
  'zeroNans, broken': () => optim.zeroNans(),
  'applyIfFinite, broken': () => optim.applyIfFinite(optim.adam(0.1), 1),
  applyIfFinite: () => optim.applyIfFinite(optim.sgd(0.1), 0),
  addNoise: () => optim.addNoise(0.5, 0.55, random.key(7)),
  noisySgd: () => optim.noisySgd(0.1, 3, { eta: 0.1 }),
  'reduceOnPlateau, losses': () => optim.reduceOnPlateau({ factor: 0.5, patience: 2, cooldown: 1 }),
  'reduceOnPlateau, means, losses': () =>
    optim.chain(
      optim.sgd(0.1),
      optim.reduceOnPlateau({ factor: 0.3, patience: 1, rtol: 0.1, accumulationSize: 2, minScale: 0.2 }),
    ),
  'polyakSgd, losses': () => optim.polyakSgd(0.5, { scaling: 0.7, fMin: 0.1 }),
  'scaleByPolyak, losses': () => optim.scaleByPolyak({ fMin: 3, variant: 'sps+', eps: 0.1 }),
  scaleByLbfgs: () => optim.chain(optim.scaleByLbfgs({ memorySize: 3 }), optim.scale(-0.1)),
  'scaleByLbfgs, unscaled': () =>
    optim.chain(optim.scaleByLbfgs({ memorySize: 2, scaleInitPrecond: false }), optim.scale(-0.1)),
  'lbfgs, objective': () => optim.lbfgs(),
  'lbfgs, short, objective': () =>
    optim.lbfgs(0.5, {
      memorySize: 2,
      linesearch: optim.scaleByZoomLinesearch(5, { maxLearningRate: 0.7, initialGuessStrategy: 'keep' }),
    }),
  'scaleByZoomLinesearch, objective': () => optim.chain(optim.sgd(1), optim.scaleByZoomLinesearch(15)),
  'scaleByZoomLinesearch, strict, objective': () =>
    optim.chain(
      optim.sgd(0.02),
      optim.scaleByZoomLinesearch(25, { tol: 1e-3, curvRtol: 0.1, approxDecRtol: null, increaseFactor: 1.5 }),
    ),
  snapshot: () => optim.chain(optim.snapshot('norm', optim.globalNorm), optim.scale(-0.1)),
  monitor: () => optim.chain(optim.monitor({ norm: optim.globalNorm }), optim.scale(-0.1)),
};

/** An optimizer of two copies of parameters, seen as one of parameters that are such a pair. */
const ofPairs = <S>(lookahead: optim.Lookahead<S>): optim.GradientTransformation =>
  lookahead as unknown as optim.GradientTransformation;

/** A loss with valleys. */
export function objective(params: unknown): NDArray {
  const leaves = tree.leaves(params) as readonly NDArray[];
  const add = (a: NDArray, b: NDArray): NDArray => a.add(b);
  const wells = leaves.map((x) => x.mul(x).sub(1).pow(2).sum()).reduce(add);
  return wells.add(leaves.map((x) => x.sum()).reduce(add).pow(2).mul(0.1)); // prettier-ignore
}

/** What an optimizer begins with: two copies for some. */
export const parametersOf = (title: string, params: Params): Params =>
  title.startsWith('lookahead') ? (optim.lookaheadParams(params) as unknown as Params) : params;

/** One step of a row, and the parameters after it; some need the loss, some a function. */
export function stepOf(
  title: string,
  optimizer: optim.GradientTransformation,
): (params: Params, state: unknown, gradients: Params, loss: NDArray) => readonly [params: Params, state: unknown] {
  return (params, state, gradients, loss) => {
    const [g, extra] = title.includes('objective') ? atObjective(params) : [gradients, { value: loss }];
    const [updates, next] = optimizer.update(g, state, params, extra);
    return [optim.applyUpdates(params, updates), next];
  };
}

function atObjective(params: Params): readonly [Params, optim.ExtraArgs<Params>] {
  const [value, g] = valueAndGrad(objective as (p: Params) => NDArray)(params);
  return [g, { value, grad: g, valueFn: objective, gradFn: (p) => grad(objective as (q: Params) => NDArray)(p) }];
}

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

/** Schedules are computed in f32, whatever the parameters are; so are the powers of a decay that follows one. */
const scheduled = /schedule|injectHyperparams|scaleBySchedule|upwards|warmup|[nN]oise|noisy|adafactor|FactoredRms/;

/** How far the parameters of a row may be from optax's, relative to the larger of 1 and the value. */
export const toleranceOf = (title: string, dtype: string): number =>
  dtype === 'f64' && !scheduled.test(title) ? 1e-12 : 1e-5;
