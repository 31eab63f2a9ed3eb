import type { Aval } from '../trace/aval.ts';
import { firstDifference } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { Origin } from '../util/origin.ts';
import { userLine } from '../util/origin.ts';
import type { CachedTrace, TraceKey } from './trace-cache.ts';
import { describeDifferences, neededModes } from './trace-cache.ts';

/** Functions made by `jit` on each of the user's lines, while misses are explained. */
const madeAt = new Map<string, number>();

/**
 * Says why a jitted function has to be traced: how the call differs from the nearest of the earlier traces.
 *
 * @param positions which arguments are not static.
 * @param made where `jit` was called.
 */
export function explainMiss(
  name: string,
  known: readonly CachedTrace[],
  now: TraceKey,
  positions: readonly number[],
  made: Origin | null,
): void {
  const called = userLine() ?? 'at an unknown line';
  const nth = known.length + 1;
  console.warn(
    `jit of ${name} is traced (trace ${nth} of this function), called ${called}: ${reason(known, now, positions, made)}`,
  );
}

function reason(
  known: readonly CachedTrace[],
  now: TraceKey,
  positions: readonly number[],
  made: Origin | null,
): string {
  if (known.length === 0) {
    const line = made?.line() ?? null;
    const count = line === null ? 0 : (madeAt.get(line) ?? 0) + 1;
    if (line !== null) madeAt.set(line, count);
    return count > 1
      ? `it was never called before, but it is function ${count} that jit makes ${String(line)}, and each is traced by ` +
          'itself: call jit once and keep what it returns'
      : 'it was never called before';
  }
  const nearest = known.reduce((a, b) => (distance(b, now) < distance(a, now) ? b : a));
  const differences = describeDifferences(nearest, now, positions);
  if (differences.length > 0) return differences.join('; ');
  return known.every((k) => (k.modes & neededModes()) !== neededModes())
    ? 'a debugging mode was turned on'
    : 'it captured arrays of a transformation that has ended';
}

/** How much two calls differ: by structure most, then by what differs of each leaf. */
function distance(a: TraceKey, b: TraceKey): number {
  if (firstDifference(a.treedef, b.treedef) !== null) return Infinity;
  return a.avals.reduce((n, x, i) => n + avalDistance(x, at(b.avals, i)), a.statics === b.statics ? 0 : 1);
}

function avalDistance(a: Aval, b: Aval): number {
  const axes = a.shape.length === b.shape.length ? a.shape.filter((n, i) => n !== b.shape[i]).length : 4;
  return axes + (a.dtype === b.dtype ? 0 : 1) + (a.weakType === b.weakType ? 0 : 1);
}
