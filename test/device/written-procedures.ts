import type { HostArray } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { binary, constant, index, load, select, unary } from '../../src/kernel/expr.ts';
import { iadd, imod, imul, inBounds, isub, lit } from '../../src/kernel/index-algebra.ts';
import type { Operand, ProcedureKernel } from '../../src/kernel/kernel.ts';
import { ProcedureWriter } from '../../src/kernel/procedure.ts';
import { range } from '../../src/util/array.ts';
import type { Case } from './random-kernels.ts';
import { Random } from './random-kernels.ts';

/** A procedure as the library writes them, with what must come out; null for working memory. */
export interface WrittenCase extends Case {
  readonly expected: readonly (HostArray | null)[];
}

type Write = (w: ProcedureWriter) => void;

function procedure(
  name: string,
  domain: readonly number[],
  operands: readonly Operand[],
  write: Write,
): ProcedureKernel {
  const w = new ProcedureWriter();
  write(w);
  return { kind: 'procedure', name, source: name, domain, operands, stores: [], locals: w.locals, body: w.body };
}

const f32 = (length: number, access: Operand['access']): Operand => ({ dtype: 'f32', length, access });
const i32 = (length: number, access: Operand['access']): Operand => ({ dtype: 'i32', length, access });

function floats(seed: number, length: number): Float32Array<ArrayBuffer> {
  const r = new Random(seed);
  return Float32Array.from({ length }, () => (r.below(201) - 100) / 4);
}

/** Sorts each row by insertion. */
export function insertionSort(rows: number, n: number): WrittenCase {
  const x = floats(1, rows * n);
  const row = imul(index(0, rows), n);
  const kernel = procedure('insertion_sort', [rows], [f32(rows * n, 'readwrite')], (w) => {
    const at = (i: Expr): Expr => iadd(row, i);
    w.for(1, n, (i) => {
      const key = w.keep(load(0, 'f32', at(i)));
      const j = w.variable(isub(i, lit(1)));
      const before = (): Expr => load(0, 'f32', at(j.value), unary('not', binary('lt', j.value, lit(0))));
      const more = (): Expr => binary('and', binary('le', lit(0), j.value), binary('lt', key, before()));
      w.while(more(), () => {
        w.store(0, iadd(at(j.value), lit(1)), load(0, 'f32', at(j.value)));
        j.set(isub(j.value, lit(1)));
      });
      w.store(0, iadd(at(j.value), lit(1)), key);
    });
  });
  const expected = new Float32Array(rows * n);
  for (const i of range(rows)) expected.set(x.slice(i * n, (i + 1) * n).sort(), i * n);
  return { kernel, data: [x], expected: [expected] };
}

/** Sorts each row of keys and moves its payload with it, stably: merges of ever longer runs, between two buffers. */
export function mergeSort(rows: number, n: number): WrittenCase {
  const keys = floats(2, rows * n);
  const operands = [f32, f32, i32, i32].map((of, i) => of(rows * n, i % 2 === 0 ? 'readwrite' : 'write'));
  const kernel = procedure('merge_sort', [rows], operands, (w) => {
    const row = imul(index(0, rows), n);
    const at = (i: Expr): Expr => iadd(row, i);
    const smaller = (a: Expr, b: Expr): Expr => w.keep(binary('min', a, b));
    const move = (from: number, i: Expr, k: Expr): void => {
      w.store(1 - from, at(k), load(from, 'f32', at(i)));
      w.store(3 - from, at(k), load(2 + from, 'i32', at(i)));
    };
    const pass = (from: number, width: Expr): void => {
      const start = w.variable(lit(0));
      w.while(binary('lt', start.value, lit(n)), () => {
        const middle = smaller(binary('add', start.value, width), lit(n));
        const end = smaller(binary('add', middle, width), lit(n));
        const [i, j] = [w.variable(start.value), w.variable(middle)];
        w.for(start.value, end, (k) => {
          const [a, b] = [i.value, j.value];
          const [hasA, hasB] = [w.keep(binary('lt', a, middle)), binary('lt', b, end)];
          const later = binary('lt', load(from, 'f32', at(b), hasB), load(from, 'f32', at(a), hasA));
          const second = binary('and', hasB, binary('or', unary('not', hasA), later));
          w.if(
            second,
            () => {
              move(from, b, k);
              j.set(iadd(b, lit(1)));
            },
            () => {
              move(from, a, k);
              i.set(iadd(a, lit(1)));
            },
          );
        });
        start.set(end);
      });
    };
    const width = w.variable(lit(1));
    w.while(binary('lt', width.value, lit(n)), () => {
      pass(0, width.value);
      pass(1, w.keep(binary('mul', width.value, lit(2))));
      width.set(binary('mul', width.value, lit(4)));
    });
  });
  const payload = Int32Array.from({ length: rows * n }, (_, i) => i % n);
  const order = range(rows).flatMap((r) => {
    const base = r * n;
    return range(n).sort((a, b) => (keys[base + a] as number) - (keys[base + b] as number) || a - b);
  });
  const sorted = Float32Array.from(order, (p, i) => keys[i - (i % n) + p] as number);
  const numbers = Int32Array.from(order);
  return {
    kernel,
    data: [keys, new Float32Array(rows * n), payload, new Int32Array(rows * n)],
    expected: [sorted, null, numbers, null],
  };
}

