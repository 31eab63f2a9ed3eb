import type { DType, ScalarType } from './dtype.ts';
import type { Expr } from './expr.ts';
import type { Monoid } from './ops.ts';
import type { Statement } from './procedure.ts';
import { statementExpressions, storedOperands } from './procedure.ts';
import { product } from '../util/array.ts';
import { assertNever } from '../util/assert.ts';

/**
 * A kernel: one parallel loop nest over scalar expressions, the unit that a backend runs at once. A program is a list
 * of them. Loop variables are numbered: `index` expressions name axes of the kernel's domain in the order in which the
 * kind's extents are declared.
 */
export type Kernel = SingleKernel | ParallelKernel;

/** A kernel that is not several. */
export type SingleKernel = MapKernel | ReduceKernel | RowwiseKernel | ContractKernel | ProcedureKernel;

interface KernelBase {
  /** A readable identifier, unique within its program, such as `conv_add_max`. */
  readonly name: string;
  /** What it came from, for people: one line such as `conv f32[32,26,26,32] → add → max`. */
  readonly source: string;
  /** What the loads and stores refer to, by position. */
  readonly operands: readonly Operand[];
  /** What is written for each point of the domain. */
  readonly stores: readonly Store[];
}

/** A buffer as a kernel sees it. */
export interface Operand {
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
  /**
   * `readwrite` is an update in place: each element is read only at points that write that same element, and the
   * read comes first. (In a procedure, reads and writes of one point alternate as its statements say.)
   */
  readonly access: 'read' | 'write' | 'readwrite';
}

/**
 * Writes `value` at linear position `index` of an operand. No two points of a domain write the same element. The value is
 * one of the operand's dtype, in the dtype that it is computed in: storing it rounds and wraps nothing.
 */
export interface Store {
  readonly operand: number;
  readonly index: Expr;
  readonly value: Expr;
}

/** For each point of `domain`, in any order: evaluate and store. */
export interface MapKernel extends KernelBase {
  readonly kind: 'map';
  readonly domain: readonly number[];
}

/**
 * For each point of `domain`: reduce each accumulator's `value` over all points of `reduced` (any order and grouping),
 * then store; the stores' `acc(i)` is the result of accumulator `i`. Axes: domain, then reduced. An empty `reduced`
 * range gives the monoid's identity.
 */
export interface ReduceKernel extends KernelBase {
  readonly kind: 'reduce';
  readonly domain: readonly number[];
  readonly reduced: readonly number[];
  readonly accumulators: readonly Accumulator[];
}

/** One reduction of a {@link ReduceKernel}. */
export interface Accumulator {
  readonly monoid: Monoid;
  readonly dtype: ScalarType;
  readonly value: Expr;
}

/** Rows of at most so many points are written out without loops where that suits: what several passes need is in registers. */
export const shortRow = 16;

/**
 * Several reductions over one row, and what is computed from them: for each point of `domain`, the passes one after the
 * other, each a walk over all points of `row`; then the kernel's own stores. Axes: domain, then row. A softmax is three
 * passes: the maximum; the exponentials and their sum; the quotients. A reduction is one pass that stores nothing.
 *
 * `acc(i)` is the result of accumulator `i`, counted through all passes; what a pass computes reads earlier passes' only.
 * Of an operand that an earlier pass stored to, a point reads the element that it stored itself.
 */
export interface RowwiseKernel extends KernelBase {
  readonly kind: 'rowwise';
  readonly domain: readonly number[];
  readonly row: readonly number[];
  readonly passes: readonly Pass[];
}

/** One walk over the row of a {@link RowwiseKernel}. */
export interface Pass {
  readonly accumulators: readonly Accumulator[];
  /** What is written for each point of the row; these expressions may use the row's axes. */
  readonly stores: readonly Store[];
}

/**
 * A generalized matrix product: for each point of `batch × rows × columns`,
 * `acc(0) = Σ over depth of lhs · rhs`, then store. `lhs` depends on batch, rows and depth only; `rhs` on batch, depth
 * and columns only. Axes: batch, rows, columns, depth. Dot products, convolutions and both of a convolution's
 * gradients are this one kernel; their differences are in the index expressions.
 */
