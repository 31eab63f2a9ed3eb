import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';

/** Layers of words and positions; their golden values and derivatives are in attention-f32.json. */
export const embedding: LayerRows<'embedding' | 'learnedPosition' | 'sinusoidalPosition'> = {
  embedding: [
    { layer: nn.embedding(7, 3), input: [4], output: [4, 3], params: { '.embedding': [7, 3] }, below: 7 },
    { layer: nn.embedding(2, 5), input: [], output: [5], params: { '.embedding': [2, 5] }, below: 2 },
  ],
  learnedPosition: [
    { layer: nn.learnedPosition(), input: [4, 3], output: [4, 3], params: { '.embedding': [4, 3] } },
    { layer: nn.learnedPosition({ maxLength: 6 }), input: [4, 3], output: [4, 3], params: { '.embedding': [6, 3] } },
  ],
  sinusoidalPosition: [{ layer: nn.sinusoidalPosition(), input: [5, 4], output: [5, 4], params: {} }],
};
