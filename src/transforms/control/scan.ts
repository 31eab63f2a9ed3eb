import { ArgumentError } from '../../trace/errors.ts';
import { staticNumber } from '../../trace/static.ts';
import { disableJit } from '../../trace/switches.ts';
import { showAval } from '../../trace/aval.ts';
import type { NDArray } from '../../trace/value.ts';
import type { TreeDef } from '../../tree/tree.ts';
import { keystr, leafPaths, unflatten } from '../../tree/tree.ts';
import { at, range } from '../../util/array.ts';
import { inIteration } from '../../util/origin.ts';
import type { ArrayTree } from '../trees.ts';
import { flattenArrays, nameOf } from '../trees.ts';
import type { CarryTypes } from './body.ts';
import { likeCarry, settleCarry, sliceAval, stageBody } from './body.ts';
import { checkpointedScan } from './checkpointed-scan.ts';
import { cut } from './edit.ts';
import { noteScan } from './keys.ts';
import { scanFlat } from './scan-flat.ts';
import { sliceAt, stackOf } from './scan-loop.ts';

/** Options of {@link scan}. */
export interface ScanOptions {
  /** The number of iterations; only needed when there are no xs. */
  readonly length?: number;
  /** Runs from the last slice to the first; the ys are in the order of the xs all the same. Default false. */
  readonly reverse?: boolean;
  /** Iterations in one trip of the compiled loop; true for all of them, so that there is no loop. Default 1. */
  readonly unroll?: number | boolean;
  /**
   * Less memory and more work in reverse mode: instead of what the backward pass needs of every iteration, only some
   * carried values are kept, and the iterations between them are run again, in blocks of blocks.
   *
   * With a number n, at most n carried values are kept at each of ⌈logₙ length⌉ levels, and each level runs the forward
   * iterations once more: memory grows with the logarithm of the length. A number near √length makes two levels. True
   * is 8. Default false.
   */
  readonly checkpoint?: boolean | number;
}

