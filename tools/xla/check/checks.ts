import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Settings as Training } from '../../../examples/training/settings.ts';
import { models } from '../../../examples/models/index.ts';
import type { Manifest } from '../../../src/bundle/manifest.ts';
import { data, jit } from '../../../src/index.ts';
import { allReduces } from './collectives.ts';
import type { Curve, Place } from './jobs.ts';
import {
  checkpointOf,
  curveOf,
  exported,
  interruptedOnXla,
  manifestOf,
  refused,
  trainedByTwo,
  trainedHere,
  trainedOnXla,
} from './jobs.ts';
import { root, run } from './process.ts';
import { unevenCurves } from './uneven.ts';

/** What is checked. Each says what it found, and throws where that is not good. */

export interface Settings extends Place {
  /** Steps of the trainings. */
  readonly steps: number;
}

export type Check = (settings: Settings) => Promise<string>;

/** How far losses may be from ours, relatively. */
const tolerance = 1e-3;
/** The exported step may take this much longer than one written by hand. */
const slowest = 1.1;

/** How a training is checked. */
interface Trained {
  readonly args: readonly string[];
  /** The steps whose losses can be compared one by one; all of them where it is not said. */
  readonly comparable?: number;
  /** The parameters whose gradients are added up over the mesh's first axis; all of them where it is not said. */
  readonly spread?: RegExp;
}

/**
 * Trainings as they are checked. Sizes are such that epochs end with smaller batches, which a mesh may not divide.
 *
 * Two of the networks are chaotic: where a rounding moves one unit of the CNN over the kink of its ReLU, its losses part by
 * percents within 100 steps at Adam's usual rate, on one device with states that differ so, too; roundings of the adversarial
 * network grow manyfold from step to step, so that our own devices part after four. These are compared step by step as far as that
 * goes, and by the means of their losses over the whole run. At a tenth of the rate the CNN can be compared to the end.
 *
 * The noise of `gan` is drawn whole on every device, and so is all that follows from it.
 */
const trainings = {
  cnn: { args: ['cnn', '--batch-size', '32', '--train-size', '1000'], comparable: 20 },
  calmCnn: { args: ['cnn', '--batch-size', '32', '--train-size', '1000', '--learning-rate', '1e-4'] },
  rnn: { args: ['rnn', '--batch-size', '64', '--train-size', '2000'] },
  autoencoder: { args: ['autoencoder', '--batch-size', '256', '--train-size', '2500'] },
  gan: {
    args: ['gan', '--batch-size', '16', '--train-size', '1000'],
    comparable: 4,
    spread: /^discriminator\.params/,
  },
} as const satisfies Readonly<Record<string, Trained>>;

/** How far the means of losses may be apart where the losses themselves can't be compared. */
const meanTolerance = 0.1;

/** The largest relative difference of losses in the steps from `from` to `to` that both have. */
function difference(ours: Curve, theirs: Curve, from: number, to: number): number {
  let largest = 0;
  for (let step = from; step <= to; step++) {
    const [a, b] = [ours.get(step), theirs.get(step)];
    if (a === undefined || b === undefined) throw new Error(`step ${step} is missing`);
    for (const [name, value] of Object.entries(a)) largest = Math.max(largest, Math.abs((b[name] ?? NaN) / value - 1));
  }
  return largest;
}

/** Says how far two curves are apart; throws where that is too far. */
function compared(ours: Curve, theirs: Curve, from: number, to: number, within = tolerance): string {
  const found = difference(ours, theirs, from, to);
  const text = `losses of steps ${from} to ${to} within ${found.toExponential(1)}`;
  if (!(found <= within)) throw new Error(`${text}, not ${within}`);
  return text;
}

const training =
  (name: keyof typeof trainings, mesh = 'data=8'): Check =>
  async ({ steps, ...place }) => {
    const { args: own, comparable = Infinity, spread = /^params/ }: Trained = trainings[name];
    const args = [...own, '--steps', String(steps)];
    const called = `${name}-${mesh.replace(/\W/g, '')}`;
    const bundle = await exported(place, called, [...args, '--mesh', mesh]);
    const hlo = join(place.folder, `${called}.hlo`);
    const theirs = await curveOf(await trainedOnXla(place, `${called}-xla`, bundle, ['--hlo', hlo]));
    const ours = await curveOf(await trainedHere(place, `${called}-here`, args));
    const to = Math.min(steps, comparable);
    const found = [compared(ours, theirs, 1, to)];
    if (to < steps) found.push(meansCompared(ours, theirs));
    found.push(reduced(await readFile(hlo, 'utf8'), await manifestOf(bundle), spread));
    return found.join('; ');
  };

