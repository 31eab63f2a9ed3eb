import { identity } from '../../lax/linalg/arrays.ts';
import { isSquare, notSquare } from '../../lax/linalg/family.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { at, range } from '../../util/array.ts';
import { matmul } from '../shape.ts';
import { inv } from './solve.ts';

/**
 * Square matrices [..., n, n] to an integer power, by repeated squaring; a negative power is one of the inverse.
 *
 * @throws ArgumentError when the power is no integer; ShapeMismatchError when the matrices are not square.
 * @example
 * np.linalg.matrixPower(np.array([[1, 1], [0, 1]]), 3); // [[1, 3], [0, 1]]
 */
export function matrixPower(a: ArrayLike, n: number): NDArray {
  const x = asArray(a);
  if (!Number.isInteger(n)) throw new ArgumentError(`[matrixPower] needs an integer power, got ${n}`);
  if (!isSquare(x.shape)) throw notSquare('matrixPower', x.aval);
  if (n === 0) return identity(x.shape, x.dtype);
  let square = n < 0 ? inv(x) : x;
  let result: NDArray | null = null;
  for (let rest = Math.abs(n); ; square = matmul(square, square)) {
    if (rest % 2 === 1) result = result === null ? square : matmul(result, square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result ?? square;
  }
}

/**
 * The product of two or more matrices, in the order that takes the fewest multiplications. The first may be a row vector
 * and the last a column vector; their axes vanish.
 *
 * @throws ArgumentError for fewer than two arrays; ShapeMismatchError when they do not fit.
 * @example
 * np.linalg.multiDot([a, b, c, vector]);
 */
export function multiDot(arrays: readonly ArrayLike[]): NDArray {
  const xs = arrays.map((x) => asArray(x));
  const last = xs.length - 1;
  if (last < 1) throw new ArgumentError(`[multiDot] needs at least two arrays, got ${xs.length}`);
  const shaped = xs.every((x, i) => x.ndim === 2 || (x.ndim === 1 && (i === 0 || i === last)));
  const chained = shaped && xs.slice(1).every((x, i) => x.shape[0] === at(xs, i).shape.at(-1));
  if (!chained) {
    throw new ShapeMismatchError(
      `[multiDot] needs matrices of which each has as many rows as the one before it has columns (the first and the last ` +
        `may be vectors); got ${xs.map((x) => showAval(x.aval)).join(', ')}`,
    );
  }
  const rows = xs.map((x, i) => (x.ndim === 1 && i === 0 ? 1 : at(x.shape, 0)));
  const extents = [...rows, at(xs, last).ndim === 1 ? 1 : at(at(xs, last).shape, 1)];
  const cut = cheapestCuts(extents);
  const multiply = (i: number, j: number): NDArray => {
    if (i === j) return at(xs, i);
    const k = at(at(cut, i), j);
    return matmul(multiply(i, k), multiply(k + 1, j));
  };
  return multiply(0, last);
}

/**
 * For every part i…j of a chain of matrices, whose extents are `extents[i] × extents[i + 1]`: after which matrix to cut it,
 * so that the products take the fewest multiplications.
 */
function cheapestCuts(extents: readonly number[]): readonly (readonly number[])[] {
  const n = extents.length - 1;
  const cost = range(n).map(() => range(n).map(() => 0));
  const cut = range(n).map(() => range(n).map(() => 0));
  for (let length = 1; length < n; length++) {
    for (let i = 0; i + length < n; i++) {
      const j = i + length;
      const costs = range(length).map(
        (k) =>
          at(at(cost, i), i + k) +
          at(at(cost, i + k + 1), j) +
          at(extents, i) * at(extents, i + k + 1) * at(extents, j + 1),
      );
      const best = costs.indexOf(Math.min(...costs));
      at(cost, i)[j] = at(costs, best);
      at(cut, i)[j] = i + best;
    }
  }
  return cut;
}
