import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Layers that gather what is near, and those that only change shapes. */
export const pool: LayerRows<
  'avgPool' | 'flatten' | 'globalAvgPool' | 'globalMaxPool' | 'maxPool' | 'reshape' | 'adaptivePool' | 'upsample'
> = {
  avgPool: [
    {
      layer: nn.avgPool([3, 2], { strides: [2, 1], padding: 'SAME' }),
      input: [5, 4, 2],
      output: [3, 4, 2],
      params: {},
      golden: golden('keras.layers.AveragePooling2D', 'avgPool'),
    },
    { layer: nn.avgPool(2), input: [5, 3], output: [2, 3], params: {} },
  ],
  globalAvgPool: [
    {
      layer: nn.globalAvgPool(),
      input: [3, 2, 4],
      output: [4],
      params: {},
      golden: golden('keras.layers.GlobalAveragePooling2D', 'globalAvgPool'),
    },
    { layer: nn.globalAvgPool(), input: [3, 4], output: [4], params: {} },
  ],
  globalMaxPool: [
    {
      layer: nn.globalMaxPool(),
      input: [3, 2, 4],
      output: [4],
      params: {},
      golden: golden('keras.layers.GlobalMaxPooling2D', 'globalMaxPool'),
    },
  ],
  reshape: [
    { layer: nn.reshape([2, 3]), input: [6], output: [2, 3], params: {} },
    { layer: nn.reshape([3, -1]), input: [2, 6], output: [3, 4], params: {} },
  ],
  flatten: [
    { layer: nn.flatten(), input: [2, 3, 4], output: [24], params: {} },
    { layer: nn.flatten(), input: [], output: [1], params: {} },
  ],
  maxPool: [
    { layer: nn.maxPool(2, { padding: 1 }), input: [4, 2], output: [3, 2], params: {} },
    { layer: nn.maxPool(2), input: [5, 4, 3], output: [2, 2, 3], params: {} },
    {
      layer: nn.maxPool([3, 2], { strides: [2, 1], padding: 'SAME' }),
      input: [5, 4, 2],
      output: [3, 4, 2],
      params: {},
      golden: golden('keras.layers.MaxPooling2D', 'maxPool'),
    },
  ],
  adaptivePool: [
    {
      layer: nn.adaptivePool([3, 2]),
      input: [5, 4, 2],
      output: [3, 2, 2],
      params: {},
      golden: golden('torch.nn.AdaptiveAvgPool2d', 'adaptivePool'),
    },
    {
      layer: nn.adaptivePool(3, { reduce: 'max' }),
      input: [7, 3, 2],
      output: [3, 3, 2],
      params: {},
      golden: golden('torch.nn.AdaptiveMaxPool2d', 'adaptivePool, max'),
    },
    { layer: nn.adaptivePool(4), input: [3, 1], output: [4, 1], params: {} },
  ],
  upsample: [
    {
      layer: nn.upsample([2, 3]),
      input: [2, 3, 2],
      output: [4, 9, 2],
      params: {},
      golden: golden('keras.layers.UpSampling2D', 'upsample'),
    },
    {
      layer: nn.upsample([3, 2], { method: 'linear' }),
      input: [2, 3, 2],
      output: [6, 6, 2],
      params: {},
      golden: golden('keras.layers.UpSampling2D', 'upsample, linear'),
    },
    { layer: nn.upsample(4, { method: 'linear' }), input: [1, 2], output: [4, 2], params: {} },
  ],
};
