import { abs, and, eq, gt, lt, mul, or, sign } from '../../lax/elementwise.ts';
import { asColumns, asRows, matmul, mT } from '../../lax/linalg/arrays.ts';
import * as lax from '../../lax/linalg/index.ts';
import { convertElementType } from '../../lax/casts.ts';
import { broadcastedIota } from '../../lax/iota.ts';
import { reduceSum } from '../../lax/structural.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import { matrices, squares } from './operands.ts';

/** Options of {@link cholesky}. */
export interface CholeskyOptions extends lax.CholeskyOptions {
  /** Give the upper triangular factor U with A = Uᵀ U; default false. */
  readonly upper?: boolean;
}

/**
 * The Cholesky factor of symmetric positive definite matrices: the lower triangular L with A = L Lᵀ, or, with `upper`,
 * its transpose. NaN where A is not positive definite.
 *
 * @param a [..., n, n].
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * np.linalg.cholesky(np.array([[4, 2], [2, 5]])); // [[2, 0], [1, 2]]
 */
export function cholesky(a: ArrayLike, { upper = false, ...options }: CholeskyOptions = {}): NDArray {
  const l = lax.cholesky(squares('cholesky', a), options);
  return upper ? mT(l) : l;
}

/** What {@link qr} gives: Q with as many columns as the smaller extent, or a square Q, or R alone. */
export type QrMode = 'reduced' | 'complete' | 'r';

/**
 * The QR decomposition of matrices: orthonormal columns Q and an upper triangular R with A = Q R, signs as in LAPACK (see
 * `lax.linalg.qr`). The gradient needs the first min(m, n) columns of A to be linearly independent.
 *
 * @param a [..., m, n].
 * @param mode `'reduced'` (default): Q [..., m, k] and R [..., k, n], k = min(m, n); `'complete'`: k = m; `'r'`: the R of
 *   `'reduced'` alone.
 * @throws ShapeMismatchError when `a` has fewer than two axes; ArgumentError for another mode.
 * @example
 * const [q, r] = np.linalg.qr(a);
 */
export function qr(a: ArrayLike, mode?: 'reduced' | 'complete'): readonly [q: NDArray, r: NDArray];
export function qr(a: ArrayLike, mode: 'r'): NDArray;
export function qr(a: ArrayLike, mode: QrMode = 'reduced'): NDArray | readonly [q: NDArray, r: NDArray] {
  const modes: readonly string[] = ['reduced', 'complete', 'r'];
  if (!modes.includes(mode)) {
    throw new ArgumentError(`[qr] mode ${JSON.stringify(mode)} is none of ${modes.map((m) => `'${m}'`).join(', ')}`);
  }
  const [q, r] = lax.qr(matrices('qr', a), { fullMatrices: mode === 'complete' });
  return mode === 'r' ? r : [q, r];
}

