import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { checkpoint, clearCaches, grad, jit, jvp, lax, numpy as np, vmap } from '../../../src/index.ts';
import { currentTrace } from '../../../src/trace/context.ts';
import { expectClose } from './close.ts';

/**
 * Random programs of loops and conditionals, nested and closing over what is around them, under random stacks of
 * transformations: compared with plain JS loops and `if`s, whose values are known in grad and jvp, and with a sum over
 * examples in the place of vmap.
 */

type Op =
  | { readonly kind: 'sin' | 'mul' | 'add' | 'matmul' | 'mean'; readonly a: number; readonly b: number }
  | {
      readonly kind: 'scan';
      readonly init: number;
      readonly xs: number;
      readonly length: number;
      readonly options: object;
      readonly body: Program;
    }
  | { readonly kind: 'cond'; readonly pred: number; readonly sides: readonly Program[] }
  | { readonly kind: 'fori'; readonly init: number; readonly trips: number; readonly body: Program }
  | { readonly kind: 'while'; readonly init: number; readonly limit: number; readonly body: Program }
  | { readonly kind: 'map'; readonly xs: number; readonly batchSize: number; readonly body: Program }
  | { readonly kind: 'jit'; readonly a: number; readonly body: Program };
type Program = readonly Op[];
/** All variables are f64[3]; operands are numbered from the last one back. */
type Env = readonly NDArray[];

const index = fc.nat(6);
const { program } = fc.letrec<{ program: Program; op: Op }>((tie) => {
  const body = tie('program');
  return {
    op: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ kind: fc.constantFrom('sin', 'mul', 'add', 'matmul', 'mean' as const), a: index, b: index }),
      fc.record({
        kind: fc.constant('scan' as const),
        init: index,
        xs: index,
        length: fc.nat(5),
        options: fc.record(
          { reverse: fc.boolean(), unroll: fc.integer({ min: 1, max: 3 }), checkpoint: fc.constant(2) },
          { requiredKeys: [] },
        ),
        body,
      }),
      fc.record({ kind: fc.constant('cond' as const), pred: index, sides: fc.array(body, { minLength: 2, maxLength: 3 }) }), // prettier-ignore
      fc.record({ kind: fc.constant('fori' as const), init: index, trips: fc.nat(4), body }),
      fc.record({ kind: fc.constant('while' as const), init: index, limit: fc.integer({ min: 1, max: 4 }), body }),
      fc.record({ kind: fc.constant('map' as const), xs: index, batchSize: fc.nat(3), body }),
      fc.record({ kind: fc.constant('jit' as const), a: index, body }),
    ),
    program: fc.array(tie('op'), { minLength: 1, maxLength: 4, depthIdentifier: 'program' }),
  };
});

const w = np.array([[0.5, -0.3, 0.2], [0.1, 0.4, -0.6], [-0.2, 0.3, 0.7]], { dtype: 'f64' }); // prettier-ignore
const at = (env: Env, i: number): NDArray => env[env.length - 1 - (i % env.length)] as NDArray;
/** Slices of the xs of a scan: the variable, scaled differently in each. */
const slice = (x: NDArray, i: number): NDArray => x.mul(1 - 0.2 * i);
const last = (env: Env): NDArray => env[env.length - 1] as NDArray;
const growing = (x: NDArray): NDArray => x.mul(x).sum();
const side = (x: NDArray, n: number): NDArray =>
  np.add(x.sum().gt(0).astype('i32'), n > 2 ? x.slice(0).gt(0.2).astype('i32') : 0);

/** Which of both runs: compiled control flow, or the language's own. */
type Mode = 'lax' | 'plain';

function run(program_: Program, start: Env, mode: Mode): Env {
  return program_.reduce<Env>((env, op) => [...env, step(op, env, mode)], start);
}

const tamed = (x: NDArray): NDArray => np.tanh(x);

