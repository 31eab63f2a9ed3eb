import { crc32 } from '../data/crc32.ts';
import { encodeSafetensors, exampleCount, checkBatchSize, toTensors } from '../data/index.ts';
import type { Dataset, HostTensor, Tensors } from '../data/index.ts';
import { makeFolder, pathIn, saveBytes } from '../data/files.ts';
import { orThrow } from '../data/throwing.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import { map } from '../tree/tree.ts';
import { product, range } from '../util/array.ts';
import { manifestFile, removeEarlier } from './earlier.ts';
import type { BundleFile, BundleShard, BundleStep, Manifest } from './manifest.ts';
import { bundleFormat, bundleVersion } from './manifest.ts';
import { columnsOf, requireOptions, storedDtype } from './options.ts';
import type { BundleOptions } from './options.ts';
import type { BundledStep } from './program.ts';
import { programsOf } from './program.ts';

/** Examples in a shard unless it is said how many shards there are. */
const usualShard = 16384;

/**
 * Writes a training for `tools/xla`, which takes the same steps on every device of a mesh: the step as StableHLO, the state to
 * begin with, the examples, and a manifest that says what is what.
 *
 * @param folder made if there is none; an earlier bundle in it is removed.
 * @throws ShardingError for a sharding that does not fit the mesh, the state or a batch.
 * @throws ArgumentError for a step that does not give back a state like the one it got.
 * @throws DatasetError for columns or a batch size that do not fit; FileError where files can't be written.
 * @example
 * await saveBundle('bundles/cnn', step, {
 *   mesh: makeMesh({ data: 8 }),
 *   state,
 *   data: train,
 *   columns: { images: { dtype: 'f32', divideBy: 255 } },
 *   batchSize: 256,
 *   orderKey: random.key(0),
 *   totalSteps: 1000,
 * });
 */
export async function saveBundle<S>(
  folder: string,
  step: BundledStep<S>,
  options: BundleOptions<S>,
): Promise<Manifest> {
  requireOptions(step, options);
  const { mesh, data, batchSize, totalSteps, metadata = {} } = options;
  const columns = columnsOf(data, options.columns ?? {});
  const examples = orThrow(exampleCount(data));
  orThrow(checkBatchSize(batchSize, examples));
  const state = map((leaf: unknown) => asArray(leaf as ArrayLike, 'saveBundle'), options.state);
  const programs = programsOf(step, { ...options, state }, columns, examples);
  const orderKey = [...(await options.orderKey.data())];

  await makeFolder(folder);
  await removeEarlier(folder);
  const save = (file: string, bytes: Uint8Array): Promise<BundleFile> => saveFile(folder, file, bytes);
  const steps: BundleStep[] = [];
  for (const { file, text, ...signature } of programs) {
    steps.push({ ...(await save(file, new TextEncoder().encode(text))), ...signature });
  }
  const beginning = { ...metadata, step: String(options.step ?? 0), totalSteps: String(totalSteps) };
  const manifest: Manifest = {
    format: bundleFormat,
    version: bundleVersion,
    title: options.title ?? (step.name === '' ? 'Training' : step.name),
    mesh: mesh.axes,
    steps,
    state: await save('state.safetensors', encodeSafetensors({ tensors: await toTensors(state), metadata: beginning })),
    step: options.step ?? 0,
    totalSteps,
    metadata,
    data: { examples, batchSize, columns, shards: await saveShards(save, data, examples, options.shards), orderKey },
  };
  // Last, so that a folder with a manifest holds a whole bundle.
  await save(manifestFile, new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`));
  return manifest;
}

/** Writes the examples. */
async function saveShards(
  save: (file: string, bytes: Uint8Array) => Promise<BundleFile>,
  data: Dataset,
  examples: number,
  wanted: number | undefined,
): Promise<readonly BundleShard[]> {
  const count = Math.min(wanted ?? Math.ceil(examples / usualShard), examples);
  const digits = (n: number): string => String(n).padStart(5, '0');
  const shards: BundleShard[] = [];
  for (const i of range(count)) {
    const [from, to] = [Math.floor((i * examples) / count), Math.floor(((i + 1) * examples) / count)];
    const bytes = encodeSafetensors({ tensors: rowsOf(data, from, to), metadata: {} });
    shards.push({ ...(await save(`data-${digits(i)}-of-${digits(count)}.safetensors`, bytes)), from, to });
  }
  return shards;
}

/** Some rows of every column. */
const rowsOf = (data: Dataset, from: number, to: number): Tensors =>
  Object.fromEntries(
    Object.entries(data).map(([name, column]): readonly [string, HostTensor] => {
      const width = product(column.shape.slice(1));
      const rows = column.data.subarray(from * width, to * width);
      return [name, { dtype: storedDtype(column), shape: [to - from, ...column.shape.slice(1)], data: rows }];
    }),
  );

async function saveFile(folder: string, file: string, bytes: Uint8Array): Promise<BundleFile> {
  await saveBytes(await pathIn(folder, file), bytes);
  return { file, bytes: bytes.length, crc32: crc32(bytes) };
}