export interface ContractKernel extends KernelBase {
  readonly kind: 'contract';
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly depth: readonly number[];
  /** Of both operands and of the accumulator. */
  readonly dtype: ScalarType;
  readonly lhs: Expr;
  readonly rhs: Expr;
}

/**
 * For each point of `domain`, in any order: runs `body`, statement by statement. What no single loop nest can do (sorting,
 * scattering, running totals, factorizations) is written so, once for all backends. No point writes an element that
 * another point reads or writes. `stores` is empty: the body stores.
 */
export interface ProcedureKernel extends KernelBase {
  readonly kind: 'procedure';
  readonly domain: readonly number[];
  /** The dtypes of the local variables, by slot. They belong to a point and have no value before they are set. */
  readonly locals: readonly ScalarType[];
  readonly body: readonly Statement[];
}

/**
 * Kernels with nothing to do with each other, side by side: none reads or writes what another one writes. All have the
 * operands of the whole. `stores` is empty: the parts store.
 */
export interface ParallelKernel extends KernelBase {
  readonly kind: 'parallel';
  readonly parts: readonly SingleKernel[];
}

/** The kernels of which it consists: itself, if it is not several. */
export const partsOf = (kernel: Kernel): readonly SingleKernel[] =>
  kernel.kind === 'parallel' ? kernel.parts : [kernel];

/** How many points a kernel has at which it stores. */
export const pointsOf = (kernel: Kernel): number =>
  partsOf(kernel).reduce((sum, part) => sum + product(storeDomain(part)), 0);

/** The extents of the axes at whose points the kernel stores; a reduction's own axes come after these. */
export function storeDomain(kernel: SingleKernel): readonly number[] {
  switch (kernel.kind) {
    case 'map':
    case 'reduce':
    case 'rowwise':
    case 'procedure':
      return kernel.domain;
    case 'contract':
      return [...kernel.batch, ...kernel.rows, ...kernel.columns];
    default:
      return assertNever(kernel);
  }
}

/** The extents of the axes that are reduced over: none for a map. */
export function reducedDomain(kernel: SingleKernel): readonly number[] {
  switch (kernel.kind) {
    case 'map':
    case 'procedure':
      return [];
    case 'reduce':
      return kernel.reduced;
    case 'rowwise':
      return kernel.row;
    case 'contract':
      return kernel.depth;
    default:
      return assertNever(kernel);
  }
}

/** Every expression that the kernel evaluates: reductions' operands first, then the stores. */
export function expressionsOf(kernel: Kernel): readonly Expr[] {
  const stores = kernel.stores.flatMap((s) => [s.index, s.value]);
  switch (kernel.kind) {
    case 'map':
      return stores;
    case 'reduce':
      return [...kernel.accumulators.map((a) => a.value), ...stores];
    case 'rowwise':
      return [...kernel.passes.flatMap(passExpressions), ...stores];
    case 'contract':
      return [kernel.lhs, kernel.rhs, ...stores];
    case 'procedure':
      return statementExpressions(kernel.body);
    case 'parallel':
      return kernel.parts.flatMap(expressionsOf);
    default:
      return assertNever(kernel);
  }
}

/** The operands that a kernel stores to. */
export function storedBy(kernel: Kernel): ReadonlySet<number> {
  switch (kernel.kind) {
    case 'procedure':
      return storedOperands(kernel.body);
    case 'parallel':
      return new Set(kernel.parts.flatMap((part) => [...storedBy(part)]));
    case 'rowwise':
      return new Set([...kernel.passes.flatMap((p) => p.stores), ...kernel.stores].map((s) => s.operand));
    default:
      return new Set(kernel.stores.map((s) => s.operand));
  }
}

/** Every expression that one pass over a row evaluates. */
export const passExpressions = ({ accumulators, stores }: Pass): readonly Expr[] => [
  ...accumulators.map((a) => a.value),
  ...stores.flatMap((s) => [s.index, s.value]),
];
