import type { Either } from 'fp-ts/lib/Either.js';
import { left, right } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import type { Aval, Shape } from '../../trace/aval.ts';
import { showAval, showMarked } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { DTypeError, ShapeMismatchError } from '../../trace/errors.ts';
import type { Batched, BatchedResult, Case, Cases, NoParams, Primitive } from '../../trace/primitive.ts';
import type { PullbackError } from '../../util/error.ts';
import { inFront } from '../rules.ts';
import { toFront } from '../structural.ts';

/** What the primitives on matrices share: the last two axes are the matrix, all axes before them a batch. */

/** An operand's type, taken apart. */
export interface MatrixType {
  readonly batch: Shape;
  readonly rows: number;
  readonly columns: number;
}

/** The axes of the batch and the extents of the matrix, of an array with at least two axes. */
export const matrixType = ({ shape }: Pick<Aval, 'shape'>): MatrixType => ({
  batch: shape.slice(0, -2),
  rows: shape.at(-2) as number,
  columns: shape.at(-1) as number,
});

/** Half precision has too few digits for factorizations. */
const hasAlgorithms = (dtype: DType): boolean => dtype === 'f32' || dtype === 'f64';

/** The same, or why the operand is no matrix of floats. */
export function floatMatrix(name: string, x: Aval): Either<PullbackError, MatrixType> {
  if (!hasAlgorithms(x.dtype)) {
    return left(
      new DTypeError(`[${name}] needs a float dtype (f32, f64), got ${showAval(x)}: cast it (x.astype('f32'))`),
    );
  }
  if (x.shape.length < 2) {
    return left(new ShapeMismatchError(`[${name}] needs a matrix, or a batch of them [..., m, n]; got ${showAval(x)}`));
  }
  return right(matrixType(x));
}

/** The same, or why the operand is no square matrix of floats. */
export function squareMatrix(name: string, x: Aval): Either<PullbackError, MatrixType> {
  return hasAlgorithms(x.dtype) && !isSquare(x.shape) ? left(notSquare(name, x)) : floatMatrix(name, x);
}

/** Are the last two axes equally long? */
export const isSquare = (shape: Shape): boolean => shape.length >= 2 && shape.at(-1) === shape.at(-2);

/** The mistake of giving a matrix that is not square. */
export function notSquare(name: string, x: Aval): ShapeMismatchError {
  const rank = x.shape.length;
  const got = rank < 2 ? showAval(x) : showMarked(x, rank - 2, rank - 1);
  return new ShapeMismatchError(`[${name}] needs a square matrix, or a batch of them [..., n, n]; got ${got}`);
}

/** The batching rule: one more batch axis, in front. */
export const batchInFront =
  <P, N extends number>(self: () => Primitive<P, N>) =>
  (ins: readonly Batched[], params: P, size: number): BatchedResult =>
    inFront(
      ...bind(
        self(),
        ins.map((x) => toFront(x, size)),
        params,
      ),
    );

/** Cases of a factorization of any matrix; the square one has `n` rows. */
export function rectangularCases(n: number): Cases<NoParams, 1> {
  const shapes: readonly (readonly [label: string, shape: readonly number[]])[] = [
    ['square', [n, n]],
    ['tall, batch', [2, 4, 2]],
    ['wide', [2, 4]],
    ['size 1', [1, 1]],
  ];
  return [
    { ins: [{ shape: [2, 0, 3], dtype: 'wideFloat' }], params: {}, label: 'empty' },
    ...shapes.map(([label, shape]): Case<NoParams, 1> => ({
      ins: [{ shape, dtype: 'wideFloat', structure: 'wellConditioned' }],
      params: {},
      label,
    })),
  ];
}
