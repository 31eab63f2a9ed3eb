import type { Expr } from '../kernel/expr.ts';
import { operandsOf } from '../kernel/expr.ts';
import type { Splits } from '../kernel/device.ts';
import { shortRow } from '../kernel/kernel.ts';
import type { KernelOp } from '../kernel/ops.ts';
import { product } from '../util/array.ts';

/**
 * The one place that decides between computing a value again and storing it. Numbers are relative to a multiplication;
 * a load that hits memory costs about as much as `storeWeight` of them, so recomputing anything lighter than a store
 * and a load is a gain, and recomputing anything that costs an exponential is not.
 */

/** What it takes to compute one element of a value from what is in memory. */
export interface Cost {
  /** Arithmetic, in multiplications. */
  readonly weight: number;
  /** Distinct positions that are read. */
  readonly loads: number;
  /** Distinct values (buffers) that are read. */
  readonly buffers: ReadonlySet<number>;
}

const heavy: Partial<Readonly<Record<KernelOp, number>>> = {
  exp: 16,
  expm1: 20,
  log: 16,
  log1p: 20,
  sin: 20,
  cos: 20,
  tan: 24,
  tanh: 20,
  atan: 20,
  erf: 20,
  pow: 32,
  atan2: 24,
  div: 4,
  rem: 8,
  sqrt: 4,
};

/**
 * The cost of an expression; shared subexpressions count once, and index arithmetic is free. So is what does not count,
 * with all in it.
 */
export function costOf(e: Expr, counts: (e: Expr) => boolean = () => true): Cost {
  const seen = new Set<Expr>();
  const buffers = new Set<number>();
  let weight = 0;
  let loads = 0;
  const go = (x: Expr): void => {
    if (seen.has(x) || !counts(x)) return;
    seen.add(x);
    if (x.kind === 'load') {
      loads += 1;
      buffers.add(x.operand);
      if (x.guard !== null) weight += 0.5;
      // A position that data decides is read as well.
      [x.index, ...(x.guard === null ? [] : [x.guard])].forEach((i) => countLoads(i));
      return;
    }
    if (x.kind === 'op') weight += heavy[x.op] ?? (x.op === 'cast' || x.op === 'bitcast' ? 0.5 : 1);
    operandsOf(x).forEach(go);
  };
  const countLoads = (x: Expr): void => {
    if (x.kind === 'load') go(x);
    else operandsOf(x).forEach(countLoads);
  };
  go(e);
  return { weight, loads, buffers };
}

/** May a value be computed again at each of several uses? */
export const cheapToRepeat = (c: Cost): boolean => c.weight <= 4 && c.loads <= 2;

/** May it be computed again for each use when it is used many times over, by a broadcast or overlapping windows? */
export const cheapToAmplify = (c: Cost): boolean => c.weight <= 2 && c.loads <= 1;

/** May it be computed while a contraction reads its operand, once for each time that a tile is packed or staged? */
export const cheapInContraction = (c: Cost): boolean => c.weight <= 2 && c.loads <= 1;

/**
 * May a value that differs from one iteration of a loop to the next be computed again, from what is in memory anyway, by
 * a loop that needs it later? Else it is stored once an iteration.
 *
 * @param weight the arithmetic of one element.
 */
export const cheapToRecompute = (weight: number): boolean => weight <= 4;

/**
 * May reductions over one row that depend on each other, and what is computed from them for each of its elements, be one
 * kernel? It works on a row at a time, so that there must be enough rows for all processors, unless all is little.
 */
export const worthARowwiseKernel = (rows: number, length: number): boolean => rows >= 32 || rows * length <= 1 << 16;

/**
 * Is a value of each element of a row, needed by several passes over it, better kept in memory than computed again? The
 * row is likely in a cache; short rows can be held in registers as they are.
 */
export const worthKeepingInARow = (c: Cost, length: number): boolean => c.weight >= 12 && length > shortRow;

/**
 * May two kernels that are independent of each other share a launch? A launch costs a GPU some ten microseconds, which
 * matters as long as one of the two is short: where both move much, each is better laid out by itself.
 */
export const worthALaunchTogether = (bytes: number, others: number): boolean => Math.min(bytes, others) <= 1 << 24;

/**
 * In how many parts a product is computed that has so many results over so much depth, whose outermost axis is cut: as many as keep
 * the device busy, each of a depth that is worth it.
 */
export function partsOfDepth(splits: Splits | undefined, results: number, depth: readonly number[]): number {
  const [outermost = 1] = depth;
  const total = product(depth);
  if (splits === undefined || results < splits.leastResults || total < splits.leastDepth) return 1;
  const most = Math.min(outermost, splits.results / results, total / leastPart);
  for (let parts = Math.floor(most); parts > 1; parts--) if (outermost % parts === 0) return parts;
  return 1;
}

const leastPart = 128;

/** Can a kernel bind so few buffers that small values had better share some? Devices that pass pointers bind any number. */
export const fewBindings = (maxOperands: number): boolean => maxOperands <= 32;

/** May a temporary live in one buffer with others, for as long as any of them is needed? */
export const smallEnoughToPack = (bytes: number): boolean => bytes <= 1 << 14;
