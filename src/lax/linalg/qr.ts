import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import { constant } from '../../kernel/expr.ts';
import { isub, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import type { Case, Cases, Cells, LinearMap, Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { procedural } from '../../trace/stablehlo/rules.ts';
import { at } from '../../util/array.ts';
import { add, neg, sub } from '../elementwise.ts';
import { concatenate } from '../pieces.ts';
import { fill } from '../structural.ts';
import { block, identity, lowerPart, matmul, mT } from './arrays.ts';
import { batchInFront, floatMatrix, matrixType } from './family.ts';
import { applyFromLeft, reflect } from './householder.ts';
import { lu, luSolve } from './lu.ts';
import { equal, less, next } from './scalar.ts';
import { triangularSolve } from './triangular.ts';
import type { Matrix, Reading, Vector } from './views.ts';
import { columnOf, forEachCell, matrixAt, reading, rowOf, setIdentity } from './views.ts';

interface QrParams {
  /** Q is square; else it has as many columns as the smaller extent of A. */
  readonly fullMatrices: boolean;
}

/** A = Q R with orthonormal columns of Q and an upper triangular R, by Householder reflections. */
export const qrP: Primitive<QrParams, 1> = primitive<QrParams, 1>({
  name: 'qr',
  type: ([x], params) => {
    const matrix = floatMatrix('qr', x);
    if (isLeft(matrix)) return matrix;
    const { batch, rows, columns } = matrix.right;
    const inner = innerExtent(rows, columns, params);
    return typed(
      aval([...batch, rows, inner], x.dtype, x.weakType),
      aval([...batch, inner, columns], x.dtype, x.weakType),
    );
  },
  derivative: { kind: 'smooth', partials: [([x], [q, r]) => tangentOf(x, q as NDArray, r as NDArray)] },
  batch: batchInFront(() => qrP),
  lower: ([x], params) => {
    const { batch, rows, columns } = matrixType(x.aval);
    const { dtype, shape } = x.aval;
    const extents = { rows, columns, inner: innerExtent(rows, columns, params) };
    return {
      kind: 'procedure',
      domain: batch,
      starts: [null, null],
      scratch: [
        { shape, dtype },
        { shape: [...batch, 3, Math.max(rows, columns)], dtype },
      ],
      readsOnce: true,
      write: (p, point, [q, r], [work, vectors]) =>
        factorize(p, reading(x, point), matrixAt(q as Cells, point), matrixAt(r as Cells, point), extents, dtype, {
          work: matrixAt(work as Cells, point),
          vectors: matrixAt(vectors as Cells, point),
        }),
    };
  },
  stablehlo: procedural(() => qrP),
  cases: qrCases(),
});

const innerExtent = (rows: number, columns: number, { fullMatrices }: QrParams): number =>
  fullMatrices ? rows : Math.min(rows, columns);

function qrCases(): Cases<QrParams, 1> {
  const shapes: readonly (readonly [label: string, shape: readonly number[], fullMatrices: boolean])[] = [
    ['square', [3, 3], false],
    ['tall, batch', [2, 4, 2], false],
    ['wide', [2, 4], false],
    ['tall, full', [4, 2], true],
    ['size 1', [1, 1], false],
  ];
  return [
    { ins: [{ shape: [2, 0], dtype: 'wideFloat' }], params: { fullMatrices: true }, label: 'no columns' },
    { ins: [{ shape: [0, 2], dtype: 'wideFloat' }], params: { fullMatrices: false }, label: 'no rows' },
    ...shapes.map(([label, shape, fullMatrices]): Case<QrParams, 1> => ({
      ins: [{ shape, dtype: 'wideFloat', structure: 'wellConditioned' }],
      params: { fullMatrices },
      label,
    })),
  ];
}

interface Extents {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

function factorize(
  p: ProcedureWriter,
  x: Reading,
  q: Matrix,
  r: Matrix,
  { rows, columns, inner }: Extents,
  dtype: DType,
  scratch: { readonly work: Matrix; readonly vectors: Matrix },
): void {
  const { work, vectors } = scratch;
  const zero = constant(dtype, 0);
  const [taus, diagonal, sums] = [0, 1, 2].map((i) => rowOf(vectors, i)) as [Vector, Vector, Vector];
  const steps = Math.min(rows, columns);
  // The derivative of the columns that complete a basis exists only where each step reflects.
  const always = inner > columns;
  forEachCell(p, rows, columns, (i, j) => work.set(i, j, x(i, j)));
  p.for(0, steps, (j) => {
    const v = columnOf(work, j);
    const { tau, beta } = reflect(p, v, dtype, j, rows, always);
    taus.set(j, tau);
    diagonal.set(j, beta);
    applyFromLeft(p, work, { v, tau, from: j, to: rows }, next(j), columns, sums, zero);
  });
  forEachCell(p, inner, columns, (i, j) =>
    p.if(
      equal(i, j),
      () => r.set(i, j, diagonal.at(i)),
      () => p.if(less(i, j), () => r.set(i, j, work.at(i, j)), () => r.set(i, j, zero)), // prettier-ignore
    ),
  );
  setIdentity(p, q, rows, inner, constant(dtype, 1));
  p.for(0, steps, (step) => {
    const j = p.keep(isub(lit(steps - 1), step));
    const tau = p.keep(taus.at(j));
    applyFromLeft(p, q, { v: columnOf(work, j), tau, from: j, to: rows }, j, inner, sums, zero);
  });
}

/**
 * The tangents of Q and R. With A = [A₁ A₂] and A₁ = Q R₁ as tall as A and no wider than tall,
 * S = Qᵀ dA₁ R₁⁻¹ and K = tril(S, -1) - tril(S, -1)ᵀ, it is dR₁ = (S - K) R₁ and dQ = Q (K - S) + dA₁ R₁⁻¹
 * (Walter, Lehmann, Lamour: On evaluating higher-order derivatives of the QR decomposition of tall matrices, 2012), and
 * R₂ = Qᵀ A₂.
 */
function tangentOf(x: NDArray, q: NDArray, r: NDArray): LinearMap {
  const [m, n] = [at(x.shape, -2), at(x.shape, -1)];
  const k = Math.min(m, n);
  const thin = block(q, [0, m], [0, k]);
  const square = block(r, [0, k], [0, k]);
  const rest = block(x, [0, m], [k, n]);
  const completed = at(q.shape, -1) > k ? completion(q, k) : null;
  return (t) => {
    const relative = triangularSolve(square, block(t, [0, m], [0, k]));
    const inside = matmul(mT(thin), relative);
    const below = lowerPart(inside, 1);
    const turn = sub(below, mT(below));
    const dq = add(matmul(thin, sub(turn, inside)), relative);
    const dr = matmul(sub(inside, turn), square);
    if (completed !== null) {
      const zeros = fill([...dr.shape.slice(0, -2), m - k, n], r.dtype, 0);
      return [concatenate([dq, completed(dq)], q.ndim - 1), concatenate([dr, zeros], r.ndim - 2)];
    }
    if (n <= m) return [dq, dr];
    const dr2 = add(matmul(mT(dq), rest), matmul(mT(thin), block(t, [0, m], [k, n])));
    return [dq, concatenate([dr, dr2], r.ndim - 1)];
  };
}

/**
 * The tangent of the columns Q₂ that complete Q₁ = [Q₁₁; Q₂₁] to a basis, from the tangent of Q₁. Q is a product of
 * reflections, and so I - [Q₁ Q₂] = V T Vᵀ for a V with k columns. Hence Q₂ follows from Q₁: with N = I - Q₁₁ and
 * Y = N⁻ᵀ Q₂₁ᵀ, its upper part is N Y, and its lower part I - Q₂₁ Y.
 */
function completion(q: NDArray, k: number): (dq: NDArray) => NDArray {
  const m = at(q.shape, -2);
  const upper = block(q, [0, k], [0, k]);
  const lower = block(q, [k, m], [0, k]);
  const n = sub(identity(upper.shape, q.dtype), upper);
  const [factors, , permutation] = lu(n);
  const y = luSolve(factors, permutation, mT(lower), 1);
  return (dq) => {
    const [dUpper, dLower] = [block(dq, [0, k], [0, k]), block(dq, [k, m], [0, k])];
    // Nᵀ Y = Q₂₁ᵀ, hence Nᵀ dY = dQ₂₁ᵀ + dQ₁₁ᵀ Y.
    const dy = luSolve(factors, permutation, add(mT(dLower), matmul(mT(dUpper), y)), 1);
    const above = sub(matmul(n, dy), matmul(dUpper, y));
    const under = add(matmul(dLower, y), matmul(lower, dy));
    return concatenate([above, neg(under)], q.ndim - 2);
  };
}

/** Which Q {@link qr} gives. */
export interface QrOptions {
  /** All columns of an orthonormal basis: Q is [..., m, m] and R [..., m, n]. Default true. */
  readonly fullMatrices?: boolean;
}

/**
 * The QR decomposition of matrices A [..., m, n]: orthonormal columns Q and an upper triangular R with A = Q R, by
 * Householder reflections, with LAPACK's signs: an element of the diagonal of R has the sign opposite to what stood there
 * when its column was reflected. (A column that has only zeros below the diagonal is left as it is, unless Q gets more
 * columns than A has.) Differentiable where the first min(m, n) columns of A are linearly independent.
 *
 * @returns Q [..., m, k] and R [..., k, n], where k is m with `fullMatrices` and else min(m, n).
 * @throws ShapeMismatchError when `x` has fewer than two axes.
 * @example
 * const [q, r] = lax.linalg.qr(a, { fullMatrices: false });
 */
export const qr = (x: ArrayLike, { fullMatrices = true }: QrOptions = {}): readonly [q: NDArray, r: NDArray] =>
  bind(qrP, [asArray(x, 'qr')], { fullMatrices }) as unknown as readonly [NDArray, NDArray];
