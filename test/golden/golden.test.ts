import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad, jvp, lax, numpy, random, vjp, vmap } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import { aval } from '../../src/trace/aval.ts';
import { ConcreteArray } from '../../src/trace/concrete.ts';
import { NDArray } from '../../src/trace/value.ts';
import type { Golden, GoldenCase } from './read.ts';
import { GoldenArray, readGolden } from './read.ts';

/** Values, vjp, jvp and vmap of the public functions against what JAX computed. */

type Fn = (...args: readonly unknown[]) => unknown;

/** Files with cases of their own shape, which other tests read. */
const others = ['optimizers', 'network'];

/**
 * Largest error, relative to the larger of 1 and the value, by dtype of the result. f32: sums and products in another
 * order; a few functions are compositions of several rounded operations in either library.
 */
const tolerance: { readonly [D in DType]: number } = { f32: 3e-6, f64: 1e-12, i32: 0, u32: 0, bool: 0 };
/** Gradients are longer chains of operations. */
const gradientFactor = 10;

/** Functions of the public surface that later versions bring; their golden cases wait here. */
const later: readonly string[] = [
  'lax.dynamicSlice',
  'lax.dynamicUpdateSlice',
  'numpy.take',
  'random.permutation',
  'nn.sigmoidBinaryCrossEntropy',
  'nn.softmaxCrossEntropy',
  'nn.sigmoid',
  'nn.silu',
  'nn.softplus',
  'nn.elu',
  'nn.gelu',
  'nn.tanh',
  'nn.leakyRelu',
  'nn.logSigmoid',
  'nn.relu6',
  'nn.selu',
  'nn.celu',
  'nn.softSign',
  'nn.mish',
  'nn.hardTanh',
  'nn.hardSigmoid',
  'nn.squareplus',
  'nn.standardize',
];

/** The golden files hold labels as plain lists. */
const labelled = (logits: NDArray, labels: readonly number[]): NDArray =>
  nn.softmaxCrossEntropyWithIntegerLabels(logits, numpy.array(labels, { dtype: 'i32' }));

/** `lax.pad` with JAX's arguments, in terms of ours. */
function jaxPad(x: NDArray, value: NDArray, config: readonly (readonly [number, number, number])[]): NDArray {
  const params = {
    low: config.map(([l]) => l),
    high: config.map(([, h]) => h),
    interior: config.map(([, , i]) => i),
  };
  const inside = lax.padZeros(lax.fill(x.shape, 'bool', 1), params);
  return lax.select(inside, lax.padZeros(x, params), lax.broadcastInDim(value, inside.shape, []));
}

const spaces: Readonly<Record<string, object>> = {
  numpy,
  lax: { ...lax, pad: jaxPad },
  random,
  nn: { ...nn, softmaxCrossEntropyWithIntegerLabels: labelled },
};

function functionOf(name: string): Fn {
  const [space, key] = name.split('.') as [string, string];
  const f = (spaces[space] as Record<string, unknown> | undefined)?.[key];
  if (typeof f !== 'function') throw new Error(`pullback has no ${name}`);
  return f as Fn;
}

const toArray = (g: GoldenArray): NDArray => ConcreteArray.fromHost(aval(g.shape, g.dtype), g.data.slice());

const convert = (g: Golden): unknown =>
  g instanceof GoldenArray
    ? toArray(g)
    : Array.isArray(g)
      ? g.map((x: Golden) => convert(x))
      : typeof g === 'object' && g !== null
        ? Object.fromEntries(Object.entries(g).map(([k, v]) => [k, convert(v)]))
        : g;

const results = (x: unknown): readonly NDArray[] => (x instanceof NDArray ? [x] : (x as readonly NDArray[]));

async function expectGolden(actual: NDArray, expected: GoldenArray, factor: number): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const allowed = tolerance[actual.dtype] * factor;
  (await actual.data()).forEach((a, i) => {
    const e = expected.data[i] as number;
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) return;
    if (!(Math.abs(a - e) <= allowed * Math.max(1, Math.abs(e)))) expect(a, `element ${i}`).toBe(e);
  });
}

