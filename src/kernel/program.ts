import type { DType, HostArray } from './dtype.ts';
import { storedBytes } from './dtype.ts';
import { roundUp } from '../util/array.ts';
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
export type Step = RunStep | LoopStep | BranchStep;

/** Runs a kernel; `args[i]` is the number of the buffer bound to the kernel's operand `i`. All are distinct storage. */
export interface RunStep {
  readonly kind: 'run';
  readonly kernel: Kernel;
  readonly args: readonly number[];
}

/**
 * Runs `body` again and again: `trips` times, or, where that is null, while the bool in buffer `condition` holds, which
 * `test` computes before each trip. What is carried from trip to trip stays in the buffers that the body updates.
 */
export type LoopStep = {
  readonly kind: 'loop';
  /** For people: where the loop came from. */
  readonly name: string;
  readonly body: readonly Step[];
} & ({ readonly trips: number } | { readonly trips: null; readonly test: readonly Step[]; readonly condition: number });

/** Runs one of several lists of steps: number `index`, an i32 in a buffer that is always in range. */
export interface BranchStep {
  readonly kind: 'branch';
  readonly name: string;
  readonly index: number;
  readonly branches: readonly (readonly Step[])[];
}

/** Every kernel run among the steps, those inside loops and branches once each, in order. */
export function runSteps(steps: readonly Step[]): readonly RunStep[] {
  return steps.flatMap((s): readonly RunStep[] => {
    if (s.kind === 'run') return [s];
    if (s.kind === 'branch') return s.branches.flatMap(runSteps);
    return [...(s.trips === null ? runSteps(s.test) : []), ...runSteps(s.body)];
  });
}

/** A step with the lists of steps inside it changed; a run has none. */
export function withInner(step: Step, change: (steps: readonly Step[]) => readonly Step[]): Step {
  if (step.kind === 'run') return step;
  if (step.kind === 'branch') return { ...step, branches: step.branches.map(change) };
  if (step.trips !== null) return { ...step, body: change(step.body) };
  return { ...step, test: change(step.test), body: change(step.body) };
}

/**
 * The bytes that elements take in a slot: as many as on the device where they take most, which has bools and narrow
 * integers as words.
 */
export const slotBytes = (dtype: DType, length: number): number =>
  dtype === 'f16' ? roundUp(2 * length, 4) : length * Math.max(4, storedBytes(dtype));
