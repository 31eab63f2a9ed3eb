import { beforeAll, describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { init, jit, lax, numpy as np } from '../../../src/index.ts';
import { binary } from '../../../src/kernel/expr.ts';
import { iadd, lit } from '../../../src/kernel/index-algebra.ts';
import { partsOf, pointsOf } from '../../../src/kernel/kernel.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import type { Program, Step } from '../../../src/kernel/program.ts';
import { runSteps } from '../../../src/kernel/program.ts';
import { aval } from '../../../src/trace/aval.ts';
import type { Aval } from '../../../src/trace/aval.ts';
import { bind } from '../../../src/trace/context.ts';
import type { Jaxpr } from '../../../src/trace/jaxpr.ts';
import type { Primitive } from '../../../src/trace/primitive.ts';
import { primitive, typed } from '../../../src/trace/primitive.ts';
import { stage } from '../../../src/trace/stage.ts';
import { range } from '../../../src/util/array.ts';

/** Loops, branches and procedures through lowering, fusion and plan; with primitives made for these tests alone. */

type Flat = (...xs: readonly NDArray[]) => readonly NDArray[];
const rules = {
  derivative: { kind: 'zero', because: 'only compiled here' },
  batch: () => ({ values: [], axes: [] }),
  stablehlo: (): never => {
    throw new Error('it is for these tests only');
  },
  cases: { none: 'it is for these tests only' },
} as const;

interface LoopParams {
  readonly trips: number | null;
  readonly condition: Jaxpr | null;
  readonly body: Jaxpr;
  readonly constants: number;
}
const loopP: Primitive<LoopParams> = primitive<LoopParams, number>({
  ...rules,
  name: 'loop',
  type: (ins, p) => typed(...ins.slice(p.constants)),
  lower: (_, p) => ({
    kind: 'loop',
    trips: p.trips,
    condition: p.condition,
    conditionConstants: 0,
    body: p.body,
    bodyConstants: p.constants,
  }),
});
const branchP: Primitive<{ readonly branches: readonly Jaxpr[] }> = primitive<
  { readonly branches: readonly Jaxpr[] },
  number
>({
  ...rules,
  name: 'branch',
  type: (_, p) => typed(...(p.branches[0] as Jaxpr).outputs.map((o) => o.aval)),
  lower: (_, p) => ({ kind: 'branch', branches: p.branches }),
});
/** Adds `update` to `x` from position `start` (i32[]) on. */
const addAtP = primitive<Record<string, never>, 3>({
  ...rules,
  name: 'addAt',
  type: ([x]) => typed(x),
  lower: ([, update, start]) => ({
    kind: 'procedure',
    domain: update.aval.shape,
    starts: [0],
    scratch: [],
    readsOnce: true,
    write: (_, c, [out]) => {
      const to = [iadd(start.at([]), c[0] ?? lit(0))];
      out?.set(to, binary('add', out.at(to), update.at(c)));
    },
  }),
});
/** Running sums in one procedure, with scratch that holds the input. */
const runningP = primitive<Record<string, never>, 1>({
  ...rules,
  name: 'running',
  type: ([x]) => typed(x, aval([], x.dtype)),
  lower: ([x]) => ({
    kind: 'procedure',
    domain: [],
    starts: [null, null],
    scratch: [{ shape: x.aval.shape, dtype: x.aval.dtype }],
    readsOnce: false,
    write: (p, _, [sums, total], [copy]) => {
      const n = x.aval.shape[0] as number;
      p.for(0, n, (i) => copy?.set([i], x.at([i])));
      const sum = p.variable(binary('sub', x.at([lit(0)]), x.at([lit(0)])));
      p.for(0, n, (i) => {
        sum.set(binary('add', sum.value, copy?.at([i]) as never));
        sums?.set([i], sum.value);
      });
      total?.set([], sum.value);
    },
  }),
});

const staged = (f: Flat, avals: readonly Aval[]): Jaxpr => {
  const { jaxpr, constants } = stage('test', f, avals);
  expect(constants).toEqual([]);
  return jaxpr;
};
const f32 = (...shape: number[]): Aval => aval(shape, 'f32');
const repeat = (trips: number, f: Flat, constants: readonly NDArray[], init: readonly NDArray[]): readonly NDArray[] =>
  bind(loopP, [...constants, ...init], {
    trips,
    condition: null,
    body: staged(f, [...constants, ...init].map((x) => x.aval)), // prettier-ignore
    constants: constants.length,
  });
const addAt = (x: NDArray, update: NDArray, start: NDArray): NDArray =>
  bind(addAtP, [x, update, start], {})[0] as NDArray;
const lists = (xs: readonly NDArray[]): Promise<unknown> => Promise.all(xs.map((x) => x.tolist()));
const integer = (n: number): NDArray => np.array(n, { dtype: 'i32' });
const copies = (p: Program): readonly Kernel[] =>
  runSteps(p.steps)
    .flatMap((s) => partsOf(s.kernel))
    .filter((k) => k.name.startsWith('copy'));

beforeAll(() => init({ device: 'reference' }));

describe('loops', () => {
  test('carried values may be exchanged', async () => {
    const f = jit((x: NDArray, y: NDArray) => repeat(3, (a, b) => [b, a], [], [x, y]));
    expect(await lists(f(np.array([1, 2]), np.array([3, 4])))).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  test('constants are read in every trip, carried values are updated in place where each element stays', async () => {
    const f = jit((w: NDArray, x: NDArray) =>
      repeat(4, (c, a) => [a.mul(2).add(c)], [np.sin(w).mul(0).add(w)], [np.zerosLike(x)]),
    );
    const x = np.array([1, 2, 3]);
    expect(await lists(f(x, x))).toEqual([[15, 30, 45]]);
    expect(copies(f.lower(x, x).program)).toEqual([]);
  });

  test('what starts as zeros is filled where it is, not copied, and nothing reads it from there', () => {
    const f = jit((h: NDArray, xs: NDArray) =>
      lax.scan((c: NDArray, x: NDArray) => [c.mul(x), [c.add(x), c.sub(x)] as const] as const, h, xs),
    );
    const { program } = f.lower(np.ones([6]), np.ones([4, 6]));
    const before = program.steps.flatMap((s) => (s.kind === 'run' ? partsOf(s.kernel) : []));
    expect(before.filter((k) => k.name.startsWith('copy') && pointsOf(k) > 6)).toEqual([]);
    expect(before.every((k) => k.operands.every((o) => o.access === 'write' || o.length === 6))).toBe(true);
  });

  test('stacked results are updated in place, in a loop without copies of them', async () => {
    const n = 5;
    const f = jit((h: NDArray, w: NDArray) =>
      repeat(
        n,
        (w_, i, state, ys) => {
          const next = state.matmul(w_);
          return [i.add(1), next, addAt(ys, next.sum().reshape([1]), i)];
        },
        [w],
        [integer(0), h, np.zeros([n])],
      ),
    );
    const w = np.array([
      [0, 1],
      [1, 1],
    ]);
    const [, , ys] = f(np.array([1, 1]), w) as [NDArray, NDArray, NDArray];
    expect(await ys.tolist()).toEqual([3, 5, 8, 13, 21]);
    const { steps } = f.lower(np.array([1, 1]), w).program;
    const loop = steps.find((s): s is Extract<Step, { kind: 'loop' }> => s.kind === 'loop');
    const inner = runSteps(loop?.body ?? []).flatMap((s) => partsOf(s.kernel));
    // The state is read as a whole while the next one is written, so that one is copied; nothing of size n is.
    expect(inner.filter((k) => k.name.startsWith('copy')).length).toBe(1);
    expect(inner.every((k) => k.kind !== 'map' || !k.domain.includes(n))).toBe(true);
  });

  test('a loop that data ends', async () => {
    const body = staged((x) => [x.mul(2)], [f32()]);
    const condition = staged((x) => [x.lt(100)], [f32()]);
    const f = jit((x: NDArray) => bind(loopP, [x], { trips: null, condition, body, constants: 0 })[0] as NDArray);
    expect(await Promise.all([1, 99, 100, 640].map((x) => f(np.array(x)).item()))).toEqual([128, 198, 100, 640]);
  });

  test('loops in loops, over what the outer one carries', async () => {
    const f = jit((x: NDArray) =>
      repeat(3, (a, n) => [...repeat(2, (k, b) => [b.add(k)], [n], [a]), n.add(1)], [], [x, np.array(1)]),
    );
    expect(await lists(f(np.array([0, 10])))).toEqual([[12, 22], 4]);
  });

  test('no trips give what it starts with, which stays usable', async () => {
    const f = jit((x: NDArray) => [...repeat(0, (a) => [a.add(1)], [], [x.mul(2)]), x]);
    expect(await lists(f(np.array([1, 2])))).toEqual([
      [2, 4],
      [1, 2],
    ]);
  });

  test('a start that is used elsewhere, twice, or given in is not written over', async () => {
    const f = jit((x: NDArray) => {
      const start = np.exp(x);
      const [a, b] = repeat(2, (p, q) => [p.add(1), q.mul(2)], [], [start, start]);
      return [a as NDArray, b as NDArray, start.sub(a as NDArray), x];
    });
    const zero = np.array([0, 0]);
    expect(await lists(f(zero))).toEqual([
      [3, 3],
      [4, 4],
      [-2, -2],
      [0, 0],
    ]);
    expect(await zero.tolist()).toEqual([0, 0]);
  });

  test('two updates of one carried array in a trip happen in place', async () => {
    const one = (): NDArray => np.ones([1]);
    const f = jit((x: NDArray) =>
      repeat(3, (a) => [addAt(addAt(a, one(), integer(0)), one(), integer(2))], [], [x.mul(1)]),
    );
    const x = np.array([0, 0, 0, 7]);
    expect(await lists(f(x))).toEqual([[3, 0, 3, 7]]);
    expect(copies(f.lower(x).program)).toEqual([]);
  });

  test('an updated array whose old elements are read afterwards', async () => {
    const f = jit((x: NDArray) =>
      repeat(
        2,
        (a, old) => {
          const next = addAt(a, np.ones([1]), integer(1));
          return [next, old.add(a.sum()).add(next.sum())];
        },
        [],
        [x, np.array(0)],
      ),
    );
    expect(await lists(f(np.array([1, 1, 1])))).toEqual([[1, 3, 1], 3 + 4 + 4 + 5]);
  });
});

describe('branches', () => {
  const branches = [
    staged((x) => [np.sin(x).mul(0), x], [f32(3)]),
    staged((x) => [x.mul(2), x.mul(2)], [f32(3)]),
    staged((x) => [addAt(x, np.ones([1]), integer(1)), np.ones([3])], [f32(3)]),
  ];

  test('one is run', async () => {
    const f = jit((i: NDArray, x: NDArray) => bind(branchP, [i, x.add(0.5)], { branches }));
    const x = np.array([0.5, 1.5, 2.5]);
    expect(await lists(f(integer(0), x))).toEqual([
      [0, 0, 0],
      [1, 2, 3],
    ]);
    expect(await lists(f(integer(1), x))).toEqual([
      [2, 4, 6],
      [2, 4, 6],
    ]);
    expect(await lists(f(integer(2), x))).toEqual([
      [1, 3, 3],
      [1, 1, 1],
    ]);
  });

  test('in a loop', async () => {
    const one = staged((x) => [x.add(1)], [f32()]);
    const two = staged((x) => [x.mul(10)], [f32()]);
    const body: Flat = (i, x) => [
      i.add(1),
      bind(branchP, [i.gt(1).astype('i32'), x], { branches: [one, two] })[0] as NDArray,
    ];
    const f = jit((x: NDArray) => repeat(4, body, [], [integer(0), x]));
    expect(await lists(f(np.array(1)))).toEqual([4, 300]);
  });
});

describe('procedures', () => {
  test('several results and scratch', async () => {
    const f = jit((x: NDArray) => bind(runningP, [x.mul(2)], {}));
    expect(await lists(f(np.array([1, 2, 3])))).toEqual([[2, 6, 12], 12]);
  });

  test('updates of a donated array are made in its storage', async () => {
    const f = jit((x: NDArray, u: NDArray) => addAt(x, u, integer(1)), { donateArgnums: 0 });
    const x = np.array([1, 2, 3, 4]);
    const { program } = f.lower(x, np.ones([2]));
    expect(program.outputs).toEqual([program.inputs[0]]);
    expect(await f(x, np.ones([2])).tolist()).toEqual([1, 3, 4, 4]);
  });

  test('an array that is not donated is copied first', async () => {
    const f = jit((x: NDArray, u: NDArray) => [addAt(x, u, integer(1)), x]);
    const x = np.array([1, 2, 3, 4]);
    expect(await lists(f(x, np.ones([2])))).toEqual([
      [1, 3, 4, 4],
      [1, 2, 3, 4],
    ]);
  });

  test('a chain of updates takes one copy', async () => {
    const f = jit((x: NDArray) => range(4).reduce((y, i) => addAt(y, np.ones([1]), integer(i)), x));
    const x = np.zeros([5]);
    expect(await f(x).tolist()).toEqual([1, 1, 1, 1, 0]);
    expect(copies(f.lower(x).program).length).toBe(1);
  });
});