/** Running totals along one axis of a matrix. */
export function cumulativeSum(rows: number, columns: number, axis: 0 | 1): WrittenCase {
  const x = floats(3, rows * columns);
  const [count, points] = axis === 0 ? [rows, columns] : [columns, rows];
  const here = index(0, points);
  const at = (i: Expr): Expr => (axis === 0 ? iadd(imul(i, columns), here) : iadd(imul(here, columns), i));
  const operands = [f32(rows * columns, 'read'), f32(rows * columns, 'write')];
  const kernel = procedure('cumulative_sum', [points], operands, (w) => {
    const sum = w.variable(constant('f32', 0));
    w.for(0, count, (i) => {
      sum.set(binary('add', sum.value, load(0, 'f32', at(i))));
      w.store(1, at(i), sum.value);
    });
  });
  const expected = x.slice();
  const step = axis === 0 ? columns : 1;
  expected.forEach((v, i) => {
    const first = axis === 0 ? i < columns : i % columns === 0;
    if (!first) expected[i] = v + (expected[i - step] as number);
  });
  return { kernel, data: [x, new Float32Array(rows * columns)], expected: [expected] };
}

/** Adds rows of updates to the rows of a matrix that indices name; those out of range are dropped. */
export function scatterAdd(rows: number, columns: number, updates: number): WrittenCase {
  const [into, add] = [floats(4, rows * columns), floats(5, updates * columns)];
  const r = new Random(6);
  const indices = Int32Array.from({ length: updates }, () => r.below(rows + 2) - 1);
  const column = index(0, columns);
  const operands = [f32(rows * columns, 'readwrite'), i32(updates, 'read'), f32(updates * columns, 'read')];
  const kernel = procedure('scatter_add', [columns], operands, (w) => {
    w.for(0, updates, (u) => {
      const row = w.keep(load(1, 'i32', u));
      w.if(inBounds(row, rows), () => {
        const at = iadd(imul(row, columns), column);
        w.store(0, at, binary('add', load(0, 'f32', at), load(2, 'f32', iadd(imul(u, columns), column))));
      });
    });
  });
  const expected = into.slice();
  indices.forEach((row, u) => {
    if (row < 0 || row >= rows) return;
    for (let c = 0; c < columns; c++) {
      const at = row * columns + c;
      expected[at] = (expected[at] as number) + (add[u * columns + c] as number);
    }
  });
  return { kernel, data: [into, indices, add], expected: [expected] };
}

