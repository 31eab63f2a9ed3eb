import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { exitCodes, withSignals } from '../examples/training/interrupt.ts';
import { detectFeatures } from '../src/backends/wasm/features.ts';
import { verdicts } from './goals.ts';
import type { ContenderName } from './libraries.ts';
import { contender } from './libraries.ts';
import type { Effort } from './measure.ts';
import { Seats, measureRow } from './measure.ts';
import type { Options } from './options.ts';
import { UsageError, parseOptions, usage } from './options.ts';
import { installPeers } from './peers/install.ts';
import type { RowResult } from './result.ts';
import { disagreements } from './result.ts';
import { selected } from './rows/index.ts';
import type { Judged } from './table.ts';
import { table } from './table.ts';

/** `npm run bench`: see `README.md` beside this file, or `--help`. */

const folder = import.meta.dirname;

const full: Effort = { seconds: 1.2, warmUp: 0.6, rounds: 3, patience: 120 };
/** Peers compile for half a minute there: fewer turns, more patience. */
const fullOnWebGpu: Effort = { seconds: 1.2, warmUp: 0.3, rounds: 2, patience: 240 };
const quick: Effort = { seconds: 0.1, warmUp: 0.1, rounds: 1, patience: 30 };

/** What is going on, on the standard error: a line that changes on a terminal, a line for each row elsewhere. */
const progress = {
  now(text: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  },
  note(text: string): void {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  },
};

/** Runs what was asked for, and gives the exit code. */
async function bench(options: Options): Promise<number> {
  if (options.peers.some((p) => p === 'jax-js' || p === 'tfjs')) installPeers();
  const { threads, device } = options;
  const names: readonly ContenderName[] = ['pullback', ...options.peers, ...(device === 'wasm' ? (['single'] as const) : []), 'node']; // prettier-ignore
  const seats = new Seats(names.map((name) => contender(name, { threads, device })));
  const effort = options.quick ? quick : device === 'webgpu' ? fullOnWebGpu : full;
  return withSignals(async (interrupt) => {
    const finished: RowResult[] = [];
    // Ctrl-C reaches the libraries as well; what they leave undone is no result.
    const watched = setInterval(() => interrupt.signal !== null && void seats.end(), 50);
    const rows = selected(options.names, options.quick, device);
    for (const [i, row] of rows.entries()) {
      const watch = (name: string): void => progress.now(`[${i + 1}/${rows.length}] ${row.name} · ${name}`);
      const seconds = options.seconds ?? effort.seconds;
      const result = await measureRow(row, seats, ['pullback', ...options.peers], { ...effort, seconds }, watch);
      if (interrupt.signal !== null) break;
      finished.push(result);
      if (!process.stderr.isTTY) progress.note(`[${i + 1}/${rows.length}] ${row.name}`);
    }
    clearInterval(watched);
    await seats.end();
    report(options, seats, finished, interrupt.signal === null);
    if (interrupt.signal !== null) return exitCodes[interrupt.signal];
    return failed(finished) || 'absent' in (seats.roll['pullback'] ?? {}) ? 1 : 0;
  });
}

/** Wrong results, or none of pullback, are failures; goals that are not met are not. */
const failed = (results: readonly RowResult[]): boolean =>
  results.some((r) => disagreements(r).length > 0 || 'error' in (r.results.pullback ?? {}));

function report(options: Options, seats: Seats, finished: readonly RowResult[], complete: boolean): void {
  progress.now('');
  const { relaxedSimd } = detectFeatures();
  const judged = finished.map((r): Judged => ({
    ...r,
    verdicts: verdicts(r, finished, relaxedSimd || options.device === 'webgpu'),
  }));
  for (const [name, found] of Object.entries(seats.roll)) {
    console.log('absent' in found ? `${name}: not here (${found.absent})` : `${name}: ${found.version}`);
  }
  console.log(`\n${table(judged)}`);
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, relaxedSimd };
  const date = new Date().toISOString();
  const libraries = seats.roll;
  const rows = judged.map(({ row, results, verdicts }) => ({ ...row, results, goals: verdicts }));
  const text = `${JSON.stringify({ date, machine, options, complete, libraries, rows }, null, 2)}\n`;
  const file = options.json ?? join(folder, 'results', `${date.replaceAll(':', '-')}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  progress.note(`results are in ${file}`);
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options !== 'help') return await bench(options);
    console.log(usage());
    return 0;
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exit(await main(process.argv.slice(2)));
