/** NumPy's linear algebra: functions of matrices, which are the last two axes of arrays; all axes before are a batch. */
export { cond, matrixRank } from './condition.ts';
export type { RankOptions } from './condition.ts';
export { cholesky, eigh, eigvalsh, qr, svd, svdvals } from './decompositions.ts';
export type { CholeskyOptions, EighOptions, QrMode, SvdOptions } from './decompositions.ts';
export { lstsq, pinv } from './least-squares.ts';
export type { LstsqResult, PinvOptions } from './least-squares.ts';
export { matrixNorm, norm, vectorNorm } from './norm.ts';
export type { NormOrder } from './norm.ts';
export { matrixPower, multiDot } from './products.ts';
export { det, inv, slogdet, solve } from './solve.ts';
export type { SlogdetResult } from './solve.ts';
export { triangularSolve } from '../../lax/linalg/index.ts';
export type { TriangularSolveOptions } from '../../lax/linalg/index.ts';
