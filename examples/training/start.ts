import type { OrShapes } from '../../src/index.ts';
import { NDArray, data, init, jit, numpy as np, random, tree } from '../../src/index.ts';
import type { Beginning, ImageBatch, ImageModel, Losses, ModelEntry } from '../models/model.ts';
import type { Flags, ValuesOf } from './flags.ts';
import type { Settings } from './settings.ts';
import type { HostBatch, HostFloats, Scores, Trainer } from './trainer.ts';

/** A model as the command takes it: its functions compiled, its state on the device. */
export const trainable = <S, F extends Flags>(model: ImageModel<S, F>): ModelEntry => ({
  title: model.title,
  defaults: model.defaults,
  ...(model.flags === undefined ? {} : { flags: model.flags }),
  beginning: (settings, imageShape) => beginningOf(model, settings, imageShape),
  async start({ device: name, threads }, settings, imageShape) {
    const device = await init(threads === null ? { device: name } : { device: name, threads });
    const { functions, initKey, orderKey } = beginningOf(model, settings, imageShape);
    const step = jit(functions.step, { donateArgnums: 0 });
    const score = jit((state: S, batch: ImageBatch, weights: NDArray) =>
      tree.map((score: NDArray) => score.mul(weights).sum(), functions.score(state, batch)),
    );
    let state = jit(functions.init)(initKey);
    const { logits, reconstruct, generate } = functions;
    /** A function of the state and images, as one of images on the host. */
    const onHost = (f: (state: S, images: NDArray) => NDArray): ((images: HostFloats) => Promise<HostFloats>) => {
      const compiled = jit(f);
      return ({ data, shape }) => read(compiled(state, np.array(data, { shape })));
    };
    return {
      device: device.description,
      deviceName: device.name,
      threads: device.threads,
      order: (epoch, examples) => data.shuffledOrder(random.foldIn(orderKey, epoch), examples),
      step(batch) {
        const [next, losses] = step(state, onDevice(batch));
        state = next;
        return items(named(losses));
      },
      text: (form, batch) => step.lower(state as OrShapes<S>, onDevice(batch)).asText(form),
      score: (batch) => items(score(state, onDevice(batch), weights(batch))),
      save: () => data.toTensors(state),
      restore(tensors, source) {
        state = data.fromTensors(state, tensors, source) as S;
      },
      ...(logits === undefined ? {} : { logits: onHost(logits) }),
      ...(reconstruct === undefined ? {} : { reconstruct: onHost(reconstruct) }),
      ...(generate === undefined ? {} : { generate: generator(() => state, generate, settings.seed) }),
    } satisfies Trainer;
  },
});

/** What a training of these settings begins with: the keys follow from the seed. */
function beginningOf<S, F extends Flags>(
  model: ImageModel<S, F>,
  { seed, learningRate, flags }: Settings,
  imageShape: readonly number[],
): Beginning<S> {
  const [initKey, orderKey] = random.split(random.key(seed)) as unknown as readonly [NDArray, NDArray];
  return { functions: model.create({ learningRate, imageShape, flags: flags as ValuesOf<F> }), initKey, orderKey };
}

/** Samples of the present state, always of the same key, so that pictures of one epoch and the next are alike. */
function generator<S>(
  state: () => S,
  generate: (state: S, key: NDArray, count: number) => NDArray,
  seed: number,
): (count: number, part: number) => Promise<HostFloats> {
  const compiled = jit(
    (state: S, part: NDArray, count: number) => generate(state, random.foldIn(random.key(seed), part), count),
    { staticArgnums: 2 },
  );
  return (count, part) => read(compiled(state(), np.array(part, { dtype: 'i32' }), count));
}

const read = async (x: NDArray): Promise<HostFloats> => ({
  data: (await x.data()) as Float32Array,
  shape: x.shape,
});

/** The byte of a pixel that is 1. */
export const brightest = 255;

/** The pixels of bytes: scaled to [0, 1]. */
export function scaled(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  // A loop: calling a function for each pixel takes longer than a tenth of a training step.
  const pixels = new Float32Array(bytes.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (bytes[i] as number) / brightest;
  return pixels;
}

const onDevice = ({ columns: { images, labels } }: HostBatch): ImageBatch => ({
  images: np.array(scaled(images.data), { shape: images.shape }),
  labels: np.array(Int32Array.from(labels.data)),
});

const named = (losses: Losses): Readonly<Record<string, NDArray>> =>
  losses instanceof NDArray ? { loss: losses } : losses;

/** 1 for an example, 0 for padding. */
const weights = ({ size, columns: { labels } }: HostBatch): NDArray =>
  np.array(Float32Array.from(labels.data, (_, i) => (i < size ? 1 : 0)));

async function items(scores: Readonly<Record<string, NDArray>>): Promise<Scores> {
  const named = Object.entries(scores).map(async ([name, x]) => [name, await x.item()] as const);
  return Object.fromEntries(await Promise.all(named));
}
