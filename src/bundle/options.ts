import type { Column, Dataset } from '../data/index.ts';
import type { DType } from '../kernel/dtype.ts';
import { dtypes, hostArray, isFloat } from '../kernel/dtype.ts';
import { isKey } from '../random/keys.ts';
import { requireMesh } from '../sharding/mesh.ts';
import type { Mesh } from '../sharding/mesh.ts';
import type { Shardings } from '../sharding/tree.ts';
import { typedDtype } from '../trace/asarray.ts';
import { showAval } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import { requireKnown } from '../trace/options.ts';
import { NDArray } from '../trace/value.ts';
import { flattenArrays } from '../transforms/trees.ts';
import { keystr } from '../tree/tree.ts';
import { shown } from '../util/shown.ts';
import type { BundleColumn } from './manifest.ts';

/** What a bundle is made of, checked before anything is computed or written. */

const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null && !Array.isArray(x);

/** What a step gets of a column: its numbers in another dtype, divided by something. */
export interface ColumnUse {
  /** Default: the column's own. */
  readonly dtype?: DType;
  /** Divides in double precision before rounding to `dtype`, which has to be one with fractions. */
  readonly divideBy?: number;
}

/** What a bundle holds beside the step. */
export interface BundleOptions<S> {
  /** The devices to train on. */
  readonly mesh: Mesh;
  /** What the training begins with: a tree of arrays. */
  readonly state: S;
  /** How the state is spread over the mesh; default: every device has all of it. */
  readonly stateShardings?: Shardings;
  /** The examples; batches are records of its columns. */
  readonly data: Dataset;
  /** How columns become arrays of a batch. */
  readonly columns?: Readonly<Record<string, ColumnUse>>;
  /** Examples in a batch; the last one of an epoch has what is left. */
  readonly batchSize: number;
  /** How a batch is spread over the mesh; default: its examples over the mesh's first axis. */
  readonly batchShardings?: Shardings;
  /** Where the orders come from: epoch `e` visits the examples as `data.shuffledOrder(random.foldIn(orderKey, e), count)`. */
  readonly orderKey: NDArray;
  /** Steps to take in all. */
  readonly totalSteps: number;
  /** Steps that the state has behind it; default 0. */
  readonly step?: number;
  /** For people; default the step's name. */
  readonly title?: string;
  /** What checkpoints carry as metadata, beside `step` and `totalSteps`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Files to cut the examples into; default one for each 16384. */
  readonly shards?: number;
}

const optionNames = Object.keys({
  ...{ mesh: 0, state: 0, stateShardings: 0, data: 0, columns: 0, batchSize: 0, batchShardings: 0, orderKey: 0 },
  ...{ totalSteps: 0, step: 0, title: 0, metadata: 0, shards: 0 },
} satisfies Record<keyof BundleOptions<unknown>, 0>);

const useNames = Object.keys({ dtype: 0, divideBy: 0 } satisfies Record<keyof ColumnUse, 0>);

/** Refuses a call that no bundle can be made of. */
export function requireOptions<S>(step: unknown, options: BundleOptions<S>): void {
  if (typeof step !== 'function') {
    refuse(`needs a step, a function of a state and a batch: saveBundle(folder, step, options); got ${shown(step)}`);
  }
  if (!isObject(options)) {
    const call = 'saveBundle(folder, step, { mesh, state, data, batchSize, orderKey, totalSteps })';
    refuse(`needs options: ${call}; got ${shown(options)}`);
  }
  requireKnown('saveBundle', options, optionNames);
  requireMesh('saveBundle', options.mesh);
  requireSteps(options);
  if (options.shards !== undefined) requireWhole('shards', options.shards, 1);
  if (options.title !== undefined && typeof options.title !== 'string') {
    refuse(`title must be a string, got ${shown(options.title)}`);
  }
  requireKey(options.orderKey);
  requireMetadata(options.metadata ?? {});
  if (options.state === undefined) refuse('state must be a tree of arrays, got undefined');
  flattenArrays(options.state, (path) => `[saveBundle] ${keystr(path, 'state')}`, 'A bundle holds nothing else.');
}

function requireSteps({ totalSteps, step = 0 }: BundleOptions<unknown>): void {
  requireWhole('totalSteps', totalSteps, 1);
  requireWhole('step', step, 0);
  if (step <= totalSteps) return;
  const all = `there are ${totalSteps} steps to take in all`;
  refuse(`step is ${step}, but ${all}: totalSteps counts those that the state has behind it`);
}

