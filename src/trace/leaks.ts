import { collectGarbage } from '../util/collect.ts';
import type { Origin } from '../util/origin.ts';
import { showAval } from './aval.ts';
import { ArgumentError, EscapedTracerError } from './errors.ts';
import { watchTracers } from './value.ts';
import type { Tracer } from './value.ts';

/**
 * Runs `body`, and finds tracers that are still held somewhere after it: in outer variables, in objects, in closures.
 * Using one later is an error anyway; this finds those that nobody has used yet, and that keep memory alive. It collects
 * garbage, so it is slow: for tests.
 *
 * @returns what `body` returns.
 * @throws EscapedTracerError (the promise rejects) that names each of them: its type, what it was traced by, and the line.
 * @throws ArgumentError where the engine's garbage collector can't be asked to run: a browser needs
 *   `--js-flags=--expose-gc`.
 * @example
 * await checkTracerLeaks(() => step(params, batch));
 */
export async function checkTracerLeaks<T>(body: () => T | Promise<T>): Promise<T> {
  const made: WeakRef<Tracer>[] = [];
  const stop = watchTracers((tracer) => void made.push(new WeakRef(tracer)));
  let result: T;
  try {
    result = await body();
  } finally {
    stop();
  }
  if (!(await collectGarbage())) {
    throw new ArgumentError(
      "[checkTracerLeaks] this engine's garbage collector can't be asked to run: use Node, or start the browser with " +
        '--js-flags=--expose-gc',
    );
  }
  const leaked = made.map((tracer) => tracer.deref()).filter((t) => t?.trace.alive === false) as readonly Tracer[];
  if (leaked.length === 0) return result;
  throw new EscapedTracerError(
    `${leaked.length} tracers are still held after what traced them has ended:\n` +
      leaked
        .slice(0, maxNamed)
        .map(({ aval, trace, origin }) => `  ${showAval(aval)} of ${trace.name}, ${madeAt(origin)}`)
        .join('\n') +
      '\nReturn what the function computes instead of keeping it in an outer variable.',
  );
}

const maxNamed = 10;

const madeAt = (origin: Origin | null): string =>
  origin === null ? 'an argument there' : `made ${origin.line() ?? 'at an unknown line'}`;
