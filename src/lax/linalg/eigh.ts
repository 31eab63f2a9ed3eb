import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import { isub, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import type { Cases, Cells, NoParams, Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { procedural } from '../../trace/stablehlo/rules.ts';
import { at } from '../../util/array.ts';
import { mul, sub } from '../elementwise.ts';
import { asColumns, asRows, diagonalOf, fromLower, matmul, mT, reciprocalOffDiagonal, symmetrized } from './arrays.ts';
import { batchInFront, matrixType, squareMatrix } from './family.ts';
import { reflect } from './householder.ts';
import {
  atMost,
  both,
  choose,
  epsilonOf,
  equal,
  finite,
  hypotenuse,
  larger,
  less,
  magnitude,
  minus,
  next,
  no,
  not,
  over,
  plus,
  rotationOf,
  signed,
  sum,
  times,
} from './scalar.ts';
import { normalizingSign } from './signs.ts';
import type { Matrix, Reading, Vector } from './views.ts';
import { forEachCell, matrixAt, reading, rotateRows, rowOf, setIdentity, swapRows, vectorAt } from './views.ts';

/**
 * Eigenvectors V (columns) and ascending eigenvalues w of a symmetric A, of which only the lower triangle is read:
 * A V = V diag(w). Householder tridiagonalization, then implicit QR steps with Wilkinson's shift (Golub and Van Loan:
 * Matrix Computations, 8.3).
 */
export const eighP: Primitive<NoParams, 1> = primitive<NoParams, 1>({
  name: 'eigh',
  type: ([x]) => {
    const matrix = squareMatrix('eigh', x);
    if (isLeft(matrix)) return matrix;
    const { batch, rows } = matrix.right;
    return typed(x, aval([...batch, rows], x.dtype, x.weakType));
  },
  derivative: {
    kind: 'smooth',
    // With S = Vᵀ dA V: dw = diag(S), and dV = V (F ∘ S) where F has 1/(wⱼ - wᵢ) off its diagonal.
    // Giles: An extended collection of matrix derivative results (2008), 3.1.
    partials: [
      (_, [v, w]) => {
        const [vectors, values] = [v as NDArray, w as NDArray];
        const n = at(vectors.shape, -1);
        const gaps = sub(asRows(values, n), asColumns(values, n));
        const inverse = reciprocalOffDiagonal(gaps);
        return (t) => {
          const inside = matmul(matmul(mT(vectors), fromLower(t)), vectors);
          return [matmul(vectors, mul(inside, inverse)), diagonalOf(inside)];
        };
      },
    ],
  },
  batch: batchInFront(() => eighP),
  lower: ([x]) => {
    const { batch, rows } = matrixType(x.aval);
    const { dtype, shape } = x.aval;
    return {
      kind: 'procedure',
      domain: batch,
      starts: [null, null],
      scratch: [
        { shape, dtype },
        { shape: [...batch, 3, rows], dtype },
      ],
      readsOnce: false,
      write: (p, point, [v, w], [work, vectors]) =>
        decompose(p, reading(x, point), matrixAt(v as Cells, point), vectorAt(w as Cells, point), rows, dtype, {
          work: matrixAt(work as Cells, point),
          vectors: matrixAt(vectors as Cells, point),
        }),
    };
  },
  stablehlo: procedural(() => eighP),
  cases: eighCases(),
});

function eighCases(): Cases<NoParams, 1> {
  return [
    { ins: [{ shape: [4, 4], dtype: 'wideFloat', structure: 'spd' }], params: {} },
    { ins: [{ shape: [2, 3, 3], dtype: 'wideFloat', structure: 'spd' }], params: {}, label: 'batch' },
    { ins: [{ shape: [1, 1], dtype: 'wideFloat' }], params: {}, label: 'size 1' },
    { ins: [{ shape: [2, 0, 0], dtype: 'wideFloat' }], params: {}, label: 'empty' },
  ];
}

interface Scratch {
  readonly work: Matrix;
  readonly vectors: Matrix;
}

function decompose(
  p: ProcedureWriter,
  x: Reading,
  v: Matrix,
  w: Vector,
  n: number,
  dtype: DType,
  { work, vectors }: Scratch,
): void {
  const [zero, one] = [constant(dtype, 0), constant(dtype, 1)];
  const [below, taus, sums] = [0, 1, 2].map((i) => rowOf(vectors, i)) as [Vector, Vector, Vector];
  const top = p.variable(zero);
  p.for(0, n, (i) => p.for(0, next(i), (j) => top.set(larger(top.value, magnitude(x(i, j))))));
  const scale = p.keep(choose(less(zero, top.value), top.value, one));
  p.for(0, n, (i) =>
    p.for(0, next(i), (j) => {
      const value = p.keep(over(x(i, j), scale));
      work.set(i, j, value);
      work.set(j, i, value);
    }),
  );
  tridiagonalize(p, work, w, below, taus, sums, n, zero);
  // Rows of `v` are turned, as elements of a row are neighbours: until the end it holds the eigenvectors as rows.
  setIdentity(p, v, n, n, one);
  accumulate(p, work, taus, v, n, zero);
  const failed = diagonalize(p, w, below, v, n, dtype);
  const good = p.keep(both(finite(top.value), not(failed)));
  p.if(
    good,
    () => {
      sortAscending(p, w, v, n);
      p.for(0, n, (i) => w.set(i, times(w.at(i), scale)));
      forEachCell(p, n, n, (i, j) => work.set(i, j, v.at(i, j)));
      p.for(0, n, (i) => {
        const sign = normalizingSign(p, rowOf(work, i), n, dtype);
        p.for(0, n, (j) => v.set(j, i, times(sign, work.at(i, j))));
      });
    },
    () => {
      const nan = constant(dtype, NaN);
      p.for(0, n, (i) => w.set(i, nan));
      forEachCell(p, n, n, (i, j) => v.set(i, j, nan));
    },
  );
}

/**
 * T = Qᵀ A Q with reflections, column by column: the diagonal of T goes to `d`, what is next to it to `e`. Row j of `a`
 * keeps the vector of reflection j, right of the diagonal.
 */
function tridiagonalize(
  p: ProcedureWriter,
  a: Matrix,
  d: Vector,
  e: Vector,
  taus: Vector,
  w: Vector,
  n: number,
  zero: Expr,
): void {
  p.for(0, n - 1, (j) => {
    const v = rowOf(a, j);
    d.set(j, a.at(j, j));
    const { tau, beta } = reflect(p, v, zero.dtype, p.keep(next(j)), n, false);
    taus.set(j, tau);
    e.set(j, beta);
    // H A H = A - v wᵀ - w vᵀ, where u = τ A v and w = u - τ/2 (uᵀ v) v.
    p.for(next(j), n, (i) =>
      w.set(
        i,
        times(
          tau,
          sum(p, zero, next(j), n, (k) => times(a.at(i, k), v.at(k))),
        ),
      ),
    );
    const inner = sum(p, zero, next(j), n, (k) => times(w.at(k), v.at(k)));
    const half = p.keep(times(times(tau, constant(zero.dtype, 0.5)), inner));
    p.for(next(j), n, (i) => w.set(i, minus(w.at(i), times(half, v.at(i)))));
    p.for(next(j), n, (i) => {
      const [vi, wi] = [p.keep(v.at(i)), p.keep(w.at(i))];
      p.for(next(j), n, (k) => a.set(i, k, minus(minus(a.at(i, k), times(vi, w.at(k))), times(wi, v.at(k)))));
    });
  });
  if (n > 0) d.set(n - 1, a.at(n - 1, n - 1));
}

/** Multiplies `z`, the identity, by the reflections from the right, the last one first: then it is Qᵀ. */
function accumulate(p: ProcedureWriter, a: Matrix, taus: Vector, z: Matrix, n: number, zero: Expr): void {
  p.for(0, n - 1, (step) => {
    const j = p.keep(isub(lit(n - 2), step));
    p.for(next(j), n, (i) => {
      const factor = p.keep(
        times(
          taus.at(j),
          sum(p, zero, next(j), n, (k) => times(z.at(i, k), a.at(j, k))),
        ),
      );
      p.for(next(j), n, (k) => z.set(i, k, minus(z.at(i, k), times(factor, a.at(j, k)))));
    });
  });
}

/** Steps for each eigenvalue; fewer than two are usual. */
const maxSteps = 40;

/**
 * Makes the tridiagonal matrix diagonal, turning the rows of `z` along.
 *
 * @returns a bool: it did not get there within the steps that it has.
 */
function diagonalize(p: ProcedureWriter, d: Vector, e: Vector, z: Matrix, n: number, dtype: DType): Expr {
  const high = p.variable(lit(n - 1));
  const steps = p.variable(lit(0));
  const small = (k: Expr): Expr => {
    const sizes = plus(magnitude(d.at(k)), magnitude(d.at(next(k))));
    return atMost(magnitude(e.at(k)), larger(times(constant(dtype, epsilonOf(dtype) / 2), sizes), tiny(dtype)));
  };
  p.while(both(less(lit(0), high.value), less(steps.value, lit(maxSteps * n))), () => {
    steps.set(next(steps.value));
    const last = p.keep(isub(high.value, lit(1)));
    p.if(
      small(last),
      () => high.set(last),
      () => {
        // The block that ends at `high` and has no negligible element next to its diagonal.
        const low = p.variable(last);
        const searching = p.variable(less(lit(0), low.value));
        p.while(searching.value, () => {
          const before = p.keep(isub(low.value, lit(1)));
          p.if(
            small(before),
            () => searching.set(no),
            () => {
              low.set(before);
              searching.set(less(lit(0), before));
            },
          );
        });
        qrStep(p, d, e, z, low.value, high.value, n, dtype);
      },
    );
  });
  return p.keep(less(lit(0), high.value));
}

/** What is negligible next to a largest element of 1, whatever its neighbours are. */
const tiny = (dtype: DType): Expr => constant(dtype, dtype === 'f32' ? 1e-30 : 1e-290);

/** One implicit QR step on rows `low` to `high` (at least two), shifted by the nearer eigenvalue of the last 2 × 2 block. */
function qrStep(
  p: ProcedureWriter,
  d: Vector,
  e: Vector,
  z: Matrix,
  low: Expr,
  high: Expr,
  n: number,
  dtype: DType,
): void {
  const last = p.keep(isub(high, lit(1)));
  const b = p.keep(e.at(last));
  const half = p.keep(times(constant(dtype, 0.5), minus(d.at(last), d.at(high))));
  const away = p.keep(plus(half, signed(hypotenuse(p, half, b), half)));
  const shift = p.keep(minus(d.at(high), times(b, over(b, away))));
  const x = p.variable(minus(d.at(low), shift));
  const bulge = p.variable(e.at(low));
  p.for(low, high, (k) => {
    const turn = rotationOf(p, x.value, bulge.value);
    const { c, s } = turn;
    p.if(less(low, k), () => e.set(isub(k, lit(1)), turn.r));
    const [first, beside, second] = [p.keep(d.at(k)), p.keep(e.at(k)), p.keep(d.at(next(k)))];
    const cross = p.keep(times(constant(dtype, 2), times(times(c, s), beside)));
    const [cc, ss] = [p.keep(times(c, c)), p.keep(times(s, s))];
    d.set(k, plus(plus(times(cc, first), times(ss, second)), cross));
    d.set(next(k), minus(plus(times(ss, first), times(cc, second)), cross));
    e.set(k, plus(times(minus(cc, ss), beside), times(times(c, s), minus(second, first))));
    x.set(e.at(k));
    p.if(less(next(k), high), () => {
      const after = p.keep(e.at(next(k)));
      bulge.set(times(s, after));
      e.set(next(k), times(c, after));
    });
    rotateRows(p, z, k, next(k), turn, n);
  });
}

/** Selection sort of the eigenvalues, with their rows. */
function sortAscending(p: ProcedureWriter, w: Vector, rows: Matrix, n: number): void {
  p.for(0, n, (i) => {
    const least = p.variable(i);
    p.for(next(i), n, (j) => p.if(less(w.at(j), w.at(least.value)), () => least.set(j)));
    p.if(not(equal(least.value, i)), () => {
      const kept = p.keep(w.at(i));
      w.set(i, w.at(least.value));
      w.set(least.value, kept);
      swapRows(p, rows, i, least.value, n);
    });
  });
}

/** How {@link eigh} reads its operand. */
export interface EighOptions {
  /** Read the lower triangle, not the upper one; of no effect on a symmetrized operand. Default true. */
  readonly lower?: boolean;
  /** Decompose (A + Aᵀ)/2, so that both triangles count and share the gradient; default true. */
  readonly symmetrizeInput?: boolean;
}

/**
 * Eigenvectors and eigenvalues of symmetric matrices: A V = V diag(w), w ascending, the columns of V orthonormal and each
 * with the sign that makes positive its first element of more than 0.6 times its largest one's size.
 *
 * Eigenvectors of equal eigenvalues are not differentiable: their tangents are infinite or NaN there, as JAX has them.
 * Gradients of functions of the eigenvalues alone are not touched by that.
 *
 * @param x floats of shape [..., n, n].
 * @returns V [..., n, n] and w [..., n]; NaN where a matrix has an element that is not finite.
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * const [v, w] = lax.linalg.eigh(np.array([[2, 1], [1, 2]])); // w: [1, 3]
 */
export function eigh(
  x: ArrayLike,
  { lower = true, symmetrizeInput = true }: EighOptions = {},
): readonly [v: NDArray, w: NDArray] {
  const a = asArray(x, 'eigh');
  const operand = symmetrizeInput ? symmetrized('eigh', a) : lower || a.ndim < 2 ? a : mT(a);
  return bind(eighP, [operand], {}) as unknown as readonly [NDArray, NDArray];
}