/** The same for the means over all steps. */
function meansCompared(ours: Curve, theirs: Curve): string {
  const mean = (curve: Curve): Curve => {
    const names = Object.keys([...curve.values()][0] ?? {});
    const of = (name: string): number => [...curve.values()].reduce((sum, l) => sum + (l[name] ?? NaN), 0) / curve.size;
    return new Map([[0, Object.fromEntries(names.map((name) => [name, of(name)]))]]);
  };
  const each = difference(ours, theirs, 1, ours.size);
  const means = difference(mean(ours), mean(theirs), 0, 0);
  const text = `means of ${ours.size} steps within ${means.toExponential(1)} (each step ${each.toExponential(1)})`;
  if (!(means <= meanTolerance)) throw new Error(`${text}, not ${meanTolerance}`);
  return text;
}

/** The program must add up the gradients of these parameters over the mesh's first axis. */
function reduced(hlo: string, { mesh, steps }: Manifest, which: RegExp): string {
  const sizes = new Map(mesh.map(({ name, size }) => [name, size]));
  const over = mesh[0]?.size ?? 1;
  const parameters = (steps[0]?.inputs ?? [])
    .filter(({ role, name }) => role === 'state' && which.test(name))
    .map(({ shape, sharding }) => {
      const parts = sharding.flat().reduce((n, axis) => n * (sizes.get(axis) ?? 1), 1);
      return shape.reduce((n, extent) => n * extent, 1) / parts;
    })
    .reduce((a, b) => a + b, 0);
  // The text has a program for each size of batches.
  const found = allReduces(hlo.split(/^HloModule /m)[1] ?? '').filter(({ groupSize }) => groupSize === over);
  const elements = found.reduce((n, r) => n + r.elements, 0);
  const text = `${found.length} all-reduce over ${mesh[0]?.name ?? ''}=${over} of ${elements} numbers`;
  if (elements < parameters) throw new Error(`${text}, but a device has ${parameters} parameters`);
  return `${text}, for ${parameters} parameters`;
}

/**
 * A training that makes much of roundings, to the end: every few steps (a leg) both sides begin anew with the state that the mesh
 * has reached, so that what is compared is the steps and not how a training lets roundings grow.
 */
const relay =
  (name: keyof typeof trainings, spread: string, leg: number): Check =>
  async ({ steps, ...place }) => {
    const { args } = trainings[name];
    const [model = ''] = args;
    const called = `${name}-relay`;
    const bundle = await exported(place, called, [...args, '--steps', String(steps), '--mesh', spread]);
    const [mesh, here] = [`${called}-mesh`, `${called}-here`];
    let largest = 0;
    for (let from = 0; from < steps; from += leg) {
      const to = Math.min(from + leg, steps);
      const [there, own] = [mesh, here].map((side) => join(place.folder, side, 'checkpoint.safetensors')) as [
        string,
        string,
      ];
      if (from > 0) await cp(there, own);
      await trainedOnXla(place, mesh, bundle, ['--steps', String(to), ...(from > 0 ? ['--resume'] : [])]);
      await trainedHere(place, here, [...(from > 0 ? [model, '--resume'] : args), '--steps', String(to)]);
      const [ours, theirs] = [await curveOf(join(place.folder, here)), await curveOf(join(place.folder, mesh))];
      largest = Math.max(largest, difference(ours, theirs, from + 1, to));
    }
    const text = `losses of ${steps} steps, from one state every ${leg}, within ${largest.toExponential(1)}`;
    if (!(largest <= tolerance)) throw new Error(`${text}, not ${tolerance}`);
    return text;
  };

const small = [...trainings.cnn.args.slice(0, 3), '--train-size', '200', '--steps', '12'];

/** Two processes take the steps that one does. */
const processes: Check = async (place) => {
  const bundle = await exported(place, 'processes', [...small, '--mesh', 'data=8']);
  const two = await curveOf(await trainedByTwo(place, 'processes-two', bundle));
  const here = await curveOf(await trainedHere(place, 'processes-here', small));
  return compared(here, two, 1, 12);
};

/** A step may constrain what the mesh does not divide, as in the last batch of an epoch. */
const uneven: Check = async (place) => {
  const [mesh, one] = await unevenCurves(place);
  return compared(one, mesh, 1, one.size);
};

