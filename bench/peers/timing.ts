import type { Once, Samples } from '../protocol.ts';
import type { Prepared } from './library.ts';

/** A sample is as many calls as take about this long. */
const sampleMilliseconds = 10;
const fewestSamples = 3;

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The milliseconds that some runs take. */
async function timeOf({ run }: Prepared, runs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    const waiting = run();
    if (waiting !== undefined) await waiting;
  }
  return performance.now() - start;
}

/** Runs for a while, and gives the milliseconds of a run at its end. */
async function warmedUp(prepared: Prepared, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  for (let runs = 1; ;) {
    const taken = await timeOf(prepared, runs);
    await settle();
    if (performance.now() >= end) return taken / runs;
    if (taken < 5) runs *= 2;
  }
}

/** Runs for so many seconds after a warm-up, in which the engine compiles what is hot. */
export async function measure(
  prepared: Prepared,
  { seconds, warmUp }: { readonly seconds: number; readonly warmUp: number },
): Promise<Samples> {
  const { calls = 1 } = prepared;
  const each = await warmedUp(prepared, warmUp * 1000);
  const runs = Math.max(1, Math.round(sampleMilliseconds / each));
  const times: number[] = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end || times.length < fewestSamples;) {
    times.push((await timeOf(prepared, runs)) / (runs * calls));
    // Lets finalizers run, as they do between the events of a program.
    await settle();
    if (each > 1000 * seconds) break;
  }
  return { times };
}

/** Runs once, as it is: what a first call takes, or how much memory a loop takes. */
export async function once(prepared: Prepared): Promise<Once> {
  const time = await timeOf(prepared, 1);
  return { time, megabytes: process.resourceUsage().maxRSS / 1024 };
}
