import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';

/** Layers made of functions and of other layers. */
export const combinators: LayerRows<'lambda' | 'pure' | 'sequential'> = {
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
};
