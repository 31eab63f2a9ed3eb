import type { NDArray } from '../../src/index.ts';
import { nn, numpy as np, random } from '../../src/index.ts';
import type { train } from '../../src/index.ts';

export const noiseSize = 100;

/** Draws images in [−1, 1] of noise. Each transposed convolution makes them twice as large. */
function generatorOf(channels: readonly number[], mended: boolean): nn.Sequential {
  const norm = mended ? [nn.batchNorm({ momentum: 0.9, epsilon: 1e-5 })] : [];
  const grow = (features: number) => nn.convTranspose(features, 4, { strides: 2, padding: 1 });
  const dense = [128, 256, 512, 7 * 7 * 256].flatMap((features) => [nn.dense(features), ...norm, nn.relu]);
  const growing = channels.flatMap((features) => [grow(features), ...norm, nn.relu]);
  return nn.sequential(...dense, nn.reshape([7, 7, 256]), ...growing, grow(1), np.tanh);
}

/** Scores images: above 0 for those that it takes for real. */
function discriminatorOf(mended: boolean): nn.Sequential {
  const leaky = (x: NDArray): NDArray => nn.leakyRelu(x, 0.2);
  const drop = mended ? [nn.dropout(0.3)] : [];
  return nn.sequential(nn.flatten(), ...[512, 256, 128].flatMap((n) => [nn.dense(n), leaky, ...drop]), nn.dense(1));
}

export type Trees = readonly nn.Tree[];
type Network = { readonly params: Trees; readonly state: Trees };

/** The mean cross entropy of scores that should say real (1) or drawn (0). */
const crossEntropy = (scores: NDArray, real: number): NDArray => nn.sigmoidBinaryCrossEntropy(scores, real).mean();

/** Both networks and what each wants. `mended` is with batch norm and dropout; without, it collapses to a few digits. */
export function adversaries(size: 28 | 112, mended: boolean) {
  const generator = generatorOf(size === 28 ? [128] : [128, 64, 32], mended);
  const discriminator = discriminatorOf(mended);

  /** The discriminator's: to tell real images from drawn ones. */
  type Images = { readonly real: NDArray; readonly drawn: NDArray };
  const judging: train.Loss<Trees, Trees, Images> = (params, state, { real, drawn }, { training, key }) => {
    const [ofReal] = discriminator.apply(params, state, real, { training, key: random.foldIn(key, 0) });
    const [ofDrawn, next] = discriminator.apply(params, state, drawn, { training, key: random.foldIn(key, 1) });
    return [crossEntropy(ofReal, 1).add(crossEntropy(ofDrawn, 0)), next];
  };

  /** The generator's: that the discriminator takes what it draws for real. */
  type Challenge = { readonly noise: NDArray; readonly judge: Network };
  const drawing: train.Loss<Trees, Trees, Challenge> = (params, state, { noise, judge }, context) => {
    const [drawn, next] = generator.apply(params, state, noise, context);
    return [crossEntropy(discriminator.apply(judge.params, judge.state, drawn, context)[0], 1), next];
  };

  return { generator, discriminator, judging, drawing };
}
