import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';

/** Layers made of functions and of other layers. */
export const combinators: LayerRows<
  'lambda' | 'parallel' | 'pure' | 'residual' | 'scanLayers' | 'sequential' | 'shared' | 'vmapLayers'
> = {
  lambda: [
    { layer: nn.lambda(nn.relu), input: [4], output: [4], params: {} },
    { layer: nn.lambda(nn.softmax), input: [4], output: [4], params: {} },
  ],
  pure: [
    {
      layer: nn.pure(
        'scaled',
        (key, inputShape) => ({ params: nn.initializers.ones()(key, inputShape), outputShape: inputShape }),
        (scale, x) => x.mul(scale),
      ),
      input: [2, 3],
      output: [2, 3],
      params: { '': [2, 3] },
    },
  ],
  sequential: [
    {
      layer: nn.sequential(nn.conv2d(2, 2), nn.relu, nn.maxPool(2), nn.flatten(), nn.dense(3)),
      input: [5, 5, 1],
      output: [3],
      params: { '[0].kernel': [2, 2, 1, 2], '[0].bias': [2], '[4].kernel': [8, 3], '[4].bias': [3] },
    },
    { layer: nn.sequential(), input: [2, 3], output: [2, 3], params: {} },
  ],
  parallel: [
    {
      layer: nn.parallel([nn.dense(2), nn.relu, nn.sequential(nn.dense(4), nn.tanh)]),
      input: [2, 3],
      output: [2, 9],
      params: { '[0].kernel': [3, 2], '[0].bias': [2], '[2][0].kernel': [3, 4], '[2][0].bias': [4] },
    },
    {
      layer: nn.parallel([nn.dropout(0.5), nn.batchNorm()], (a, b) => a.mul(b)),
      input: [3],
      output: [3],
      params: { '[1].scale': [3], '[1].bias': [3] },
      stateful: { '[1].mean': [3], '[1].variance': [3] },
      needsKey: true,
      mixesBatch: true,
    },
  ],
  residual: [
    {
      layer: nn.residual(nn.sequential(nn.dense(4), nn.tanh, nn.dense(3))),
      input: [3],
      output: [3],
      params: { '[0].kernel': [3, 4], '[0].bias': [4], '[2].kernel': [4, 3], '[2].bias': [3] },
    },
  ],
  scanLayers: [
    {
      layer: nn.scanLayers(nn.residual(nn.sequential(nn.dense(3), nn.tanh)), 4),
      input: [3],
      output: [3],
      params: { '[0].kernel': [4, 3, 3], '[0].bias': [4, 3] },
    },
    {
      layer: nn.scanLayers(nn.sequential(nn.dropout(0.5), nn.batchNorm()), 2),
      input: [3],
      output: [3],
      params: { '[1].scale': [2, 3], '[1].bias': [2, 3] },
      stateful: { '[1].mean': [2, 3], '[1].variance': [2, 3] },
      needsKey: true,
      mixesBatch: true,
    },
    { layer: nn.scanLayers(nn.lambda(nn.softplus), 3), input: [2], output: [2], params: {} },
  ],
  shared: [
    {
      layer: nn.shared(nn.sequential(nn.dense(3), nn.tanh), 3),
      input: [2, 3],
      output: [2, 3],
      params: { '[0].kernel': [3, 3], '[0].bias': [3] },
    },
    {
      layer: nn.shared(nn.sequential(nn.gaussianNoise(0.1), nn.batchNorm()), 2),
      input: [3],
      output: [3],
      params: { '[1].scale': [3], '[1].bias': [3] },
      stateful: { '[1].mean': [3], '[1].variance': [3] },
      needsKey: true,
      mixesBatch: true,
    },
  ],
  vmapLayers: [
    {
      layer: nn.vmapLayers(nn.sequential(nn.dense(4), nn.tanh, nn.dense(2)), 5),
      input: [3],
      output: [5, 2],
      params: { '[0].kernel': [5, 3, 4], '[0].bias': [5, 4], '[2].kernel': [5, 4, 2], '[2].bias': [5, 2] },
    },
    {
      layer: nn.vmapLayers(nn.sequential(nn.dropout(0.5), nn.batchNorm()), 2),
      input: [3],
      output: [2, 3],
      params: { '[1].scale': [2, 3], '[1].bias': [2, 3] },
      stateful: { '[1].mean': [2, 3], '[1].variance': [2, 3] },
      needsKey: true,
      mixesBatch: true,
    },
  ],
};
