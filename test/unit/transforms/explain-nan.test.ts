import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { NanReport, NDArray } from '../../../src/index.ts';
import {
  checkpoint,
  customVjp,
  debugNans,
  explainNan,
  grad,
  jit,
  jvp,
  lax,
  namedScope,
  numpy as np,
  random,
  valueAndGrad,
  vmap,
} from '../../../src/index.ts';

const source = readFileSync(import.meta.filename, 'utf8').split('\n');
/** The place of a line of this file, as stacks show it. */
const placeOf = (text: string): string => `explain-nan.test.ts:${source.findIndex((l) => l.includes(text)) + 1}:`;

/** The operations on the way, `first` and so on. */
const operations = ({ steps }: NanReport): readonly string[] => steps.map((s) => s.operation);

function logOfProduct(p: { readonly w: NDArray }, x: NDArray): NDArray {
  const y = x.matmul(p.w);
  const logs = np.log(y);
  return logs.mul(0).mean();
}
const w = np.array([[1], [0]]);
const x = np.array([[0, 1], [1, 1]]); // prettier-ignore

test('the first infinity on the way to a NaN is named, with its operands and its line', async () => {
  const report = await explainNan(logOfProduct)({ w }, x);
  expect(report.result).toBe('the result');
  expect(report.first).toMatchObject({
    operation: 'log',
    phase: 'forward',
    value: -Infinity,
    type: 'f32[2,1]',
    position: [0, 0],
    operands: [0],
    scope: '',
  });
  expect(report.first?.line).toContain(placeOf('const logs = np.log(y);'));
  expect(report.hint).toBeNull();
  const place = (text: string): string =>
    `[at logOfProduct (${import.meta.filename.replace(/[^/]*$/, '')}${placeOf(text)}`;
  const [title, first, then, rest] = String(report).split('\n');
  expect(title).toBe('explainNan of logOfProduct: the result is NaN');
  expect(first).toContain(`  first: log(0) gave -Infinity, f32[2,1] at [0, 0] ${place('const logs = np.log(y);')}`);
  expect(then).toContain(
    `  then: mul(-Infinity, 0) gave NaN, f32[2,1] at [0, 0] ${place('return logs.mul(0).mean();')}`,
  );
  expect(rest).toMatch(/^ {2}… \d more operations? passed it on$/);
});

test('gradients: the factor of the derivative, the cotangent and the path of the result', async () => {
  for (const f of [grad(logOfProduct), jit(grad(logOfProduct)), grad(jit(logOfProduct))]) {
    const report = await explainNan(f)({ w }, x);
    expect(report.result).toBe('the result.w at [0, 0]');
    expect(report.first).toMatchObject({ operation: 'div', phase: 'derivative', operands: [1, 0], value: Infinity });
    expect(report.first?.text).toContain('in the derivative of log');
    expect(report.first?.line).toContain(placeOf('const logs = np.log(y);'));
    expect(report.steps[1]).toMatchObject({ operation: 'mul', phase: 'backward', operands: [0, Infinity] });
    expect(report.hint).toBeNull();
  }
  const both = await explainNan(valueAndGrad(logOfProduct))({ w }, x);
  expect(both.result).toBe('the result[0]');
});

const rootWhere = (v: NDArray): NDArray => {
  const root = np.sqrt(v);
  const chosen = np.where(v.gt(0), root, 0);
  return chosen.sum();
};

test('a branch of where that is not taken: the hint says which, and following it mends the gradient', async () => {
  for (const f of [grad(rootWhere), jit(grad(rootWhere)), vmap(grad(rootWhere))]) {
    const report = await explainNan(f)(np.array([4, 0]));
    expect(report.first).toMatchObject({ operation: 'div', phase: 'derivative', position: [1], operands: [0.5, 0] });
    expect(report.first?.line).toContain(placeOf('const root = np.sqrt(v);'));
    expect(report.hint).toContain(placeOf('const chosen = np.where'));
    expect(report.hint).toContain('its cotangent is 0, but mul(0, Infinity) is NaN all the same');
    expect(report.hint).toContain('np.where(ok, f(np.where(ok, x, 1)), other)');
    expect(String(report)).toContain('\n  hint: the where at rootWhere (');
  }
  const guarded = (v: NDArray): NDArray => np.where(v.gt(0), np.sqrt(np.where(v.gt(0), v, 1)), 0).sum();
  const report = await explainNan(grad(guarded))(np.array([4, 0]));
  expect([report.result, report.first, report.hint, report.steps]).toEqual([null, null, null, []]);
  expect(String(report)).toBe('explainNan of the function: every element of its results is finite');
});

