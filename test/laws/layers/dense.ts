import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Layers that are matrix products. */
export const dense: LayerRows<'bilinear' | 'dense' | 'einsumDense' | 'linear' | 'loraLinear' | 'mlp'> = {
  dense: [
    {
      layer: nn.dense(4),
      input: [3],
      output: [4],
      params: { '.kernel': [3, 4], '.bias': [4] },
      golden: golden('flax.linen.Dense', 'dense'),
    },
    { layer: nn.dense(2), input: [5, 3], output: [5, 2], params: { '.kernel': [3, 2], '.bias': [2] } },
    { layer: nn.dense(4, { bias: false }), input: [3], output: [4], params: { '.kernel': [3, 4] } },
  ],
  mlp: [
    {
      layer: nn.mlp([4, 2], { activation: nn.tanh }),
      input: [3],
      output: [2],
      params: { '[0].kernel': [3, 4], '[0].bias': [4], '[2].kernel': [4, 2], '[2].bias': [2] },
      golden: golden('flax.linen.Dense', 'mlp'),
    },
    {
      layer: nn.mlp([4, 3, 2], { activateFinal: true, bias: false }),
      input: [5],
      output: [2],
      params: { '[0].kernel': [5, 4], '[2].kernel': [4, 3], '[4].kernel': [3, 2] },
    },
  ],
  bilinear: [
    {
      layer: nn.bilinear(3, { first: 2 }),
      input: [6],
      output: [3],
      params: { '.kernel': [2, 4, 3], '.bias': [3] },
      golden: golden('torch.nn.Bilinear', 'bilinear'),
    },
    { layer: nn.bilinear(2, { bias: false }), input: [3, 4], output: [3, 2], params: { '.kernel': [2, 2, 2] } },
  ],
  einsumDense: [
    {
      layer: nn.einsumDense('nsd,dhk->nshk', [null, 2, 3], { biasAxes: 'hk' }),
      input: [4, 5],
      output: [4, 2, 3],
      params: { '.kernel': [5, 2, 3], '.bias': [2, 3] },
      golden: golden('keras.layers.EinsumDense', 'einsumDense'),
    },
    {
      layer: nn.einsumDense('nabc,ad->ndbc', [5, null, null], { biasAxes: 'd' }),
      input: [4, 2, 3],
      output: [5, 2, 3],
      params: { '.kernel': [4, 5], '.bias': [5, 1, 1] },
      golden: golden('keras.layers.EinsumDense', 'einsumDense, first axis'),
    },
    { layer: nn.einsumDense('na,ab->nb', [2]), input: [3], output: [2], params: { '.kernel': [3, 2] } },
  ],
  linear: [{ layer: nn.linear(2), input: [3], output: [2], params: { '.kernel': [3, 2], '.bias': [2] } }],
  loraLinear: [
    {
      layer: nn.loraLinear(4, 2, { alpha: 3 }),
      input: [3],
      output: [4],
      params: { '.down': [3, 2], '.up': [2, 4] },
      stateful: { '.kernel': [3, 4], '.bias': [4] },
      frozen: true,
      golden: golden('keras.layers.Dense', 'loraLinear'),
    },
    {
      layer: nn.loraLinear(2, 1, { bias: false }),
      input: [2, 3],
      output: [2, 2],
      params: { '.down': [3, 1], '.up': [1, 2] },
      stateful: { '.kernel': [3, 2] },
      frozen: true,
    },
  ],
};
