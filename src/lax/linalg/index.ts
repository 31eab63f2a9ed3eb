/** Decompositions and solutions of dense matrices; the last two axes are a matrix, all axes before them a batch. */
export { cholesky } from './cholesky.ts';
export type { CholeskyOptions } from './cholesky.ts';
export { adjugate, det } from './determinant.ts';
export { eigh } from './eigh.ts';
export type { EighOptions } from './eigh.ts';
export { lu, luSolve } from './lu.ts';
export type { LuFactors } from './lu.ts';
export { qr } from './qr.ts';
export type { QrOptions } from './qr.ts';
export { svd } from './svd.ts';
export type { SvdOptions } from './svd.ts';
export { triangularSolve } from './triangular.ts';
export type { TriangularSolveOptions } from './triangular.ts';
