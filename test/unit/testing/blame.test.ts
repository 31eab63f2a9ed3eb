import { beforeAll, describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { customJvp, customVjp, init, lax, numpy as np, stopGradient } from '../../../src/index.ts';
import { sinP } from '../../../src/lax/elementwise.ts';
import type { BrokenLawError } from '../../../src/testing/index.ts';
import {
  checkBackends,
  checkCustomRule,
  checkGrads,
  checkJit,
  checkTransposed,
  checkVjp,
  checkVmap,
} from '../../../src/testing/index.ts';
import { broken } from './broken.ts';
import { changed } from './mutants.ts';

/** Who is blamed, and what else an error says. */

beforeAll(() => init({ device: 'wasm' }));

const f64 = (...values: readonly number[]): NDArray => np.array([...values], { dtype: 'f64' });

describe('loops', () => {
  /** sin, with a derivative twice too large from some iteration on. */
  const cell = customJvp(function cell(x: NDArray, i: NDArray) {
    return np.sin(x).add(i.mul(0));
  }).defjvp(([x, i], [t]) => [
    np.sin(x).add(i.mul(0)),
    np
      .cos(x)
      .mul(t)
      .mul(np.where(i.ge(7), 2, 1)),
  ]);
  const numbers = np.arange(0, 9, 1, { dtype: 'f64' });

  test('a fault of a late iteration of a scan is that of the rule in it', async () => {
    const f = (h: NDArray): NDArray => lax.scan((c: NDArray, i: NDArray) => [cell(c, i), null], h, numbers)[0];
    for (const modes of [['fwd'], ['rev']] as const) {
      const { blame } = await broken(checkGrads(f, [f64(0.3)], { modes }));
      expect(blame?.within[0]).toBe('scan, iteration 7');
      expect({ ...blame, within: blame?.within.length }).toMatchObject(
        modes[0] === 'fwd' ? { rule: 'jvp', custom: 'cell', within: 1 } : {},
      );
      expect(blame?.primitive).not.toBe('scan');
    }
  });

  test('and of a loop that goes on while a condition holds', async () => {
    const f = (x: NDArray): NDArray =>
      lax.whileLoop(
        (s) => s.i.lt(9),
        (s) => ({ i: s.i.add(1), x: cell(s.x, s.i) }),
        { i: np.array(0, { dtype: 'f64' }), x },
      ).x;
    const { blame } = await broken(checkGrads(f, [f64(0.3)], { modes: ['fwd'] }));
    expect(blame).toMatchObject({ rule: 'jvp', custom: 'cell', within: ['while, iteration 7'] });
  });

  test('a batching rule that is wrong late', async () => {
    const batch: typeof sinP.batch = ([b]) => ({
      values: [np.where(b.value.gt(5), np.cos(b.value), lax.sin(b.value))],
      axes: [b.axis],
    });
    const f = (x: NDArray): NDArray => lax.scan((c: NDArray, i: NDArray) => [np.sin(c.mul(0).add(i)), null], x, numbers)[0]; // prettier-ignore
    const error = await changed(sinP as never, { batch }, () => broken(checkVmap(f, [f64(1)])));
    expect(error.blame).toMatchObject({ rule: 'batch', primitive: 'sin' });
    expect(error.blame?.within[0]).toMatch(/^scan, iteration [678]$/);
  });
});

describe('rules of one’s own', () => {
  const product = (factor: number): ((x: NDArray, y: NDArray) => NDArray) =>
    customVjp(function product(x: NDArray, y: NDArray) {
      return x.mul(y);
    }).defvjp(
      (x, y) => [x.mul(y), [x, y] as const],
      ([x, y], ct) => [y.mul(ct), x.mul(ct).mul(factor)],
    );

  test('the argument is named', async () => {
    const f = (x: NDArray, y: NDArray): NDArray => product(2)(np.sin(x), np.cos(y));
    const error = await broken(checkVjp(f, [f64(1, 2), f64(3, 4)]));
    expect(error.blame).toMatchObject({ rule: 'transpose', custom: 'product', operand: 1 });
    expect(error.message).toContain('to blame: the backward rule (defvjp) of product for operand 1, at f64[2], f64[2]');
    const ratio = customJvp(function ratio(x: NDArray, y: NDArray) {
      return x.div(y);
    }).defjvp(([x, y], [s, t]) => [x.div(y), s.div(y).sub(t.mul(x).div(y))]);
    const forward = await broken(checkGrads((x: NDArray, y: NDArray) => ratio(x, y), [f64(1), f64(3)]));
    expect(forward.message).toContain('the forward rule (defjvp) of ratio for operand 1, at');
  });

  test('what only the laws of rules find is blamed on the rule', async () => {
    const clipped = customVjp(function clipped(y: NDArray) {
      return y.mul(1);
    }).defvjp(
      (y) => [y.mul(1), null],
      (_, ct) => [np.clip(ct, -2, 2)],
    );
    const error = await broken(checkCustomRule(clipped, [f64(1, 2)]));
    expect(error.blame).toMatchObject({ rule: 'transpose', custom: 'clipped' });
    expect(error.message).toContain('to blame: the backward rule (defvjp) of clipped, at');
    const slightly = customJvp(function slightly(y: NDArray) {
      return np.sin(y);
    }).defjvp(([y], [t]) => [
      np.sin(y),
      np
        .cos(y)
        .mul(t)
        .mul(1 + 1e-6),
    ]);
    expect((await broken(checkCustomRule(slightly, [f64(1, 2)]))).blame).toMatchObject({ rule: 'jvp', custom: 'slightly' }); // prettier-ignore
  });

  test('a mode that a function refuses can be left out', async () => {
    await expect(checkGrads(product(1), [f64(1), f64(2)])).rejects.toThrow("To check reverse mode alone, give checkGrads the option { modes: ['rev'] }"); // prettier-ignore
    await checkGrads(product(1), [f64(1), f64(2)], { modes: ['rev'] });
    const loop = (x: NDArray): NDArray => lax.whileLoop((s) => s.sum().lt(9), (s) => s.mul(2), x); // prettier-ignore
    await expect(checkGrads(loop, [f64(1)])).rejects.toThrow("To check forward mode alone, give checkGrads the option { modes: ['fwd'] }"); // prettier-ignore
    await checkGrads(loop, [f64(1)], { modes: ['fwd'] });
  });
});

describe('where no rule is wrong', () => {
  test('what stops a gradient is named as such, and the test is of the function', async () => {
    const square = customJvp((y: NDArray) => y.mul(y)).defjvp(([y], [t]) => [y.mul(y), stopGradient(y).mul(2).mul(t)]);
    const error = await broken(checkGrads((y: NDArray) => square(y), [f64(0.3)], { order: 2 }));
    expect(error.message).toContain('to blame: stopGradient, through which no tangent passes, at f64[1]');
    expect(error.test).not.toContain('lax.stopGradient');
    expect(error.test).toContain('=> square(y)');
    expect(error.test).toContain("{ modes: ['fwd'], order: 2 }");
  });

  test('a function that is not linear', async () => {
    const error = await broken(checkTransposed((y: NDArray) => np.tanh(y).mul(2), [f64(0.5)]));
    expect(error.blame).toBeNull();
    expect(error.message).toContain('to blame: no rule, for the function is not linear: its values say so.');
    expect(error.message).not.toContain('a counter');
  });

  test('what programs and devices give differs by rounding, too', async () => {
    let calls = 0;
    const counting = (y: NDArray): NDArray => y.mul(calls++);
    for (const check of [checkJit(counting, [f64(1)]), checkBackends(counting, [f64(1)], { devices: ['wasm'] })]) {
      const { message } = await broken(check);
      expect(message).toContain('read by JS control flow), or make small differences of rounding large.');
    }
  });
});

describe('what can be pasted', () => {
  const off = customJvp((y: NDArray) => np.sin(y)).defjvp(([y], [t]) => [np.sin(y), np.cos(y).mul(t).mul(1.01)]);

  test('has values as round as the fault allows', async () => {
    const error = await broken(checkGrads((y: NDArray) => off(y), [np.array([0.3123456, 1.1987654])]));
    expect(error.message).toContain('argument 0 = f64[2] [0.3, 1]');
    expect(error.test).toContain("[np.array([0.3, 1], { dtype: 'f64' })]");
    const near = (y: NDArray): NDArray => np.where(y.sub(0.312).abs().lt(1e-3), off(y), np.sin(y));
    const digits = await broken(checkGrads(near, [f64(0.3123456)]));
    expect(digits.message).toContain('argument 0 = f64[1] [0.312]');
  });

  test('has the options', async () => {
    const loose = { tolerance: 1e-3, seed: 3 };
    const wrong = { derivative: { ...sinP.derivative, partials: [([y]: readonly NDArray[]) => (t: NDArray) => [lax.mul(t, lax.sin(y as NDArray))]] } }; // prettier-ignore
    const check = (): Promise<BrokenLawError> =>
      broken(checkGrads((y: NDArray) => np.sin(y).mul(3), [f64(0.3)], loose));
    const error = await changed(sinP as never, wrong as never, check);
    expect(error.test).toContain("=> lax.sin(x);\n  await checkGrads(f, [np.array([0.3], { dtype: 'f64' })], { modes: ['fwd'], tolerance: 0.001, seed: 3 });"); // prettier-ignore
    const batch: typeof sinP.batch = ([b]) => ({ values: [lax.sin(b.value).mul(2)], axes: [b.axis] });
    const batched = await changed(sinP as never, { batch }, () => broken(checkVmap((y: NDArray) => np.sin(y), [f64(0.3123)], { tolerance: 0.01 }))); // prettier-ignore
    expect(batched.test).toContain("await checkVmap(f, [np.array([0.3], { dtype: 'f64' })], { tolerance: 0.01 });");
    let calls = 0;
    const devices = await broken(checkBackends((y: NDArray) => y.add(calls++), [f64(1)], { devices: ['wasm'], tolerance: 0.1 })); // prettier-ignore
    expect(devices.test).toContain("{ tolerance: 0.1, devices: ['wasm'] }");
    const rule = await broken(checkCustomRule(off, [f64(1)], { tolerance: 1e-4, step: 1e-3 }));
    expect(rule.test).toContain('{ tolerance: 0.0001, step: 0.001 }');
  });
});
