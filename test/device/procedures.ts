import type { DType } from '../../src/kernel/dtype.ts';
import { binary, cast, constant, index, load, select, unary } from '../../src/kernel/expr.ts';
import { iadd, imul, inBounds, isub, linearize, lit } from '../../src/kernel/index-algebra.ts';
import type { Operand, ProcedureKernel } from '../../src/kernel/kernel.ts';
import { ProcedureWriter } from '../../src/kernel/procedure.ts';

const operand = (dtype: DType, length: number, access: Operand['access']): Operand => ({ dtype, length, access });

const procedure = (
  name: string,
  domain: readonly number[],
  operands: readonly Operand[],
  write: (w: ProcedureWriter) => void,
): ProcedureKernel => {
  const w = new ProcedureWriter();
  write(w);
  return { kind: 'procedure', name, source: name.replaceAll('_', ' '), domain, operands, stores: [], locals: w.locals, body: w.body }; // prettier-ignore
};

/** Sorts each row of `f32[rows, n]` in place by insertion, NaN last. */
export function sortRows(rows: number, n: number): ProcedureKernel {
  return procedure('sort_rows', [rows], [operand('f32', rows * n, 'readwrite')], (w) => {
    const at = (i: ReturnType<typeof lit>): ReturnType<typeof lit> => linearize([index(0, rows), i], [rows, n]);
    const x = (i: ReturnType<typeof lit>): ReturnType<typeof load> => load(0, 'f32', at(i));
    w.for(1, n, (i) => {
      const moved = w.keep(x(i));
      const hole = w.variable(i);
      const left = isub(hole.value, lit(1));
      const before = load(0, 'f32', at(left), inBounds(left, n));
      const later = binary('or', binary('lt', moved, before), binary('and', unary('isNan', before), unary('not', unary('isNan', moved)))); // prettier-ignore
      w.while(binary('and', binary('lt', lit(0), hole.value), later), () => {
        w.store(0, at(hole.value), before);
        hole.set(left);
      });
      w.store(0, at(hole.value), moved);
    });
  });
}

/** Running totals of `i32[rows, n]` along the rows, from the right where a bool says so. */
export function cumulativeSums(rows: number, n: number): ProcedureKernel {
  const operands = [operand('i32', rows * n, 'read'), operand('bool', rows, 'read'), operand('i32', rows * n, 'write')];
  return procedure('cumulative_sums', [rows], operands, (w) => {
    const row = index(0, rows);
    const reversed = w.keep(load(1, 'bool', row));
    const total = w.variable(constant('i32', 0));
    w.for(0, n, (i) => {
      const at = w.keep(linearize([row, select(reversed, isub(lit(n - 1), i), i)], [rows, n]));
      total.set(binary('add', total.value, load(0, 'i32', at)));
      w.store(2, at, total.value);
    });
  });
}

/** Adds updates to a `u32` table in place at positions that may be equal or out of bounds (then nothing happens). */
export function scatterAdd(table: number, updates: number): ProcedureKernel {
  const operands = [
    operand('u32', table, 'readwrite'),
    operand('i32', updates, 'read'),
    operand('u32', updates, 'read'),
  ];
  return procedure('scatter_add', [], operands, (w) => {
    w.for(0, updates, (k) => {
      const at = load(1, 'i32', k);
      w.if(inBounds(at, table), () => w.store(0, at, binary('add', load(0, 'u32', at), load(2, 'u32', k))));
    });
  });
}

/** The lower Cholesky factor of each of `f32[batch, n, n]`, which has zeros above the diagonal. */
export function cholesky(batch: number, n: number): ProcedureKernel {
  const size = batch * n * n;
  return procedure('cholesky', [batch], [operand('f32', size, 'read'), operand('f32', size, 'readwrite')], (w) => {
    type E = ReturnType<typeof lit>;
    const at = (i: E, j: E): E => linearize([index(0, batch), i, j], [batch, n, n]);
    const factor = (i: E, j: E): E => load(1, 'f32', at(i, j));
    w.for(0, n, (j) => {
      w.for(0, n, (i) => {
        w.if(
          binary('lt', i, j),
          () => w.store(1, at(i, j), constant('f32', 0)),
          () => {
            const rest = w.variable(load(0, 'f32', at(i, j)));
            w.for(0, j, (k) => rest.set(binary('sub', rest.value, binary('mul', factor(i, k), factor(j, k)))));
            w.if(
              binary('eq', i, j),
              () => w.store(1, at(i, j), unary('sqrt', rest.value)),
              () => w.store(1, at(i, j), binary('div', rest.value, factor(j, j))),
            );
          },
        );
      });
    });
  });
}

/** How many steps each number takes to 1 by halving even ones and 3n + 1 of odd ones; and whether more than `most`. */
export function collatz(n: number, most: number): ProcedureKernel {
  const operands = [operand('u32', n, 'read'), operand('i32', n, 'write'), operand('bool', n, 'write')];
  return procedure('collatz', [n], operands, (w) => {
    const i = index(0, n);
    const x = w.variable(load(0, 'u32', i));
    const steps = w.variable(constant('i32', 0));
    const one = constant('u32', 1);
    w.while(binary('lt', one, x.value), () => {
      w.if(
        cast('bool', binary('and', x.value, one)),
        () => x.set(binary('add', binary('mul', x.value, constant('u32', 3)), one)),
        () => x.set(binary('shr', x.value, one)),
      );
      steps.set(iadd(steps.value, lit(1)));
    });
    w.store(1, i, steps.value);
    w.store(2, i, binary('lt', lit(most), steps.value));
  });
}

/** The sum of `f32[n, n]`'s upper triangle by nested loops whose bounds depend on each other, times a thousand trips. */
export function triangleSum(n: number, repeats: number): ProcedureKernel {
  return procedure('triangle_sum', [], [operand('f32', n * n, 'read'), operand('f32', 1, 'write')], (w) => {
    const total = w.variable(constant('f32', 0));
    w.for(0, repeats, () => {
      total.set(constant('f32', 0));
      w.for(0, n, (i) =>
        w.for(i, n, (j) => total.set(binary('add', total.value, load(0, 'f32', iadd(imul(i, n), j))))),
      );
    });
    w.store(1, lit(0), total.value);
  });
}