/** Options of {@link eigh} and {@link eigvalsh}. */
export interface EighOptions {
  /** Which triangle is read if the operand is not symmetrized; default `'L'`, the lower one. */
  readonly UPLO?: 'L' | 'U';
  /** Decompose (A + Aᵀ)/2, so that both triangles count and share the gradient; default true. */
  readonly symmetrizeInput?: boolean;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices: A V = V diag(w), w ascending, the columns of V orthonormal. Signs and
 * derivatives are those of `lax.linalg.eigh`: eigenvectors of equal eigenvalues have none.
 *
 * @param a [..., n, n].
 * @returns w [..., n] and V [..., n, n].
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * const [w, v] = np.linalg.eigh(np.array([[2, 1], [1, 2]])); // w: [1, 3]
 */
export function eigh(a: ArrayLike, options: EighOptions = {}): readonly [eigenvalues: NDArray, eigenvectors: NDArray] {
  const { UPLO = 'L', symmetrizeInput = true } = options;
  if (UPLO !== 'L' && (UPLO as string) !== 'U') {
    throw new ArgumentError(`[eigh] UPLO must be 'L' or 'U', got ${JSON.stringify(UPLO)}`);
  }
  const [v, w] = lax.eigh(squares('eigh', a), { lower: UPLO === 'L', symmetrizeInput });
  return [w, v];
}

/**
 * The eigenvalues of symmetric matrices [..., n, n], ascending: [..., n].
 *
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * np.linalg.eigvalsh(np.array([[2, 1], [1, 2]])); // [1, 3]
 */
export const eigvalsh = (a: ArrayLike, options: EighOptions = {}): NDArray => eigh(a, options)[0];

/** Options of {@link svd}. */
export interface SvdOptions {
  /** Square U and Vᵀ; else as many columns and rows as the smaller extent. Default true. */
  readonly fullMatrices?: boolean;
  /** Give U and Vᵀ too; default true. */
  readonly computeUv?: boolean;
  /** The matrices are symmetric, which is faster; default false. */
  readonly hermitian?: boolean;
}

/**
 * The singular value decomposition of matrices: A = U diag(s) Vᵀ, s descending, the columns of U and V orthonormal. Signs
 * and derivatives are those of `lax.linalg.svd`: vectors of equal singular values have none.
 *
 * @param a [..., m, n].
 * @returns U [..., m, k], s [..., min(m, n)] and Vᵀ [..., k, n]; s alone with `computeUv: false`.
 * @throws ShapeMismatchError when `a` has fewer than two axes, or with `hermitian` is not square.
 * @example
 * const [u, s, vt] = np.linalg.svd(a, { fullMatrices: false });
 */
export function svd(
  a: ArrayLike,
  options?: SvdOptions & { readonly computeUv?: true },
): readonly [u: NDArray, s: NDArray, vt: NDArray];
export function svd(a: ArrayLike, options: SvdOptions & { readonly computeUv: false }): NDArray;
export function svd(a: ArrayLike, options: SvdOptions): NDArray | readonly [u: NDArray, s: NDArray, vt: NDArray];
export function svd(
  a: ArrayLike,
  { fullMatrices = true, computeUv = true, hermitian = false }: SvdOptions = {},
): NDArray | readonly [u: NDArray, s: NDArray, vt: NDArray] {
  const factors = hermitian
    ? symmetricSvd(squares('svd', a))
    : lax.svd(matrices('svd', a), { fullMatrices: fullMatrices && computeUv });
  return computeUv ? factors : factors[1];
}

/**
 * The singular values of matrices [..., m, n], descending: [..., min(m, n)].
 *
 * @throws ShapeMismatchError when `a` has fewer than two axes.
 * @example
 * np.linalg.svdvals(np.array([[0, 3], [-4, 0]])); // [4, 3]
 */
export const svdvals = (a: ArrayLike): NDArray => svd(a, { computeUv: false });

/** The singular values of a symmetric matrix are the sizes of its eigenvalues, which have to be put in order. */
function symmetricSvd(a: NDArray): readonly [u: NDArray, s: NDArray, vt: NDArray] {
  const [v, w] = lax.eigh(a);
  const sizes = abs(w);
  const order = descending(sizes);
  const column = (x: NDArray): NDArray => reduceSum(matmul(order, asColumns(x, 1)), [x.ndim]);
  const u = matmul(v, mT(order));
  return [u, column(sizes), mT(mul(u, asRows(column(sign(w)), at(w.shape, -1))))];
}

/** The permutation matrix that puts the elements of every vector in descending order; equal ones from the last on. */
function descending(x: NDArray): NDArray {
  const n = at(x.shape, -1);
  const [mine, other] = [asColumns(x, n), asRows(x, n)];
  const rank = x.ndim;
  const [row, column] = [rank - 1, rank].map((axis) => broadcastedIota('i32', mine.shape, axis)) as [NDArray, NDArray];
  const before = or(gt(other, mine), and(eq(other, mine), lt(row, column)));
  const places = reduceSum(convertElementType(before, 'i32'), [rank]);
  return convertElementType(eq(asRows(places, n), row), x.dtype);
}