test('the hint looks through sums and broadcasts, and at NaN from the forward pass too', async () => {
  const perRow = (v: NDArray): NDArray => {
    const logs = np.sqrt(v.sum(1));
    return np.where(np.array([true, false]), logs, np.ones(2)).mean();
  };
  const report = await explainNan(grad(perRow))(np.array([[1, 1], [-3, 1]])); // prettier-ignore
  expect(report.first).toMatchObject({ operation: 'sqrt', phase: 'forward', operands: [-2] });
  expect(report.hint).toContain('mul(0, NaN) is NaN all the same');
});

test('zeros that no where made get no hint', async () => {
  const report = await explainNan(grad((v: NDArray) => np.sqrt(v).mul(0).sum()))(np.array([0, 1]));
  expect(report.steps.some((s) => Number.isNaN(s.value))).toBe(true);
  expect(report.hint).toBeNull();
});

test('an infinity that was given is passed over, NaN that was given is told', async () => {
  const mask = np.array([0, -Infinity]);
  const softmax = (v: NDArray): NDArray => {
    const masked = v.add(mask);
    return masked.sub(mask);
  };
  const report = await explainNan(softmax)(np.array([1, 2]));
  expect(report.first).toMatchObject({ operation: 'sub', operands: [-Infinity, -Infinity], position: [1] });
  expect(operations(report)).toEqual(['sub']);
  const given = await explainNan((p: { a: NDArray }) => p.a.add(1))({ a: np.array([1, NaN]) });
  expect(given.first).toMatchObject({ operation: 'argument', line: null });
  expect(String(given)).toContain('first: argument 0.a of the function is NaN itself, f32[2] at [1]');
  const read = await explainNan((v: NDArray) => v.mul(mask).sum())(np.array([0, 1]));
  expect(read.first).toMatchObject({ operation: 'constant', value: -Infinity });
  expect(String(read)).toContain('first: a constant that the function reads is -Infinity, f32[2] at [1]');
});

test('one element is followed: infinities beside it are not blamed', async () => {
  const f = (v: NDArray): NDArray => {
    const [a, b] = [np.exp(v), np.log(v)];
    return a.mul(0).add(b);
  };
  const report = await explainNan(f)(np.array([1000, -1]));
  expect(report.result).toBe('the result at [0]');
  expect(operations(report)).toEqual(['exp', 'mul', 'add']);
  const moved = (v: NDArray): NDArray => np.log(v).reshape([2, 2]).T.slice([null, null, -1]).ravel();
  const way = await explainNan(moved)(np.array([1, 2, -5, 3]));
  expect(way.first).toMatchObject({ operation: 'log', position: [2], operands: [-5] });
});

test('loops, conditionals and rules of one’s own are looked into', async () => {
  const roots = (v: NDArray): NDArray =>
    lax.scan((c: NDArray, y: NDArray): [NDArray, NDArray] => [c.mul(y), np.sqrt(c)], np.array(1), v)[1].sum();
  for (const f of [roots, grad(roots), jit(grad(roots)), grad(jit(roots))]) {
    const report = await explainNan(f)(np.array([1, -1, 2]));
    expect(report.first).toMatchObject({ operation: 'sqrt', phase: 'forward', operands: [-1] });
    expect(report.first?.line).toContain(placeOf('[c.mul(y), np.sqrt(c)]'));
  }
  const either = (v: NDArray): NDArray => lax.cond(v.gt(0), (u: NDArray) => np.log(u), (u: NDArray) => np.log(u), v); // prettier-ignore
  for (const f of [vmap(either), jit(vmap(either)), vmap(grad(either))]) {
    expect((await explainNan(f)(np.array([2, 1, 0]))).first?.position).toEqual([2]);
  }
  const own = customVjp((v: NDArray) => np.sqrt(v));
  own.defvjp(
    (v: NDArray): [NDArray, NDArray] => [np.sqrt(v), v],
    (v: NDArray, ct: NDArray) => [ct.div(v)],
  );
  const report = await explainNan(grad((v: NDArray) => own(v).sum()))(np.array([0, 1]));
  expect(report.first).toMatchObject({ operation: 'div', phase: 'backward', operands: [1, 0] });
  expect(report.first?.line).toContain(placeOf('[ct.div(v)]'));
});

