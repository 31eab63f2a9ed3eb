import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { debug, disableJit, grad, jit, lax, makeJaxpr, numpy as np, vmap } from '../../../src/index.ts';
import { bind } from '../../../src/trace/context.ts';
import { casesOf } from '../../../src/trace/primitive.ts';
import { structuralPrimitives } from '../../../src/transforms/registry.ts';
import { expectClose } from './close.ts';

/** Control flow together with effects, collectives, debugging and printing. */

const f64 = (values: number | readonly number[]): NDArray => np.array(values, { dtype: 'f64' });

describe('debugging', () => {
  /** The values that a function's callbacks were called with. */
  async function calls(run: (log: (x: NDArray) => void) => unknown): Promise<readonly unknown[]> {
    const seen: unknown[] = [];
    const out = run((x) => debug.callback((v: NDArray) => void seen.push(v.tolistSync()), x));
    if (out !== undefined) await (out as NDArray).data();
    return seen;
  }

  test('callbacks in bodies, in order, though nothing follows from them', async () => {
    const loop =
      (log: (x: NDArray) => void) =>
      (xs: NDArray): NDArray =>
        lax.scan(
          (c: NDArray, x: NDArray) => {
            log(c.mul(x));
            return [c.add(x), null];
          },
          np.array(1),
          xs,
        )[0];
    const xs = np.array([1, 2, 3]);
    expect(await calls((log) => loop(log)(xs))).toEqual([1, 4, 12]);
    expect(await calls((log) => jit(loop(log))(xs))).toEqual([1, 4, 12]);
    expect(await calls((log) => grad(loop(log))(xs))).toEqual([1, 4, 12]);
    const branch = (log: (x: NDArray) => void) => (x: NDArray): NDArray =>
      lax.cond(x.gt(0), (a: NDArray) => (log(a), a.mul(2)), (a: NDArray) => a, x); // prettier-ignore
    expect(await calls((log) => jit(branch(log))(np.array(3)))).toEqual([3]);
    expect(await calls((log) => jit(branch(log))(np.array(-3)))).toEqual([]);
    const count = (log: (x: NDArray) => void) => (n: NDArray): NDArray =>
      lax.whileLoop((i: NDArray) => i.lt(n), (i: NDArray) => (log(i), i.add(1)), np.array(0, { dtype: 'i32' })); // prettier-ignore
    expect(await calls((log) => jit(count(log))(np.array(3, { dtype: 'i32' })))).toEqual([0, 1, 2]);
  });

  test('a callback on what is the same in every iteration is made in every iteration', async () => {
    const f = (log: (x: NDArray) => void) => (w: NDArray): NDArray =>
      lax.foriLoop(0, 3, (_, c) => (log(np.exp(np.sin(w))), c.add(np.exp(np.sin(w)))), np.array(0)); // prettier-ignore
    expect((await calls((log) => jit(f(log))(np.array(0)))).length).toBe(3);
  });

  test('without jit, bodies run on values', async () => {
    const seen: number[] = [];
    const body = (c: NDArray, x: NDArray): readonly [NDArray, NDArray] => {
      if (Number(x) > 1) seen.push(Number(c));
      return [c.add(x), c.mul(2)];
    };
    const run = (): unknown => [
      lax.scan(body, f64(0), f64([1, 2, 3])),
      lax.scan(body, f64(0), f64([1, 2, 3]), { reverse: true }),
      lax.whileLoop((c: NDArray) => c.lt(5), (c: NDArray) => (seen.push(Number(c)), c.add(2)), f64(0)), // prettier-ignore
      lax.foriLoop(1, 4, (i, c) => (seen.push(Number(i)), c.add(i)), f64(0)),
      lax.cond(f64(1).gt(0), (a: NDArray) => (seen.push(Number(a)), a), (a: NDArray) => a, f64(7)), // prettier-ignore
      lax.switchCase(5, [(a: NDArray) => a, (a: NDArray) => (seen.push(Number(a)), a.mul(2))], f64(8)),
      lax.map((x: NDArray) => (seen.push(Number(x)), x.mul(3)), f64([4, 5])),
    ];
    const direct = disableJit(run);
    expect(seen).toEqual([1, 3, 0, 3, 0, 2, 4, 1, 2, 3, 7, 8, 4, 5]);
    expect(() => lax.scan(body, f64(0), f64([1, 2, 3]))).toThrow(/lax.cond/);
    const g = disableJit(
      () =>
      grad((v: NDArray) => lax.scan((c: NDArray, x: NDArray) => [Number(x) > 1 ? c.mul(v) : c, null], v, f64([1, 2, 3]))[0])(f64(2)), // prettier-ignore
    );
    expect(await g.item()).toBe(12);
    await expectClose((direct as readonly unknown[])[0], [f64(6), f64([0, 2, 6])]);
    await expectClose((direct as readonly unknown[])[1], [f64(6), f64([10, 6, 0])]);
    await expectClose((direct as readonly unknown[]).slice(2), [f64(6), f64(6), f64(7), f64(16), f64([12, 15])]);
  });

  const interpreted = structuralPrimitives
    .filter(({ name }) => /scan|while|cond/.test(name))
    .flatMap((primitive) =>
      casesOf(primitive).map((c) => ({ primitive, c, label: `${primitive.name}: ${c.label ?? ''}` })),
    );

  test.each(interpreted)('operation by operation gives what the program gives, $label', async ({ primitive, c }) => {
    const { derivative } = primitive;
    if (derivative.kind !== 'structural') throw new Error(`${primitive.name} is not structural`);
    const inputs = c.ins.map(
      (i, k) =>
      i.dtype === 'i32'
        ? np.ones(i.shape, { dtype: 'i32' })
        : np.sin(np.arange(i.shape.reduce((a, b) => a * b, 1)).add(k)).reshape(i.shape).add(1.2).astype(i.dtype as 'f64'), // prettier-ignore
    );
    await expectClose(derivative.rules.evaluate(inputs, c.params), bind(primitive, inputs, c.params), 1e-6);
  });
});

