import { NDArray, data, lax, nn, numpy, random } from '../../src/index.ts';
import * as control from './control.ts';
import * as linalg from './linalg.ts';
import * as metrics from './metrics.ts';
import * as programs from './programs.ts';
import * as sequence from './sequence.ts';

/** The public functions that golden cases name. */

export type Fn = (...args: readonly unknown[]) => unknown;

/** Functions that later versions bring: their cases wait. One that is here must not be listed. */
export const later: readonly string[] = [];

/** `array.sum` is a method of the first argument, `array.at.set` one of `x.at(...second)`, `array.T` a property. */
function methodOf([name, how]: readonly string[]): Fn | null {
  const key = name as string;
  if (!(key in NDArray.prototype)) return null;
  if (how !== undefined) {
    return (x, where, ...rest) => {
      const at = (x as Readonly<Record<string, Fn>>)[key]?.(...(where as readonly unknown[]));
      return (at as Readonly<Record<string, Fn>>)[how]?.(...rest);
    };
  }
  return (x, ...rest) => {
    const member: unknown = (x as Readonly<Record<string, unknown>>)[key];
    return typeof member === 'function' ? (member as Fn).apply(x, [...rest]) : member;
  };
}

const spaces: Readonly<Record<string, object>> = {
  numpy,
  lax,
  random,
  nn,
  data,
  linalg,
  programs,
  control,
  sequence,
  metrics,
};

type Reducer = 'max' | 'min' | 'add' | 'mul';
type Windows = NonNullable<Parameters<typeof lax.reduceWindow>[6]> & {
  readonly strides?: readonly number[];
  readonly padding?: Parameters<typeof lax.reduceWindow>[5];
};
const neutral = { add: 0, mul: 1, max: -Infinity, min: Infinity } as const;

/** Functions whose cases name their arguments in another order. */
const adapted: Readonly<Record<string, Fn>> = {
  'numpy.meshgrid': (vectors, options) => numpy.meshgrid(...(vectors as readonly NDArray[]), options ?? {}),
  'lax.reduceWindow': (x, reducer, window, options) => {
    const { strides, padding = 'VALID', ...dilations } = (options ?? {}) as Windows;
    const extents = window as readonly number[];
    const steps = strides ?? extents.map(() => 1);
    const init = neutral[reducer as Reducer];
    return lax.reduceWindow(x as NDArray, init, lax[reducer as Reducer], extents, steps, padding, dilations);
  },
};

/** The function of that name, or null where there is none. */
export function functionOf(name: string): Fn | null {
  const adapter = adapted[name];
  if (adapter !== undefined) return adapter;
  const [space, ...path] = name.split('.') as [string, ...string[]];
  if (space === 'array') return methodOf(path);
  let found: unknown = spaces[space];
  for (const key of path) found = (found as Readonly<Record<string, unknown>> | undefined)?.[key];
  return typeof found === 'function' ? (found as Fn) : null;
}
