import { expect, test } from 'vitest';
import { nn, numpy as np, PullbackError, random } from '../../src/index.ts';

/** What layers say to inputs, sizes and calls that can't be. */

const key = random.key(0);
const of = (layer: nn.Layer, ...shape: readonly number[]): unknown => layer.init(key, shape);
const trained = (layer: nn.Layer): unknown => layer.apply(null, null, np.ones([1, 2, 3]), { training: true });

const attention = nn.multiHeadAttention(2).init(key, [3, 4]).params;

const mistakes: readonly (readonly [what: string, make: () => unknown, code: string, says: readonly string[]])[] = [
  ['images where sequences are needed', () => of(nn.conv1d(2, 3), 5, 5, 1), 'invalid-argument', ['[nn.conv1d]', 'sequences [length, channels]', '[5, 5, 1]']],
  ['images where volumes are needed', () => of(nn.conv3d(2, 3), 5, 5, 1), 'invalid-argument', ['[nn.conv3d]', 'volumes [depth, height, width, channels]', '[5, 5, 1]']],
  ['a window of too many axes', () => of(nn.conv2d(2, [3, 3, 3]), 5, 5, 1), 'invalid-argument', ['[nn.conv2d]', 'the window', '2 of them', '[3, 3, 3]']],
  ['a stride of nothing', () => of(nn.conv2d(2, 3, { strides: 0 }), 5, 5, 1), 'invalid-argument', ['[nn.conv2d]', 'strides', 'got 0']],
  ['padding of too few axes', () => of(nn.conv2d(2, 3, { padding: [[1, 1]] }), 5, 5, 1), 'invalid-argument', ['[nn.conv2d]', "'SAME'", '2 pairs', 'got 1']],
  ['groups that divide nothing', () => of(nn.conv2d(4, 3, { groups: 3 }), 5, 5, 4), 'invalid-argument', ['[nn.conv2d]', '3 groups', '4 channels', '4 features']],
  ['a dilated window that does not fit', () => of(nn.conv1d(2, 3, { dilation: 3 }), 5, 1), 'invalid-argument', ['[nn.conv1d]', 'a window of 7', 'sequences of 5']],
  ['a transposed convolution of vectors', () => of(nn.convTranspose(2, 3), 5), 'invalid-argument', ['[nn.convTranspose]', '[...spatial, channels]', '[5]']],
  ['a transposed convolution that cuts all', () => of(nn.convTranspose(2, 2, { padding: 1 }), 1, 1, 1), 'invalid-argument', ['[nn.convTranspose]', 'leaves nothing', '1×1', '2×2']],
  ['pools of vectors', () => of(nn.avgPool(2), 5), 'invalid-argument', ['[nn.avgPool]', '[...spatial, channels]', '[5]']],
  ['a mean over no axes', () => of(nn.globalAvgPool(), 5), 'invalid-argument', ['[nn.globalAvgPool]', '[5]']],
  ['a reshape to another size', () => of(nn.reshape([2, 3]), 5), 'shape-mismatch', ['[reshape]', 'f32[1,5]', '[1, 2, 3]']],
  ['attention over one example without a batch axis', () => nn.multiHeadAttention(2).apply(attention, null, np.ones([3, 4]), { training: false }), 'shape-mismatch', ['[nn.multiHeadAttention]', '[n, time, features]', 'f32[3,4]']],
  ['batch norm of scalars', () => of(nn.batchNorm()), 'invalid-argument', ['[nn.batchNorm]', 'scalars', '[n, 1]']],
  ['layer norm of scalars', () => of(nn.layerNorm()), 'invalid-argument', ['[nn.layerNorm]', 'scalars', '[n, 1]']],
  ['groups that do not divide the channels', () => of(nn.groupNorm(), 4, 4, 48), 'invalid-argument', ['[nn.groupNorm]', '32 groups', '48 channels']],
  ['instances of one number', () => of(nn.instanceNorm(), 8), 'invalid-argument', ['[nn.instanceNorm]', '[...spatial, channels]']],
  ['the length of kernels that are not there', () => of(nn.weightNorm(nn.flatten()), 8), 'invalid-argument', ['[nn.weightNorm]', 'flatten', 'no parameters named kernel']],
  ['the spectrum of kernels that are not there', () => of(nn.spectralNorm(nn.batchNorm()), 8), 'invalid-argument', ['[nn.spectralNorm]', 'batchNorm', 'no parameters named kernel']],
  ['a momentum above 1', () => nn.batchNorm({ momentum: 99 }), 'invalid-argument', ['[nn.batchNorm]', 'momentum', '99']],
  ['a residual of another shape', () => of(nn.residual(nn.dense(3)), 4), 'invalid-argument', ['[nn.residual]', 'dense(3)', '[3]', '[4]']],
  ['equal layers that change the shape', () => of(nn.scanLayers(nn.dense(3), 2), 4), 'invalid-argument', ['[nn.scanLayers]', 'dense(3)', '[3]', '[4]']],
  ['a shared layer that changes the shape', () => of(nn.shared(nn.dense(3), 2), 4), 'invalid-argument', ['[nn.shared]', 'dense(3)', '[3]', '[4]']],
  ['half a layer', () => nn.vmapLayers(nn.dense(3), 0.5), 'invalid-argument', ['[nn.vmapLayers]', 'whole number', '0.5']],
  ['no parallel layers', () => nn.parallel([]), 'invalid-argument', ['[nn.parallel]', 'one layer or more']],
  ['a depthwise convolution of vectors', () => of(nn.depthwiseConv(3), 4), 'invalid-argument', ['[nn.depthwiseConv]', '[...spatial, channels]', '[4]']],
  ['half an output a channel', () => nn.depthwiseConv(3, { multiplier: 0.5 }), 'invalid-argument', ['[nn.depthwiseConv]', 'multiplier', '0.5']],
  ['a separable window that does not fit', () => of(nn.separableConv(2, 5), 4, 4, 1), 'invalid-argument', ['[nn.separableConv]', '5×5', '4×4']],
  ['half the size as upsampling', () => of(nn.upsample(0.5), 4, 4, 1), 'invalid-argument', ['[nn.upsample]', 'factors', '0.5']],
  ['pooling nothing to a size', () => of(nn.adaptivePool(2), 0, 4, 1), 'invalid-argument', ['[nn.adaptivePool]', 'nothing', '[0, 4, 1]']],
  ['an equation of one operand', () => nn.einsumDense('nab->nb', [2]), 'invalid-argument', ['[nn.einsumDense]', "'nab,bc->nac'", "'nab->nb'"]],
  ['a bias of an axis that is not there', () => nn.einsumDense('na,ab->nb', [2], { biasAxes: 'c' }), 'invalid-argument', ['[nn.einsumDense]', "'c'"]],
  ['an equation that does not fit', () => of(nn.einsumDense('nab,bc->nac', [null, 4]), 3), 'invalid-argument', ['[nn.einsumDense]', "'nab,bc->nac'", '[3]', '[null, 4]']],
  ['an extent that nobody knows', () => of(nn.einsumDense('na,ab->nb', [null]), 3), 'invalid-argument', ['[nn.einsumDense]', "'b'", 'not known']],
  ['a form of an odd number', () => of(nn.bilinear(2), 5), 'invalid-argument', ['[nn.bilinear]', '5 features', '2.5']],
  ['an update of no rank', () => nn.loraLinear(4, 0), 'invalid-argument', ['[nn.loraLinear]', 'rank', 'got 0']],
  ['an update for scalars', () => of(nn.loraLinear(4, 1)), 'invalid-argument', ['[nn.loraLinear]', 'scalars']],
  ['dropping all', () => nn.dropout(1), 'invalid-argument', ['[nn.dropout]', 'below 1', 'got 1']],
  ['training dropout without a key', () => trained(nn.dropout(0.5)), 'invalid-argument', ['[nn.dropout]', 'needs a key', '{ training: true, key }']],
  ['training spatial dropout without a key', () => trained(nn.spatialDropout(0.5)), 'invalid-argument', ['[nn.spatialDropout]', 'needs a key']],
  ['training with noise without a key', () => trained(nn.gaussianNoise(0.5)), 'invalid-argument', ['[nn.gaussianNoise]', 'needs a key']],
  ['a variance of nothing', () => nn.initializers.varianceScaling(0), 'invalid-argument', ['[nn.initializers.varianceScaling]', 'above 0', 'got 0']],
  ['the fans of a vector', () => nn.initializers.heNormal()(key, [3]), 'invalid-argument', ['[nn.initializers]', 'in and out', '[3]']],
  ['an orthogonal window that loses channels', () => nn.initializers.deltaOrthogonal()(key, [3, 4, 2]), 'invalid-argument', ['[nn.initializers.deltaOrthogonal]', 'in ≤ out', '[3, 4, 2]']],
  ['the identity of a vector', () => nn.initializers.identity()(key, [3]), 'invalid-argument', ['[nn.initializers.identity]', 'two axes', '[3]']],
  ['a sparsity in percent', () => nn.initializers.sparse(90), 'invalid-argument', ['[nn.initializers.sparse]', 'from 0 to 1', '90']],
  ['noise of a negative deviation', () => nn.gaussianNoise(-1), 'invalid-argument', ['[nn.gaussianNoise]', 'negative', '-1']],
]; // prettier-ignore

test.each(mistakes)('%s', (_, make, code, says) => {
  let thrown: unknown = null;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PullbackError);
  expect((thrown as PullbackError).code).toBe(code);
  for (const text of says) expect((thrown as PullbackError).message).toContain(text);
});
