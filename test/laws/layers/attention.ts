import { nn } from '../../../src/index.ts';
import type { LayerRows, ShapesByPath } from './contract.ts';

const affine = (path: string, rows: number, columns: number): ShapesByPath => ({
  [`${path}.kernel`]: [rows, columns],
  [`${path}.bias`]: [columns],
});
const attention = (path: string, width: number, own: number, shared = own, features = width): ShapesByPath => ({
  ...affine(`${path}.query`, width, own),
  ...affine(`${path}.key`, width, shared),
  ...affine(`${path}.value`, width, shared),
  ...affine(`${path}.out`, own, features),
});
const norm = (path: string, width: number): ShapesByPath => ({ [`${path}.scale`]: [width], [`${path}.bias`]: [width] });
const block = (path: string, width: number, hidden: number): ShapesByPath => ({
  ...norm(`${path}.attentionNorm`, width),
  ...attention(`${path}.attention`, width, width),
  ...norm(`${path}.denseNorm`, width),
  ...affine(`${path}.up`, width, hidden),
  ...affine(`${path}.down`, hidden, width),
});

/** Layers that attend; the golden values and derivatives of attention are in attention-f32.json. */
export const attending: LayerRows<
  'decoder' | 'encoder' | 'groupedQueryAttention' | 'multiHeadAttention' | 'transformerBlock'
> = {
  multiHeadAttention: [
    { layer: nn.multiHeadAttention(2), input: [3, 4], output: [3, 4], params: attention('', 4, 4) },
    {
      layer: nn.multiHeadAttention(3, { size: 2, features: 5, isCausal: true, rope: true }),
      input: [4, 4],
      output: [4, 5],
      params: attention('', 4, 6, 6, 5),
    },
  ],
  groupedQueryAttention: [
    { layer: nn.groupedQueryAttention(4, 2), input: [3, 8], output: [3, 8], params: attention('', 8, 8, 4) },
    { layer: nn.groupedQueryAttention(2, 1), input: [2, 4], output: [2, 4], params: attention('', 4, 4, 2) },
  ],
  transformerBlock: [
    { layer: nn.transformerBlock(2, { hidden: 6 }), input: [3, 4], output: [3, 4], params: block('', 4, 6) },
    {
      layer: nn.transformerBlock(1, { hidden: 4, dropout: 0.5 }),
      input: [2, 4],
      output: [2, 4],
      params: block('', 4, 4),
      needsKey: true,
    },
  ],
  encoder: [
    {
      layer: nn.encoder(2, 2, { hidden: 3, activation: nn.tanh }),
      input: [2, 4],
      output: [2, 4],
      params: { ...block('.blocks[0]', 4, 3), ...block('.blocks[1]', 4, 3), ...norm('.norm', 4) },
    },
  ],
  decoder: [
    {
      layer: nn.decoder(2, 2, { hidden: 2, dropout: 0.3 }),
      input: [2, 4],
      output: [2, 4],
      params: { ...block('.blocks[0]', 4, 2), ...block('.blocks[1]', 4, 2), ...norm('.norm', 4) },
      needsKey: true,
    },
    {
      layer: nn.decoder(1, 2, { rope: 100 }),
      input: [3, 4],
      output: [3, 4],
      params: { ...block('.blocks[0]', 4, 16), ...norm('.norm', 4) },
    },
  ],
};
