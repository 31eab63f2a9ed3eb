import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';

/** Layers that carry a state along a sequence; their golden values and derivatives are in recurrent-*.json. */
export const recurrent: LayerRows<'bidirectional' | 'rnn'> = {
  rnn: [
    {
      layer: nn.rnn(nn.simpleCell(4)),
      input: [5, 3],
      output: [4],
      params: { '.kernel': [3, 4], '.recurrent': [4, 4], '.bias': [4] },
    },
    {
      layer: nn.rnn(nn.simpleCell(2, { bias: false }), { returnSequences: true, reverse: true }),
      input: [3, 2],
      output: [3, 2],
      params: { '.kernel': [2, 2], '.recurrent': [2, 2] },
    },
    {
      layer: nn.rnn(nn.lstmCell(3)),
      input: [4, 2],
      output: [3],
      params: { '.kernel': [2, 12], '.recurrent': [3, 12], '.bias': [12] },
    },
    {
      layer: nn.rnn(nn.lstmCell(2), { returnSequences: true, unroll: true }),
      input: [1, 3],
      output: [1, 2],
      params: { '.kernel': [3, 8], '.recurrent': [2, 8], '.bias': [8] },
    },
    {
      layer: nn.rnn(nn.gruCell(3), { returnSequences: true }),
      input: [4, 2],
      output: [4, 3],
      params: { '.kernel': [2, 9], '.recurrent': [3, 9], '.bias': [9], '.recurrentBias': [9] },
    },
    {
      layer: nn.sequential(nn.rnn(nn.gruCell(2), { returnSequences: true }), nn.rnn(nn.simpleCell(3))),
      input: [3, 2],
      output: [3],
      params: {
        '[0].kernel': [2, 6],
        '[0].recurrent': [2, 6],
        '[0].bias': [6],
        '[0].recurrentBias': [6],
        '[1].kernel': [2, 3],
        '[1].recurrent': [3, 3],
        '[1].bias': [3],
      },
    },
  ],
  bidirectional: [
    {
      layer: nn.bidirectional(nn.simpleCell(2)),
      input: [4, 3],
      output: [4],
      params: {
        '.forward.kernel': [3, 2],
        '.forward.recurrent': [2, 2],
        '.forward.bias': [2],
        '.backward.kernel': [3, 2],
        '.backward.recurrent': [2, 2],
        '.backward.bias': [2],
      },
    },
    {
      layer: nn.bidirectional(nn.lstmCell(2, { bias: false }), { returnSequences: true, merge: 'mean' }),
      input: [3, 2],
      output: [3, 2],
      params: {
        '.forward.kernel': [2, 8],
        '.forward.recurrent': [2, 8],
        '.backward.kernel': [2, 8],
        '.backward.recurrent': [2, 8],
      },
    },
  ],
};
