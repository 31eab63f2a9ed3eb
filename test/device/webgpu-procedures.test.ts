import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import type { HostArray } from '../../src/kernel/dtype.ts';
import { binary, constant, index, load, local, select, unary } from '../../src/kernel/expr.ts';
import { iadd, inBounds, lit } from '../../src/kernel/index-algebra.ts';
import type { ProcedureKernel } from '../../src/kernel/kernel.ts';
import type { Statement } from '../../src/kernel/procedure.ts';
import { at, range } from '../../src/util/array.ts';
import { cholesky, collatz, cumulativeSums, scatterAdd, sortRows, triangleSum } from './procedures.ts';
import { runCase } from './webgpu-kernels.ts';

const reference = createReferenceDevice();
let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

const run = (kernel: ProcedureKernel, ...data: readonly (HostArray | null)[]): Promise<readonly HostArray[]> =>
  runCase(device, { kernel, data });

/** Numbers that look random, in [-1, 1). */
const noise = (i: number): number => (((i * 7919 + 13) * 104729) % 2003) / 1001.5 - 1;

test('rows are sorted, NaN last', async () => {
  const [rows, n] = [70, 33];
  const data = Float32Array.from({ length: rows * n }, (_, i) =>
    i % 31 === 5 ? NaN : i % 17 === 3 ? -Infinity : noise(i),
  );
  const [got] = await run(sortRows(rows, n), data);
  const wanted = range(rows).flatMap((r) => [...data.slice(r * n, r * n + n).sort()]);
  expect([...(got as HostArray)]).toEqual(wanted);
});

test('running totals, some from the right; integers wrap', async () => {
  const [rows, n] = [5, 40];
  const data = Int32Array.from({ length: rows * n }, (_, i) => (i % 11 === 0 ? 2 ** 31 - 1 : i - 60));
  const reversed = new Uint8Array([0, 1, 1, 0, 1]);
  const [got] = await run(cumulativeSums(rows, n), data, reversed, null);
  const wanted = new Int32Array(rows * n);
  for (const r of range(rows)) {
    let total = 0;
    for (const k of range(n)) {
      const i = r * n + (reversed[r] === 1 ? n - 1 - k : k);
      total = (total + (data[i] as number)) | 0;
      wanted[i] = total;
    }
  }
  expect(got).toEqual(wanted);
});

test('equal positions add up in place, positions out of bounds do nothing', async () => {
  const table = Uint32Array.from({ length: 10 }, (_, i) => 2 ** 32 - 1 - i);
  const positions = new Int32Array([3, 3, -1, 10, 9, 3, 0, 2 ** 31 - 1, -(2 ** 31)]);
  const updates = Uint32Array.from(positions, (_, i) => i + 1);
  const [got] = await run(scatterAdd(10, positions.length), table, positions, updates);
  const wanted = table.slice();
  positions.forEach((p, i) => {
    if (p >= 0 && p < 10) wanted[p] = (wanted[p] as number) + (updates[i] as number);
  });
  expect(got).toEqual(wanted);
});

test('a Cholesky factor times its transpose is the matrix; one that is not positive definite gives NaN', async () => {
  const [batch, n] = [3, 12];
  const a = new Float32Array(batch * n * n);
  range(batch).forEach((b) =>
    range(n).forEach((i) =>
      range(n).forEach((j) => {
        const dot = range(n).reduce((sum, k) => sum + noise(b * 999 + i * n + k) * noise(b * 999 + j * n + k), 0);
        a[(b * n + i) * n + j] = dot + (i === j ? (b === 2 ? -20 : 0.5) : 0);
      }),
    ),
  );
  const [got] = await run(cholesky(batch, n), a, new Float32Array(a.length).fill(7));
  const l = (b: number, i: number, j: number): number => (got as HostArray)[(b * n + i) * n + j] as number;
  for (const b of [0, 1]) {
    for (const i of range(n)) {
      for (const j of range(n)) {
        if (j > i) expect(l(b, i, j)).toBe(0);
        const product = range(n).reduce((sum, k) => sum + l(b, i, k) * l(b, j, k), 0);
        expect(Math.abs(product - (a[(b * n + i) * n + j] as number))).toBeLessThan(1e-5);
      }
    }
  }
  expect(l(2, 0, 0)).toBeNaN();
  expect(l(2, n - 1, n - 1)).toBeNaN();
});

test('each point’s loop ends by itself', async () => {
  const numbers = Uint32Array.from({ length: 130 }, (_, i) => (i === 0 ? 0 : i === 129 ? 837799 : i));
  const [steps, many] = await run(collatz(130, 100), numbers, null, null);
  const wanted = [...numbers].map((start) => {
    let count = 0;
    for (let x = start; x > 1; x = x % 2 === 0 ? x / 2 : 3 * x + 1) count += 1;
    return count;
  });
  expect([...(steps as HostArray)]).toEqual(wanted);
  expect([...(many as HostArray)]).toEqual(wanted.map((w) => Number(w > 100)));
});

test('a single invocation runs a million steps of nested loops', async () => {
  const n = 40;
  const x = Float32Array.from({ length: n * n }, (_, i) => i % 8);
  const [got] = await run(triangleSum(n, 1200), x, null);
  const wanted = range(n).reduce((sum, i) => sum + x.slice(i * n + i, i * n + n).reduce((a, b) => a + b, 0), 0);
  expect(got).toEqual(new Float32Array([wanted]));
});

