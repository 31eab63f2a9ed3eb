import type { Task } from './task.ts';

/**
 * What is said between the benchmark and a library in a process of its own: one JSON object a line, a request on its
 * standard input, one answer for each on its standard output. Times are in milliseconds.
 */
export type Request =
  /** Makes the inputs and whatever is needed to run. */
  | { readonly ask: 'prepare'; readonly task: Task }
  /** What the task computes, as a few numbers that do not depend on layouts. */
  | { readonly ask: 'check' }
  /** Runs again and again for so long, after a warm-up of so long. */
  | { readonly ask: 'measure'; readonly seconds: number; readonly warmUp: number }
  /** Runs once, as it is. */
  | { readonly ask: 'once' }
  /** Forgets the task. */
  | { readonly ask: 'release' };

/** What a library says when it is there, or that it is not. */
export type Greeting =
  | { readonly library: string; readonly version: string; readonly backend: string; readonly threads: number }
  | { readonly absent: string };

/** The numbers of a check; two are the same when they differ by less than a share of them, or of `scale`. */
export interface Check {
  readonly check: readonly number[];
  readonly scale: number;
}

/** Each sample is the time of one call, averaged over some. */
export interface Samples {
  readonly times: readonly number[];
}

/** One run, and the most memory that the process has had until then. */
export interface Once {
  readonly time: number;
  readonly megabytes: number;
}

/** `skip`: the library can't do it, and why. `error`: it should have. */
export type Answer = Check | Samples | Once | { readonly done: true } | Refusal;
export type Refusal = { readonly skip: string } | { readonly error: string };
