import { jvp, tree, vjp, vmap } from '../../src/index.ts';
import type { NDArray } from '../../src/index.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import type { Fn } from './functions.ts';
import { arraysIn, batch, direction, toArray, withArrays } from './inputs.ts';
import type { GoldenCase } from './read.ts';
import { GoldenArray } from './read.ts';

/** Golden cases as functions of arrays. */

/** From arrays to arrays. */
export type Flat = (...arrays: readonly NDArray[]) => readonly NDArray[];

/** The case's call as a function of the arrays in its arguments. */
export function callOf(c: GoldenCase, f: Fn): (...arrays: readonly NDArray[]) => unknown {
  const options = c.options === undefined ? [] : [withArrays(c.options, arraysIn(c.options).map(toArray))];
  return (...arrays) => f(...(withArrays(c.args, arrays) as readonly unknown[]), ...options);
}

/** The arrays of a result. */
export const leavesOf = (x: unknown): readonly NDArray[] => tree.leaves(x) as readonly NDArray[];
/** Those that derivatives are of. */
export const floatsOf = (xs: readonly NDArray[]): readonly NDArray[] => xs.filter((x) => isFloat(x.dtype));

/** The call from its float arrays to its float results. */
export function ofFloats(call: (...arrays: readonly NDArray[]) => unknown, arrays: readonly NDArray[]): Flat {
  return (...floats) => {
    let next = 0;
    const all = arrays.map((x) => (isFloat(x.dtype) ? (floats[next++] as NDArray) : x));
    return floatsOf(leavesOf(call(...all)));
  };
}

/** The largest finite magnitude in an array. */
export const largestOf = ({ data }: GoldenArray): number =>
  Math.max(0, ...Array.from(data, Math.abs).filter((x) => x < Infinity));

/** Something to compute for a case, and on which arrays. */
export interface CaseProgram {
  readonly what: 'value' | 'vjp' | 'jvp' | 'vmap';
  readonly run: Flat;
  readonly inputs: readonly NDArray[];
}

/** All that is checked of a case, as functions that can be compiled; nothing where its result is no array. */
export function programsOf(c: GoldenCase, f: Fn): readonly CaseProgram[] {
  const goldens = arraysIn(c.args);
  const inputs = goldens.map(toArray);
  const call = callOf(c, f);
  if (!(c.out[0] instanceof GoldenArray)) return [];
  const value: Flat = (...xs) => leavesOf(call(...xs));
  const gradients: Flat = (...xs) => {
    const [floats, pullback] = vjp(ofFloats(call, xs), ...floatsOf(xs));
    return pullback(floats.map((y, i) => direction(y, i, 1)));
  };
  const tangents: Flat = (...xs) => {
    const at = floatsOf(xs);
    const along = at.map((x, i) => direction(x, i, 0));
    return jvp(ofFloats(call, xs), [...at], along)[1];
  };
  const axes = c.vmap?.axes ?? [];
  const batched = c.vmap === undefined ? [] : goldens.map((x, i) => (axes[i] === null ? toArray(x) : batch(x, axes[i] as number))); // prettier-ignore
  return [
    { what: 'value', run: value, inputs },
    ...(c.vjp === undefined ? [] : [{ what: 'vjp', run: gradients, inputs } as const]),
    ...(c.jvp === undefined ? [] : [{ what: 'jvp', run: tangents, inputs } as const]),
    ...(c.vmap === undefined
      ? []
      : [
          {
            what: 'vmap',
            run: vmap<readonly NDArray[], readonly NDArray[]>(value, [...axes]),
            inputs: batched,
          } as const,
        ]),
  ];
}
