import { expect, test } from 'vitest';
import { jit, makeJaxpr, numpy as np } from '../../../src/index.ts';
import type { NDArray } from '../../../src/index.ts';
import { pruneJaxpr, withoutDeadCode, withoutDeadEquations } from '../../../src/trace/dead-code.ts';

const x = np.ones([3]);

test('results that nothing uses are dropped inside calls, with the operands that only they need', () => {
  const both = jit((a: NDArray, b: NDArray) => [np.sin(a), np.cos(b)] as const);
  const { jaxpr } = makeJaxpr((a: NDArray, b: NDArray) => both(a, b)[0])(x, x);
  const [call] = withoutDeadCode(jaxpr).equations;
  expect(call?.inputs).toEqual([jaxpr.inputs[0]]);
  expect(call?.outputs).toEqual([jaxpr.outputs[0]]);
  expect(String((call?.params as { jaxpr: { equations: unknown[] } }).jaxpr.equations.length)).toBe('1');
});

test('where equations are left whole, so are the Jaxprs inside', () => {
  const both = jit((a: NDArray) => [np.sin(a), np.cos(a)] as const);
  const { jaxpr } = makeJaxpr((a: NDArray) => [both(a)[0], both(np.exp(a))[0]] as const)(x);
  const first = { ...jaxpr, outputs: jaxpr.outputs.slice(0, 1) };
  expect(withoutDeadEquations(first).equations).toEqual(jaxpr.equations.slice(0, 1));
  expect(withoutDeadEquations(first).equations[0]?.params).toBe(jaxpr.equations[0]?.params);
});

test('a pruned Jaxpr keeps the wanted results and what they depend on', () => {
  const { jaxpr } = makeJaxpr((a: NDArray, b: NDArray) => [np.sin(a), np.cos(b), a])(x, x);
  const pruned = pruneJaxpr(jaxpr, [false, true, false]);
  expect(pruned.inputs).toEqual([false, true]);
  expect(pruned.jaxpr.equations.map((e) => e.primitive.name)).toEqual(['cos']);
});
