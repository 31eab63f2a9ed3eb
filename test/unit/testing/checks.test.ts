import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { customJvp, customVjp, defaultDevice, init, jit, lax, numpy as np, stopGradient } from '../../../src/index.ts';
import {
  checkBackends,
  checkCustomRule,
  checkGrads,
  checkJit,
  checkJvp,
  checkTransposed,
  checkVjp,
  checkVmap,
} from '../../../src/testing/index.ts';
import { broken } from './broken.ts';
import { changed } from './mutants.ts';
import { sinP } from '../../../src/lax/elementwise.ts';
import { dotGeneralP } from '../../../src/lax/dot.ts';
import { concatenateP } from '../../../src/lax/pieces.ts';
import { reduceMaxP } from '../../../src/lax/reduce.ts';
import type { Primitive } from '../../../src/trace/primitive.ts';
import { cumsumP } from '../../../src/lax/cumulative.ts';

/** Public checks: what passes, what does not, and what they say. */

const x = np.array([0.3, -0.8, 1.1]);

const twice = (double: number): ReturnType<typeof makeDouble> => makeDouble(double);
function makeDouble(factor: number) {
  const doubled = customVjp(function doubled(y: NDArray) {
    return y.mul(2);
  });
  return doubled.defvjp(
    (y) => [y.mul(2), null],
    (_, ct) => [ct.mul(factor)],
  );
}

describe('derivatives', () => {
  test('what is right passes, and is counted', async () => {
    expect(await checkGrads((y: NDArray) => np.sin(y).mul(y), [x])).toEqual({ checked: 6, kinks: 0, unresolved: 0 });
    expect(await checkGrads((y: NDArray) => np.sin(y).mul(y), [x], { order: 2 })).toEqual({
      checked: 18,
      kinks: 0,
      unresolved: 0,
    });
    expect(await checkJvp((y: NDArray) => np.tanh(y), [x])).toEqual({ checked: 3, kinks: 0, unresolved: 0 });
    expect(await checkVjp((y: NDArray) => np.tanh(y).sum(), [x])).toEqual({ checked: 1, kinks: 0, unresolved: 0 });
  });

  test('trees, integers and numbers as arguments', async () => {
    const f = (p: { w: NDArray; at: NDArray }, scale: number): NDArray => np.take(p.w, p.at).mul(scale);
    expect(await checkGrads(f, [{ w: x, at: np.array([2, 0], { dtype: 'i32' }) }, 3])).toEqual({
      checked: 4,
      kinks: 0,
      unresolved: 0,
    });
  });

  test('kinks are left out and counted, and nothing else is', async () => {
    expect(await checkJvp((y: NDArray) => np.abs(y), [np.array([-1, 0, 1])])).toEqual({
      checked: 2,
      kinks: 1,
      unresolved: 0,
    });
    expect(await checkGrads((y: NDArray) => np.maximum(y, 0.5), [np.array([0.5, 0.2])])).toEqual({
      checked: 2,
      kinks: 2,
      unresolved: 0,
    });
    expect(await checkJvp((y: NDArray) => np.sqrt(y), [np.array([0, 4])])).toEqual({
      checked: 1,
      kinks: 1,
      unresolved: 0,
    });
    expect(await checkJvp((y: NDArray) => np.exp(y.mul(20)), [np.array([0.5])])).toEqual({
      checked: 1,
      kinks: 0,
      unresolved: 0,
    });
    expect(await checkJvp((y: NDArray) => np.sin(y.mul(300)), [x])).toEqual({ checked: 3, kinks: 0, unresolved: 0 });
  });

  test('a wrong derivative beside a kink is found', async () => {
    const bent = customJvp((y: NDArray) => np.abs(y)).defjvp(([y], [t]) => [np.abs(y), t]);
    const error = await broken(checkGrads(bent, [np.array([0, -1])]));
    expect(error.message).toContain('forward mode, result 0, element 1: the derivative is');
  });

  test('what computes in f32 is checked more coarsely', async () => {
    await checkGrads((y: NDArray) => np.sin(y.astype('f32')), [x]);
    const half = customJvp((y: NDArray) => np.sin(y)).defjvp(([y], [t]) => [np.sin(y), np.cos(y).mul(t).mul(1.05)]);
    await broken(checkGrads((y: NDArray) => half(y.astype('f32')), [x]));
  });

  test('second derivatives are checked where first ones are right', async () => {
    // The rule is right, and its own derivative is not: what it reads is stopped.
    const square = customJvp((y: NDArray) => y.mul(y)).defjvp(([y], [t]) => [y.mul(y), stopGradient(y).mul(2).mul(t)]);
    await checkGrads((y: NDArray) => square(y), [x]);
    const error = await broken(checkGrads((y: NDArray) => square(y), [x], { order: 2 }));
    expect(error.message).toContain('order 2, of what forward mode gives: forward mode');
    expect(error.blame?.primitive).toBe('stopGradient');
  });

  test('a function that is no function of its arguments has no rule to blame', async () => {
    let calls = 0;
    const counting = (y: NDArray): NDArray => y.mul(++calls);
    const error = await broken(checkGrads(counting, [x]));
    expect(error.blame).toBeNull();
    expect(error.message).toContain('to blame: no single operation, each is right by itself');
  });

  test('checks run on the CPU whichever device is the default, and leave it', async () => {
    await init({ device: 'reference' });
    const w = np.array(Array.from({ length: 20 }, (_, i) => i / 20)).mul(1);
    await checkGrads((y: NDArray) => y.mul(w).sum(), [np.ones([20])], { order: 2 });
    expect(defaultDevice().name).toBe('reference');
    await init({ device: 'wasm' });
  });
});