/**
 * Carries a value through a loop over the leading axis of `xs`, compiled as one loop: what it takes to trace and compile
 * does not depend on the number of iterations.
 *
 * In plain code it is
 *
 * ```ts
 * let carry = init;
 * const ys = [];
 * for (const x of xs) {
 *   const [next, y] = f(carry, x);
 *   carry = next;
 *   ys.push(y);
 * }
 * return [carry, stack(ys)];
 * ```
 *
 * `init`, `xs` and what `f` returns are arrays or trees of them; `xs` may be null, with `length` given, and a part of a
 * tree may be null. Both modes of differentiation work. What `f` closes over is differentiated and batched like
 * arguments.
 *
 * @param f from the carried value and a slice of each array of `xs` (without its axis 0) to the next carried value, of the
 *   same structure, shapes and dtypes, and a slice of the ys. It is traced once.
 * @param xs arrays of one length along axis 0.
 * @returns the last carried value and the stacked ys, along axis 0.
 * @throws CarryTypeError when `f` gives back a carry of another structure, shape or dtype.
 * @throws ArgumentError when lengths differ or none is known, or `f` does not return a pair.
 * @example
 * const [total, sums] = lax.scan(
 *   (sum: NDArray, x: NDArray) => { const next = sum.add(x); return [next, next]; },
 *   np.array(0),
 *   np.array([1, 2, 3]),
 * ); // 6, [1, 3, 6]
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carry: C, ys: Y] {
  const name = `scan of ${nameOf(f)}`;
  const start = flattenArrays(init, `[scan] init`);
  const stacks = flattenArrays(xs, '[scan] xs');
  const length = lengthOf(stacks, options.length);
  const { reverse = false } = options;
  const unroll = unrollOf('scan', options.unroll, length);
  if (disableJit.on && length > 0) return scanDirectly(f, start, stacks, length, reverse);
  const slices = stacks.leaves.map((x) => sliceAval(x.aval));
  const { init: first, staged } = settleCarry('scan', start, (avals) =>
    stageBody(
      name,
      (inputs): readonly [readonly NDArray[], ScanTypes] => {
        const [c, x] = cut(inputs, avals.length);
        const result = f(unflatten<C>(start.treedef, c), unflatten<X>(stacks.treedef, x));
        const { carry, ys } = flattenPair(result, nameOf(f));
        const types = { treedef: carry.treedef, avals: carry.leaves.map((o) => o.aval), ysTree: ys.treedef };
        return [[...likeCarry(carry.leaves, avals), ...ys.leaves], types];
      },
      [...avals, ...slices],
    ),
  );
  const every = checkpointEvery(options.checkpoint);
  const settings = { length, reverse, unroll };
  const outs =
    every === null
      ? scanFlat(staged.callable, first, stacks.leaves, settings)
      : checkpointedScan(staged.callable, first, stacks.leaves, settings, every);
  if (staged.keyUses !== null) noteScan(name, staged.keyUses, first, stacks.leaves, length, outs);
  return [
    unflatten<C>(start.treedef, outs.slice(0, first.length)),
    unflatten<Y>(staged.more.ysTree, outs.slice(first.length)),
  ];
}

interface ScanTypes extends CarryTypes {
  readonly ysTree: TreeDef;
}

function flattenPair(result: unknown, f: string): { readonly carry: ArrayTree; readonly ys: ArrayTree } {
  const pair: readonly unknown[] = Array.isArray(result) ? result : [];
  if (pair.length !== 2) {
    throw new ArgumentError(
      `[scan] ${f} must return a pair [carry, y] (y may be null), but returned ${Array.isArray(result) ? `a list of ${result.length}` : 'no list'}`,
    );
  }
  const [carry, ys] = pair;
  return {
    carry: flattenArrays(carry, `the carry that ${f} returned`),
    ys: flattenArrays(ys, `the y that ${f} returned`),
  };
}

/** The length that all xs have along axis 0. */
export function lengthOf({ leaves, treedef }: ArrayTree, given: number | undefined, what = 'scan'): number {
  const where = (i: number): string => `${keystr(leafPaths(treedef)[i] ?? [], 'xs')}: ${showAval(at(leaves, i).aval)}`;
  const flat = leaves.findIndex((x) => x.ndim === 0);
  if (flat >= 0) throw new ArgumentError(`[${what}] ${where(flat)} has no axis to go over`);
  const lengths = leaves.map((x) => at(x.shape, 0));
  const asked = given === undefined ? [] : [staticNumber(given, `[${what}] length`)];
  const [length] = [...asked, ...lengths];
  if (length === undefined) {
    throw new ArgumentError(`[${what}] without xs the number of iterations must be given: { length: 10 }`);
  }
  if (!Number.isInteger(length) || length < 0) {
    throw new ArgumentError(`[${what}] length must be an integer, 0 or more; got ${length}`);
  }
  if (lengths.every((n) => n === length)) return length;
  throw new ArgumentError(
    `[${what}] xs must have one length along axis 0${given === undefined ? '' : `, ${length} as length says`}:\n` +
      range(leaves.length)
        .map((i) => `  ${where(i)}`)
        .join('\n'),
  );
}

/** The iterations in one trip. */
export function unrollOf(what: string, unroll: number | boolean | undefined, length: number): number {
  if (unroll === true) return Math.max(1, length);
  if (unroll === undefined || unroll === false) return 1;
  if (Number.isInteger(unroll) && unroll > 0) return unroll;
  throw new ArgumentError(`[${what}] unroll must be a positive integer or a boolean, got ${unroll}`);
}

function checkpointEvery(option: boolean | number | undefined): number | null {
  if (option === undefined || option === false) return null;
  if (option === true) return 8;
  if (Number.isInteger(option) && option > 1) return option;
  throw new ArgumentError(`[scan] checkpoint must be a boolean or an integer, 2 or more; got ${option}`);
}

/** The plain loop that a scan stands for, with `f` called on values. */
function scanDirectly<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: ArrayTree,
  xs: ArrayTree,
  length: number,
  reverse: boolean,
): [C, Y] {
  let carry = unflatten<C>(init.treedef, init.leaves);
  const made: ArrayTree[] = [];
  for (const n of range(length)) {
    const position = reverse ? length - 1 - n : n;
    const x = xs.leaves.map((a) => sliceAt(a, position));
    const pair = inIteration(position, () => flattenPair(f(carry, unflatten<X>(xs.treedef, x)), nameOf(f)));
    carry = unflatten<C>(init.treedef, pair.carry.leaves);
    made.push(pair.ys);
  }
  if (reverse) made.reverse();
  const first = at(made, 0);
  const ys = first.leaves.map((y, j) =>
    stackOf(
      made.map((m) => at(m.leaves, j)),
      y.aval,
    ),
  );
  return [carry, unflatten<Y>(first.treedef, ys)];
}
