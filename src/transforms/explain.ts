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
  const nearest = known
    .map((k) => describeDifferences(k, now, positions))
    .reduce((a, b) => (b.length < a.length ? b : a));
  if (nearest.length > 0) return nearest.join('; ');
  return known.every((k) => (k.modes & neededModes()) !== neededModes())
    ? 'a debugging mode was turned on'
    : 'it captured arrays of a transformation that has ended';
}
