import type { Device } from '../kernel/device.ts';
import { isFloat } from '../kernel/dtype.ts';
import { stack } from '../numpy/shape.ts';
import type { NDArray } from '../trace/value.ts';
import { vmap } from '../transforms/vmap.ts';
import { at, range } from '../util/array.ts';
import { differentArrays } from './derivatives.ts';
import type { Flat } from './subject.ts';
import { arrayOf, on } from './subject.ts';

/** The law of batching, for functions of flat lists: what the public check and the blame share. */

/** A way of mapping under which `vmap` is not a loop. */
export interface Case {
  readonly inAxes: readonly (number | null)[];
  readonly outAxes: number;
  readonly why: string;
}

type Mapping = Omit<Case, 'why'>;

/** All operands mapped, along the first, second and last axis, then each operand alone. */
function mappings(xs: readonly NDArray[]): readonly Mapping[] {
  const along = (axis: number, outAxes = 0): Mapping => ({ inAxes: xs.map((x) => Math.min(axis, x.ndim)), outAxes });
  const all = [along(0), along(1, -1), along(Infinity)];
  const alone = xs.length === 1 ? [] : range(xs.length).map((k) => ({ inAxes: xs.map((_, i) => (i === k ? 0 : null)), outAxes: 0 })); // prettier-ignore
  const told = [...all, ...alone].map((m) => JSON.stringify(m));
  return [...all, ...alone].filter((_, i) => told.indexOf(told[i] ?? '') === i);
}

/** The operand with others like it: in other orders, and a little nearer to zero. What is far off may make loops endless. */
async function examplesOf(x: NDArray): Promise<readonly NDArray[]> {
  const data = Array.from(await x.data());
  const scaled = (values: readonly number[], by: number): NDArray =>
    arrayOf(x.shape, x.dtype, isFloat(x.dtype) ? values.map((v) => v * by) : values);
  return [
    arrayOf(x.shape, x.dtype, data),
    scaled([...data].reverse(), 0.97),
    scaled([...data.slice(1), ...data.slice(0, 1)], 0.94),
  ];
}

/** How many ways of mapping there are. */
export const waysToMap = (xs: readonly NDArray[]): number => mappings(xs).length;

/** The first way of mapping under which `vmap` of `run` is not a loop over examples; null when there is none. */
export async function batchFault(
  run: Flat,
  xs: readonly NDArray[],
  device: Device,
  tolerance: (x: NDArray) => number,
): Promise<Case | null> {
  const examples = await Promise.all(xs.map(examplesOf));
  for (const { inAxes, outAxes } of mappings(xs)) {
    const why = await differentArrays(...on(device, () => bothWays(run, examples, inAxes, outAxes)), tolerance);
    if (why !== null) return { inAxes, outAxes, why };
  }
  return null;
}

function bothWays(
  run: Flat,
  examples: readonly (readonly NDArray[])[],
  inAxes: readonly (number | null)[],
  outAxes: number,
): readonly [batched: readonly NDArray[], looped: readonly NDArray[]] {
  const argument = (i: number, n: number): NDArray => at(at(examples, i), inAxes[i] === null ? 0 : n);
  const size = at(examples, 0).length;
  const loop = range(size).map((n) => run(...examples.map((_, i) => argument(i, n))));
  const batches = examples.map((list, i) => {
    const axis = inAxes[i] ?? null;
    return axis === null ? at(list, 0) : stack(list, axis);
  });
  const batched = vmap((...ys: readonly NDArray[]) => run(...ys), inAxes, { outAxes })(...batches);
  return [batched, at(loop, 0).map((_, o) => stack(loop.map((outs) => at(outs, o)), outAxes))]; // prettier-ignore
}
