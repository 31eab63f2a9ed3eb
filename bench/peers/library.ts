import type { Check } from '../protocol.ts';
import type { Task, TaskKind, TaskOf } from '../task.ts';

/** A task that is ready to be timed. */
export interface Prepared {
  /** One call. Its results are there when it returns, or when its promise does. */
  readonly run: () => void | Promise<void>;
  /** How many calls one `run` makes; default 1. */
  readonly calls?: number;
  readonly check: () => Promise<Check>;
  readonly release: () => void;
}

/** A library that runs in a Node process of its own. What it does not do at all has a reason instead. */
export interface Library {
  readonly version: string;
  /** What it runs on. */
  readonly backend: string;
  readonly threads: number;
  readonly tasks: { readonly [K in TaskKind]: ((task: TaskOf<K>) => Prepared | Promise<Prepared> | string) | string };
}

/** Refuses every kind of task, for a library to say what it does do. */
export const refusing = (reason: string): Readonly<Record<TaskKind, string>> => ({
  matmul: reason, conv: reason, softmax: reason, reduce: reason, elementwise: reason, transpose: reason, sort: reason,
  gather: reason, scatter: reason, random: reason, dispatch: reason, 'cache-hit': reason, trace: reason, model: reason,
  copy: reason, memory: reason,
}); // prettier-ignore

/** What a library is started with. */
export interface LibraryOptions {
  readonly threads: number;
  /** Of pullback; on `webgpu`, jax-js and TensorFlow.js run on WebGPU as well. */
  readonly device: 'wasm' | 'webgpu' | 'reference';
}

/** Prepares a task, or gives the reason why not. */
export function prepare(library: Library, task: Task): Prepared | Promise<Prepared> | string {
  const make = library.tasks[task.kind] as ((task: Task) => Prepared | Promise<Prepared> | string) | string;
  return typeof make === 'string' ? make : make(task);
}

/** A check of an array: its mean and its root mean square, whatever its layout. */
export function moments(data: ArrayLike<number>): Check {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const x = data[i] as number;
    sum += x;
    squares += x * x;
  }
  const root = Math.sqrt(squares / data.length);
  return { check: [sum / data.length, root], scale: root };
}

/** A check of losses, each compared relative to the first. */
export const losses = (values: readonly number[]): Check => ({ check: values, scale: 0 });

/** Of tasks that have nothing to compare. */
export const unchecked = (): Promise<Check> => Promise.resolve({ check: [], scale: 0 });
