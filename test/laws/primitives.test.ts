import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import '../../src/index.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import { primitives } from '../../src/lax/registry.ts';
import { add, mul } from '../../src/lax/elementwise.ts';
import { reduceSum } from '../../src/lax/structural.ts';
import { sameAval, showAval } from '../../src/trace/aval.ts';
import { bind, currentTrace, typeOf } from '../../src/trace/context.ts';
import type { Case, Primitive } from '../../src/trace/primitive.ts';
import type { NDArray } from '../../src/trace/value.ts';
import { stack } from '../../src/numpy/shape.ts';
import { callP } from '../../src/transforms/call.ts';
import { jvp, vjp } from '../../src/transforms/grad.ts';
import { jit } from '../../src/transforms/jit.ts';
import { vmap } from '../../src/transforms/vmap.ts';
import { arrayOf, dtypesOf, values } from './draw.ts';

/** The laws of STYLE: each primitive's rules agree with each other and with its evaluation, on its own cases. */

type Flat = (...xs: readonly NDArray[]) => readonly NDArray[];

const runs = Number(process.env['LAW_RUNS'] ?? 3);

afterEach(() => expect(currentTrace()).toBeNull());

const data = (x: NDArray): readonly number[] => Array.from(x.dataSync());

/** Close in the sense of the dtype: exact for integers and bools. */
function expectClose(actual: NDArray, expected: NDArray, tolerance: number): void {
  expect(showAval(actual.aval)).toBe(showAval(expected.aval));
  const exact = !isFloat(actual.dtype);
  data(actual).forEach((a, i) => {
    const b = data(expected)[i] as number;
    if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return;
    const close = !exact && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
    if (!close) expect(a, `element ${i}`).toBe(b);
  });
}

const tolerance = (dtypes: readonly DType[]): number => (dtypes.includes('f32') ? 2e-5 : 1e-10);

/** Fixed pseudo-random directions, so that they need not be drawn. */
const direction = (x: NDArray, seed: number): NDArray =>
  arrayOf(
    x.shape,
    x.dtype,
    Array.from({ length: x.size }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed)),
  );

const inner = (xs: readonly NDArray[], ys: readonly NDArray[]): number =>
  xs.reduce((sum, x, i) => {
    const y = ys[i] as NDArray;
    return sum + data(x).reduce((s, v, k) => s + v * (data(y)[k] as number), 0);
  }, 0);

for (const primitive of [...primitives, callP as unknown as Primitive]) {
  describe(primitive.name, () => {
    primitive.cases.forEach((c, n) => {
      for (const dtypes of dtypesOf(c.ins))
        laws(primitive, c, dtypes, `${c.label ?? `case ${n}`} in ${dtypes.join(', ')}`);
    });
    test('has cases', () => expect(primitive.cases.length).toBeGreaterThan(0));
  });
}

