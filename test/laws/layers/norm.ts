import { nn } from '../../../src/index.ts';
import type { LayerRows, ShapesByPath } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

const scaleAndBias = (channels: number): ShapesByPath => ({ '.scale': [channels], '.bias': [channels] });

/** Layers that normalize. */
export const norm: LayerRows<
  'batchNorm' | 'groupNorm' | 'instanceNorm' | 'layerNorm' | 'rmsNorm' | 'spectralNorm' | 'weightNorm'
> = {
  batchNorm: [
    {
      layer: nn.batchNorm(),
      input: [2, 3, 4],
      output: [2, 3, 4],
      params: { '.scale': [4], '.bias': [4] },
      stateful: { '.mean': [4], '.variance': [4] },
      mixesBatch: true,
      golden: golden('keras.layers.BatchNormalization', 'batchNorm in training', 'batchNorm'),
    },
    {
      layer: nn.batchNorm({ momentum: 0.8, epsilon: 1e-2, scale: false }),
      input: [3],
      output: [3],
      params: { '.bias': [3] },
      stateful: { '.mean': [3], '.variance': [3] },
      mixesBatch: true,
      golden: golden('flax.linen.BatchNorm', 'batchNorm, other numbers'),
    },
  ],
  layerNorm: [
    {
      layer: nn.layerNorm(),
      input: [2, 5],
      output: [2, 5],
      params: scaleAndBias(5),
      golden: golden('keras.layers.LayerNormalization', 'layerNorm'),
    },
    {
      layer: nn.layerNorm({ epsilon: 1e-5, scale: false, bias: false }),
      input: [4],
      output: [4],
      params: {},
      golden: golden('torch.nn.LayerNorm', 'layerNorm, bare'),
    },
  ],
  rmsNorm: [
    {
      layer: nn.rmsNorm(),
      input: [2, 5],
      output: [2, 5],
      params: { '.scale': [5] },
      golden: golden('keras.layers.RMSNormalization', 'rmsNorm'),
    },
    { layer: nn.rmsNorm({ scale: false, epsilon: 0.1 }), input: [4], output: [4], params: {} },
  ],
  groupNorm: [
    {
      layer: nn.groupNorm(2),
      input: [2, 3, 4],
      output: [2, 3, 4],
      params: scaleAndBias(4),
      golden: golden('keras.layers.GroupNormalization', 'groupNorm'),
    },
    { layer: nn.groupNorm(3, { bias: false }), input: [6], output: [6], params: { '.scale': [6] } },
  ],
  instanceNorm: [
    {
      layer: nn.instanceNorm({ epsilon: 1e-5 }),
      input: [2, 3, 4],
      output: [2, 3, 4],
      params: scaleAndBias(4),
      golden: golden('torch.nn.InstanceNorm2d', 'instanceNorm'),
    },
  ],
  weightNorm: [
    {
      layer: nn.weightNorm(nn.dense(4)),
      input: [3],
      output: [4],
      params: { '.layer.kernel': [3, 4], '.layer.bias': [4], '.scale[0]': [4] },
      golden: golden('torch.nn.utils.parametrizations.weight_norm', 'weightNorm'),
    },
    {
      layer: nn.weightNorm(nn.sequential(nn.conv1d(2, 2), nn.dense(3, { bias: false }))),
      input: [4, 2],
      output: [3, 3],
      params: {
        '.layer[0].kernel': [2, 2, 2],
        '.layer[0].bias': [2],
        '.layer[1].kernel': [2, 3],
        '.scale[0]': [2],
        '.scale[1]': [3],
      },
    },
  ],
  spectralNorm: [
    {
      layer: nn.spectralNorm(nn.dense(4)),
      input: [3],
      output: [4],
      params: { '.kernel': [3, 4], '.bias': [4] },
      stateful: { '.vectors[0].u': [4], '.vectors[0].v': [3] },
      stopsGradients: true,
      golden: golden('torch.nn.utils.parametrizations.spectral_norm', 'spectralNorm in training', 'spectralNorm'),
    },
    {
      layer: nn.spectralNorm(nn.sequential(nn.conv2d(3, 2), nn.batchNorm()), { steps: 2 }),
      input: [3, 3, 2],
      output: [2, 2, 3],
      params: { '[0].kernel': [2, 2, 2, 3], '[0].bias': [3], '[1].scale': [3], '[1].bias': [3] },
      stateful: {
        '.layer[1].mean': [3],
        '.layer[1].variance': [3],
        '.vectors[0].u': [3],
        '.vectors[0].v': [8],
      },
      stopsGradients: true,
      mixesBatch: true,
    },
  ],
};
