import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Convolutions. */
export const conv: LayerRows<'conv1d' | 'conv2d' | 'conv3d' | 'convTranspose' | 'depthwiseConv' | 'separableConv'> = {
  conv1d: [
    {
      layer: nn.conv1d(4, 3, { dilation: 2, padding: 'SAME' }),
      input: [6, 2],
      output: [6, 4],
      params: { '.kernel': [3, 2, 4], '.bias': [4] },
      golden: golden('keras.layers.Conv1D', 'conv1d'),
    },
    {
      layer: nn.conv1d(4, 2, { groups: 2, strides: 2, padding: 1 }),
      input: [5, 4],
      output: [3, 4],
      params: { '.kernel': [2, 2, 4], '.bias': [4] },
      golden: golden('torch.nn.Conv1d', 'conv1d, groups'),
    },
  ],
  conv2d: [
    {
      layer: nn.conv2d(3, [3, 2]),
      input: [5, 4, 2],
      output: [3, 3, 3],
      params: { '.kernel': [3, 2, 2, 3], '.bias': [3] },
    },
    {
      layer: nn.conv2d(2, 3, { strides: 2, padding: 'SAME', bias: false }),
      input: [5, 4, 1],
      output: [3, 2, 2],
      params: { '.kernel': [3, 3, 1, 2] },
    },
    {
      layer: nn.conv2d(2, [3, 2], { strides: [2, 1], padding: 'SAME' }),
      input: [5, 4, 3],
      output: [3, 4, 2],
      params: { '.kernel': [3, 2, 3, 2], '.bias': [2] },
      golden: golden('keras.layers.Conv2D', 'conv2d'),
    },
    { layer: nn.conv2d(1, 1, { padding: [[1, 0], [0, 2]] }), input: [2, 2, 1], output: [3, 4, 1], params: { '.kernel': [1, 1, 1, 1], '.bias': [1] } }, // prettier-ignore
    {
      layer: nn.conv2d(6, [2, 3], {
        groups: 3,
        dilation: [1, 2],
        strides: [1, 2],
        padding: [
          [1, 1],
          [2, 2],
        ],
      }),
      input: [4, 5, 3],
      output: [5, 3, 6],
      params: { '.kernel': [2, 3, 1, 6], '.bias': [6] },
      golden: golden('torch.nn.Conv2d', 'conv2d, groups and dilation'),
    },
  ],
  conv3d: [
    {
      layer: nn.conv3d(2, [2, 1, 3], { strides: [1, 2, 1] }),
      input: [3, 3, 4, 2],
      output: [2, 2, 2, 2],
      params: { '.kernel': [2, 1, 3, 2, 2], '.bias': [2] },
      golden: golden('keras.layers.Conv3D', 'conv3d'),
    },
  ],
  convTranspose: [
    {
      layer: nn.convTranspose(3, 4, { strides: 2, padding: 1 }),
      input: [3, 2, 2],
      output: [6, 4, 3],
      params: { '.kernel': [4, 4, 2, 3], '.bias': [3] },
      golden: golden('torch.nn.ConvTranspose2d', 'convTranspose, stride 2'),
    },
    {
      layer: nn.convTranspose(2, [3, 2], {
        strides: [3, 1],
        padding: [
          [1, 0],
          [0, 0],
        ],
      }),
      input: [2, 3, 3],
      output: [5, 4, 2],
      params: { '.kernel': [3, 2, 3, 2], '.bias': [2] },
    },
    {
      layer: nn.convTranspose(2, [3, 5], {
        strides: [2, 3],
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
      input: [3, 2, 2],
      output: [6, 5, 2],
      params: { '.kernel': [3, 5, 2, 2], '.bias': [2] },
      golden: golden('torch.nn.ConvTranspose2d', 'convTranspose, output padding'),
    },
    {
      layer: nn.convTranspose(2, 3, { strides: 2, padding: 'SAME', bias: false }),
      input: [4, 2],
      output: [8, 2],
      params: { '.kernel': [3, 2, 2] },
    },
    {
      layer: nn.convTranspose(2, [3, 2], { strides: 2, padding: 'SAME' }),
      input: [3, 2, 2],
      output: [6, 4, 2],
      params: { '.kernel': [3, 2, 2, 2], '.bias': [2] },
      golden: golden('keras.layers.Conv2DTranspose', 'convTranspose, SAME'),
    },
    {
      layer: nn.convTranspose(2, [3, 1], { strides: 2 }),
      input: [3, 2, 2],
      output: [7, 4, 2],
      params: { '.kernel': [3, 1, 2, 2], '.bias': [2] },
      golden: golden('keras.layers.Conv2DTranspose', 'convTranspose, VALID'),
    },
    {
      layer: nn.convTranspose(4, [2, 3], { strides: 2, dilation: [1, 2], padding: 1, groups: 2 }),
      input: [3, 3, 6],
      output: [4, 7, 4],
      params: { '.kernel': [2, 3, 3, 4], '.bias': [4] },
      golden: golden('torch.nn.ConvTranspose2d', 'convTranspose, dilation and groups'),
    },
    {
      layer: nn.convTranspose(2, 2, { dilation: 3, padding: 'SAME', groups: 2 }),
      input: [5, 2],
      output: [5, 2],
      params: { '.kernel': [2, 1, 2], '.bias': [2] },
    },
    {
      layer: nn.convTranspose(1, 2, { strides: 2 }),
      input: [2, 1, 2, 1],
      output: [4, 2, 4, 1],
      params: { '.kernel': [2, 2, 2, 1, 1], '.bias': [1] },
    },
  ],
  depthwiseConv: [
    {
      layer: nn.depthwiseConv([3, 2], { multiplier: 2, padding: 'SAME', strides: 2 }),
      input: [5, 4, 3],
      output: [3, 2, 6],
      params: { '.kernel': [3, 2, 3, 2], '.bias': [6] },
      golden: golden('keras.layers.DepthwiseConv2D', 'depthwiseConv'),
    },
    {
      layer: nn.depthwiseConv(2, { bias: false, dilation: 2 }),
      input: [5, 2],
      output: [3, 2],
      params: { '.kernel': [2, 2, 1] },
    },
  ],
  separableConv: [
    {
      layer: nn.separableConv(4, 2, { multiplier: 2 }),
      input: [3, 4, 3],
      output: [2, 3, 4],
      params: { '.depthwise': [2, 2, 3, 2], '.pointwise': [6, 4], '.bias': [4] },
      golden: golden('keras.layers.SeparableConv2D', 'separableConv'),
    },
    {
      layer: nn.separableConv(3, 3, { bias: false, padding: 1 }),
      input: [4, 2],
      output: [4, 3],
      params: { '.depthwise': [3, 2, 1], '.pointwise': [2, 3] },
    },
  ],
};
