import type { Either } from 'fp-ts/lib/Either.js';
import { left, right } from 'fp-ts/lib/Either.js';
import type { DType } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import type { Monoid } from '../kernel/ops.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import type { PullbackError } from '../util/error.ts';
import type { Aval, Shape } from './aval.ts';
import { DTypeError, ShapeMismatchError } from './errors.ts';
import type { Jaxpr } from './jaxpr.ts';
import type { HloBuilder } from './stablehlo/builder.ts';
import type { HloValue } from './stablehlo/text.ts';
import type { NDArray } from './value.ts';

/**
 * A primitive is its rules: one record, every field required, so that a forgotten rule does not compile. `P` is the
 * type of its static parameters, `N` the number of its operands (`number` for a variadic one).
 */
export interface Primitive<P = unknown, N extends number = number> {
  readonly name: string;
  /** The results' shapes and dtypes, or why the operands can't be combined. */
  type(ins: Tuple<N, Aval>, params: P): Either<PullbackError, readonly Aval[]>;
  readonly derivative: Derivative<P, N>;
  /**
   * How it applies to operands with a batch axis each (or none). The axis's name matters to collectives, and to primitives
   * that hold Jaxprs, in which collectives can be.
   */
  batch(ins: Tuple<N, Batched>, params: P, size: number, axisName: string | null): BatchedResult;
  /** What it computes, as loops over scalar expressions. */
  lower(ins: Tuple<N, Operand>, params: P, outs: readonly Aval[]): Lowered;
  /** What it computes, as StableHLO: adds operations, and gives the results' values, which have the types `outs`. */
  stablehlo(b: HloBuilder, ins: Tuple<N, HloValue>, params: P, outs: readonly Aval[]): readonly HloValue[];
  /** Inputs that the laws are tested on; having none costs a written reason. */
  readonly cases: Cases<P, N> | WithoutCases;
}

/** `N` values of type `T`. */
export type Tuple<N extends number, T> = number extends N
  ? readonly T[]
  : N extends 0
    ? readonly []
    : N extends 1
      ? readonly [T]
      : N extends 2
        ? readonly [T, T]
        : N extends 3
          ? readonly [T, T, T]
          : N extends 4
            ? readonly [T, T, T, T]
            : readonly T[];

/** A function type whose parameters are compared both ways, so that `Primitive<P, N>` is a `Primitive`. */
type Loose<A extends readonly unknown[], R> = { bivarianceHack(...args: A): R }['bivarianceHack'];

/**
 * How a primitive is differentiated; exactly one of five kinds.
 *
 * - `smooth`: one partial derivative an operand. It is given the primal values and returns the linear map from that
 *   operand's tangent to the results' tangents; what it computes before returning becomes a residual. The map may
 *   only use linear and bilinear primitives on the tangent.
 * - `linear`: linear in all operands together but those marked `noTangent` or `partial`; the tangent is the primitive
 *   applied to tangents. `transpose[i]` maps the results' cotangents to operand `i`'s. An operand marked `partial` is one
 *   that it depends on otherwise (the matrix of a linear system); its tangent passes by that rule, as in `smooth`.
 * - `bilinear`: linear in each of two operands while the other is fixed.
 * - `structural`: a primitive that holds Jaxprs (`jit`, `scan`, …); its rules transform those.
 * - `zero`: no tangent passes; opting out costs a written reason.
 */
export type Derivative<P, N extends number> =
  | { readonly kind: 'smooth'; readonly partials: Tuple<N, PartialRule<P, N> | NoTangent> | Partials<P, N> }
  | {
      readonly kind: 'linear';
      readonly transpose: Tuple<N, Transpose<P, N> | NoTangent | NotLinear<P, N>> | Transposes<P, N>;
    }
  | {
      readonly kind: 'bilinear';
      /** Cotangent of the left operand, from the result's and the right operand. */
      readonly transposeLhs: Loose<[ct: NDArray, rhs: NDArray, params: P, lhs: Aval], NDArray>;
      /** Cotangent of the right operand, from the result's and the left operand. */
      readonly transposeRhs: Loose<[ct: NDArray, lhs: NDArray, params: P, rhs: Aval], NDArray>;
    }
  | { readonly kind: 'structural'; readonly rules: StructuralRules<P> }
  | { readonly kind: 'zero'; readonly because: string };

/** Marks an operand that no tangent passes through, with the reason. */
export interface NoTangent {
  readonly noTangent: string;
}

/** Marks an operand that a linear primitive is not linear in, with its partial derivative. */
export interface NotLinear<P, N extends number> {
  readonly partial: PartialRule<P, N>;
}

/** A linear map from one operand's tangent to the results' tangents. */
export type LinearMap = (tangent: NDArray) => readonly NDArray[];
/** The derivative with respect to one operand, at given primals. */
export type PartialRule<P, N extends number> = Loose<
  [ins: Tuple<N, NDArray>, outs: readonly NDArray[], params: P],
  LinearMap
