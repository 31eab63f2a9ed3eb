import type { DType, HostArray } from './dtype.ts';
import type { Kernel } from './kernel.ts';

/**
 * A whole compiled function, target independent: the last form that all backends share. Running it means binding the
 * inputs, running the steps in order, and handing back the outputs.
 */
export interface Program {
  readonly name: string;
  readonly buffers: readonly BufferSpec[];
  readonly steps: readonly Step[];
  /** Buffer numbers, in the order of the function's flattened arguments. */
  readonly inputs: readonly number[];
  /**
   * Buffer numbers, all distinct, in the order of the flattened results. A buffer that is an input as well is a donated
   * one: the caller gave up its storage, and the result was written over it.
   */
  readonly outputs: readonly number[];
  /** Inputs whose storage the caller gave up; those that are not outputs too can be freed after the run. */
  readonly donated: readonly number[];
  /** Byte sizes of the storage that temporaries share; a temporary's `slot` is a position in this list. */
  readonly slots: readonly number[];
}

/** A buffer and where its storage comes from. */
export interface BufferSpec {
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
  readonly place: Place;
}

/**
 * - `input`: bound by the caller at each run.
 * - `output`: allocated fresh for each run and handed to the caller.
 * - `constant`: known at compile time, uploaded once.
 * - `temporary`: lives in a slot that other temporaries reuse when this one is dead.
 */
export type Place =
  | { readonly kind: 'input' }
  | { readonly kind: 'output' }
  | { readonly kind: 'constant'; readonly data: HostArray }
  | { readonly kind: 'temporary'; readonly slot: number };

/** One step of a program. Each sees all that earlier steps wrote. */
export type Step = RunStep;

/** Runs a kernel; `args[i]` is the number of the buffer bound to the kernel's operand `i`. All are distinct storage. */
export interface RunStep {
  readonly kind: 'run';
  readonly kernel: Kernel;
  readonly args: readonly number[];
}
