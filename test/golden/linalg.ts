import type { NDArray } from '../../src/index.ts';
import { numpy as np } from '../../src/index.ts';

/**
 * Functions of decompositions that do not depend on the signs, which are free, of eigenvectors, singular vectors and
 * orthogonal factors. tools/golden/linalg.py has the same ones.
 */

const { linalg } = np;

/** The columns of `v` scaled by `w`, times `u`. */
const product = (v: NDArray, w: NDArray, u: NDArray): NDArray => v.mul(w.slice('...', null, [])).matmul(u);

/** V diag(w³ / 10) Vᵀ, which is A³ / 10, and the eigenvalues. */
export function fromEigh(a: NDArray): unknown {
  const [w, v] = linalg.eigh(a);
  return [product(v, w.pow(3).div(10), v.mT), w];
}

/** V diag(log w) Vᵀ. */
export function matrixLog(a: NDArray): unknown {
  const [w, v] = linalg.eigh(a);
  return product(v, np.log(w), v.mT);
}

/** U diag(√s) Vᵀ of the thin decomposition, and the singular values. */
export function fromSvd(a: NDArray): unknown {
  const [u, s, vh] = linalg.svd(a, { fullMatrices: false });
  return [product(u, np.sqrt(s), vh), s];
}

/** What the square factors make: the matrix, and U Uᵀ. */
export function fullSvd(a: NDArray): unknown {
  const [u, s, vh] = linalg.svd(a);
  const n = s.shape.at(-1) ?? 0;
  return [product(u.slice('...', [0, n]), s, vh.slice('...', [0, n], [])), u.matmul(u.mT)];
}

/** The singular values alone. */
export const singularValues = (a: NDArray): unknown => linalg.svd(a, { computeUv: false });

/** Q and R with the signs that make R's diagonal positive. */
export function fromQr(a: NDArray): unknown {
  const [q, r] = linalg.qr(a);
  const sign = np.sign(np.diagonal(r, 0, -2, -1));
  return [q.mul(sign.slice('...', null, [])), r.mul(sign.slice('...', null))];
}
