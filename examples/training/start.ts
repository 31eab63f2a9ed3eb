import { NDArray, data, init, jit, numpy as np, random, tree } from '../../src/index.ts';
import type { ImageBatch, ImageModel, Losses, ModelEntry } from '../models/model.ts';
import { CheckpointError } from './errors.ts';
import type { Flags, ValuesOf } from './flags.ts';
import type { HostBatch, HostFloats, Scores, Trainer } from './trainer.ts';

type Tensors = Readonly<Record<string, data.HostTensor>>;

/** A model as the command takes it: its functions compiled, its state on the device. */
export const trainable = <S, F extends Flags>(model: ImageModel<S, F>): ModelEntry => ({
  title: model.title,
  defaults: model.defaults,
  ...(model.flags === undefined ? {} : { flags: model.flags }),
  async start({ device: name, threads }, { seed, learningRate, flags }, imageShape) {
    const device = await init(threads === null ? { device: name } : { device: name, threads });
    const functions = model.create({ learningRate, imageShape, flags: flags as ValuesOf<F> });
    const [initKey, orderKey] = random.split(random.key(seed)) as unknown as readonly [NDArray, NDArray];
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
      score: (batch) => items(score(state, onDevice(batch), weights(batch))),
      save: () => readTensors(state),
      restore(tensors, source) {
        state = putTensors(state, tensors, source);
      },
      ...(logits === undefined ? {} : { logits: onHost(logits) }),
      ...(reconstruct === undefined ? {} : { reconstruct: onHost(reconstruct) }),
      ...(generate === undefined ? {} : { generate: generator(() => state, generate, seed) }),
    } satisfies Trainer;
  },
});

/** Samples of the present state, always of the same key, so that pictures of one epoch and the next are alike. */
function generator<S>(
  state: () => S,
  generate: (state: S, key: NDArray, count: number) => NDArray,
  seed: number,
): (count: number) => Promise<HostFloats> {
  const compiled = jit(generate, { staticArgnums: 2 });
  const key = random.key(seed);
  return (count) => read(compiled(state(), key, count));
}

const read = async (x: NDArray): Promise<HostFloats> => ({
  data: (await x.data()) as Float32Array,
  shape: x.shape,
});

/** The pixels of bytes: scaled to [0, 1]. */
export function scaled(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  // A loop: calling a function for each pixel takes longer than a tenth of a training step.
  const pixels = new Float32Array(bytes.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (bytes[i] as number) / 255;
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

// ------------------------------------------------------------------------------------------ state and checkpoint

/** The name of a leaf in a checkpoint: `params[0].kernel`. */
const nameOf = (path: readonly tree.PathStep[]): string => tree.keystr(path).replace(/^\./, '');

/** Every array of a state, by its path. */
async function readTensors(state: unknown): Promise<Tensors> {
  const named = tree.leavesWithPath(state).map(async ([path, leaf]) => {
    const array = leaf as NDArray;
    return [nameOf(path), { dtype: array.dtype, shape: array.shape, data: await array.data() }] as const;
  });
  return Object.fromEntries(await Promise.all(named));
}

/** A state like `state`, with its arrays taken from a checkpoint, which must hold them all and nothing else. */
function putTensors<S>(state: S, tensors: Tensors, source: string): S {
  const mismatch = (text: string): CheckpointError =>
    new CheckpointError('checkpoint-mismatch', `${source}: ${text}: it is of another version of the model`);
  const names = new Set(tree.leavesWithPath(state).map(([path]) => nameOf(path)));
  const extra = Object.keys(tensors).find((name) => !names.has(name));
  if (extra !== undefined) throw mismatch(`has ${extra}, which the model does not`);
  return tree.mapWithPath((path, leaf: NDArray) => {
    const name = nameOf(path);
    const tensor = tensors[name];
    const needed = show(leaf);
    if (tensor === undefined) throw mismatch(`lacks ${name}, ${needed}`);
    if (show(tensor) !== needed) throw mismatch(`${name} is ${show(tensor)}, the model needs ${needed}`);
    return np.array(tensor.data, { shape: tensor.shape, dtype: tensor.dtype });
  }, state);
}

const show = ({ dtype, shape }: Pick<data.HostTensor, 'dtype' | 'shape'>): string => `${dtype}[${shape.join(',')}]`;