describe('collectives in bodies', () => {
  const xs = f64([1, 2, 4]);

  test('in a scan, a while and a branch', async () => {
    const scanned = (x: NDArray): NDArray =>
      lax.scan((c: NDArray) => [lax.psum(c, 'i').mul(0.5).add(x), null] as const, x, null, { length: 2 })[0];
    // c ↦ sum(c) / 2 + x, twice.
    const once = [1, 2, 4].map((x) => 7 / 2 + x);
    const twice = [1, 2, 4].map((x) => (once[0] as number + (once[1] as number) + (once[2] as number)) / 2 + x); // prettier-ignore
    await expectClose(vmap(scanned, 0, { axisName: 'i' })(xs), f64(twice));
    await expectClose(jit(vmap(scanned, 0, { axisName: 'i' }))(xs), f64(twice));
    const doubled = (x: NDArray): NDArray =>
      lax.whileLoop((c: NDArray) => lax.pmax(c, 'i').lt(20), (c: NDArray) => c.mul(2), x); // prettier-ignore
    await expectClose(vmap(doubled, 0, { axisName: 'i' })(xs), f64([8, 16, 32]));
    const branched = (x: NDArray): NDArray =>
      lax.cond(x.gt(1), (a: NDArray) => a.div(lax.psum(a, 'i')), (a: NDArray) => a, x); // prettier-ignore
    await expectClose(vmap(branched, 0, { axisName: 'i' })(xs), f64([1, 2 / 7, 4 / 7]));
    const together = (x: NDArray): NDArray =>
      lax.cond(lax.psum(x, 'i').gt(1), (a: NDArray) => a.div(lax.psum(a, 'i')), (a: NDArray) => a, x); // prettier-ignore
    await expectClose(vmap(together, 0, { axisName: 'i' })(xs), f64([1 / 7, 2 / 7, 4 / 7]));
  });

  test('their gradients', async () => {
    const scanned = (x: NDArray): NDArray =>
      lax.scan((c: NDArray) => [lax.psum(np.sin(c), 'i').mul(x), null] as const, x, null, { length: 3 })[0];
    const looped = (x: NDArray): NDArray => {
      let c = x;
      for (let i = 0; i < 3; i++) c = lax.psum(np.sin(c), 'i').mul(x);
      return c;
    };
    const total = (f: (x: NDArray) => NDArray) => (v: NDArray) => vmap(f, 0, { axisName: 'i' })(v).sum();
    await expectClose(grad(total(scanned))(xs), grad(total(looped))(xs));
    await expectClose(jit(grad(total(scanned)))(xs), grad(total(looped))(xs));
    await expectClose(vmap(grad(scanned), 0, { axisName: 'i' })(xs), vmap(grad(looped), 0, { axisName: 'i' })(xs));
  });
});

test('Jaxprs inside of equations are printed', () => {
  const f = (x: NDArray): NDArray =>
    lax.cond(x.gt(0), (a: NDArray) => lax.scan((c: NDArray) => [c.mul(2), null] as const, a, null, { length: 3 })[0], (a: NDArray) => a, x); // prettier-ignore
  expect(`\n${String(makeJaxpr(f)(np.array(1).add(0)))}`).toMatchInlineSnapshot(`
    "
    { lambda ; a:f32[]. let
        b:bool[] = gt a 0.0:f32[]
        c:i32[] = convertElementType[dtype=i32 weakType=false] b
        d:f32[] = cond[
          branches=({ lambda ; a:f32[]. let
            in (a,) },{ lambda ; a:f32[]. let
              b:f32[] = scan[
                body={ lambda ; a:f32[]. let
                    b:f32[] = mul a 2.0:f32[]
                  in (b,) }
                length=3
                reverse=false
                unroll=1
                constants=0
                carries=1
              ] a
            in (b,) })
        ] c a
      in (d,) }"
  `);
  const g = (x: NDArray): NDArray => lax.whileLoop((a: NDArray) => a.lt(9), (a: NDArray) => a.add(x), x); // prettier-ignore
  expect(`\n${String(makeJaxpr(g)(np.array(1).add(0)))}`).toMatchInlineSnapshot(`
    "
    { lambda ; a:f32[]. let
        b:f32[] = while[
          condition={ lambda ; a:f32[]. let
              b:bool[] = lt a 9.0:f32[]
            in (b,) }
          conditionConstants=0
          body={ lambda ; a:f32[] b:f32[]. let
              c:f32[] = add b a
            in (c,) }
          bodyConstants=1
        ] a a
      in (b,) }"
  `);
});
