/** Layers, activations, initializers and losses: stateless, for use under any transformation. */
export { logsumexp } from '../numpy/reduce.ts';
export * from './activations.ts';
export { dotProductAttention } from './attention.ts';
export type { AttentionOptions } from './attention.ts';
export { batchNorm } from './batch-norm.ts';
export type { BatchNormOptions, RunningStatistics } from './batch-norm.ts';
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
export { parallel, residual, scanLayers, shared, vmapLayers } from './combinators.ts';
export { conv1d, conv2d, conv3d } from './conv.ts';
export type { ConvOptions } from './conv.ts';
export { convTranspose } from './conv-transpose.ts';
export type { ConvTransposeOptions } from './conv-transpose.ts';
export { dense, linear } from './dense.ts';
export type { Affine, AffineOptions } from './dense.ts';
export { embedding, learnedPosition, ropeEmbedding, sinusoidalPosition } from './embedding.ts';
export type { AngleOptions, Embedding, EmbeddingOptions, LearnedPositionOptions, RopeOptions } from './embedding.ts';
export * as initializers from './initializers.ts';
export type { Initializer } from './initializers.ts';
export { lambda, pure } from './layer.ts';
export type { Branching, Context, Initialized, Layer, Part, Tree } from './layer.ts';
export * from './losses/index.ts';
export * as metrics from './metrics/index.ts';
export { mlp } from './mlp.ts';
export type { MlpOptions } from './mlp.ts';
export { causalMask, groupedQueryAttention, kvCache, multiHeadAttention, paddingMask } from './multi-head-attention.ts';
export type { Attention, AttentionParams, DecodingLayer, KvCache, MultiHeadOptions } from './multi-head-attention.ts';
export { groupNorm, instanceNorm, layerNorm, rmsNorm } from './norm.ts';
export type { NormOptions, ScaleAndBias } from './norm.ts';
export { avgPool, globalAvgPool, globalMaxPool, maxPool } from './pool.ts';
export { policy } from './policy.ts';
export type { Precision } from './policy.ts';
export type { PoolOptions } from './pool.ts';
export { bidirectional, rnn, runCell } from './recurrent.ts';
export type { Bidirectional, BidirectionalOptions, RnnOptions, Run, RunOptions } from './recurrent.ts';
export { bilinear, einsumDense, loraLinear } from './products.ts';
export type { BilinearOptions, EinsumDenseOptions, LoraOptions, LowRank } from './products.ts';
export { dropout, gaussianNoise, spatialDropout } from './regularization.ts';
export { spectralNorm, weightNorm } from './reparametrize.ts';
export type { SingularVectors, SpectralNormed, SpectralNormOptions, WeightNormed } from './reparametrize.ts';
export { flatten, reshape } from './reshape.ts';
export { adaptivePool, upsample } from './resize.ts';
export type { AdaptivePoolOptions, UpsampleOptions } from './resize.ts';
export { depthwiseConv, separableConv } from './separable.ts';
export type { DepthwiseConvOptions, Separable } from './separable.ts';
export { sequential, sequentialMonoid } from './sequential.ts';
export type { Sequential } from './sequential.ts';
export { countParams, tabulate } from './tabulate.ts';
export type { TabulateOptions } from './tabulate.ts';
export type { Extents, Padding } from './windows.ts';
export { decoder, encoder, transformerBlock } from './transformer.ts';
export type { BlockParams, TransformerOptions, TransformerParams } from './transformer.ts';
