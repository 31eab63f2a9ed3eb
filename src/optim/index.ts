/** Gradient transformations with optax's names and formulas, chained as a monoid. */
export { adam, adamw, scaleByAdam } from './adam.ts';
export type { AdamOptions, AdamState, AdamWOptions } from './adam.ts';
export { sgd, trace } from './sgd.ts';
export type { TraceState } from './sgd.ts';
export {
  addDecayedWeights,
  applyUpdates,
  chain,
  chainMonoid,
  identity,
  scale,
  scaleByLearningRate,
  stateless,
} from './transformation.ts';
export type { Chain, GradientTransformation } from './transformation.ts';
