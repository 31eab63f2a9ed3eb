import type { NDArray } from '../../src/index.ts';
import { data, init, jit, numpy as np, random, tree } from '../../src/index.ts';
import type { ImageModel, ModelEntry } from '../models/model.ts';
import { CheckpointError } from './errors.ts';
import type { Scores, Trainer, ImageBatch } from './trainer.ts';

type Tensors = Readonly<Record<string, data.HostTensor>>;

/** A model as the command takes it: its functions compiled, its state on the device. */
export const trainable = <S>(model: ImageModel<S>): ModelEntry => ({
  title: model.title,
  defaults: model.defaults,
  async start({ device: name, threads }, { seed, learningRate }, imageShape) {
    const device = await init(threads === null ? { device: name } : { device: name, threads });
    const functions = model.create({ learningRate, imageShape });
    const [initKey, orderKey] = random.split(random.key(seed)) as unknown as readonly [NDArray, NDArray];
    const step = jit(functions.step, { donateArgnums: 0 });
    const score = jit((state: S, images: NDArray, labels: NDArray, weights: NDArray) =>
      tree.map((score: NDArray) => score.mul(weights).sum(), functions.score(state, images, labels)),
    );
    let state = jit(functions.init)(initKey);
    return {
      device: device.description,
      deviceName: device.name,
      threads: device.threads,
      order: (epoch, examples) => data.shuffledOrder(random.foldIn(orderKey, epoch), examples),
      step(batch) {
        const [next, loss] = step(state, pixels(batch), labels(batch));
        state = next;
        return loss.item();
      },
      score: (batch) => items(score(state, pixels(batch), labels(batch), weights(batch))),
      save: () => readTensors(state),
      restore(tensors, source) {
        state = putTensors(state, tensors, source);
      },
    } satisfies Trainer;
  },
});

/** The images, scaled to [0, 1]. */
function pixels({ columns: { images } }: ImageBatch): NDArray {
  const { data: bytes, shape } = images;
  // A loop: calling a function for each pixel takes longer than a tenth of a training step.
  const scaled = new Float32Array(bytes.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = (bytes[i] as number) / 255;
  return np.array(scaled, { shape });
}

const labels = ({ columns: { labels } }: ImageBatch): NDArray => np.array(Int32Array.from(labels.data));

/** 1 for an example, 0 for padding. */
const weights = ({ size, columns: { labels } }: ImageBatch): NDArray =>
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