test('products and sums of many: the terms that made it so are told, and the operand that brought it is followed', async () => {
  const product = (a: NDArray, b: NDArray): NDArray => np.log(a).matmul(np.sqrt(b));
  const behind = await explainNan(product)(np.array([[1, 1], [-1, 1]]), np.array([[-1, 1], [1, 1]])); // prettier-ignore
  expect(behind.first).toMatchObject({ operation: 'sqrt', position: [0, 0], operands: [-1] });
  const convolved = (a: NDArray, b: NDArray): NDArray =>
    lax.convGeneralDilated(np.log(a).reshape([1, 1, 4]), np.sqrt(b).reshape([2, 1, 2]), [1], 'VALID');
  const window = await explainNan(convolved)(np.array([1, 1, 1, -1]), np.array([[1, -1], [1, 1]])); // prettier-ignore
  expect(window.result).toBe('the result at [0, 0, 0]');
  expect(window.first).toMatchObject({ operation: 'sqrt', position: [0, 1], operands: [-1] });

  const dot = (a: NDArray, b: NDArray): NDArray => a.matmul(b);
  const texts = async (a: readonly number[], b: readonly number[]): Promise<string> => {
    const { first } = await explainNan(dot)(np.array(a), np.array(b));
    return `${JSON.stringify(first?.operands)} ${first?.text ?? ''}`;
  };
  expect(await texts([Infinity, 1], [0, 1])).toBe('[null,0,1,1] dotGeneral(Infinity · 0, 1 · 1) gave NaN, f32[]');
  expect(await texts([1, 2, Infinity, 4], [1, 2, 0, 4])).toBe('[null,0] dotGeneral(Infinity · 0, …) gave NaN, f32[]');
  expect(await texts([1, 2 ** 70, 3], [1, 2 ** 70, 3])).toContain(
    ' dotGeneral(1.180592e+21 · 1.180592e+21, …) gave Infinity',
  );
  expect(await texts([3e38, 3e38, 1], [1, 1, 1])).toContain('null dotGeneral of 3 finite terms gave Infinity');
  const cancelled = await explainNan(dot)(np.array([1, -Infinity, 2, Infinity]), np.ones([4]));
  expect(cancelled.first?.text).toContain('dotGeneral(Infinity · 1, -Infinity · 1, …) gave NaN');
  const made = await explainNan((a: NDArray) => dot(np.exp(a), np.array([0, 1, 1])))(np.array([1000, 1, 1]));
  expect(made.steps.map((s) => s.text)).toEqual([
    'exp(1000) gave Infinity, f32[3] at [0]',
    'dotGeneral(Infinity · 0, …) gave NaN, f32[]',
  ]);
  const summed = await explainNan((a: NDArray) => a.sum())(np.array([1, 2, Infinity, 3, -Infinity]));
  expect(summed.first?.text).toBe('reduceSum(Infinity, -Infinity, …) gave NaN, f32[]');
  const multiplied = await explainNan((a: NDArray) => np.prod(a))(np.array([1, 0, 2, Infinity, 3]));
  expect(multiplied.first?.text).toBe('reduceProd(Infinity, 0, …) gave NaN, f32[]');
});

test('a factorization of what is finite made it; of another matrix of the batch it is not the fault', async () => {
  const matrices = np.array([[[1, 2], [2, 1]], [[NaN, 1], [1, 2]]]); // prettier-ignore
  const report = await explainNan((m: NDArray) => np.linalg.cholesky(m))(matrices);
  expect(operations(report)).toEqual(['cholesky']);
  const second = await explainNan((m: NDArray) => np.linalg.cholesky(m).slice(1))(matrices);
  expect(second.first).toMatchObject({ operation: 'argument', position: [1, 0, 0] });
});

test('the hint is about choices of the user’s own code alone', async () => {
  const chosen = (v: NDArray): NDArray => lax.select(v.gt(0), np.sqrt(v), np.zeros([2])).sum();
  expect((await explainNan(grad(chosen))(np.array([4, 0]))).hint).toContain('np.where(ok,');
  const singular = np.zeros([2, 2]);
  const factor = await explainNan(grad((m: NDArray) => np.linalg.cholesky(m).sum()))(singular);
  expect([factor.result, factor.hint]).toEqual(['the result at [0, 0]', null]);
  const triangle = await explainNan(grad((m: NDArray) => np.tril(np.sqrt(m)).sum()))(np.array([[1, 0], [1, 1]])); // prettier-ignore
  expect([triangle.result, triangle.hint]).toEqual(['the result at [0, 1]', null]);
  // This where hides nothing: what it gives is multiplied by zero.
  const unused = (v: NDArray): NDArray => np.where(v.lt(9), np.sqrt(v), 0).mul(0).sum();
  const report = await explainNan(grad(unused))(np.array([0, 1]));
  expect([report.result, report.hint]).toEqual(['the result at [0]', null]);
});