function requireKey(key: unknown): void {
  if (isKey(key)) return;
  const got = key instanceof NDArray ? showAval(key.aval) : shown(key);
  refuse(`orderKey must be a key, u32[2] from random.key or random.split; got ${got}`);
}

function requireMetadata(metadata: unknown): void {
  if (!isObject(metadata)) refuse(`metadata must be a record of strings, got ${shown(metadata)}`);
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') refuse(`metadata.${name} must be a string, got ${shown(value)}`);
    if (name !== 'step' && name !== 'totalSteps') continue;
    refuse(`metadata has ${name}, which says how far a training is: give { ${name}: ${value} } beside the metadata`);
  }
}

/** The columns as they are stored and used. */
export function columnsOf(data: Dataset, uses: Readonly<Record<string, ColumnUse>>): readonly BundleColumn[] {
  if (!isObject(data)) refuse(`data must be a record of columns, got ${shown(data)}`);
  if (!isObject(uses)) refuse(`columns must be a record like { images: { dtype, divideBy } }, got ${shown(uses)}`);
  const stray = Object.keys(uses).find((name) => !Object.hasOwn(data, name));
  if (stray !== undefined) refuse(`columns has ${stray}, but the data have ${Object.keys(data).join(', ')}`);
  return Object.keys(data)
    .sort()
    .map((name) => columnOf(name, data[name], uses[name] ?? {}));
}

function columnOf(name: string, column: Column | undefined, use: ColumnUse): BundleColumn {
  const stored = requireColumn(name, column);
  if (!isObject(use)) refuse(`columns.${name} must be a record like { dtype, divideBy }, got ${shown(use)}`);
  const stray = Object.keys(use).find((option) => !useNames.includes(option));
  if (stray !== undefined) {
    refuse(`columns.${name} has ${stray}, which is no option; there are: ${useNames.join(', ')}`);
  }
  const { dtype = stored, divideBy } = use;
  if (!dtypes.includes(dtype)) {
    refuse(`columns.${name}.dtype must be a dtype (${dtypes.join(', ')}), got ${shown(dtype)}`);
  }
  if (divideBy === undefined) return { name, stored, dtype };
  if (!Number.isFinite(divideBy) || divideBy === 0) {
    refuse(`columns.${name}.divideBy must be a number other than 0, got ${shown(divideBy)}`);
  }
  if (!isFloat(dtype)) {
    refuse(
      `columns.${name} divides ${stored} by ${divideBy} into ${dtype}, which has no fractions: ` +
        `give it a dtype, { dtype: 'f32', divideBy: ${divideBy} }`,
    );
  }
  return { name, stored, dtype, divideBy };
}

/** The dtype of what a column holds. */
export const storedDtype = ({ data, dtype }: Column): DType => dtype ?? typedDtype(data) ?? 'f32';

/** Refuses what is no column, or one whose dtype its typed array can't hold. */
function requireColumn(name: string, column: unknown): DType {
  const like = isObject(column) ? (column as { readonly shape?: unknown; readonly data?: unknown }) : null;
  if (like === null || !Array.isArray(like.shape) || typedDtype(like.data) === null) {
    const got = like !== null && ArrayBuffer.isView(like.data) ? `${kindOf(like.data)} data` : shown(column);
    refuse(`data.${name} must be a column, { data, shape } with a typed array; got ${got}`);
  }
  const dtype = storedDtype(column as Column);
  if (!dtypes.includes(dtype)) {
    refuse(`data.${name}.dtype must be a dtype (${dtypes.join(', ')}), got ${shown(dtype)}`);
  }
  const [found, needed] = [kindOf((column as Column).data), kindOf(hostArray[dtype](0))];
  if (found !== needed) {
    refuse(`data.${name} holds ${dtype} in a ${found}: it needs ${/^[IU]/.test(needed) ? 'an' : 'a'} ${needed}`);
  }
  return dtype;
}

const kindOf = (x: ArrayBufferView): string => x.constructor.name;

function requireWhole(name: string, given: unknown, from: number): void {
  if (Number.isSafeInteger(given) && (given as number) >= from) return;
  refuse(`${name} must be a whole number from ${from}, got ${shown(given)}`);
}

/** Refuses what was given. */
export function refuse(text: string): never {
  throw new ArgumentError(`[saveBundle] ${text}`);
}
