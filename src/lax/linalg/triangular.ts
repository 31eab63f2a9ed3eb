import { isLeft, left } from 'fp-ts/lib/Either.js';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import { isub, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import type { Aval } from '../../trace/aval.ts';
import { sameShape, showAval } from '../../trace/aval.ts';
import { bind1 } from '../../trace/context.ts';
import { DTypeError } from '../../trace/errors.ts';
import type { Case, Cases, Cells, Primitive } from '../../trace/primitive.ts';
import { mistyped, primitive, typed } from '../../trace/primitive.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { neg } from '../elementwise.ts';
import { lowerPart, matmul, mT, upperPart } from './arrays.ts';
import { batchInFront, floatMatrix, matrixType, squareMatrix } from './family.ts';
import { minus, next, over, sum, times } from './scalar.ts';
import type { Reading, Vector } from './views.ts';
import { columnOf, matrixAt, reading, rowOf } from './views.ts';

/** Which triangular system is solved. */
export interface TriangularSystem {
  /** op(A) X = B rather than X op(A) = B. */
  readonly leftSide: boolean;
  /** A is lower triangular; its other triangle is not read. */
  readonly lower: boolean;
  /** op(A) is Aᵀ. */
  readonly transposeA: boolean;
  /** The diagonal of A is 1, and not read. */
  readonly unitDiagonal: boolean;
}

/** X with op(A) X = B or X op(A) = B, for a triangular A. */
export const triangularSolveP: Primitive<TriangularSystem, 2> = primitive<TriangularSystem, 2>({
  name: 'triangularSolve',
  type: ([a, b], { leftSide }) => {
    const [square, other] = [squareMatrix('triangularSolve', a), floatMatrix('triangularSolve', b)];
    if (isLeft(square)) return square;
    if (isLeft(other)) return other;
    if (a.dtype !== b.dtype) {
      return left(new DTypeError(`[triangularSolve] needs one dtype, got ${showAval(a)} and ${showAval(b)}`));
    }
    const n = leftSide ? other.right.rows : other.right.columns;
    if (n === square.right.rows && sameShape(square.right.batch, other.right.batch)) return typed(b);
    return mistyped(
      `[triangularSolve] ${leftSide ? 'A X = B' : 'X A = B'} with A ${showAval(a)} and B ${showAval(b)}: the ` +
        `${leftSide ? 'rows' : 'columns'} of B must be as many as those of A, and their leading axes equal`,
    );
  },
  derivative: {
    kind: 'linear',
    transpose: [
      {
        // op(A) X = B: dX = -op(A)⁻¹ op(dA) X, where dA is of the triangle that is read; X op(A) = B likewise.
        partial: ([a], [x], system) => {
          const { leftSide, lower, transposeA, unitDiagonal } = system;
          const part = lower ? lowerPart : upperPart;
          return (t) => {
            const triangle = part(t, unitDiagonal ? 1 : 0);
            const moved = transposeA ? mT(triangle) : triangle;
            const solution = x as NDArray;
            return [neg(triangularSolve(a, leftSide ? matmul(moved, solution) : matmul(solution, moved), system))];
          };
        },
      },
      ([ct], [a], system) =>
        triangularSolve(a.value as NDArray, ct as NDArray, { ...system, transposeA: !system.transposeA }),
    ],
  },
  batch: batchInFront(() => triangularSolveP),
  lower: ([a, b], system) => {
    const { batch, rows, columns } = matrixType(b.aval);
    const { leftSide } = system;
    return {
      kind: 'procedure',
      domain: [...batch, leftSide ? columns : rows],
      starts: [1],
      scratch: [],
      readsOnce: false,
      write: (p, point, [x]) => {
        const outer = point.slice(0, -1);
        const side = point[batch.length] as Expr;
        const solutions = matrixAt(x as Cells, outer);
        const vector = leftSide ? columnOf(solutions, side) : rowOf(solutions, side);
        substitute(p, reading(a, outer), vector, leftSide ? rows : columns, system, constant(b.aval.dtype, 0));
      },
    };
  },
  stablehlo: (b, [a, x], { leftSide, lower, transposeA, unitDiagonal }, [out]) =>
    b.generic(
      'triangular_solve',
      [a, x],
      [
        `left_side = ${leftSide}`,
        `lower = ${lower}`,
        `transpose_a = #stablehlo<transpose ${transposeA ? 'TRANSPOSE' : 'NO_TRANSPOSE'}>`,
        `unit_diagonal = ${unitDiagonal}`,
      ],
      [out as Aval],
    ),
  cases: solveCases(),
});

/** Solves for one right-hand side in place, from the end of the triangle that has one unknown. */
function substitute(
  p: ProcedureWriter,
  a: Reading,
  x: Vector,
  n: number,
  { leftSide, lower, transposeA, unitDiagonal }: TriangularSystem,
  zero: Expr,
): void {
  // X op(A) = B is op(A)ᵀ Xᵀ = Bᵀ.
  const flips = transposeA === leftSide;
  const coefficient: Reading = flips ? (i, j) => a(j, i) : a;
  const forwards = lower !== flips;
  p.for(0, n, (step) => {
    const i = forwards ? step : p.keep(isub(lit(n - 1), step));
    const [from, to] = forwards ? [lit(0), i] : [next(i), lit(n)];
    const known = sum(p, zero, from, to, (k) => times(coefficient(i, k), x.at(k)));
    const rest = minus(x.at(i), known);
    x.set(i, unitDiagonal ? rest : over(rest, coefficient(i, i)));
  });
}

function solveCases(): Cases<TriangularSystem, 2> {
  const flags = [true, false];
  const systems = flags.flatMap((leftSide) =>
    flags.flatMap((lower) => flags.map((transposeA) => ({ leftSide, lower, transposeA, unitDiagonal: false }))),
  );
  const plain = systems.map((params): Case<TriangularSystem, 2> => ({
    ins: [
      { shape: [3, 3], dtype: 'wideFloat', structure: 'spd' },
      { shape: params.leftSide ? [3, 2] : [2, 3], dtype: 'wideFloat' },
    ],
    params,
    label: `${params.lower ? 'lower' : 'upper'} A${params.transposeA ? 'ᵀ' : ''} on the ${params.leftSide ? 'left' : 'right'}`,
  }));
  const left = { leftSide: true, lower: true, transposeA: false, unitDiagonal: true };
  return [
    {
      ins: [
        { shape: [2, 3, 3], dtype: 'wideFloat', domain: [-0.5, 0.5] },
        { shape: [2, 3, 1], dtype: 'wideFloat' },
      ],
      params: left,
      label: 'unit diagonal, batch',
    },
    {
      ins: [
        { shape: [0, 0], dtype: 'wideFloat' },
        { shape: [0, 2], dtype: 'wideFloat' },
      ],
      params: left,
      label: 'empty',
    },
    ...plain,
  ];
}

/** Which triangular system {@link triangularSolve} solves; all false by default. */
export interface TriangularSolveOptions {
  /** Solve op(A) X = B rather than X op(A) = B. */
  readonly leftSide?: boolean;
  /** Read the lower triangle of A, not the upper one. */
  readonly lower?: boolean;
  /** op(A) is Aᵀ. */
  readonly transposeA?: boolean;
  /** Of no effect on real numbers. */
  readonly conjugateA?: boolean;
  /** Take the diagonal of A as ones, without reading it. */
  readonly unitDiagonal?: boolean;
}

/**
 * Solves triangular systems: X with X op(A) = B (with `leftSide`, op(A) X = B). Zeros on the diagonal give infinities or
 * NaN, as divisions do.
 *
 * @param a floats of shape [..., n, n]; only the triangle that `lower` names is read.
 * @param b of the dtype and leading axes of `a`, and of shape [..., m, n] (with `leftSide`, [..., n, m]).
 * @returns X, of the shape of `b`.
 * @throws ShapeMismatchError when `a` is not square or `b` does not fit.
 * @example
 * const y = lax.linalg.triangularSolve(l, b, { leftSide: true, lower: true }); // L y = b
 */
export const triangularSolve = (a: ArrayLike, b: ArrayLike, options: TriangularSolveOptions = {}): NDArray =>
  bind1(triangularSolveP, [asArray(a, 'triangularSolve'), asArray(b, 'triangularSolve')], {
    leftSide: options.leftSide === true,
    lower: options.lower === true,
    transposeA: options.transposeA === true,
    unitDiagonal: options.unitDiagonal === true,
  });
