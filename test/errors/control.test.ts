import { expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, jit, lax, numpy as np, PullbackError } from '../../src/index.ts';

/** Mistakes in loops and conditionals: each error says what was called, what it got, where, and what to do. */

interface Mistake {
  readonly what: string;
  readonly make: () => unknown;
  readonly code: string;
  readonly says: readonly string[];
}

const x = np.array([1, 2, 3]);
const int = np.array(3, { dtype: 'i32' });

const mistakes: readonly Mistake[] = [
  {
    what: 'a carry that changes its shape',
    make: () =>
      lax.scan(
        (c: { h: NDArray }, v: NDArray) => [{ h: np.concatenate([c.h, v.reshape([1])]) }, null] as const,
        { h: np.zeros([3]) },
        x,
      ),
    code: 'carry-type',
    says: ['scan body changed the type of carry at .h: f32[3] in, f32[4] out', 'gets next'],
  },
  {
    what: 'several carries that change their dtypes',
    make: () =>
      lax.scan(
        (c: readonly NDArray[]) => [c.map((v) => v.astype('i32')), null] as const,
        [np.zeros([2]), int, np.ones([])],
        x,
      ),
    code: 'carry-type',
    says: ['[0]: f32[2] in, i32[2] out', '[2]: f32[] in, i32[] out', 'astype'],
  },
  {
    what: 'a carry that changes its structure',
    make: () => lax.scan((c: unknown) => [[c, c], null] as const, x, null, { length: 2 }),
    code: 'carry-type',
    says: ['scan body changed the structure', 'at the root: a leaf and a tuple of 2'],
  },
  {
    what: 'a body that does not return a pair',
    make: () => lax.scan(function step(c: NDArray) { return c as never; }, int, x), // prettier-ignore
    code: 'invalid-argument',
    says: ['[scan] step must return a pair [carry, y]'],
  },
  {
    what: 'xs of different lengths',
    make: () => lax.scan((c: NDArray) => [c, null] as const, int, { a: np.zeros([2, 5]), b: x }),
    code: 'invalid-argument',
    says: ['one length along axis 0', 'xs.a: f32[2,5]', 'xs.b: f32[3]'],
  },
  {
    what: 'xs and a length that differ',
    make: () => lax.scan((c: NDArray) => [c, null] as const, int, x, { length: 4 }),
    code: 'invalid-argument',
    says: ['4 as length says', 'xs: f32[3]'],
  },
  {
    what: 'neither xs nor a length',
    make: () => lax.scan((c: NDArray) => [c, null] as const, int, null),
    code: 'invalid-argument',
    says: ['{ length: 10 }'],
  },
  {
    what: 'xs without an axis',
    make: () => lax.scan((c: NDArray) => [c, null] as const, int, { t: int }),
    code: 'invalid-argument',
    says: ['xs.t: i32[] has no axis'],
  },
  {
    what: 'an unroll that is no count',
    make: () => lax.scan((c: NDArray) => [c, null] as const, int, x, { unroll: 0 }),
    code: 'invalid-argument',
    says: ['unroll', 'got 0'],
  },
  {
    what: 'a checkpoint every iteration',
    make: () => lax.scan((c: NDArray) => [c, null] as const, int, x, { checkpoint: 1 }),
    code: 'invalid-argument',
    says: ['checkpoint', '2 or more', 'got 1'],
  },
  {
    what: 'reverse mode of a loop that data end',
    make: () => grad((v: NDArray) => lax.whileLoop((a: NDArray) => a.lt(9), (a: NDArray) => a.mul(2), v))(np.array(1)), // prettier-ignore
    code: 'no-reverse-mode',
    says: ['whileLoop', 'lax.foriLoop', 'lax.scan', '{ maxSteps }', 'jvp'],
  },
  {
    what: 'a loop body that changes a dtype',
    make: () => lax.whileLoop((a: NDArray) => a.lt(9), (a: NDArray) => a.mul(0.5), int), // prettier-ignore
    code: 'carry-type',
    says: ['whileLoop body changed the type of carry: i32[] in, f32[] out'],
  },
  {
    what: 'a condition that is no scalar',
    make: () => lax.whileLoop(function small(a: NDArray) { return a.lt(9); }, (a: NDArray) => a.mul(2), x), // prettier-ignore
    code: 'invalid-argument',
    says: ['small must return a bool scalar', 'bool[3]', 'x.all()'],
  },
  {
    what: 'a bound that is no integer',
    make: () => lax.foriLoop(0, 2.5, (_, c) => c, x),
    code: 'invalid-argument',
    says: ['upper must be an integer', '2.5'],
  },
  {
    what: 'unrolling without a known bound',
    make: () => jit((n: NDArray) => lax.foriLoop(0, n, (_, c) => c, x, { unroll: 2 }))(int),
    code: 'invalid-argument',
    says: ['unrolled only if both bounds are known'],
  },
  {
    what: 'branches of different types',
    make: () => lax.cond(true, () => ({ a: x, b: int }), function other() { return { a: x, b: x }; }), // prettier-ignore
    code: 'branch-type',
    says: ['[cond]', 'at .b', 'branch 0 (other): f32[3]', 'branch 1: i32[]'],
  },
  {
    what: 'branches of different structures',
    make: () => lax.switchCase(int, [() => [x], () => [x, x]]),
    code: 'branch-type',
    says: ['[switchCase]', 'branch 1', 'a tuple of 1 and a tuple of 2'],
  },
  {
    what: 'a predicate that is no scalar',
    make: () => lax.cond(x.gt(0), () => x, () => x), // prettier-ignore
    code: 'invalid-argument',
    says: ['bool[3]', 'numpy.where', 'vmap'],
  },
  {
    what: 'an index that is no integer',
    make: () => lax.switchCase(1.5, [() => x, () => x]),
    code: 'invalid-argument',
    says: ['integer scalar', 'f32[]', "astype('i32')"],
  },
  {
    what: 'no branches',
    make: () => lax.switchCase(0, []),
    code: 'invalid-argument',
    says: ['at least one'],
  },
  {
    what: 'a map over different lengths',
    make: () => lax.map((v: { a: NDArray; b: NDArray }) => v.a, { a: x, b: np.zeros([2]) }),
    code: 'invalid-argument',
    says: ['[map]', 'xs.a: f32[3]', 'xs.b: f32[2]'],
  },
  {
    what: 'an associative scan of an operation that changes types',
    make: () => lax.associativeScan((a: NDArray, b: NDArray) => a.add(b).astype('i32'), x),
    code: 'invalid-argument',
    says: ['[associativeScan]', 'f32[1]', 'i32[1]'],
  },
];

test.each(mistakes)('$what', ({ make, code, says }) => {
  let thrown: unknown = null;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PullbackError);
  const error = thrown as PullbackError;
  expect([error.code, error.message]).toEqual([code, expect.any(String)]);
  for (const text of says) expect(error.message).toContain(text);
});
