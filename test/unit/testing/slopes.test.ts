import { beforeAll, describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { customJvp, customVjp, init, nn, numpy as np } from '../../../src/index.ts';
import {
  BrokenLawError,
  checkCustomRule,
  checkGrads,
  checkJvp,
  checkVjp,
  NothingCheckedError,
} from '../../../src/testing/index.ts';

/** What counts as a slope: curvature is none of a kink, and rounding is none of a slope. */

beforeAll(() => init({ device: 'wasm' }));

const f64 = (...values: readonly number[]): NDArray => np.array([...values], { dtype: 'f64' });
/** A function with another factor in its derivative. */
const wrong = (f: (x: NDArray) => NDArray, derivative: (x: NDArray) => NDArray): ((x: NDArray) => NDArray) =>
  customJvp(function wrong(x: NDArray) {
    return f(x);
  }).defjvp(([x], [t]) => [f(x), derivative(x).mul(t)]);

describe('right derivatives where a function bends much', () => {
  test.each<readonly [string, (x: NDArray) => NDArray, readonly number[]]>([
    ['sqrt', (x) => np.sqrt(x), [1e-4, 1e-6, 4]],
    ['1/x', (x) => np.divide(1, x), [1e-3, -1e-5]],
    ['log', (x) => np.log(x), [1e-4, 1e-5, 1e-7, 1e-38]],
    ['tan', (x) => np.tan(x), [1.57, 1.5707]],
    ['sin(1000 x)', (x) => np.sin(x.mul(1000)), [1, 0.3]],
    ['exp(30 x)', (x) => np.exp(x.mul(30)), [1, -0.3]],
    ['|x| near 0', (x) => np.abs(x), [1e-4, -1e-7]],
    ['x⁴ at 0', (x) => x.mul(x).mul(x).mul(x), [0, 1]],
    ['sin of large numbers', (x) => np.sin(x), [1e5, 1e10]],
    ['products of large numbers', (x) => x.mul(x), [1e10, -1e6]],
  ])('%s', async (_, f, at) => {
    for (const x of at) {
      const report = await checkGrads(f, [f64(x)], { order: x === 1e-38 ? 1 : 2 });
      expect({ x, kinks: report.kinks, unresolved: report.unresolved }).toEqual({ x, kinks: 0, unresolved: 0 });
    }
  });

  test('softmax, whose results add up to 1', async () => {
    const report = await checkGrads((x: NDArray) => nn.softmax(x).sum(), [f64(1, 2, 3)], { order: 2 });
    expect(report).toMatchObject({ kinks: 0, unresolved: 0 });
  });
});

describe('kinks and jumps', () => {
  const relu = (x: NDArray): NDArray => np.maximum(x, 0);
  test.each<readonly [string, (x: NDArray) => NDArray, readonly number[], { readonly order?: number }, number, number]>(
    [
      ['a derivative that jumps', relu, [-1, 0, 1], { order: 2 }, 12, 6],
      ['ties of a maximum', (x) => x.max(), [1, 1, 0], { order: 2 }, 2, 8],
      ['ends of clip', (x) => np.clip(x, -1, 1), [-1, 0, 1], { order: 2 }, 6, 12],
      ['sign', (x) => np.sign(x), [0, 2], {}, 2, 2],
      ['floor', (x) => np.floor(x), [1, 2.5], {}, 2, 2],
      ['sqrt |x|', (x) => np.sqrt(np.abs(x)), [0, 2], {}, 2, 2],
      ['a norm', (x) => np.sqrt(x.mul(x).sum()).add(x), [0, 0], {}, 0, 4],
      ['a kink in a steep function', (x) => np.abs(x).add(x.mul(20)), [0, 1], {}, 2, 2],
    ],
  )('%s', async (_, f, at, options, checked, kinks) => {
    const report = await checkGrads(f, [f64(...at)], options).catch((e: unknown) => {
      if (e instanceof NothingCheckedError) return { checked: 0, kinks, unresolved: 0 };
      throw e;
    });
    expect({ checked: report.checked, kinks: report.kinks }).toEqual({ checked, kinks });
  });
});

describe('wrong derivatives are found', () => {
  const zero = wrong(np.exp, (x) => x.mul(0));
  test.each<readonly [string, (x: NDArray) => NDArray, readonly number[]]>([
    ['under a large number', (x) => zero(x).add(1e10), [0.5]],
    [
      'at a large number',
      wrong(
        (x) => x.mul(x),
        (x) => x,
      ),
      [1e10],
    ],
    [
      'of small derivatives',
      wrong(
        (x) => np.sin(x).mul(1e-7),
        (x) => np.cos(x).mul(1.5e-7),
      ),
      [0.5],
    ],
    ['where it bends much', wrong(np.sqrt, (x) => np.divide(0.5003, np.sqrt(x))), [1e-6]],
  ])('%s', async (_, f, at) => {
    await expect(checkJvp(f, [f64(...at)])).rejects.toThrow(BrokenLawError);
    await expect(checkVjp(f, [f64(...at)])).rejects.toThrow(BrokenLawError);
  });
});

describe('slopes that rounding hides', () => {
  const zero = wrong(np.exp, (x) => x.mul(0));
  test('are counted apart', async () => {
    const f = (x: NDArray): NDArray => np.exp(x).add(f64(0, 1e16, 0));
    expect(await checkJvp(f, [f64(0.5, 0.5, 0.5)])).toEqual({ checked: 2, kinks: 0, unresolved: 1 });
    expect(await checkVjp(f, [f64(0.5, 0.5, 0.5)])).toEqual({ checked: 2, kinks: 0, unresolved: 1 });
  });

  test('and if there are no others, a check fails and says so', async () => {
    const hidden = checkGrads((x: NDArray) => zero(x).add(1e16), [f64(0.5)]);
    await expect(hidden).rejects.toThrow(NothingCheckedError);
    await expect(hidden).rejects.toThrow(
      'checkGrads of the function has compared no derivative: 2 are lost in the rounding of the function’s values. Check it at other arguments',
    );
    await expect(checkGrads((x: NDArray) => np.abs(x), [f64(0)])).rejects.toThrow('2 are at kinks, or where the function is not finite'); // prettier-ignore
    await expect(checkGrads((x: NDArray) => x.mul(2), [np.array([1], { dtype: 'i32' })])).rejects.toThrow('there is none. Give it float arguments'); // prettier-ignore
  });
});

describe('NaN in reverse mode', () => {
  /** |x| with a backward rule. */
  const absBy = (rule: (x: NDArray) => NDArray): ((x: NDArray) => NDArray) =>
    customVjp(function absolute(x: NDArray) {
      return np.abs(x);
    }).defvjp(
      (x) => [np.abs(x), x],
      (x, ct) => [rule(x).mul(ct)],
    );
  const all = absBy((x) => np.log(x.mul(0).sub(1)));
  const one = absBy((x) => x.div(np.abs(x)));

  test('where there is no kink is a fault, though there is one elsewhere', async () => {
    await expect(checkVjp(all, [f64(0, 2, 3)])).rejects.toThrow(/^checkVjp of absolute: reverse mode, ⟨Jᵀ ct, t⟩: the derivative is NaN, but values differ by [-\d.]+ \(Jᵀ ct has the NaN in operand 0, element \d, where there is no kink\)/); // prettier-ignore
    await expect(checkCustomRule(all, [f64(0, 2, 3)])).rejects.toThrow(BrokenLawError);
  });

  test('at the kink excuses no other element', async () => {
    expect(await checkVjp(one, [f64(0, 2, -3)])).toEqual({ checked: 2, kinks: 1, unresolved: 0 });
    const off = absBy((x) => np.where(x.gt(2), 3, x.div(np.abs(x))));
    await expect(checkVjp(off, [f64(0, 2, 3)])).rejects.toThrow('reverse mode, ⟨Jᵀ ct, t⟩: the derivative is');
    expect(await checkVjp((x: NDArray) => np.sqrt(x), [f64(0, 2, 3)])).toMatchObject({ checked: 2, kinks: 1 });
  });

  test('a rule is compared with that of its body beside a kink, too', async () => {
    expect((await checkCustomRule(one, [f64(0, 2, -3)])).kinks).toBe(1);
    const slightly = absBy((x) => np.sign(x).mul(1 + 1e-6));
    await expect(checkCustomRule(slightly, [f64(0, 2, -3)])).rejects.toThrow('the rule and the derivative of the body differ'); // prettier-ignore
  });
});
