import type { Expr } from '../../kernel/expr.ts';
import { iadd, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import type { Cells, Operand } from '../../trace/primitive.ts';
import type { Rotation } from './scalar.ts';
import { choose, equal, minus, plus, same, times } from './scalar.ts';

/** What a procedure works on: one matrix of a batch, or a row of one, read and written by position. */

/** A position: an i32 expression, or a number known now. */
export type Position = Expr | number;

const position = (i: Position): Expr => (typeof i === 'number' ? lit(i) : i);

/** A matrix that is read. */
export type Reading = (i: Position, j: Position) => Expr;

/** A matrix that is read and written. */
export interface Matrix {
  readonly at: Reading;
  set(i: Position, j: Position, value: Expr): void;
}

/** A vector that is read and written. */
export interface Vector {
  at(i: Position): Expr;
  set(i: Position, value: Expr): void;
}

/** The matrix of an operand at a point of the batch. */
export const reading =
  (x: Operand, point: readonly Expr[]): Reading =>
  (i, j) =>
    x.at([...point, position(i), position(j)]);

/** The matrix of a result or of scratch at a point of the batch. */
export const matrixAt = (cells: Cells, point: readonly Expr[]): Matrix => ({
  at: (i, j) => cells.at([...point, position(i), position(j)]),
  set: (i, j, value) => cells.set([...point, position(i), position(j)], value),
});

/** The vector of a result or of scratch at a point of the batch. */
export const vectorAt = (cells: Cells, point: readonly Expr[]): Vector => ({
  at: (i) => cells.at([...point, position(i)]),
  set: (i, value) => cells.set([...point, position(i)], value),
});

/** Row `i` of a matrix. */
export const rowOf = (m: Matrix, i: Position): Vector => ({
  at: (j) => m.at(i, j),
  set: (j, value) => m.set(i, j, value),
});

/** Column `j` of a matrix. */
export const columnOf = (m: Matrix, j: Position): Vector => ({
  at: (i) => m.at(i, j),
  set: (i, value) => m.set(i, j, value),
});

/** The columns of a matrix from number `first` on. */
export const columnsFrom = (m: Matrix, first: number): Matrix => ({
  at: (i, j) => m.at(i, iadd(position(j), lit(first))),
  set: (i, j, value) => m.set(i, iadd(position(j), lit(first)), value),
});

/** The matrix with rows and columns exchanged. */
export const flipped = (m: Matrix): Matrix => ({
  at: (i, j) => m.at(j, i),
  set: (i, j, value) => m.set(j, i, value),
});

/** For each position of a matrix, row by row. */
export function forEachCell(
  p: ProcedureWriter,
  rows: Position,
  columns: Position,
  body: (i: Expr, j: Expr) => void,
): void {
  p.for(0, rows, (i) => p.for(0, columns, (j) => body(i, j)));
}

/** Makes a matrix the identity. */
export function setIdentity(p: ProcedureWriter, m: Matrix, rows: number, columns: number, one: Expr): void {
  forEachCell(p, rows, columns, (i, j) => m.set(i, j, choose(equal(i, j), one, same(one, 0))));
}

/** Exchanges rows `i` and `j`. */
export function swapRows(p: ProcedureWriter, m: Matrix, i: Expr, j: Expr, columns: Position): void {
  p.for(0, columns, (k) => {
    const kept = p.keep(m.at(i, k));
    m.set(i, k, m.at(j, k));
    m.set(j, k, kept);
  });
}

/** Turns rows `i` and `j` into `c · row i + s · row j` and `c · row j - s · row i`. */
export function rotateRows(
  p: ProcedureWriter,
  m: Matrix,
  i: Expr,
  j: Expr,
  { c, s }: Rotation,
  columns: Position,
): void {
  p.for(0, columns, (k) => {
    const [x, y] = [p.keep(m.at(i, k)), p.keep(m.at(j, k))];
    m.set(i, k, plus(times(c, x), times(s, y)));
    m.set(j, k, minus(times(c, y), times(s, x)));
  });
}