function step(op: Op, env: Env, mode: Mode): NDArray {
  const plain = mode === 'plain';
  switch (op.kind) {
    case 'sin':
      return np.sin(at(env, op.a));
    case 'mul':
      return at(env, op.a).mul(at(env, op.b));
    case 'add':
      return at(env, op.a).add(at(env, op.b));
    case 'matmul':
      return at(env, op.a).matmul(w);
    case 'mean':
      return at(env, op.a).sub(at(env, op.b).mean());
    case 'scan': {
      const body = (c: NDArray, x: NDArray): readonly [NDArray, NDArray] => {
        const inner = run(op.body, [...env, x, c], mode);
        return [tamed(last(inner)), at(inner, 1)];
      };
      const [init, x] = [at(env, op.init), at(env, op.xs)];
      const zeros = np.zeros([3], { dtype: 'f64' });
      if (!plain) {
        const scales = np.array(Array.from({ length: op.length }, (_, i) => 1 - 0.2 * i), { dtype: 'f64' }); // prettier-ignore
        const stacked = scales.reshape([op.length, 1]).mul(x.reshape([1, 3]));
        const [c, ys] = lax.scan(body, init, stacked, op.options);
        return c.add(ys.sum(0));
      }
      const order = Array.from({ length: op.length }, (_, i) => i);
      if ('reverse' in op.options && op.options.reverse === true) order.reverse();
      let [c, total] = [init, zeros];
      for (const i of order) {
        const [next, y] = body(c, slice(x, i));
        [c, total] = [next, total.add(y)];
      }
      return c.add(total);
    }
    case 'cond': {
      const branches = op.sides.map((s) => (x: NDArray) => last(run(s, [...env, x], mode)));
      const x = at(env, op.pred);
      const k = side(x, branches.length);
      if (plain) return (branches[Number(k)] as (x: NDArray) => NDArray)(x);
      const [no, yes] = branches as [(x: NDArray) => NDArray, (x: NDArray) => NDArray];
      return branches.length === 2 ? lax.cond(k.gt(0), yes, no, x) : lax.switchCase(k, branches, x);
    }
    case 'fori': {
      const body = (i: NDArray, c: NDArray): NDArray =>
        tamed(last(run(op.body, [...env, c.add(i.astype('f64').mul(0.1))], mode)));
      if (!plain) return lax.foriLoop(0, op.trips, body, at(env, op.init));
      let c = at(env, op.init);
      for (let i = 0; i < op.trips; i++) c = body(np.array(i, { dtype: 'i32' }), c);
      return c;
    }
    case 'while': {
      const body = (c: NDArray): NDArray =>
        tamed(last(run(op.body, [...env, c], mode)))
          .mul(0.1)
          .add(c.mul(1.3))
          .add(0.3);
      const holds = (c: NDArray): NDArray => growing(c).lt(op.limit);
      if (!plain) return lax.whileLoop(holds, body, at(env, op.init), { maxSteps: 6 });
      let c = at(env, op.init);
      for (let i = 0; i < 6 && Number(holds(c)) !== 0; i++) c = body(c);
      return c;
    }
    case 'map': {
      const body = (x: NDArray): NDArray => last(run(op.body, [...env, x], mode));
      const x = at(env, op.xs);
      const xs = [0, 1, 2].map((i) => slice(x, i));
      if (plain) return xs.map(body).reduce((a, b) => a.add(b));
      return lax.map(body, np.stack(xs), op.batchSize === 0 ? {} : { batchSize: op.batchSize }).sum(0);
    }
    case 'jit': {
      const body = (x: NDArray): NDArray => last(run(op.body, [...env, x], mode));
      return (plain ? body : jit(body))(at(env, op.a));
    }
  }
}

type Fn = (x: NDArray) => NDArray;
const direction = np.array([0.7, -0.4, 0.9], { dtype: 'f64' });
const other = (x: NDArray): NDArray => x.mul(0.5).sub(0.3);

/** Each makes of a function f64[3] → f64[3] another; the second does so by hand where there is a choice. */
const stacks: Readonly<Record<string, readonly [compiled: (f: Fn) => Fn, plain: (f: Fn) => Fn]>> = {
  jit: [(f) => jit(f), (f) => f],
  vmap: [(f) => (x) => vmap(f)(np.stack([x, other(x)])).sum(0), (f) => (x) => f(x).add(f(other(x)))],
  grad: [
    (f) => grad((x: NDArray) => f(x).mul(direction).sum()),
    (f) => grad((x: NDArray) => f(x).mul(direction).sum()),
  ],
  jvp: [(f) => (x) => jvp(f, [x], [direction])[1], (f) => (x) => jvp(f, [x], [direction])[1]],
  checkpoint: [(f) => checkpoint(f), (f) => f],
};
const derivatives = (names: readonly string[]): number => names.filter((n) => n === 'grad' || n === 'jvp').length;
const stack = fc
  .array(fc.constantFrom(...Object.keys(stacks)), { minLength: 1, maxLength: 4 })
  .filter((names) => derivatives(names) < 3);

const point = np.array([0.3, -0.8, 0.6], { dtype: 'f64' });
const runs = 7 * Number(process.env['LAW_RUNS'] ?? 3);

afterEach(() => expect(currentTrace()).toBeNull());

test(`random programs under random transformations`, { timeout: 20_000 * runs }, () =>
  fc.assert(
    fc.asyncProperty(program, stack, async (ops, names) => {
      const [compiled, plain] = (['lax', 'plain'] as const).map(
        (mode, k) =>
        names.reduce<Fn>((f, n) => (stacks[n] as (typeof stacks)[string])[k as 0 | 1](f), (x) => last(run(ops, [x, direction], mode))), // prettier-ignore
      ) as [Fn, Fn];
      await expectClose(compiled(point), plain(point), 1e-6);
      // No two programs have anything in common.
      clearCaches();
    }),
    { numRuns: runs },
  ),
);