test('in which iteration of which loop', async () => {
  const scanned = (v: NDArray): NDArray =>
    lax.scan((c: NDArray, y: NDArray): [NDArray, NDArray] => [c.mul(y), np.sqrt(c)], np.array(1), v)[1].sum();
  const xs = np.array([1, -1, 2]);
  for (const f of [scanned, grad(scanned), jit(grad(scanned)), checkpoint(scanned), grad(checkpoint(scanned))]) {
    const report = await explainNan(f)(xs);
    expect(report.first).toMatchObject({ operation: 'sqrt', iterations: [2] });
    expect(report.first?.text).toContain(', in iteration 2');
  }
  const batched = await explainNan(vmap(scanned))(np.stack([np.ones([3]), xs]));
  expect(batched.first).toMatchObject({ operation: 'sqrt', iterations: [2], position: [1] });
  // Going backward, from the last iteration to that at which a root is not smooth.
  const roots = (v: NDArray): NDArray =>
    lax.scan((c: NDArray, y: NDArray): [NDArray, null] => [c.add(np.sqrt(y)), null], np.array(0), v)[0];
  const back = await explainNan(grad(roots))(np.array([1, 0, 4]));
  expect(back.steps.map((s) => [s.phase, s.iterations])).toContainEqual(['backward', [1]]);
  const reversed = (v: NDArray): NDArray =>
    lax.scan((c: NDArray, y: NDArray): [NDArray, NDArray] => [c.mul(y), np.sqrt(c)], np.array(1), v, {
      reverse: true,
    })[1];
  expect((await explainNan(reversed)(np.array([3, -1, 2]))).first).toMatchObject({ iterations: [0] });
  const nested = (v: NDArray): NDArray =>
    lax.foriLoop(0, 3, (_, c: NDArray) => lax.foriLoop(0, 2, (i, d: NDArray) => np.log(d.sub(i)), c), v);
  const inner = await explainNan(nested)(np.array(2));
  expect(inner.first).toMatchObject({ operation: 'log', iterations: [0, 1] });
  expect(inner.first?.text).toContain(', in iteration [0, 1] of loops in loops');
  const halves = (v: NDArray): NDArray =>
    lax.whileLoop((c: NDArray) => c.lt(100), (c) => np.exp(c.mul(c)), v); // prettier-ignore
  for (const f of [halves, jit(halves)]) {
    expect((await explainNan(f)(np.array(2))).first).toMatchObject({ operation: 'exp', iterations: [1] });
  }
  expect((await explainNan(vmap(halves))(np.array([1000, 2]))).first).toMatchObject({ operation: 'exp', iterations: [1] }); // prettier-ignore
});

test('tangents, several results of one operation, keys, counters and scopes', async () => {
  const f = (v: NDArray): NDArray => np.sqrt(v);
  const tangent = await explainNan((v: NDArray) => jvp(f, [v], [np.array([0])])[1])(np.array([0]));
  expect(operations(tangent)).toEqual(['div', 'mul']);
  expect(tangent.steps.map((s) => s.phase)).toEqual(['derivative', 'tangent']);
  expect(String(tangent)).toContain('mul(0, Infinity) gave NaN, f32[1] at [0], in a tangent');
  const scoped = (key: NDArray, n: number): NDArray =>
    namedScope('encoder', () => np.log(random.uniform(key, [n]).mul(0).sub(1)));
  const report = await explainNan(scoped)(random.key(0), 3);
  expect(report.first).toMatchObject({ operation: 'log', operands: [-1], scope: 'encoder' });
  expect(String(report)).toContain(' in encoder');
  const inverse = await explainNan((m: NDArray) => np.linalg.inv(m))(np.ones([2, 2]));
  expect(inverse.first).toMatchObject({ operands: null });
  expect(Number.isFinite(inverse.first?.value)).toBe(false);
});

test('searches for NaN that are on stay silent, misuse is told', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const report = await debugNans(() => explainNan(grad(rootWhere))(np.array([1, 0])));
  expect(report.first?.operation).toBe('div');
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
  expect(() => explainNan(3 as never)).toThrow('explainNan takes a function, and gives one of its arguments');
  await expect(explainNan(() => Promise.resolve(x))()).rejects.toThrow(/the result of the function must be an array/);
  const inside = explainNan(rootWhere);
  let late: Promise<unknown> | null = null;
  jit((v: NDArray) => ((late = inside(v)), v))(np.array(1));
  await expect(late).rejects.toThrow(
    "explainNan runs functions, so it can't be used inside of one that is being traced",
  );
});
