import { afterEach, expect, test, vi } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  assertMaxTraces,
  clearCaches,
  disableJit,
  explainCacheMisses,
  grad,
  jit,
  lax,
  numpy as np,
  vmap,
} from '../../../src/index.ts';

afterEach(() => {
  for (const s of [disableJit, explainCacheMisses]) expect(s.on).toBe(false);
  vi.restoreAllMocks();
});

test('a switch is on during its bodies, overlapping ones too, or until it is turned off', async () => {
  expect(disableJit(() => disableJit(() => disableJit.on))).toBe(true);
  expect(() => disableJit(() => { throw new Error('no'); })).toThrow('no'); // prettier-ignore
  const releases: (() => void)[] = [];
  const wait = (): Promise<void> => new Promise((resolve) => void releases.push(resolve));
  const first = disableJit(wait);
  const second = disableJit(wait);
  releases[0]?.();
  await first;
  expect(disableJit.on).toBe(true);
  releases[1]?.();
  await second;
  expect(disableJit.on).toBe(false);
  disableJit(true);
  expect(disableJit.on).toBe(true);
  disableJit(false);
});

test('without jit, functions run on values, numbers become arrays all the same, and nothing is traced', async () => {
  const seen: number[] = [];
  const f = jit((x: NDArray, n: NDArray) => {
    seen.push(x.sum().itemSync());
    return (x.sum() as unknown as number) > 0 ? x.mul(n) : x.neg();
  });
  const x = np.array([1, 2]);
  expect(() => f(x, 3 as unknown as NDArray)).toThrow(/itemSync/);
  expect(await disableJit(() => f(x, 3 as unknown as NDArray)).tolist()).toEqual([3, 6]);
  expect(await disableJit(() => grad((v: NDArray) => f(v, x).sum())(x)).tolist()).toEqual([1, 2]);
  expect(seen).toEqual([3, 3]);
  const outer = jit((v: NDArray) => f(v, x));
  expect(await disableJit(() => outer(x)).tolist()).toEqual([1, 4]);
});

test('clearing caches traces anew', () => {
  let traces = 0;
  const f = jit((x: NDArray) => ((traces += 1), x.mul(2)));
  f(np.ones(2));
  f(np.ones(2));
  expect(traces).toBe(1);
  clearCaches();
  expect(f(np.ones(2)).tolistSync()).toEqual([2, 2]);
  expect(traces).toBe(2);
});

test('a function traced too often says so', () => {
  const f = jit(assertMaxTraces(function step(x: NDArray, _n: number) { return x.mul(2); }, 2), { staticArgnums: 1 }); // prettier-ignore
  f(np.ones(2), 1);
  f(np.ones(2), 1);
  f(np.ones(3), 1);
  expect(() => f(np.ones(3), 2)).toThrow(
    /step is traced for the 3rd time, and assertMaxTraces allows 2.*switches\.test/,
  );
  const eager = assertMaxTraces((x: NDArray) => x.mul(2), 0);
  eager(np.ones(2));
  expect(() => jit(eager)(np.ones(2))).toThrow(/1st time/);
});

test('a cache miss is explained by what differs from the nearest trace', () => {
  const said: string[] = [];
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void said.push(text));
  const step = jit(
    function step(
      p: { readonly w: NDArray; readonly b?: NDArray },
      x: NDArray,
      _mode: { readonly train: boolean },
      n: NDArray,
    ) {
      return p.w.mul(x.sum()).mul(n);
    },
    { staticArgnums: 2 },
  );
  const [w, x, n] = [np.ones(2), np.ones(4), np.ones(1)];
  const train = { train: true };
  explainCacheMisses(() => {
    step({ w }, x, train, n);
    step({ w }, x, { train: true }, n);
    step({ w }, np.arange(4), train, n);
    step({ w }, np.ones(5), train, n);
    step({ w }, x, { train: false }, n);
    step({ w, b: w }, x, train, n);
    step({ w }, x, train, 2 as unknown as NDArray);
    for (let i = 0; i < 3; i++) jit((v: NDArray) => v.mul(i))(x);
  });
  const expected = [
    /jit of step is traced \(trace 1 of this function\), called at .*switches\.test\.ts:\d+.*: it was never called before$/,
    /trace 2 .*: argument 1 was f32\[4\] and is i32\[4\]$/,
    /trace 3 .*: argument 1 was f32\[4\] and is f32\[5\]$/,
    /trace 4 .*: static argument 2 was \{"train":true\} and is \{"train":false\}$/,
    /trace 5 .*: the arguments' structure differs at argument 0: key "b" is only in the second \(the first is what was traced before, the second this call\)$/,
    /trace 6 .*: argument 3 was f32\[1\] and is f32\[\] \(of a JS number\)$/,
    /never called before$/,
    /function 2 that jit makes at .*switches\.test\.ts:\d+.*call jit once/,
    /function 3 that jit makes/,
  ];
  expect(said).toHaveLength(expected.length);
  expected.forEach((e, i) => expect(said[i]).toMatch(e));
  step({ w }, np.ones(6), train, n);
  expect(said).toHaveLength(expected.length);
});

test('static values that are equal only if they are one object, axes around a call, and arguments after static ones', () => {
  const said: string[] = [];
  const warn = vi
    .spyOn(console, 'warn')
    .mockImplementation((text: string) => void said.push(text.replace(/^.*?: /, '')));
  const apply = jit((f: (v: NDArray) => NDArray, v: NDArray | { w: NDArray }) => f(v as NDArray), { staticArgnums: 0 });
  const sized = jit((v: NDArray) => v.sub(lax.pmean(v, 'i')));
  explainCacheMisses(() => {
    for (let i = 0; i < 2; i++) apply((v) => v, np.ones(2));
    apply(function other(v) { return v; }, np.ones(2)); // prettier-ignore
    apply(function other(v) { return v; }, { w: np.ones(2) }); // prettier-ignore
    for (const n of [3, 4]) vmap(sized, 0, { axisName: 'i' })(np.ones([n, 2]));
  });
  warn.mockRestore();
  expect(said).toEqual([
    'it was never called before',
    'static argument 0 is another one than before, a function: such values are equal only if they are one object, so make it once',
    'static argument 0 was a function and is the function other',
    "the arguments' structure differs at argument 1: a leaf and an object with keys {w} (the first is what was traced before, the second this call)",
    'it was never called before',
    'the named axes around the call were i:3 and are i:4',
  ]);
});

test('a switch takes nothing but true, false or a function', () => {
  const wrong = explainCacheMisses as (how: unknown) => void;
  expect(() => wrong('x')).toThrow(
    'explainCacheMisses takes true or false, from now on, or a function that runs meanwhile: explainCacheMisses(() => f(x)); got "x"',
  );
  expect(() => (disableJit as (how?: unknown) => void)()).toThrow(/^disableJit takes true or false.*got undefined/);
  expect(explainCacheMisses.on).toBe(false);
});
