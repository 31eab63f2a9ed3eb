import { isFloat } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { NDArray } from '../../src/index.ts';
import { aval } from '../../src/trace/aval.ts';
import { ConcreteArray } from '../../src/trace/concrete.ts';
import type { Golden } from './read.ts';
import { GoldenArray } from './read.ts';

/** Inputs that the golden files leave out, since a formula gives them; tools/golden/cases.py has the same formulas. */

/** A new array of these elements. */
export const toArray = ({ shape, dtype, data }: GoldenArray): NDArray =>
  ConcreteArray.fromHost(aval(shape, dtype), data.slice());

/** The arrays in a tree of arguments, in order; records by their sorted keys. */
export function arraysIn(x: Golden): readonly GoldenArray[] {
  if (x instanceof GoldenArray) return [x];
  return typeof x === 'object' && x !== null ? childrenOf(x).flatMap(([, child]) => arraysIn(child)) : [];
}

/** The tree with `arrays` in the places of its own. */
export function withArrays(tree: Golden, arrays: readonly NDArray[]): unknown {
  let next = 0;
  const go = (x: Golden): unknown => {
    if (x instanceof GoldenArray) return arrays[next++];
    if (typeof x !== 'object' || x === null) return x;
    const children = childrenOf(x).map(([key, child]) => [key, go(child)] as const);
    return Array.isArray(x) ? children.map(([, child]) => child) : Object.fromEntries(children);
  };
  return go(tree);
}

function childrenOf(x: Golden): readonly (readonly [string, Golden])[] {
  const entries = Object.entries(x as Readonly<Record<string, Golden>>);
  return Array.isArray(x) ? entries : entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The tangent (salt 0) or cotangent (salt 1) of the `leaf`-th float array: multiples of 1/4 from -5/4 to 5/4. */
export function direction({ shape, dtype, size }: NDArray, leaf: number, salt: 0 | 1): NDArray {
  const data = hostArray[dtype](size).map((_, k) => (((7 * k + 3 * leaf + 5 * salt + 1) % 11) - 5) / 4);
  return ConcreteArray.fromHost(aval(shape, dtype), data);
}

/** How many examples a batch has. */
const batchSize = 3;

/**
 * The array and two others like it, stacked along `axis`: its elements moved on by one and by two places; if there is one
 * element only, a float is halved and quartered, an integer counted up, a bool inverted.
 */
export function batch({ shape, dtype, data }: GoldenArray, axis: number): NDArray {
  const n = data.length;
  const element = (b: number, k: number): number => {
    const x = data[n === 1 ? 0 : (k - b + batchSize * n) % n] as number;
    return n !== 1 ? x : isFloat(dtype) ? x / 2 ** b : dtype === 'bool' ? x ^ (b & 1) : x + b;
  };
  const at = axis < 0 ? axis + shape.length + 1 : axis;
  const inner = shape.slice(at).reduce((a, b) => a * b, 1);
  const out = hostArray[dtype](n * batchSize);
  for (let k = 0; k < n; k++) {
    for (let b = 0; b < batchSize; b++) {
      out[(Math.floor(k / inner) * batchSize + b) * inner + (k % inner)] = element(b, k);
    }
  }
  return ConcreteArray.fromHost(aval([...shape.slice(0, at), batchSize, ...shape.slice(at)], dtype), out);
}