/** The case's function of its differentiable arguments, and those. */
function ofFloats(
  c: GoldenCase,
  f: Fn,
): { readonly g: (...xs: unknown[]) => unknown; readonly at: readonly unknown[]; readonly which: readonly number[] } {
  const args = c.args.map(convert);
  const float = (x: unknown): boolean =>
    x instanceof NDArray
      ? isFloat(x.dtype)
      : Array.isArray(x) && x.length > 0 && x.every((y) => y instanceof NDArray && isFloat(y.dtype));
  const which = args.flatMap((a, i) => (float(a) ? [i] : []));
  const options = c.options === undefined ? [] : [convert(c.options)];
  return {
    which,
    at: which.map((i) => args[i]),
    g: (...xs) => f(...args.map((a, i) => (which.includes(i) ? xs[which.indexOf(i)] : a)), ...options),
  };
}

const leavesOf = (g: Golden | undefined): readonly GoldenArray[] =>
  g instanceof GoldenArray ? [g] : Array.isArray(g) ? g.flatMap((x: Golden) => leavesOf(x)) : [];
const arraysOf = (x: unknown): readonly NDArray[] =>
  x instanceof NDArray ? [x] : Array.isArray(x) ? x.flatMap(arraysOf) : [];

async function runCase(c: GoldenCase): Promise<void> {
  const f = functionOf(c.fn);
  const args = c.args.map(convert);
  const options = c.options === undefined ? [] : [convert(c.options)];
  const outs = results(f(...args, ...options));
  for (const [i, e] of c.out.entries()) await expectGolden(outs[i] as NDArray, e, 1);
  if (c.vjp !== undefined) {
    const { g, at, which } = ofFloats(c, f);
    const [value, pullback] = vjp(g, ...at);
    const ct = c.vjp.ct.map(toArray);
    const grads = pullback(value instanceof NDArray ? ct[0] : ct);
    const expected = which.flatMap((i) => leavesOf(c.vjp?.grads[i]));
    for (const [i, a] of arraysOf([...grads]).entries())
      await expectGolden(a, expected[i] as GoldenArray, gradientFactor);
  }
  if (c.jvp !== undefined) {
    const { g, at, which } = ofFloats(c, f);
    const tangents = which.map((i) => convert(c.jvp?.tangents[i] as Golden));
    const [, out] = jvp(g, at as unknown[], tangents);
    for (const [i, a] of results(out).entries()) await expectGolden(a, c.jvp.out[i] as GoldenArray, gradientFactor);
  }
  if (c.vmap !== undefined) {
    // Arguments that are no arrays are captured, not mapped.
    const values = c.vmap.args.map((a, i) => convert(a ?? (c.args[i] as Golden)));
    const which = c.vmap.args.flatMap((a, i) => (a === null ? [] : [i]));
    const batched = vmap(
      (...xs: readonly unknown[]) =>
        f(...values.map((v, i) => (which.includes(i) ? xs[which.indexOf(i)] : v)), ...options),
      which.map((i) => (c.vmap?.inAxes[i] ?? null) as number | null),
    );
    const out = results(batched(...which.map((i) => values[i])));
    for (const [i, e] of c.vmap.out.entries()) await expectGolden(out[i] as NDArray, e, 1);
  }
}

const files = readdirSync(new URL('./data/', import.meta.url)).map((f) => f.replace('.json', ''));
for (const file of files.filter((f) => !others.includes(f))) {
  const cases = readGolden(file) as readonly GoldenCase[];
  const functions = [...new Set(cases.map((c) => c.fn))].filter((fn) => !later.includes(fn));
  describe(file, () => {
    for (const fn of functions) {
      const own = cases.filter((c) => c.fn === fn);
      test.each(own.map((c, i) => [i, c] as const))(`${fn} %i`, (_, c) => runCase(c));
    }
  });
}

test.each(later)('%s is still to come', (fn) => {
  expect(() => functionOf(fn)).toThrow('pullback has no');
});

test('a golden gradient can fail', async () => {
  const wrong = new GoldenArray('f32', [], new Float32Array([7]));
  const gradient = grad((x: NDArray) => x.mul(x))(numpy.array(3));
  await expect(expectGolden(gradient, wrong, 1)).rejects.toThrow();
});
