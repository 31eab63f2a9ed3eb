/** The primitives of linear algebra. */
export { choleskyP } from './cholesky.ts';
export { adjugateP, detP } from './determinant.ts';
export { eighP } from './eigh.ts';
export { luP } from './lu.ts';
export { qrP } from './qr.ts';
export { svdP } from './svd.ts';
export { triangularSolveP } from './triangular.ts';