/** The lower Cholesky factors of a batch of matrices A = L Lᵀ, with L of small integers, so that every step is exact. */
export function cholesky(batch: number, n: number): WrittenCase {
  const r = new Random(7);
  const lower = new Float32Array(batch * n * n);
  const product = new Float32Array(batch * n * n);
  for (const b of range(batch)) {
    const l = (i: number, j: number): number => lower[(b * n + i) * n + j] as number;
    for (const i of range(n))
      for (const j of range(i + 1)) lower[(b * n + i) * n + j] = i === j ? 1 << r.below(2) : r.below(3) - 1;
    for (const i of range(n))
      for (const j of range(n)) product[(b * n + i) * n + j] = range(n).reduce((sum, k) => sum + l(i, k) * l(j, k), 0);
  }
  const operands = [f32(batch * n * n, 'read'), f32(batch * n * n, 'write')];
  const kernel = procedure('cholesky', [batch], operands, (w) => {
    const at = (i: Expr, j: Expr): Expr => iadd(iadd(imul(index(0, batch), n * n), imul(i, n)), j);
    w.for(0, n, (i) => {
      w.for(0, n, (j) => {
        const sum = w.variable(load(0, 'f32', at(i, j)));
        w.for(0, select(binary('lt', i, j), lit(0), j), (k) =>
          sum.set(binary('sub', sum.value, binary('mul', load(1, 'f32', at(i, k)), load(1, 'f32', at(j, k))))),
        );
        w.if(
          binary('lt', i, j),
          () => w.store(1, at(i, j), constant('f32', 0)),
          () =>
            w.if(
              binary('eq', i, j),
              () => w.store(1, at(i, j), unary('sqrt', sum.value)),
              () => w.store(1, at(i, j), binary('div', sum.value, load(1, 'f32', at(j, j)))),
            ),
        );
      });
    });
  });
  return { kernel, data: [product, new Float32Array(batch * n * n)], expected: [lower] };
}

/** Small procedures about what a local variable is where a statement stands; each gives some integers. */
function variables(name: string, count: number, expected: readonly number[], write: Write): WrittenCase {
  const operands = [i32(count, 'readwrite'), i32(expected.length, 'readwrite')];
  const data = [Int32Array.from(range(count)), new Int32Array(expected.length)];
  return { kernel: procedure(name, [], operands, write), data, expected: [null, Int32Array.from(expected)] };
}

const input = (i: Expr | number): Expr => load(0, 'i32', typeof i === 'number' ? lit(i) : i);

const setInOneBranch = variables('set_in_one_branch', 2, [0, 4], (w) => {
  const v = w.variable(lit(0));
  const rest = (): Expr => imod(v.value, 7);
  w.if(
    binary('eq', input(1), lit(1)),
    () => v.set(lit(-3)),
    () => w.store(1, lit(0), rest()),
  );
  w.store(1, lit(1), rest());
});

const limitReadOnce = variables('limit_read_once', 4, [3, 10], (w) => {
  const [limit, trips] = [w.variable(input(3)), w.variable(lit(0))];
  w.for(0, limit.value, () => {
    limit.set(lit(10));
    trips.set(iadd(trips.value, lit(1)));
  });
  w.store(1, lit(0), trips.value);
  w.store(1, lit(1), limit.value);
});

const carriedThroughBranches = variables('carried_through_branches', 3000, [7, 7, 1500, 1500, 2999], (w) => {
  const v = w.variable(lit(7));
  const seen = w.variable(lit(-1));
  w.for(0, input(2999), (i) => {
    w.if(binary('eq', input(i), lit(1500)), () => v.set(i));
    for (const [slot, at] of [0, 1499, 1500, 2998].entries())
      w.if(binary('eq', i, lit(at)), () => w.store(1, lit(slot), v.value));
    seen.set(iadd(i, lit(1)));
  });
  w.store(1, lit(4), seen.value);
});

/** Written procedures of many sizes, by name. */
export const writtenCases: readonly (readonly [string, WrittenCase])[] = [
  ...[1, 2, 3, 17].map((n) => [`insertion sort of ${n}`, insertionSort(5, n)] as const),
  ...[1, 2, 3, 16, 100].map((n) => [`merge sort of ${n}`, mergeSort(3, n)] as const),
  ['merge sort of one long row', mergeSort(1, 5000)],
  ...[1, 3, 4, 17, 70].flatMap((n) =>
    ([0, 1] as const).map((axis) => [`cumulative sum of ${n}, axis ${axis}`, cumulativeSum(7, n, axis)] as const),
  ),
  ...[1, 3, 4, 16, 37, 64].map((n) => [`scatter of rows of ${n}`, scatterAdd(20, n, 100)] as const),
  ['scatter of many updates', scatterAdd(50, 5, 20_000)],
  ...[1, 2, 6].map((n) => [`Cholesky of ${n}`, cholesky(5, n)] as const),
  ['Cholesky of one matrix', cholesky(1, 40)],
  ['variable that one branch sets', setInOneBranch],
  ['limit that the body changes', limitReadOnce],
  ['variable that few trips set', carriedThroughBranches],
];