test('an empty domain and empty operands do nothing', async () => {
  expect(await run(sortRows(0, 4), new Float32Array(0))).toEqual([new Float32Array(0)]);
  const updates = await run(scatterAdd(0, 3), new Uint32Array(0), new Int32Array([0, 1, 2]), new Uint32Array(3));
  expect(updates).toEqual([new Uint32Array(0)]);
});

/** A procedure of one point that is written statement by statement, over `i32[6]`. */
const byHand = (locals: ProcedureKernel['locals'], body: readonly Statement[]): ProcedureKernel => {
  const operands = [
    { dtype: 'i32', length: 6, access: 'read' },
    { dtype: 'i32', length: 6, access: 'readwrite' },
  ] as const;
  return { kind: 'procedure', name: 'by_hand', source: 'by hand', domain: [], locals, body, stores: [], operands };
};
const input = new Int32Array([5, -3, 8, 100, 2, 0]);
const v = (slot: number): ReturnType<typeof local> => local(slot, 'i32');
const set = (slot: number, value: ReturnType<typeof local>): Statement => ({ kind: 'set', local: slot, value });
const store = (position: number, value: ReturnType<typeof local>): Statement => ({
  kind: 'store',
  operand: 1,
  index: lit(position),
  value,
});

test.each([
  [
    'bounds are read once, before the body changes them',
    byHand(
      ['i32', 'i32'],
      [
        set(0, lit(4)),
        { kind: 'for', local: 1, from: lit(0), to: v(0), body: [set(0, iadd(v(0), lit(10))), store(1, v(1))] },
        store(0, v(0)),
      ],
    ),
    [44, 3],
  ],
  [
    'a bound in a buffer is read once too',
    byHand(
      ['i32'],
      [
        store(0, lit(3)),
        {
          kind: 'for',
          local: 0,
          from: lit(0),
          to: load(1, 'i32', lit(0)),
          body: [{ kind: 'store', operand: 1, index: lit(0), value: iadd(load(1, 'i32', lit(0)), lit(1)) }],
        },
      ],
    ),
    [6],
  ],
  [
    'a counter can be read after its loop, and counted by another',
    byHand(
      ['i32'],
      [
        { kind: 'for', local: 0, from: lit(2), to: lit(5), body: [] },
        store(0, v(0)),
        { kind: 'for', local: 0, from: lit(7), to: lit(9), body: [store(1, v(0))] },
        store(2, v(0)),
      ],
    ),
    [4, 8, 8],
  ],
  [
    'a value that one branch sets is there after both',
    byHand(
      ['i32', 'i32'],
      [
        {
          kind: 'for',
          local: 1,
          from: lit(0),
          to: lit(4),
          body: [
            {
              kind: 'if',
              condition: binary('eq', v(1), lit(0)),
              then: [set(0, lit(1))],
              otherwise: [set(0, binary('mul', v(0), lit(3)))],
            },
          ],
        },
        store(0, v(0)),
      ],
    ),
    [27],
  ],
  [
    'a value is read when its statement runs',
    byHand(
      ['i32', 'i32'],
      [
        set(0, iadd(load(1, 'i32', lit(1)), lit(1))),
        set(1, v(0)),
        store(1, lit(50)),
        set(0, iadd(load(1, 'i32', lit(1)), lit(1))),
        store(2, v(0)),
        store(3, v(1)),
      ],
    ),
    [0, 50, 51, 1],
  ],
  [
    'only the other branch has statements, and a guarded read out of bounds is 0',
    byHand(
      ['i32'],
      [
        {
          kind: 'if',
          condition: binary('lt', lit(9), load(0, 'i32', lit(0))),
          then: [],
          otherwise: [store(0, select(unary('not', binary('lt', lit(0), lit(1))), lit(1), lit(2)))],
        },
        set(0, load(0, 'i32', lit(3))),
        store(1, load(0, 'i32', v(0), inBounds(v(0), 6))),
        store(2, iadd(load(0, 'i32', iadd(v(0), lit(-98)), inBounds(iadd(v(0), lit(-98)), 6)), lit(1))),
      ],
    ),
    [2, 0, 9],
  ],
  [
    'a literal position out of bounds that is never reached',
    byHand([], [{ kind: 'if', condition: binary('lt', load(0, 'i32', lit(0)), lit(0)), then: [store(6, lit(1))], otherwise: [store(0, lit(-2147483648))] }]), // prettier-ignore
    [-2147483648],
  ],
] as const)('%s', async (_name, kernel, wanted) => {
  const data = [input, new Int32Array(6)];
  const expected = await runCase(reference, { kernel, data });
  expect([...at(expected, 0)].slice(0, wanted.length)).toEqual(wanted);
  expect(await runCase(device, { kernel, data })).toEqual(expected);
});

test('a procedure over three axes stores where its coordinates say', async () => {
  const domain = [3, 4, 5];
  const [a, b, c] = [index(0, 3), index(1, 4), index(2, 5)] as const;
  const kernel: ProcedureKernel = {
    kind: 'procedure',
    name: 'axes',
    source: 'axes',
    domain,
    stores: [],
    locals: ['i32'],
    operands: [{ dtype: 'i32', length: 60, access: 'write' }],
    body: [
      set(0, iadd(binary('mul', a, constant('i32', 100)), iadd(binary('mul', b, constant('i32', 10)), c))),
      {
        kind: 'store',
        operand: 0,
        index: iadd(binary('mul', c, lit(12)), iadd(binary('mul', a, lit(4)), b)),
        value: v(0),
      },
    ],
  };
  const data = [null];
  expect(await runCase(device, { kernel, data })).toEqual(await runCase(reference, { kernel, data }));
});
