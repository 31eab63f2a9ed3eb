import { TooManyTracesError } from '../trace/errors.ts';
import { Tracer } from '../trace/value.ts';
import { leaves } from '../tree/tree.ts';
import { nameOf } from './trees.ts';
import { standsFor } from './makings.ts';

/**
 * A function that refuses to be traced more than `n` times: for tests, and for training loops that should never compile
 * anew. It is given to `jit`; calls with values only are not counted.
 *
 * @throws TooManyTracesError at trace `n + 1`.
 * @example
 * const step = jit(assertMaxTraces(trainingStep, 1));
 */
export function assertMaxTraces<A extends readonly unknown[], R>(f: (...args: A) => R, n: number): (...args: A) => R {
  let traces = 0;
  const counted = (...args: A): R => {
    const isTraced = args.some((a) => leaves(a).some((x) => x instanceof Tracer && x.concrete() === null));
    if (isTraced && ++traces > n) {
      throw new TooManyTracesError(
        `${nameOf(f)} is traced for the ${ordinal(traces)} time, and assertMaxTraces allows ${n}: the shapes, dtypes, ` +
          'structure or static values of its arguments changed. explainCacheMisses(true) says which.',
      );
    }
    return f(...args);
  };
  return standsFor(counted, f, null);
}

function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  return `${n}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`;
}
