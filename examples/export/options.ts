import { parseArgs } from 'node:util';
import * as E from 'fp-ts/lib/Either.js';
import type { Mesh } from '../../src/index.ts';
import { makeMesh, PullbackError } from '../../src/index.ts';
import { UsageError } from '../training/errors.ts';
import { describeFlags } from '../training/flags.ts';
import type { ModelFlags, Options } from '../training/options.ts';
import { parseOptions, usage as trainingUsage } from '../training/options.ts';
import { meshAxes } from './shardings.ts';

/** What the export command was asked for: a training, and the mesh that it is to run on. */
export interface ExportOptions {
  readonly training: Options;
  readonly mesh: Mesh;
  /** The bundle's folder. */
  readonly out: string;
  /** Files to cut the examples into; null for the usual number. */
  readonly shards: number | null;
}

const flags = {
  mesh: {
    type: 'string',
    value: 'AXES',
    help: 'devices: data=N, over which batches are spread, and model=M for layers (default data=8)',
  },
  out: { type: 'string', value: 'DIR', help: 'folder for the bundle (default runs/bundles/<model>)' },
  shards: { type: 'string', value: 'N', help: 'files to cut the images into (default one for each 16384)' },
} as const;

/** Flags of the training command that say nothing about what is trained. */
const notHere = ['device', 'threads', 'resume', 'json', 'log-every', 'judge', 'test-size'];

/** How to call the command: its own flags, then those that it shares with the training command. */
export function usage(models: ModelFlags): string {
  const shared = trainingUsage(models)
    .split('\n')
    .slice(2)
    .filter((line) => ![...notHere, 'out'].some((flag) => line.startsWith(`  --${flag} `)));
  const call = `usage: npm run export -- <${Object.keys(models).join('|')}> [flags]`;
  return [call, '', ...describeFlags(flags), '', 'as for npm run train:', ...shared].join('\n');
}

/** The arguments of the command, `'help'` if that is what they ask for. */
export function parseExport(
  args: readonly string[],
  models: ModelFlags,
): E.Either<PullbackError, ExportOptions | 'help'> {
  const { own, rest } = divided(args);
  const given = rest.flatMap((arg) => /^--([a-z-]+)/.exec(arg)?.[1] ?? []);
  const stray = given.find((flag) => notHere.includes(flag));
  if (stray !== undefined) return bad(`--${stray} is for npm run train`);
  const training = parseOptions(rest, models);
  if (E.isLeft(training)) return training;
  if (training.right === 'help') return E.right('help');
  const { model } = training.right;
  try {
    const { values } = parseArgs({ args: own, options: flags });
    const shards = values.shards ?? null;
    if (shards !== null && !/^[1-9]\d{0,5}$/.test(shards)) {
      return bad(`--shards must be a whole number from 1, not ${shards}`);
    }
    return E.right({
      training: training.right,
      mesh: meshOf(values.mesh ?? 'data=8'),
      out: values.out ?? `runs/bundles/${model}`,
      shards: shards === null ? null : Number(shards),
    });
  } catch (error) {
    return error instanceof PullbackError ? E.left(error) : bad(error instanceof Error ? error.message : String(error));
  }
}

const bad = (text: string): E.Either<UsageError, never> =>
  E.left(new UsageError(`${text.split('\n')[0] ?? text} (--help shows the flags)`));

/** The arguments that are this command's own, each with its value, and the others. */
function divided(args: readonly string[]): { readonly own: string[]; readonly rest: readonly string[] } {
  const own: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [name = '', value] = arg.replace(/^--/, '').split(/=(.*)/s);
    if (!arg.startsWith('--') || !(name in flags)) rest.push(arg);
    else own.push(...(value === undefined ? [arg, ...args.slice(++i, i + 1)] : [arg]));
  }
  return { own, rest };
}

/** `data=4,model=2`. */
function meshOf(text: string): Mesh {
  const axes = text.split(',').map((axis): readonly [string, number] => {
    const [, name, size] = /^([A-Za-z_]\w*)=([1-9]\d{0,5})$/.exec(axis) ?? [];
    if (name === undefined) throw new UsageError(`--mesh must be like data=8 or data=4,model=2, not ${text}`);
    return [name, Number(size)];
  });
  const twice = axes.find(([name], i) => axes.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined) throw new UsageError(`--mesh names ${twice[0]} twice`);
  const stray = axes.find(([name]) => !(name in meshAxes));
  if (stray !== undefined) {
    const uses = Object.entries(meshAxes).map(([name, what]) => `${what} over ${name}`);
    throw new UsageError(`--mesh has the axis ${stray[0]}, over which nothing goes: there go ${uses.join(', ')}`);
  }
  return makeMesh(Object.fromEntries(axes));
}