/** A training that is interrupted on one side and goes on at the other is the training that was not interrupted. */
const resuming: Check = async (place) => {
  const bundle = await exported(place, 'resuming', [...small, '--mesh', 'data=8']);
  const whole = await curveOf(await trainedHere(place, 'resuming-here', small));
  const wholeXla = await trainedOnXla(place, 'resuming-xla', bundle);

  const began = await interruptedOnXla(place, 'resuming-interrupted', bundle, 3);
  const stopped = Number((await checkpointOf(began)).metadata.step);
  if (!(stopped >= 3 && stopped < 12)) throw new Error(`interrupted at step 3, it stopped after ${stopped}`);
  await cp(began, join(place.folder, 'resuming-again'), { recursive: true });
  const again = await trainedOnXla(place, 'resuming-again', bundle, ['--resume']);
  const same = compared(await curveOf(wholeXla), await curveOf(again), 1, 12, 1e-6);

  const there = await curveOf(await trainedHere(place, 'resuming-interrupted', ['cnn', '--resume']));
  const forth = compared(whole, there, 1, 12);

  const here = await trainedHere(place, 'resuming-begun-here', [...small.slice(0, -1), '5']);
  const path = join(here, 'checkpoint.safetensors');
  const back = await curveOf(await trainedOnXla(place, 'resuming-back', bundle, ['--resume', path]));
  return [
    `interrupted after ${stopped} and resumed there: ${same}`,
    `resumed here: ${forth}`,
    `begun here and resumed there: ${compared(whole, back, 6, 12)}`,
    await sameBits(place, wholeXla),
    await sameBits(place, here),
  ].join('; ');
};

