import { shown } from '../util/shown.ts';
import { ArgumentError } from './errors.ts';

/** Switches for debugging. Each is off at first. */

/** A setting that is turned on or off for the whole program, or on while a function runs. */
export interface Switch {
  /** Turns it on or off from now on. */
  (on: boolean): void;
  /**
   * Turns it on while `body` runs, and gives its result. If that is a promise, it stays on until the promise is settled,
   * for all code that runs meanwhile.
   */
  <T>(body: () => T): T;
  /** Is it on at this moment? */
  readonly on: boolean;
}

/** A switch that is off, by the name that it is exported as. */
function makeSwitch(name: string): Switch {
  let always = false;
  // How many bodies run: they may overlap, when they are asynchronous.
  let bodies = 0;
  const during = <T>(body: () => T): T => {
    const leave = (): void => {
      bodies -= 1;
    };
    bodies += 1;
    let lasting = false;
    try {
      const result = body();
      if (!(result instanceof Promise)) return result;
      lasting = true;
      return result.finally(leave) as T;
    } finally {
      if (!lasting) leave();
    }
  };
  const set = (how: boolean | (() => unknown)): unknown => {
    if (typeof how === 'function') return during(how);
    if (typeof how !== 'boolean') {
      throw new ArgumentError(
        `${name} takes true or false, from now on, or a function that runs meanwhile: ${name}(() => f(x)); got ${shown(how)}`,
      );
    }
    always = how;
    return undefined;
  };
  return Object.defineProperty(set, 'on', { get: () => always || bodies > 0 }) as unknown as Switch;
}

/**
 * Runs jitted functions, and the bodies of loops and conditionals, operation by operation on values, as if they were not
 * compiled: a plain `if`, `console.log` and a debugger's breakpoint then work inside of them.
 *
 * @example
 * disableJit(() => step(params, batch)); // once
 * disableJit(true); // from now on
 */
export const disableJit: Switch = makeSwitch('disableJit');

/**
 * Checks every result of an operation that runs by itself, and of every jitted function, for NaN. A jitted function that
 * gives one is run again operation by operation, to find the first that does.
 *
 * On a device that can't be read synchronously (webgpu) the error comes when the result is read.
 *
 * @throws NonFiniteError that names the operation and the user's line, from the calls that are checked.
 * @example
 * debugNans(() => step(params, batch));
 */
export const debugNans: Switch = makeSwitch('debugNans');

/**
 * As {@link debugNans}, for infinities.
 *
 * @example
 * debugInfs(() => step(params, batch));
 */
export const debugInfs: Switch = makeSwitch('debugInfs');

/**
 * Reports a random key that is used twice: for two draws, or for a draw after it was split. Both are found whether the
 * key is given as it is or as an element of what `split` returned, outside and inside of traced functions.
 *
 * `foldIn` does not use its key up, so folding different numbers into one key is fine.
 *
 * @throws KeyReuseError with the lines of both uses, from the second.
 * @example
 * const draws = debugKeyReuse(() => random.split(random.key(0)).slice(0));
 */
export const debugKeyReuse: Switch = makeSwitch('debugKeyReuse');

/**
 * Says with `console.warn`, each time a jitted function is traced, why none of its earlier traces would do: which
 * argument's structure, shape, dtype or static value differs from the nearest of them.
 *
 * @example
 * explainCacheMisses(true);
 * jit((x: NDArray) => x.mul(2))(np.ones([3])); // says: jit of the function is traced …
 * explainCacheMisses(false);
 */
export const explainCacheMisses: Switch = makeSwitch('explainCacheMisses');

/** On while `explainNan` runs a function again; then nothing else looks for NaN. */
export const explainsNan: Switch = makeSwitch('explainsNan');

/** Has equations say on which of the user's lines they were made, for what looks at equations one by one. */
export const recordOrigins: Switch = makeSwitch('recordOrigins');

/** Do traced equations say on which of the user's lines they were made? What looks for NaN needs it. */
export const recordsOrigins = (): boolean => debugNans.on || debugInfs.on || explainsNan.on || recordOrigins.on;

let epoch = 0;
const clearing: (() => void)[] = [];

/** Changes each time that caches are to be forgotten. */
export const cacheEpoch = (): number => epoch;

/** Says what else is to be done when caches are cleared; for modules that hold one. */
export function onClearCaches(clear: () => void): void {
  clearing.push(clear);
}

/**
 * Forgets all traced and compiled functions, so that the next calls trace and compile anew; for measuring, and for giving
 * memory back. Functions and arrays stay valid.
 *
 * @example
 * clearCaches(); // the next call of each jitted function traces and compiles it
 */
export function clearCaches(): void {
  epoch += 1;
  clearing.forEach((clear) => clear());
}
