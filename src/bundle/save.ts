import { crc32 } from '../data/crc32.ts';
import { encodeSafetensors, exampleCount, checkBatchSize, toTensors } from '../data/index.ts';
import type { Dataset, HostTensor, Tensors } from '../data/index.ts';
import { makeFolder, pathIn, saveBytes } from '../data/files.ts';
import { nameOf } from '../data/state.ts';
import { orThrow } from '../data/throwing.ts';
import { ShardingError } from '../sharding/errors.ts';
import { P } from '../sharding/spec.ts';
import type { Shardings } from '../sharding/tree.ts';
import { ShapeDtypeStruct } from '../trace/abstract.ts';
import { asArray } from '../trace/asarray.ts';
import { showAval } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import type { ExportedArray, StableHlo } from '../transforms/export.ts';
import { exportStableHlo } from '../transforms/export.ts';
import { named } from '../transforms/trees.ts';
import { keystr, map } from '../tree/tree.ts';
import { product, range } from '../util/array.ts';
import { columnsOf, requireOptions, storedDtype } from './options.ts';
import type { BundleOptions } from './options.ts';
import type { BundleArray, BundleColumn, BundleFile, BundleShard, BundleStep, Manifest } from './manifest.ts';
import { bundleFormat, bundleVersion } from './manifest.ts';

/** The losses of a step: one scalar, or several by name. */
type Metrics = NDArray | Readonly<Record<string, NDArray>>;

/** A step of training on batches of columns. */
export type BundledStep<S> = (
  state: S,
  batch: Readonly<Record<string, NDArray>>,
) => readonly [state: S, metrics: Metrics];

/** Examples in a shard unless it is said how many shards there are. */
const usualShard = 16384;

/**
 * Writes a training for `tools/xla`, which takes the same steps on every device of a mesh: the step as StableHLO, the state to
 * begin with, the examples, and a manifest that says what is what.
 *
 * @param folder made if there is none; files of an earlier bundle are replaced.
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
  const programs = batchSizes(examples, batchSize).map((size) => programOf(step, state, columns, size, options));
  const orderKey = [...(await options.orderKey.data())];

  await makeFolder(folder);
  const save = (file: string, bytes: Uint8Array): Promise<BundleFile> => saveFile(folder, file, bytes);
  const steps: BundleStep[] = [];
  for (const { size, program, name } of programs) {
    const file = await save(name, new TextEncoder().encode(program.text));
    steps.push({ ...file, batchSize: size, ...signature(program) });
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
  await save('manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`));
  return manifest;
}

/** The sizes of batches: of most, and of an epoch's last where it is smaller. */
function batchSizes(examples: number, batchSize: number): readonly number[] {
  const rest = examples % batchSize;
  return rest === 0 ? [batchSize] : [batchSize, rest];
}

interface SizedProgram {
  readonly size: number;
  readonly program: StableHlo;
  readonly name: string;
}

/** The step for batches of a size. */
function programOf<S>(
  step: BundledStep<S>,
  state: S,
  columns: readonly BundleColumn[],
  size: number,
  options: BundleOptions<S>,
): SizedProgram {
  const { mesh, data, batchSize, stateShardings = P(), batchShardings = P(mesh.axisNames[0] ?? null) } = options;
  const batch = Object.fromEntries(
    columns.map(({ name, dtype }) => [name, new ShapeDtypeStruct([size, ...rowShape(data, name)], dtype)]),
  );
  const train = (s: S, b: Readonly<Record<string, NDArray>>): readonly [S, Metrics] => step(s, b);
  const spread = (over: Shardings): StableHlo =>
    exportStableHlo(named(train, 'step'), [state, batch] as never, {
      mesh,
      inShardings: [stateShardings, over],
      outShardings: [stateShardings, P()],
      donateArgnums: 0,
    });
  const program = size === batchSize ? spread(batchShardings) : spreadIfItFits(spread, batchShardings);
  requireSameState(program);
  requireScalarMetrics(program);
  return { size, program, name: size === batchSize ? 'step.mlir' : `step-${size}.mlir` };
}

/** What is left at the end of an epoch may not divide over the mesh: then every device has all of it. */
function spreadIfItFits(spread: (over: Shardings) => StableHlo, over: Shardings): StableHlo {
  try {
    return spread(over);
  } catch (error) {
    if (error instanceof ShardingError && error.code === 'sharding-indivisible') return spread(P());
    throw error;
  }
}

const isState = ({ path }: ExportedArray): boolean => path[0] === 0;
const leafName = ({ path }: ExportedArray): string => nameOf(path.slice(1));

/** Refuses a step whose state is another one afterwards. */
function requireSameState({ inputs, outputs }: StableHlo): void {
  const [before, after] = [inputs.filter(isState), outputs.filter(isState)];
  const shown = (x: ExportedArray | undefined): string =>
    x === undefined ? 'nothing' : `state${keystr(x.path.slice(1))}: ${showAval(x)}`;
  const i = range(Math.max(before.length, after.length)).find((n) => shown(before[n]) !== shown(after[n]));
  if (i === undefined) return;
  throw new ArgumentError(
    `[saveBundle] a step returns [state, metrics] with a state like the one that it got, but it got ${shown(before[i])} ` +
      `and returned ${shown(after[i])}`,
  );
}

/** Refuses metrics that are no numbers by names: what runs the bundle prints and averages them. */
function requireScalarMetrics({ outputs }: StableHlo): void {
  const metrics = outputs.filter((x) => !isState(x));
  const odd = metrics.find(({ shape }) => shape.length > 0);
  if (metrics.length > 0 && odd === undefined) return;
  const got = odd === undefined ? 'none' : `metrics${keystr(odd.path.slice(1))}: ${showAval(odd)}`;
  throw new ArgumentError(
    `[saveBundle] a step returns [state, metrics] with one scalar or more as metrics, got ${got}`,
  );
}

/** The ends of a program, as the manifest lists them. */
function signature({ inputs, outputs }: StableHlo): Pick<BundleStep, 'inputs' | 'outputs'> {
  const listed = (x: ExportedArray, role: BundleArray['role'], name: string): BundleArray => ({
    role,
    name,
    shape: x.shape,
    dtype: x.dtype,
    sharding: (x.sharding ?? x.shape.map(() => null)).map((names) => names ?? []),
    ...(x.donated ? { donated: true } : {}),
  });
  const metric = (x: ExportedArray): string => (leafName(x) === '' ? 'loss' : leafName(x));
  return {
    inputs: inputs.map((x) => listed(x, isState(x) ? 'state' : 'batch', leafName(x))),
    outputs: outputs.map((x) => (isState(x) ? listed(x, 'state', leafName(x)) : listed(x, 'metric', metric(x)))),
  };
}

const rowShape = (data: Dataset, name: string): readonly number[] => (data[name]?.shape ?? []).slice(1);

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
