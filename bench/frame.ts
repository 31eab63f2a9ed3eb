/**
 * The frame of all benchmarks: each compares pullback with peers in one run, on one task. Samples of the contenders take
 * turns, so that a machine that is busy for a while is busy for all of them.
 */

/** One benchmark. */
export interface Benchmark {
  readonly name: string;
  /** Of the times that are printed. */
  readonly unit: 'ms' | 'µs';
  /** The longest time that pullback may take; the benchmark says so when it takes longer. */
  readonly limit?: number;
  /** The first one is pullback. */
  readonly contenders: readonly Contender[];
}

/** One library at the task. */
export interface Contender {
  readonly name: string;
  /** Prepares the task and gives what is timed. It is called often before it is timed. */
  readonly prepare: () => Promise<() => void>;
}

/** Benchmarks that are run by one name. */
export interface Suite {
  readonly name: string;
  readonly benchmarks: readonly Benchmark[];
}

/** The time of one call, in the benchmark's unit. */
export interface Timing {
  readonly median: number;
  readonly minimum: number;
  readonly samples: number;
}

/** What a benchmark gave. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly limit: number | null;
  readonly timings: Readonly<Record<string, Timing>>;
  /** Each peer's median through pullback's: how many times faster pullback is. */
  readonly ratios: Readonly<Record<string, number>>;
}

const samples = 31;
/** A sample is as many calls as take about this long. */
const sampleMilliseconds = 20;
const warmUpMilliseconds = 600;

/** Runs a benchmark. */
export async function measure({ name, unit, limit, contenders }: Benchmark): Promise<Result> {
  const scale = unit === 'ms' ? 1 : 1000;
  const ready: { readonly name: string; readonly run: () => void; readonly calls: number; readonly times: number[] }[] =
    [];
  for (const c of contenders) {
    const run = await c.prepare();
    const each = await warmUp(run);
    ready.push({ name: c.name, run, calls: Math.max(1, Math.round(sampleMilliseconds / each)), times: [] });
  }
  for (let i = 0; i < samples; i++) {
    for (const { run, calls, times } of ready) {
      times.push((timeOf(run, calls) / calls) * scale);
      // Lets finalizers run: arrays that nobody holds any more are given back.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const timings = Object.fromEntries(ready.map((c) => [c.name, summary(c.times)]));
  const [own, ...peers] = contenders.map((c) => c.name);
  const median = (which: string | undefined): number => timings[which ?? '']?.median ?? NaN;
  const ratios = Object.fromEntries(peers.map((p) => [p, median(p) / median(own)]));
  return { name, unit, limit: limit ?? null, timings, ratios };
}

/** Calls until the engine has settled; gives the milliseconds of one call. */
async function warmUp(run: () => void): Promise<number> {
  const end = performance.now() + warmUpMilliseconds;
  let calls = 1;
  for (;;) {
    const taken = timeOf(run, calls);
    await new Promise((resolve) => setImmediate(resolve));
    if (performance.now() >= end) return taken / calls;
    if (taken < 5) calls *= 2;
  }
}

function timeOf(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return performance.now() - start;
}

function summary(times: readonly number[]): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] as number, minimum: sorted[0] as number, samples: sorted.length };
}

/** Results as a table. */
export function table(results: readonly Result[]): string {
  const rows = results.flatMap((r) =>
    Object.entries(r.timings).map(([who, { median, minimum }]) => [
      r.name,
      who,
      `${shown(median)} ${r.unit}`,
      `${shown(minimum)} ${r.unit}`,
      who in r.ratios ? `${shown(r.ratios[who] as number)}×` : r.limit === null ? '' : verdict(median, r.limit, r.unit),
    ]),
  );
  const lines = [['benchmark', 'library', 'median', 'minimum', 'ratio or limit'], ...rows];
  const widths = (lines[0] as string[]).map((_, i) => Math.max(...lines.map((l) => (l[i] as string).length)));
  return lines.map((l) => l.map((text, i) => text.padEnd(widths[i] as number)).join('  ').trimEnd()).join('\n'); // prettier-ignore
}

const shown = (x: number): string => x.toPrecision(3);

const verdict = (median: number, limit: number, unit: string): string =>
  `${median <= limit ? 'within' : 'OVER'} ${limit} ${unit}`;
