import { expect } from 'vitest';
import { jit, jvp, NDArray, vjp, vmap } from '../../src/index.ts';
import { callOf, floatsOf, largestOf, leavesOf, ofFloats } from './calls.ts';
import type { Fn } from './functions.ts';
import { arraysIn, batch, direction, toArray } from './inputs.ts';
import type { Golden, GoldenCase } from './read.ts';
import { GoldenArray } from './read.ts';
import type { Close, Kind } from './tolerance.ts';

/** Whether a function's values and derivatives are those of a golden case. */

/** Throws unless the arrays are those that JAX computed. */
export async function expectGolden(
  actual: readonly NDArray[],
  expected: readonly Golden[],
  kind: Kind,
  close: Close,
  what: string,
): Promise<void> {
  expect(actual.length, `${what}: number of arrays`).toBe(expected.length);
  for (const [n, wanted] of expected.entries()) {
    const found = actual[n];
    if (!(found instanceof NDArray) || !(wanted instanceof GoldenArray))
      throw new Error(`${what}: result ${n} is no array`);
    expect(`${found.dtype}[${found.shape.join()}]`, `${what}: type`).toBe(`${wanted.dtype}[${wanted.shape.join()}]`);
    const context = { dtype: wanted.dtype, kind, largest: largestOf(wanted) };
    (await found.data()).forEach((a, i) => {
      const e = wanted.data[i] as number;
      if (!close(a, e, context)) expect(a, `${what}: array ${n}, element ${i}`).toBe(e);
    });
  }
}

/** Results that are no arrays: a shape, a dtype, a record of numbers, of which JAX's are a part. */
async function expectPlain(actual: unknown, expected: Golden): Promise<void> {
  const found: unknown = await actual;
  if (typeof expected === 'object' && expected !== null && !Array.isArray(expected))
    expect(found).toMatchObject(expected);
  else expect(found).toEqual(expected);
}

/** Eager values, vjp, jvp and vmap against the case's. */
export async function checkEager(c: GoldenCase, f: Fn, close: Close): Promise<void> {
  const goldens = arraysIn(c.args);
  const arrays = goldens.map(toArray);
  const call = callOf(c, f);
  const result = call(...arrays);
  const [plain] = c.out;
  if (plain !== undefined && !(plain instanceof GoldenArray)) return expectPlain(result, plain);
  await expectGolden(leavesOf(result), c.out, 'value', close, 'value');
  const g = ofFloats(call, arrays);
  const at = floatsOf(arrays);
  if (c.vjp !== undefined) {
    const [values, pullback] = vjp(g, ...at);
    await expectGolden(pullback(values.map((y, i) => direction(y, i, 1))), c.vjp, 'derivative', close, 'vjp');
  }
  if (c.jvp !== undefined) {
    const [, tangents] = jvp(
      g,
      [...at],
      at.map((x, i) => direction(x, i, 0)),
    );
    await expectGolden(tangents, c.jvp, 'derivative', close, 'jvp');
  }
  if (c.vmap !== undefined) {
    const { axes, out } = c.vmap;
    const batched = goldens.map((x, i) => (axes[i] === null ? toArray(x) : batch(x, axes[i] as number)));
    await expectGolden(
      vmap((...xs: readonly NDArray[]) => leavesOf(call(...xs)), [...axes])(...batched),
      out,
      'value',
      close,
      'vmap',
    );
  }
}

/** One program of the values and the gradients, compiled, against the case's. */
export async function checkJit(c: GoldenCase, f: Fn, close: Close): Promise<void> {
  const arrays = arraysIn(c.args).map(toArray);
  const call = callOf(c, f);
  if (!(c.out[0] instanceof GoldenArray)) return;
  const program = jit((...xs: readonly NDArray[]) => {
    if (c.vjp === undefined) return { values: leavesOf(call(...xs)), gradients: [] };
    const [floats, pullback] = vjp(ofFloats(call, xs), ...floatsOf(xs));
    const gradients = pullback(floats.map((y, i) => direction(y, i, 1)));
    // Results that are no floats are computed apart from what is differentiated.
    const values = floats.length === c.out.length ? floats : leavesOf(call(...xs));
    return { values, gradients };
  });
  const { values, gradients } = program(...arrays);
  await expectGolden(values, c.out, 'value', close, 'jit');
  await expectGolden(gradients, c.vjp ?? [], 'derivative', close, 'jit of vjp');
}
