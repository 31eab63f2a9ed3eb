import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../../src/bundle/manifest.ts';
import { data } from '../../../src/index.ts';
import type { Ended } from './process.ts';
import { run } from './process.ts';

/** The commands that are checked, run as a person would, in folders of their own. */

/** The losses of steps, by their numbers. */
export type Curve = ReadonlyMap<number, Readonly<Record<string, number>>>;

/** Where the check works. */
export interface Place {
  readonly python: string;
  readonly folder: string;
}

const tsx = ['--import', 'tsx'];

/** A failed command is a failed check. */
async function succeed(what: string, ended: Promise<Ended>): Promise<Ended> {
  const { code, stdout, stderr } = await ended;
  if (code === 0) return { code, stdout, stderr };
  throw new Error(`${what} ended with ${code}: ${stderr.trim().split('\n').slice(-5).join('\n') || stdout}`);
}

/** Exports a training; the folder of its bundle. */
export async function exported({ folder }: Place, name: string, args: readonly string[]): Promise<string> {
  const out = join(folder, `${name}-bundle`);
  await succeed('npm run export', run(process.execPath, [...tsx, 'examples/export.ts', ...args, '--out', out]));
  return out;
}

/** Trains here, on Wasm; the folder of the run. */
export async function trainedHere({ folder }: Place, name: string, args: readonly string[]): Promise<string> {
  const out = join(folder, name);
  const all = ['examples/train.ts', ...args, '--out', out, '--log-every', '1', '--test-size', '8'];
  await succeed('npm run train', run(process.execPath, [...tsx, ...all]));
  return out;
}

/** The arguments of the runner. */
const runner = (bundle: string, out: string, args: readonly string[]): readonly string[] => [
  ...['-m', 'pullback_xla', bundle, '--out', out, '--log-every', '1', ...args],
];

/** Trains a bundle on eight devices made of the CPU; the folder of the run. */
export async function trainedOnXla(
  { python, folder }: Place,
  name: string,
  bundle: string,
  args: readonly string[] = [],
): Promise<string> {
  const out = join(folder, name);
  await succeed('the runner', run(python, runner(bundle, out, ['--host-devices', '8', ...args])));
  return out;
}

/** Trains a bundle until it has told of a step, then sends SIGINT, as Ctrl-C does. */
export async function interruptedOnXla(
  { python, folder }: Place,
  name: string,
  bundle: string,
  step: number,
): Promise<string> {
  const out = join(folder, name);
  let sent = false;
  const ended = await run(python, runner(bundle, out, ['--host-devices', '8']), (text, signal) => {
    if (sent || !text.includes(`step ${step}:`)) return;
    sent = true;
    signal('SIGINT');
  });
  if (ended.code !== 130) throw new Error(`an interrupted run ended with ${ended.code}: ${ended.stderr}`);
  return out;
}

/** Trains a bundle in two processes of four devices each, which meet on this computer. */
export async function trainedByTwo({ python, folder }: Place, name: string, bundle: string): Promise<string> {
  const out = join(folder, name);
  const port = 20000 + Math.floor(Math.random() * 20000);
  const one = (i: number): Promise<Ended> => {
    const cluster = ['--coordinator', `127.0.0.1:${port}`, '--processes', '2', '--process', String(i)];
    return succeed(`process ${i}`, run(python, runner(bundle, out, ['--host-devices', '4', ...cluster])));
  };
  await Promise.all([one(0), one(1)]);
  return out;
}

/** Calls the runner with something wrong. */
export const refused = ({ python, folder }: Place, bundle: string, args: readonly string[]): Promise<Ended> =>
  run(python, runner(bundle, join(folder, 'refused'), args));

/** The losses that a run noted. */
export async function curveOf(out: string): Promise<Curve> {
  const lines = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return new Map(
    lines.flatMap((line) => {
      const { kind, step, epoch: _, stepsPerSecond: __, ...losses } = JSON.parse(line) as Record<string, unknown>;
      return kind === 'train' ? [[step as number, losses as Record<string, number>]] : [];
    }),
  );
}

export const manifestOf = async (bundle: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8')) as Manifest;

/** The checkpoint of a run. */
export const checkpointOf = (out: string): Promise<data.TensorFile> =>
  data.loadSafetensors(join(out, 'checkpoint.safetensors'));