>;
/** For variadic primitives: one rule that is told which operand is meant. */
export type Partials<P, N extends number> = Loose<
  [operand: number, ins: Tuple<N, NDArray>, outs: readonly NDArray[], params: P],
  LinearMap
>;
/** Maps the results' cotangents to one operand's cotangent. `ins` has a value for `noTangent` operands only. */
export type Transpose<P, N extends number> = Loose<
  [cts: readonly NDArray[], ins: Tuple<N, Linearized>, params: P],
  NDArray
>;
/** For variadic primitives: one rule that is told which operand is meant. */
export type Transposes<P, N extends number> = Loose<
  [operand: number, cts: readonly NDArray[], ins: Tuple<N, Linearized>, params: P],
  NDArray
>;

/** An operand of a linear primitive while it is transposed: its type, and its value unless it is a linear operand. */
export interface Linearized {
  readonly aval: Aval;
  readonly value: NDArray | null;
}

/** A tangent or cotangent; null is a symbolic zero. */
export type Tangent = NDArray | null;

/** The rules of a primitive that holds Jaxprs. */
export interface StructuralRules<P> {
  jvp(primals: readonly NDArray[], tangents: readonly Tangent[], params: P): JvpResult;
  /** Results and a linear function of the tangents that are not null. */
  linearize(primals: readonly NDArray[], isLinear: readonly boolean[], params: P): LinearizeResult;
  /** Cotangents of the linear operands (those whose `value` is null); null elsewhere. */
  readonly transpose:
    Loose<[cts: readonly Tangent[], ins: readonly Linearized[], params: P], readonly Tangent[]> | NoReverse;
  /** The results, one operation after the other under the current interpreter, for when nothing is to be compiled. */
  evaluate(inputs: readonly NDArray[], params: P): readonly NDArray[];
  /** What is left when only the results that `used` marks are wanted. */
  prune(used: readonly boolean[], params: P): Pruned<P>;
}

/** Marks a primitive without reverse mode; the text is the user's error. */
export interface NoReverse {
  readonly noReverse: string;
}

/** A structural primitive's equation with fewer operands and results. */
export interface Pruned<P> {
  readonly params: P;
  /** Which operands are left. */
  readonly inputs: readonly boolean[];
  /** Which results are left: those that were wanted, and any that the others can't be computed without. */
  readonly outputs: readonly boolean[];
}

/** Results and their tangents. */
export interface JvpResult {
  readonly primals: readonly NDArray[];
  readonly tangents: readonly Tangent[];
}

/** Results, and the linear map of the tangents of the linear operands (given in order) to the results' tangents. */
export interface LinearizeResult {
  readonly primals: readonly NDArray[];
  readonly linear: (tangents: readonly NDArray[]) => readonly Tangent[];
}

/** A value and the axis along which it is batched; null where it is the same for the whole batch. */
export interface Batched {
  readonly value: NDArray;
  readonly axis: number | null;
}

/** Results of a batched application, with the batch axis of each. */
export interface BatchedResult {
  readonly values: readonly NDArray[];
  readonly axes: readonly (number | null)[];
}

/** An operand while kernels are made: an element for every coordinate. */
export interface Operand {
  readonly aval: Aval;
  readonly at: Element;
}

/** The element at a coordinate (one i32 expression an axis). */
export type Element = (coordinate: readonly Expr[]) => Expr;

/** What a primitive computes, for the compiler. */
export type Lowered =
  /** Each element of each result by itself. If it is `arbitrary`, what a loop writes over need not begin with it. */
  | { readonly kind: 'map'; readonly outputs: readonly Element[]; readonly arbitrary?: true }
  /** Each element of the result reduces `value(coordinate, reducedCoordinate)` over `reduced`. */
  | {
      readonly kind: 'reduce';
      readonly reduced: Shape;
      readonly monoid: Monoid;
      readonly value: (coordinate: readonly Expr[], reduced: readonly Expr[]) => Expr;
    }
  /** A generalized matrix product; `coordinate` places (batch, row, column) in the result. */
  | {
      readonly kind: 'contract';
      readonly batch: Shape;
      readonly rows: Shape;
      readonly columns: Shape;
      readonly depth: Shape;
      readonly lhs: (batch: readonly Expr[], rows: readonly Expr[], depth: readonly Expr[]) => Expr;
      readonly rhs: (batch: readonly Expr[], columns: readonly Expr[], depth: readonly Expr[]) => Expr;
      readonly coordinate: (batch: readonly Expr[], rows: readonly Expr[], columns: readonly Expr[]) => readonly Expr[];
    }
  /** What takes statements: for each point of `domain`, in any order, what `write` writes. */
  | Procedure
  /**
   * `body` again and again on the carried values: `trips` times, or, where that is null, while `condition` holds. The
   * operands are the constants of the condition, then those of the body, then the first carried values; the results are
   * the last ones. Both Jaxprs are without constants: `condition` from its constants and the carried values to a bool,
   * `body` from its constants and the carried values to the next ones.
   */
  | {
      readonly kind: 'loop';
      readonly trips: number | null;
      readonly condition: Jaxpr | null;
      readonly conditionConstants: number;
      readonly body: Jaxpr;
      readonly bodyConstants: number;
    }
  /** One of several Jaxprs without constants, chosen by operand 0 (an i32 in range), applied to the other operands. */
  | { readonly kind: 'branch'; readonly branches: readonly Jaxpr[] }
  /** It is no part of a program: the host runs it, by the function in its parameters (`HostFunction`). */
  | { readonly kind: 'host' }
  /**
   * The operands as they are, once all of them are there. What is computed from the results is not merged with equal
   * computations before it.
   */
  | { readonly kind: 'barrier' }
  /** The equations of another Jaxpr, in place of this one. */
  | { readonly kind: 'inline'; readonly jaxpr: Jaxpr };

