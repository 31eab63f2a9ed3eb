import { expect, test } from 'vitest';
import { lax, numpy as np, PullbackError } from '../../src/index.ts';

/** Mistakes in linear algebra: what was called, what it got, what it needs. */

const { linalg } = np;
const flat = np.zeros([2, 3]);
const square = np.eye(3);

const mistakes: readonly (readonly [what: string, make: () => unknown, code: string, says: readonly string[]])[] = [
  ['a determinant of a matrix that is not square', () => linalg.det(flat), 'shape-mismatch', ['[det]', 'square', '[..., n, n]', 'f32[>2<,>3<]']],
  ['eigenvalues of a matrix that is not square', () => linalg.eigvalsh(flat), 'shape-mismatch', ['[eigh]', 'square', 'f32[>2<,>3<]']],
  ['a decomposition of a vector', () => linalg.svd(np.zeros(3)), 'shape-mismatch', ['[svd]', '[..., m, n]', 'f32[3]']],
  ['a right-hand side of another size', () => linalg.solve(square, np.zeros([4, 1])), 'shape-mismatch', ['[solve]', 'f32[3,3]', 'f32[>4<,1]', 'as many rows']],
  ['one vector for each matrix', () => linalg.solve(np.ones([2, 3, 3]), np.zeros([2, 3])), 'shape-mismatch', ['[solve]', 'f32[2,3,3]', 'f32[>2<,3]', 'slice("...", null)']],
  ['a triangular system that does not fit', () => lax.linalg.triangularSolve(square, np.zeros([3, 2])), 'shape-mismatch', ['[triangularSolve]', 'X A = B', 'f32[3,3]', 'f32[3,2]', 'columns of B']],
  ['two dtypes in a primitive', () => lax.linalg.triangularSolve(square, np.zeros([3, 3], { dtype: 'f64' })), 'dtype-mismatch', ['[triangularSolve]', 'one dtype', 'f32[3,3]', 'f64[3,3]']],
  ['integers in a primitive', () => lax.linalg.lu(square.astype('i32')), 'dtype-mismatch', ['[lu]', 'float', 'i32[3,3]']],
  ['a right-hand side for factors of another size', () => lax.linalg.luSolve(square, np.arange(3), np.zeros([4, 1])), 'shape-mismatch', ['[luSolve]', '[..., n, m]', 'f32[3,3]', 'i32[3]', 'f32[4,1]']],
  ['an unknown mode', () => linalg.qr(square, 'raw' as 'reduced'), 'invalid-argument', ['[qr]', '"raw"', "'reduced'", "'complete'"]],
  ['an unknown triangle', () => linalg.eigh(square, { UPLO: 'X' as 'L' }), 'invalid-argument', ['[eigh]', "'L' or 'U'", '"X"']],
  ['an order that vectors do not have', () => linalg.norm(np.zeros(3), 'fro'), 'invalid-argument', ['[norm]', '"fro"', 'vectors']],
  ['an order that matrices do not have', () => linalg.norm(square, 3), 'invalid-argument', ['[norm]', '3', "'fro'", "'nuc'"]],
  ['a norm over three axes', () => linalg.norm(np.zeros([2, 2, 2]), 2), 'invalid-argument', ['[norm]', 'f32[2,2,2]', '3 axes']],
  ['an axis that is not there', () => linalg.norm(square, null, 2), 'invalid-argument', ['[norm]', 'axis 2', 'f32[3,3]']],
  ['the smallest of nothing', () => linalg.norm(np.zeros([0]), -Infinity), 'invalid-argument', ['[norm]', 'f32[0]']],
  ['a power that is no integer', () => linalg.matrixPower(square, 0.5), 'invalid-argument', ['[matrixPower]', 'integer', '0.5']],
  ['a chain of one', () => linalg.multiDot([square]), 'invalid-argument', ['[multiDot]', 'two', '1']],
  ['a chain that does not fit', () => linalg.multiDot([flat, flat]), 'shape-mismatch', ['[multiDot]', 'f32[2,3], f32[2,3]']],
  ['a batch of least squares', () => linalg.lstsq(np.zeros([2, 3, 3]), np.zeros([2, 3])), 'shape-mismatch', ['[lstsq]', 'f32[2,3,3]', 'vmap']],
  ['two tolerances', () => linalg.matrixRank(square, { tol: 1, rtol: 1 }), 'invalid-argument', ['[matrixRank]', '`tol`', '`rtol`']],
  ['the condition of an empty matrix', () => linalg.cond(np.zeros([0, 0])), 'shape-mismatch', ['[cond]', 'empty', 'f32[0,0]']],
  ['the condition of a rectangle', () => linalg.cond(flat, 1), 'shape-mismatch', ['[cond]', 'square', 'f32[2,3]']],
]; // prettier-ignore

test.each(mistakes)('%s', (_, make, code, says) => {
  let thrown: unknown = null;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PullbackError);
  expect((thrown as PullbackError).code).toBe(code);
  for (const text of says) expect((thrown as PullbackError).message).toContain(text);
});