describe('what an error says', () => {
  test('the rule of a primitive, where it is, the values, and a test', async () => {
    const wrong = { derivative: { ...sinP.derivative, partials: [([y]: readonly NDArray[]) => (t: NDArray) => [lax.mul(t, lax.sin(y as NDArray))]] } }; // prettier-ignore
    const f = (y: NDArray): NDArray => jit((z: NDArray) => lax.sin(z).mul(3))(y.mul(y));
    const error = await changed(sinP as never, wrong as never, () => broken(checkGrads(f, [np.array([0.5, 2])])));
    expect(error.blame).toMatchObject({
      rule: 'jvp',
      primitive: 'sin',
      custom: null,
      operand: 0,
      within: ['jit the function'],
    });
    expect(error.blame?.line).toMatch(/checks\.test\.ts:\d+:\d+/);
    expect(error.message).toMatch(/^checkGrads of f: forward mode, result 0, element 0: the derivative is /);
    expect(error.message).toContain('argument 0 = f64[2] [0.5, 2]');
    expect(error.message).toContain(
      'to blame: the derivative rule (jvp) of sin for operand 0, at f64[2], in jit the function\n',
    );
    expect(error.test).toContain(
      "const f = (x) => lax.sin(x);\n  await checkGrads(f, [np.array([0.3, 4], { dtype: 'f64' })], { modes: ['fwd'] });",
    );
  });

  test('the transpose rule that a smooth operation is made of', async () => {
    const wrong = { derivative: { ...cumsumP.derivative, transpose: [(cts: readonly NDArray[]) => cts[0]] } };
    const f = (y: NDArray): NDArray => np.sin(np.cumsum(y.mul(2), 0));
    const error = await changed(cumsumP as never, wrong as never, () => broken(checkGrads(f, [x])));
    expect(error.blame).toMatchObject({ rule: 'transpose', primitive: 'cumsum', operand: 0 });
    expect(error.message).toContain('to blame: the transpose rule of cumsum for operand 0');
    expect(error.test).toContain('const f = (x) => lax.cumsum(x);');
  });

  test('the user’s own rule, by the name of its function', async () => {
    const doubled = twice(3);
    const f = (y: NDArray): NDArray => lax.scan((c: NDArray, _: null) => [doubled(c).mul(0.5), null], y, null, { length: 2 })[0]; // prettier-ignore
    const error = await broken(checkGrads(f, [x], { modes: ['rev'], seed: 4 }));
    expect(error.blame).toMatchObject({ rule: 'transpose', primitive: 'customVjp', custom: 'doubled' });
    expect(error.blame?.within[0]).toBe('scan, iteration 0');
    expect(error.message).toContain('to blame: the backward rule (defvjp) of doubled');
    expect(error.message).toContain("options: { modes: ['rev'], seed: 4 }");
    expect(error.test).toContain('await checkGrads(f, [np.array([0.3');
  });
});

describe('a pasted test', () => {
  /** The body of a test's text, run with what it imports. */
  async function pasted(text: string): Promise<void> {
    const lines = text.split('\n');
    const code = lines.filter((line) => !line.startsWith('import ')).join('\n');
    expect(lines.length - code.split('\n').length).toBe(3);
    const bodies: (() => Promise<void>)[] = [];
    const note = (_: string, body: () => Promise<void>): number => bodies.push(body);
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const run = new Function('lax', 'np', 'checkGrads', 'checkVmap', 'test', code) as (
      ...args: readonly unknown[]
    ) => void;
    run(lax, np, checkGrads, checkVmap, note);
    expect(bodies.length).toBe(1);
    await bodies[0]?.();
  }
  const matrix = np.array([[1, 2], [3, 4]]); // prettier-ignore
  const programs: readonly (readonly [string, () => Primitive, (y: NDArray) => NDArray])[] = [
    ['sin', () => sinP as unknown as Primitive, (y) => np.sin(y).sum()],
    ['dotGeneral', () => dotGeneralP as unknown as Primitive, (y) => np.sin(y.matmul(y))],
    ['cumsum', () => cumsumP as unknown as Primitive, (y) => np.cumsum(y, 1)],
    ['concatenate', () => concatenateP, (y) => np.concatenate([y, np.sin(y)], 1)],
    ['reduceMax', () => reduceMaxP as unknown as Primitive, (y) => y.max(1)],
  ];
  test.each(programs)(
    'of %s by itself fails as the function does, and passes when the rule is right',
    async (name, p, f) => {
      const record = { ...p() };
      const wrong: Partial<Primitive> = { batch: (...args) => ({ ...record.batch(...args), values: record.batch(...args).values.map((v) => v.mul(2)) }) }; // prettier-ignore
      const text = await changed(p(), wrong, async () => {
        const error = await broken(checkVmap(f, [matrix]));
        expect(error.blame?.primitive).toBe(name);
        expect(error.test).toContain(`=> lax.${name}(`);
        expect((await broken(pasted(error.test))).blame?.primitive).toBe(name);
        return error.test;
      });
      await pasted(text);
    },
  );
});

