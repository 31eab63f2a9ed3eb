/** What a training is made of: pure functions from a loss and an optimizer. */
export { earlyStopping } from './early-stopping.ts';
export type { EarlyStopping, EarlyStoppingOptions, EarlyStoppingState } from './early-stopping.ts';
export { epoch } from './epoch.ts';
export { evaluation } from './evaluate.ts';
export type { EvaluationOptions, Score } from './evaluate.ts';
export { init } from './state.ts';
export type { TrainState } from './state.ts';
export { step } from './step.ts';
export type { Loss, Step } from './step.ts';
