import type { NDArray } from '../../src/index.ts';
import { nn, numpy as np, optim, random, train } from '../../src/index.ts';
import { choice, toggle } from '../training/flags.ts';
import type { Trees } from './gan-networks.ts';
import { adversaries, noiseSize } from './gan-networks.ts';
import type { ImageModel } from './model.ts';

type Player = train.TrainState<Trees, Trees, readonly unknown[]>;
type Game = { readonly generator: Player; readonly discriminator: Player; readonly key: NDArray };

const flags = {
  size: choice('height and width of the images', ['28', '112']),
  plain: toggle('no batch norm and no dropout: it collapses to a few digits'),
};

/** Two networks that play against each other: one draws digits of noise, the other tells them from real ones. */
export const gan: ImageModel<Game, typeof flags> = {
  title: 'Generative adversarial network',
  defaults: { epochs: 25, batchSize: 64, learningRate: 2e-4 },
  flags,
  create({ learningRate, imageShape: [height = 28], flags: { size, plain } }) {
    const { generator, discriminator, judging, drawing } = adversaries(size === '28' ? 28 : 112, !plain);
    const adam = optim.adam(learningRate, { b1: 0.5 });
    const judge = train.step(judging, adam);
    const draw = train.step(drawing, adam);

    /** Images in [0, 1] as the generator draws them: in [−1, 1], and as large. */
    const asDrawn = (images: NDArray): NDArray => {
      const factor = Number(size) / height;
      return np
        .repeat(np.repeat(images, factor, 1), factor, 2)
        .mul(2)
        .sub(1);
    };

    return {
      init(key) {
        return {
          generator: train.init(generator, adam, random.foldIn(key, 0), [noiseSize]),
          discriminator: train.init(discriminator, adam, random.foldIn(key, 1), [Number(size), Number(size), 1]),
          key: random.foldIn(key, 2),
        };
      },
      step(game, { images }) {
        const noise = random.normal(random.foldIn(game.key, game.generator.step), [images.shape[0] ?? 1, noiseSize]);
        const { params, state } = game.generator;
        const [drawn] = generator.apply(params, state, noise, { training: true });
        const [judged, judgeLoss] = judge(game.discriminator, { real: asDrawn(images), drawn });
        const [drew, drawLoss] = draw(game.generator, { noise, judge: judged });
        return [
          { ...game, generator: drew, discriminator: judged },
          { discriminator: judgeLoss, generator: drawLoss },
        ];
      },
      score({ discriminator: { params, state } }, { images }) {
        const [scores] = discriminator.apply(params, state, asDrawn(images), { training: false });
        return { real: nn.sigmoid(scores).ravel() };
      },
      generate({ generator: { params, state } }, key, count) {
        const noise = random.normal(key, [count, noiseSize]);
        return generator.apply(params, state, noise, { training: false })[0].add(1).div(2);
      },
    };
  },
};