describe('linear functions', () => {
  test('pass, and others are told', async () => {
    await checkTransposed((y: NDArray, z: NDArray) => np.cumsum(y, 0).add(z.mul(2)), [x, x]);
    const error = await broken(checkTransposed((y: NDArray) => y.mul(2).add(1), [x]));
    expect(error.message).toContain('f(10x + 30y) is not 10f(x) + 30f(y)');
  });
});

describe('batches', () => {
  test('what is right passes in each way', async () => {
    expect(await checkVmap((y: NDArray) => np.sort(y).sum(), [x])).toEqual({ checked: 3 });
    expect(await checkVmap((y: NDArray, w: NDArray) => y.matmul(w), [np.ones([3]), np.ones([3, 2])])).toEqual({
      checked: 5,
    });
    await checkVmap((y: NDArray, i: NDArray) => np.take(y, i), [x, np.array([2, 0], { dtype: 'i32' })]);
  });

  test('a batching rule that is wrong is named', async () => {
    const batch: typeof sinP.batch = ([b]) => ({
      values: [lax.sin(b.value).mul(b.axis === 0 ? 1 : 2)],
      axes: [b.axis],
    });
    const f = (y: NDArray): NDArray => np.sin(y).sum();
    const error = await changed(sinP as never, { batch }, () => broken(checkVmap(f, [x])));
    expect(error.blame).toMatchObject({ rule: 'batch', primitive: 'sin' });
    expect(error.message).toContain('with inAxes [1], outAxes -1, vmap is not a loop');
    expect(error.message).toContain('to blame: the batching rule (vmap) of sin, at f32[3]');
    expect(error.test).toContain('await checkVmap(f, [np.array([');
  });
});

describe('programs and devices', () => {
  test('compiled functions give what their operations give', async () => {
    expect(await checkJit((y: NDArray) => [np.exp(y).sum(), y], [x])).toEqual({ checked: 2 });
    let calls = 0;
    const error = await broken(checkJit((y: NDArray) => y.mul(calls++), [x]));
    expect(error.message).toContain('the first call of the compiled function gives something else');
  });

  test('devices agree with the reference', async () => {
    const report = await checkBackends((y: NDArray) => np.cumsum(np.tanh(y)), [x], { devices: ['wasm'] });
    expect(report).toEqual({ devices: ['wasm'], skipped: {} });
    let calls = 0;
    const error = await broken(checkBackends((y: NDArray) => y.add(calls++), [x], { devices: ['wasm'] }));
    expect(error.message).toContain('wasm gives something else than the reference');
  });
});

describe('rules of one’s own', () => {
  test('right ones pass', async () => {
    expect((await checkCustomRule(twice(2), [x])).checked).toBeGreaterThan(5);
    const square = customJvp((y: NDArray) => y.mul(y)).defjvp(([y], [t]) => [y.mul(y), y.mul(2).mul(t)]);
    expect((await checkCustomRule(square, [x])).checked).toBeGreaterThan(10);
  });

  test('a wrong factor, a wrong value and a rule that is not linear', async () => {
    const factor = await broken(checkCustomRule(twice(3), [x]));
    expect(factor.blame).toMatchObject({ rule: 'transpose', custom: 'doubled' });
    const value = customJvp((y: NDArray) => y.mul(y)).defjvp(([y], [t]) => [y.mul(y).add(1), y.mul(2).mul(t)]);
    expect((await broken(checkCustomRule(value, [x]))).message).toContain('the values that forward mode computes along are not the function’s'); // prettier-ignore
    const clipped = customVjp((y: NDArray) => y.mul(1)).defvjp(
      (y) => [y.mul(1), null],
      (_, ct) => [np.clip(ct, -2, 2)],
    );
    expect((await broken(checkCustomRule(clipped, [x]))).message).toContain('the backward rule, of cotangents: f(10x + 30y) is not 10f(x) + 30f(y)'); // prettier-ignore
  });

  test('a function without a rule is an argument that is wrong', async () => {
    await expect(checkCustomRule((y: NDArray) => np.sin(y), [x])).rejects.toThrow(
      'checkCustomRule: the function has no derivative rule of its own. Give it what customJvp or customVjp returned, or check any other function with checkGrads',
    );
  });
});