function laws(primitive: Primitive, c: Case<unknown, number>, dtypes: readonly DType[], label: string): void {
  const f: Flat = (...xs) => bind(primitive, xs, c.params);
  const accepted = ((): boolean => {
    try {
      typeOf(
        primitive,
        c.ins.map((i, k) => ({ shape: i.shape, dtype: dtypes[k] as DType, weakType: false })),
        c.params,
      );
      return true;
    } catch {
      return false;
    }
  })();
  // A case for any dtype stands for those that the primitive takes.
  if (!accepted && c.ins.some((i) => i.dtype === 'any')) return;

  const inputs = fc
    .tuple(...c.ins.map((i, k) => values(i, dtypes[k] as DType)))
    .map((vs) => vs.map((v, k) => arrayOf((c.ins[k] as { shape: readonly number[] }).shape, dtypes[k] as DType, v)));
  const law = (name: string, check: (xs: readonly NDArray[]) => void, times = runs): void => {
    test(`${label}: ${name}`, () => fc.assert(fc.property(inputs, check), { numRuns: times }));
  };
  const results = typeOf(
    primitive,
    c.ins.map((i, k) => ({ shape: i.shape, dtype: dtypes[k] as DType, weakType: false })),
    c.params,
  );
  const single = results.some((o) => o.dtype === 'f32');
  const tol = tolerance(single ? [...dtypes, 'f32'] : dtypes);

  law('the type is the result’s type', (xs) => {
    const outs = f(...xs);
    const types = typeOf(
      primitive,
      xs.map((x) => x.aval),
      c.params,
    );
    outs.forEach((o, i) => {
      expect(showAval(o.aval)).toBe(showAval(types[i] as NDArray['aval']));
      expect(o.dataSync().length).toBe(o.size);
    });
  });

  law('jit is evaluation', (xs) => {
    const eager = f(...xs);
    const compiled = jit((...ys: readonly NDArray[]) => f(...ys))(...xs);
    compiled.forEach((o, i) => expectClose(o, eager[i] as NDArray, tol));
  });

  law('vmap is a loop', (xs) => {
    const batch = xs.map((x, k) => [
      x,
      arrayOf(
        x.shape,
        x.dtype,
        data(x).map((v, i) => (k % 2 === 0 ? (data(x)[x.size - 1 - i] ?? v) : v)),
      ),
    ]);
    if (xs.length === 0) return;
    const examples = [0, 1].map((e) => f(...batch.map((pair) => pair[e] as NDArray)));
    for (const axis of [0, 1]) {
      const stacked = batch.map((pair) => stack(pair, Math.min(axis, (pair[0] as NDArray).ndim)));
      const axes = batch.map((pair) => Math.min(axis, (pair[0] as NDArray).ndim));
      const outs = vmap((...ys: readonly NDArray[]) => f(...ys), axes)(...stacked);
      outs.forEach((o, i) => expectClose(o, stack(examples.map((ex) => ex[i] as NDArray)), tol));
    }
    // Only one operand is mapped, the others are shared.
    xs.forEach((_, k) => {
      const pair = batch[k] as readonly NDArray[];
      const args = xs.map((x, j) => (j === k ? stack(pair) : x));
      const outs = vmap(
        (...ys: readonly NDArray[]) => f(...ys),
        xs.map((__, j) => (j === k ? 0 : null)),
      )(...args);
      const expected = [0, 1].map((e) => f(...xs.map((x, j) => (j === k ? (pair[e] as NDArray) : x))));
      outs.forEach((o, i) => expectClose(o, stack(expected.map((ex) => ex[i] as NDArray)), tol));
    });
  });

  if (!dtypes.some(isFloat) || primitive.derivative.kind === 'zero') return;
  const floats = dtypes.map(isFloat);
  /** The primitive as a function of its float operands. */
  const ofFloats = (xs: readonly NDArray[]): { readonly g: Flat; readonly at: readonly NDArray[] } => ({
    at: xs.filter((_, i) => floats[i] === true),
    g: (...ys) => {
      let next = 0;
      return f(...xs.map((x, i) => (floats[i] === true ? (ys[next++] as NDArray) : x)));
    },
  });
  const outFloat = (xs: readonly NDArray[]): boolean => f(...xs).every((o) => isFloat(o.dtype));

  law('jvp’s primal is evaluation', (xs) => {
    if (!outFloat(xs)) return;
    const { g, at } = ofFloats(xs);
    const [primals] = jvp(g, at, at.map(direction));
    primals.forEach((o, i) => expectClose(o, f(...xs)[i] as NDArray, tol));
  });

  law('jvp and vjp are transposes of each other', (xs) => {
    if (!outFloat(xs)) return;
    const { g, at } = ofFloats(xs);
    const ts = at.map(direction);
    const [outs, tangents] = jvp(g, at, ts);
    const cts = outs.map((o, i) => direction(o, i + 7));
    const [, pullback] = vjp(g, ...at);
    const forward = inner(cts, tangents);
    const backward = inner(pullback(cts), ts);
    expect(Math.abs(forward - backward)).toBeLessThanOrEqual(tol * 10 * Math.max(1, Math.abs(forward)) * 10);
  });

  if (!dtypes.includes('f64')) return;

  law('jvp is the central difference', (xs) => {
    if (!outFloat(xs)) return;
    const { g, at } = ofFloats(xs);
    const ts = at.map(direction);
    const [, tangents] = jvp(g, at, ts);
    // A result in f32 is too coarse for a small step.
    const h = single ? 1e-2 : 1e-6;
    const moved = (s: number): readonly NDArray[] =>
      g(
        ...at.map((x, i) =>
          add(
            x,
            mul(
              ts[i] as NDArray,
              arrayOf(
                x.shape,
                'f64',
                data(x).map(() => s * h),
              ),
            ),
          ),
        ),
      );
    const [plus, minus] = [moved(1), moved(-1)];
    tangents.forEach((t, o) =>
      data(t).forEach((v, i) => {
        const numeric = ((data(plus[o] as NDArray)[i] as number) - (data(minus[o] as NDArray)[i] as number)) / (2 * h);
        expect(Math.abs(v - numeric), `element ${i}: ${v} and ${numeric}`).toBeLessThanOrEqual(
          (single ? 1e-3 : 1e-6) * Math.max(1, Math.abs(v)),
        );
      }),
    );
  });

  law(
    'grad of vmap is vmap of grad',
    (xs) => {
      if (!outFloat(xs)) return;
      const { g, at } = ofFloats(xs);
      const total = (outs: readonly NDArray[]): NDArray =>
        outs
          .map((o) =>
            reduceSum(
              mul(o, direction(o, 3)),
              o.shape.map((_, i) => i),
            ),
          )
          .reduce(add);
      const gradient = (...ys: readonly NDArray[]): readonly NDArray[] => {
        const [value, pullback] = vjp((...zs: readonly NDArray[]) => total(g(...zs)), ...ys);
        return pullback(arrayOf([], value.dtype, [1]));
      };
      const pairs = at.map((x) => stack([x, x]));
      const perExample = vmap(gradient)(...pairs);
      const one = gradient(...at);
      perExample.forEach((p, i) => expectClose(p, stack([one[i] as NDArray, one[i] as NDArray]), tol));
      expect(perExample.every((p, i) => sameAval(p.aval, (pairs[i] as NDArray).aval))).toBe(true);
    },
    1,
  );
}
