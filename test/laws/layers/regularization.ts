import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';

/** Layers that disturb in training. */
export const regularization: LayerRows<'dropout' | 'gaussianNoise' | 'spatialDropout'> = {
  dropout: [
    { layer: nn.dropout(0.4), input: [3, 4], output: [3, 4], params: {}, needsKey: true },
    { layer: nn.dropout(0), input: [3], output: [3], params: {} },
    {
      layer: nn.sequential(nn.dropout(0.5), nn.dense(2), nn.dropout(0.25)),
      input: [5],
      output: [2],
      params: { '[1].kernel': [5, 2], '[1].bias': [2] },
      needsKey: true,
    },
  ],
  gaussianNoise: [{ layer: nn.gaussianNoise(0.1), input: [2, 3], output: [2, 3], params: {}, needsKey: true }],
  spatialDropout: [{ layer: nn.spatialDropout(0.5), input: [2, 2, 5], output: [2, 2, 5], params: {}, needsKey: true }],
};
