import fc from 'fast-check';
import type { NDArray } from '../../trace/value.ts';
import { functionOf } from './interpret.ts';
import type { Program } from './program.ts';
import { program as instructions } from './program.ts';

/** A random function, and what it is made of. */
export interface RandomProgram {
  /** From f64[3] to f64[3]. */
  readonly f: (x: NDArray) => NDArray;
  readonly instructions: Program;
}

/** Random functions of twelve operations or more; they shrink to shorter ones. */
export const program = (): fc.Arbitrary<RandomProgram> =>
  instructions.map((list) =>
    Object.defineProperty({ f: functionOf(list), instructions: list }, fc.toStringMethod, {
      value: () => `program ${JSON.stringify(list.filter((i) => i.kind !== 'skip'))}`,
    }),
  );
