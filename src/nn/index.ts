/** Layers, activations, initializers and losses: stateless, for use under any transformation. */
export { logsumexp } from '../numpy/reduce.ts';
export * from './activations.ts';
export { dotProductAttention } from './attention.ts';
export type { AttentionOptions } from './attention.ts';
export { gruCell, lstmCell, simpleCell } from './cells.ts';
export type {
  Cell,
  CellOptions,
  CellParams,
  GatedCellOptions,
  GruParams,
  LstmCellOptions,
  LstmState,
} from './cells.ts';
export { conv2d } from './conv.ts';
export type { Conv2dOptions, Padding, Pair } from './conv.ts';
export { dense } from './dense.ts';
export type { Affine, AffineOptions } from './dense.ts';
export * as initializers from './initializers.ts';
export type { Initializer } from './initializers.ts';
export { lambda, pure } from './layer.ts';
export type { Context, Initialized, Layer, Tree } from './layer.ts';
export {
  accuracy,
  correct,
  sigmoidBinaryCrossEntropy,
  softmaxCrossEntropy,
  softmaxCrossEntropyWithIntegerLabels,
} from './losses.ts';
export { maxPool } from './pool.ts';
export { policy } from './policy.ts';
export type { Precision } from './policy.ts';
export type { PoolOptions } from './pool.ts';
export { bidirectional, rnn, runCell } from './recurrent.ts';
export type { Bidirectional, BidirectionalOptions, RnnOptions, Run, RunOptions } from './recurrent.ts';
export { sequential, sequentialMonoid } from './sequential.ts';
export type { Sequential } from './sequential.ts';
