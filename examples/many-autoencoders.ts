/** Trains 16 autoencoders at once, each with a learning rate of its own, and picks the best. `--help` shows the flags. */
import { pathToFileURL } from 'node:url';
import type { NDArray } from '../src/index.ts';
import { data, init, jit, numpy as np, optim, random, train, vmap } from '../src/index.ts';
import { networkOf, reconstructionLoss } from './models/autoencoder.ts';
import { choice, count } from './training/flags.ts';
import { runScript } from './training/script-flags.ts';

const models = 16;
const batchSize = 256;

const flags = {
  epochs: count('passes over the training images', 2),
  images: count('training images used', 60_000),
  device: choice('where to train', ['wasm', 'webgpu']),
};

type Bytes = { readonly images: NDArray };

/** What every learning rate came to, the best first. */
export interface Result {
  readonly learningRate: number;
  /** The mean squared error on test images. */
  readonly mse: number;
}

/** Trains all models, and tells how it goes. */
export async function trainMany(
  { epochs, images }: { readonly epochs: number; readonly images: number },
  tell: (line: string) => void,
): Promise<readonly Result[]> {
  const splits = await data.mnist();
  const pixelsOf = ({ images: { data, shape } }: data.LabelledImages): NDArray =>
    np.array(data, { shape, dtype: 'u8' });
  const scaled = ({ images }: Bytes): Bytes => ({ images: images.astype('f32').div(255) });
  const shape = splits.train.images.shape.slice(1);
  const network = networkOf(shape);
  const loss = reconstructionLoss(network);

  // The learning rate is a part of the optimizer's state, so that it can differ from model to model.
  const adam = optim.injectHyperparams(optim.adam);
  const rates = np.power(10, np.linspace(-4.5, -1.5, models));
  const one = train.step(loss, adam(1e-3));

  // A step of one model, made one of 16 by vmap, made an epoch by scan, made one program by jit.
  const step = vmap((state: Parameters<typeof one>[0], batch: Bytes) => one(state, scaled(batch)), [0, null]);
  const epoch = jit(train.epoch(step), { donateArgnums: 0 });
  const begin = (rate: NDArray) => train.init(network, adam(rate), random.key(0), shape);
  let states = jit(vmap(begin))(rates);

  const trainImages = { images: pixelsOf(data.take(splits.train, images)) };
  const size = Math.min(images, splits.train.labels.data.length);
  const steps = Math.floor(size / batchSize);
  for (let i = 0; i < epochs; i++) {
    const order = await data.shuffledOrder(random.key(i + 1), size);
    const rows = np.array(Int32Array.from(order.subarray(0, steps * batchSize)), { shape: [steps, batchSize] });
    const [next, losses] = epoch(states, trainImages, rows);
    states = next;
    const means = (await losses.mean(0).tolist()) as number[];
    tell(`epoch ${i + 1}/${epochs}: losses ${means.map((mean) => mean.toFixed(4)).join(' ')}`);
  }

  const error = (state: typeof states, batch: Bytes) => {
    const own = (params: typeof states.params, memory: typeof states.state): NDArray =>
      loss(params, memory, scaled(batch), { training: false, key: random.key(0) })[0];
    return vmap(own)(state.params, state.state);
  };
  const test = { images: pixelsOf(data.take(splits.test, Math.min(2000, size))) };
  const errors = (await jit(error)(states, test).tolist()) as number[];
  const learningRates = (await rates.tolist()) as number[];
  return errors
    .map((mse, i) => ({ mse, learningRate: learningRates[i] ?? NaN }))
    .sort((a, b) => (a.mse < b.mse || Number.isNaN(b.mse) ? -1 : 1));
}

const main = (): Promise<number> =>
  runScript('Trains 16 autoencoders with different learning rates at once.', flags, async (given) => {
    const { description } = await init({ device: given.device });
    console.log(`${models} autoencoders on ${description}`);
    for (const { learningRate, mse } of await trainMany(given, console.log))
      console.log(`${learningRate.toExponential(2)}  test mse ${mse.toFixed(5)}`);
  });

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
