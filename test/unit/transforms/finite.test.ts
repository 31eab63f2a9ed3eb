import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  debug,
  debugInfs,
  debugNans,
  grad,
  jit,
  NonFiniteError,
  numpy as np,
  valueAndGrad,
  vmap,
} from '../../../src/index.ts';

afterEach(() => expect([debugNans.on, debugInfs.on]).toEqual([false, false]));

const source = readFileSync(import.meta.filename, 'utf8').split('\n');
/** The place of a line of this file, as stacks show it. */
const placeOf = (text: string): string => `finite.test.ts:${source.findIndex((line) => line.includes(text)) + 1}:`;

/** The message of what `run` throws while NaN are looked for. */
function message(run: () => unknown, how = debugNans): string {
  try {
    how(run);
  } catch (error) {
    expect(error).toBeInstanceOf(NonFiniteError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

const x = np.array([[1, 2], [-3, 0]]); // prettier-ignore
function loss(v: NDArray): NDArray {
  const shifted = v.mul(2).add(1);
  return np.log(shifted).sum();
}
/** What is said of the line in `loss` that makes NaN. */
const guilty = [
  '[log] gave NaN: 1 of 4 elements of f32[2,2], first at [1, 0]; an operand is f32[2,2] from -5 to 5 [at loss (',
  placeOf('np.log(shifted)'),
];
const contains = (text: string, parts: readonly string[]): void => parts.forEach((p) => expect(text).toContain(p));

test('the first operation that gives NaN is named with its line', () => {
  contains(
    message(() => loss(x)),
    guilty,
  );
  contains(
    message(() => jit(loss)(x)),
    guilty,
  );
  contains(
    message(() => grad(loss)(x)),
    guilty,
  );
  contains(
    message(() => jit(valueAndGrad(loss))(x)),
    guilty,
  );
  contains(
    message(() => grad(jit(loss))(x)),
    guilty,
  );
  contains(
    message(() => jit(jit(loss))(x)),
    guilty,
  );
  contains(
    message(() => jit(loss, { donateArgnums: 0 })(x.add(0))),
    guilty,
  );
});

test('functions that were compiled before are checked too', () => {
  const f = jit(loss);
  expect(f(x).itemSync()).toBeNaN();
  contains(
    message(() => f(x)),
    guilty,
  );
  expect(f(x).itemSync()).toBeNaN();
});

test('NaN made in the backward pass is found on the line of the forward pass', () => {
  const root = (v: NDArray): NDArray => {
    const safe = np.sqrt(v);
    return safe.mul(0).sum();
  };
  const zero = np.array([0, 1]);
  for (const run of [() => grad(root)(zero), () => jit(grad(root))(zero), () => grad(jit(root))(zero)]) {
    contains(message(run), ['gave NaN', 'f32[2], first at [0]', 'with 1 elements that are not finite', '[at root (']);
    contains(message(run), [placeOf('const safe = np.sqrt(v);')]);
  }
});

test('batched operations are named, infinities only when asked for', () => {
  expect(message(() => vmap(loss)(x))).toMatch(/\[log\].*1 of 4 elements/);
  const inverse = (v: NDArray): NDArray => np.divide(1, v);
  expect(debugNans(() => inverse(x).shape)).toEqual([2, 2]);
  expect(message(() => inverse(x), debugInfs)).toMatch(/\[div\] gave Infinity: 1 of 4.*at inverse/);
  expect(message(() => jit(inverse)(x), debugInfs)).toMatch(/\[div\] gave Infinity/);
});

test('finite results pass, donated arguments are given up all the same, prints are printed once', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const f = jit((v: NDArray) => (debug.print('{}', v.sum()), np.exp(v)), { donateArgnums: 0 });
  const v = np.zeros(20).add(0);
  expect(debugNans(() => f(v)).tolistSync()).toEqual(new Array(20).fill(1));
  expect(() => v.add(1)).toThrow(/f32\[20\] can't be used any more: it was donated to .* at .*finite\.test\.ts/);
  expect(message(() => jit((w: NDArray) => (debug.print('{}', w.sum()), np.log(w)))(np.array([-1])))).toContain(
    '[log]',
  );
  expect(log).toHaveBeenCalledTimes(1);
  vi.restoreAllMocks();
});