/** What a checkpoint holds is the same on both sides, to the bit, once it has been put into a state here. */
async function sameBits({ python }: Place, out: string): Promise<string> {
  const path = join(out, 'checkpoint.safetensors');
  const read = await run(python, [join(root, 'tools/xla/check/bits.py'), path]);
  const theirs = JSON.parse(read.stdout) as Readonly<Record<string, number>>;
  const { tensors, metadata } = await data.loadSafetensors(path);
  const settings = JSON.parse(metadata.settings ?? '') as Training;
  const entry = models.cnn;
  if (entry === undefined) throw new Error('there is no model cnn');
  const { functions, initKey } = entry.beginning(settings, [28, 28, 1]);
  const state = data.fromTensors(jit(functions.init)(initKey), tensors, path);
  for (const [name, { data: numbers }] of Object.entries(await data.toTensors(state))) {
    const ours = crc32(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    if (ours !== theirs[name]) throw new Error(`${path}: ${name} has other bits here`);
  }
  return `${Object.keys(theirs).length} tensors of ${metadata.step ?? '?'} steps are the same bits on both sides`;
}

/** Something wrong with a bundle, and what is said of it. */
interface Mistake {
  readonly code: string;
  readonly change?: (manifest: Manifest, bundle: string) => unknown;
  readonly args?: readonly string[];
}

const withMesh =
  (size: number) =>
  (m: Manifest): Manifest => ({ ...m, mesh: [{ name: 'data', size }] });

const mistakes: Readonly<Record<string, Mistake>> = {
  'a bundle of another version': { code: 'bundle-version', change: (m) => ({ ...m, version: 2 }) },
  'something else than a bundle': { code: 'bundle-format', change: () => ({}) },
  'a manifest without a part': { code: 'bundle-format', change: ({ data: _, ...m }) => m },
  'a missing shard': {
    code: 'bundle-missing',
    change: (m, bundle) => rm(join(bundle, m.data.shards[0]?.file ?? '')).then(() => m),
  },
  'a shard that is not listed': {
    code: 'bundle-missing',
    change: (m) => ({ ...m, data: { ...m.data, shards: m.data.shards.slice(1) } }),
  },
  'a module that was cut off': {
    code: 'bundle-damaged',
    change: (m, bundle) => writeFile(join(bundle, 'step.mlir'), 'module {').then(() => m),
  },
  'a state with another byte in it': {
    code: 'bundle-damaged',
    async change(m, bundle) {
      const path = join(bundle, m.state.file);
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      await writeFile(path, bytes);
      return m;
    },
  },
  'fewer devices than the mesh': { code: 'devices', args: ['--host-devices', '4'] },
  'devices that are not here': { code: 'devices', args: ['--platform', 'cuda'] },
  'devices that no JAX for CPUs knows': { code: 'devices', args: ['--platform', 'tpu'] },
  'devices that there are not': { code: 'devices', args: ['--platform', 'abacus'] },
  'devices of the CPU that are none of it': { code: 'devices', args: ['--platform', 'cuda', '--host-devices', '8'] },
  'a summary in a folder that is a file': {
    code: 'out-unusable',
    args: ['--host-devices', '8', '--json', 'package.json/summary.json'],
  },
  'a program in the place of a folder': { code: 'out-unusable', args: ['--host-devices', '8', '--hlo', 'tools'] },
  'a mesh that does not divide an axis': { code: 'sharding-indivisible', change: withMesh(3) },
  'an axis that the mesh has not': {
    code: 'sharding-axis',
    change: (m) => ({ ...m, mesh: [{ name: 'dta', size: 8 }] }),
  },
  'no checkpoint to resume from': {
    code: 'checkpoint-missing',
    args: ['--host-devices', '8', '--resume', 'nowhere.safetensors'],
  },
  'a checkpoint of another training': {
    code: 'checkpoint-mismatch',
    change: (m) => ({ ...m, metadata: { ...m.metadata, model: 'rnn' } }),
  },
};

/** Each mistake is one line with its code, and nothing has been done. */
const mistaken: Check = async (place) => {
  const bundle = await exported(place, 'mistaken', [...small, '--mesh', 'data=8']);
  for (const [what, { code, change, args }] of Object.entries(mistakes)) {
    const wrong = join(place.folder, 'mistaken-wrong');
    await rm(wrong, { recursive: true, force: true });
    await cp(bundle, wrong, { recursive: true });
    const changed = await change?.(await manifestOf(wrong), wrong);
    if (changed !== undefined) await writeFile(join(wrong, 'manifest.json'), JSON.stringify(changed));
    const ended = await refused(place, wrong, args ?? ['--host-devices', '8']);
    const wanted = new RegExp(`^error \\(${code}\\): [^\\n]+\\n$`);
    if (ended.code !== 1 || !wanted.test(ended.stderr)) {
      throw new Error(`${what}: ended with ${ended.code}, and said ${ended.stderr}`);
    }
  }
  const left = await stat(join(place.folder, 'refused')).catch(() => null);
  if (left !== null) throw new Error('a refused run has left a folder behind');
  return `${Object.keys(mistakes).length} mistakes are refused in a line each`;
};

/** The exported step against one written by hand in JAX. */
const speed: Check = async (place) => {
  const bundle = await exported(place, 'speed', [
    'cnn',
    '--batch-size',
    '64',
    '--train-size',
    '6400',
    '--mesh',
    'data=8',
  ]);
  const timed = await run(place.python, [join(root, 'tools/xla/check/by_hand.py'), bundle, '--host-devices', '8']);
  if (timed.code !== 0) throw new Error(timed.stderr);
  const report = JSON.parse(timed.stdout.trim().split('\n').at(-1) ?? '') as {
    readonly losses: Readonly<Record<'exported' | 'byHand', readonly number[]>>;
    readonly fastest: Readonly<Record<'exported' | 'byHand', number>>;
    readonly ratio: number;
  };
  const { losses, fastest, ratio } = report;
  losses.exported.forEach((loss, i) => {
    if (!(Math.abs((losses.byHand[i] ?? NaN) / loss - 1) < tolerance)) throw new Error('the networks are not the same');
  });
  const ms = (s: number): string => `${(1000 * s).toFixed(1)} ms`;
  const text = `${ms(fastest.exported)} a step, by hand ${ms(fastest.byHand)}: ratio ${ratio.toFixed(2)}`;
  if (!(ratio <= slowest)) throw new Error(`${text}, above ${slowest}`);
  return text;
};

/** Every command of docs/export.md, in order, as one shell runs them. */
const page: Check = async ({ python }) => {
  const text = await readFile(join(root, 'docs/export.md'), 'utf8');
  const commands = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
  const path = `PATH=${JSON.stringify(dirname(python))}:"$PATH"`;
  const ended = await run('bash', ['-c', ['set -euo pipefail', path, ...commands].join('\n')]);
  if (ended.code !== 0) throw new Error(`${ended.stdout}${ended.stderr}`);
  return `${commands.length} blocks of commands in docs/export.md`;
};

export const checks: Readonly<Record<string, Check>> = {
  mistakes: mistaken,
  cnn: training('cnn'),
  'cnn-calm': training('calmCnn'),
  'cnn-model': training('cnn', 'data=4,model=2'),
  'cnn-model-calm': training('calmCnn', 'data=4,model=2'),
  rnn: training('rnn'),
  autoencoder: training('autoencoder'),
  gan: training('gan'),
  'cnn-relay': relay('cnn', 'data=4,model=2', 10),
  'gan-relay': relay('gan', 'data=8', 3),
  uneven,
  processes,
  resuming,
  speed,
  page,
};