/**
 * A procedure: statements for each point of a domain. No point writes an element that another point reads or writes. An
 * operand's elements are read through {@link Operand.at}; what the procedure has written, only through its result's
 * {@link Cells.at}. An expression is read when the statement that it stands in runs.
 */
export interface Procedure {
  readonly kind: 'procedure';
  readonly domain: Shape;
  /**
   * For each result: the operand whose elements it has at first (it is updated in place where nothing else needs them),
   * or null where the procedure writes every element itself.
   */
  readonly starts: readonly (number | null)[];
  /** Working storage. */
  readonly scratch: readonly { readonly shape: Shape; readonly dtype: DType }[];
  /** Is each element of each operand read at most about once? Then operands may be computed as they are read. */
  readonly readsOnce: boolean;
  readonly write: (
    p: ProcedureWriter,
    point: readonly Expr[],
    results: readonly Cells[],
    scratch: readonly Cells[],
  ) => void;
}

/** An array that a procedure writes, and can read back. */
export interface Cells {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly at: Element;
  readonly set: (coordinate: readonly Expr[], value: Expr) => void;
}

/** At least one case. */
export type Cases<P, N extends number> = readonly [Case<P, N>, ...(readonly Case<P, N>[])];

/** Marks a primitive that can't be applied by itself; the text says why, and where its rules are tested. */
export interface WithoutCases {
  readonly none: string;
}

/** Operands and parameters on which a primitive's laws are tested. */
export interface Case<P, N extends number> {
  readonly ins: Tuple<N, CaseInput>;
  readonly params: P;
  /** Says what is special about it, for test names. */
  readonly label?: string;
}

/** How to draw one operand of a {@link Case}. */
export interface CaseInput {
  readonly shape: Shape;
  /** Fixed dtypes; `float` cases run in f16, f32 and f64, `wideFloat` ones in f32 and f64, `integer` ones in narrow and wide, signed and unsigned ones. */
  readonly dtype: DType | 'float' | 'wideFloat' | 'integer' | 'any';
  /** Values are drawn from this interval, where the function is smooth; default [-2, 2]. */
  readonly domain?: readonly [low: number, high: number];
  /** Integers are drawn from this interval (of which each dtype takes what it has); default [-9, 9], [0, 40] in unsigned ones. */
  readonly integers?: readonly [low: number, high: number];
  /** Values closer than this to one of `kinks` (default: none) are moved away. */
  readonly kinks?: readonly number[];
  /**
   * What the last two axes are as a matrix: symmetric and positive definite with distinct eigenvalues, or any matrix with
   * distinct singular values, the largest at most a few times the smallest one.
   */
  readonly structure?: 'spd' | 'wellConditioned';
  /** All values differ, by at least 1e-2: for maxima and sorting, whose derivatives jump at ties. */
  readonly distinct?: boolean;
}

/** A case for each of some things, of which there is at least one. */
export const eachCase = <T, C>(
  things: readonly [T, ...(readonly T[])],
  make: (thing: T) => C,
): readonly [C, ...(readonly C[])] => {
  const [first, ...others] = things;
  return [make(first), ...others.map(make)];
};

/** A primitive's cases; none where it says why it has none. */
export const casesOf = ({ cases }: Primitive): readonly Case<unknown, number>[] => ('none' in cases ? [] : cases);

/** An accepted result of `type`. */
export const typed = (...avals: readonly Aval[]): Either<PullbackError, readonly Aval[]> => right(avals);

/** A refusal of `type`: shapes that do not fit. */
export const mistyped = (message: string): Either<PullbackError, readonly Aval[]> =>
  left(new ShapeMismatchError(message));

/** A refusal of `type`: dtypes that the operation does not take, or not together. */
export const wrongDtype = (message: string): Either<PullbackError, readonly Aval[]> => left(new DTypeError(message));

/** The parameters of a primitive that has none. */
export type NoParams = Readonly<Record<string, never>>;

/** Gives a primitive's record its full type. */
export const primitive = <P, N extends number>(record: Primitive<P, N>): Primitive<P, N> => record;
