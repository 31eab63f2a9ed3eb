import type { HostArray } from '../../kernel/dtype.ts';
import { isFloat } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { binary, constant, load, loadsOf } from '../../kernel/expr.ts';
import type { Monoid } from '../../kernel/ops.ts';
import type { Lowered, Operand } from '../../trace/primitive.ts';
import { at, coordinateOf, product, range } from '../../util/array.ts';
import type { Operation } from './watch.ts';

/** One element of an operand. */
export interface ElementRead {
  readonly operand: number;
  /** In row-major order. */
  readonly position: number;
  readonly value: number;
}

/** What is summed (or multiplied, or compared) with others of its kind, and the elements that it was computed from, in order. */
export interface Term {
  /** The two numbers of a product in a contraction; the term itself where it is no product. */
  readonly factors: readonly number[];
  readonly reads: readonly ElementRead[];
}

/** How one element of a result was computed. */
export interface Reading {
  /** How its terms are combined; null where it is a single one. */
  readonly monoid: Monoid | null;
  readonly count: number;
  readonly term: (n: number) => Term;
  /** The terms that made it NaN or infinite by themselves; none where finite ones overflowed together. */
  readonly decisive: readonly number[];
}

/** More terms than this are not told one by one. */
const manyTerms = 1 << 16;

/**
 * How one element of a result was computed of the elements of float operands; null where that can't be told, as for a
 * factorization. The primitive's own lowering says so: what is left of its expressions for a literal coordinate, and literal
 * integers and conditions, is what was read.
 *
 * @param data the elements of each operand.
 * @param result what was computed.
 */
export function readingOf(
  operation: Operation,
  data: readonly HostArray[],
  output: number,
  position: number,
  result: number,
): Reading | null {
  try {
    const symbolic = partsOf(lowered(operation, data, 'loads'), operation, output, position);
    const literals = partsOf(lowered(operation, data, 'values'), operation, output, position);
    const { monoid, count } = symbolic;
    const term = (n: number): Term => ({
      factors: monoid === null ? [] : literals.factors(n).map(literal),
      reads: readsIn(symbolic.factors(n), data),
    });
    const valueOf = (n: number): number => literal(literals.factors(n).reduce((a, b) => binary('mul', a, b)));
    if (monoid === null) return { monoid, count, term: oneTerm(term(0)), decisive: [0] };
    return { monoid, count, term, decisive: decisiveOf(range(count).map(valueOf), monoid, result) };
  } catch (error) {
    if (error instanceof NotLiteral) return null;
    throw error;
  }
}

/** All elements that were read. */
export const readsOf = ({ count, term }: Reading): readonly ElementRead[] => range(count).flatMap((n) => term(n).reads);

const oneTerm = (only: Term) => (): Term => only;

/** The terms that made the result NaN or infinite. */
function decisiveOf(values: readonly number[], monoid: Monoid, result: number): readonly number[] {
  const nan = values.findIndex(Number.isNaN);
  if (nan >= 0) return [nan];
  const first = (is: (v: number) => boolean): readonly number[] => [values.findIndex(is)].filter((n) => n >= 0);
  const infinite = first((v) => Math.abs(v) === Infinity);
  if (monoid === 'mul') return Number.isNaN(result) ? [...infinite, ...first((v) => v === 0)] : infinite;
  if (!Number.isNaN(result)) return first((v) => v === result);
  return [...first((v) => v === Infinity), ...first((v) => v === -Infinity)];
}

/** The operation on operands that are read, or whose elements are known. */
function lowered(
  { primitive, params, inputs, outputs }: Operation,
  data: readonly HostArray[],
  as: 'loads' | 'values',
): Lowered {
  // prettier-ignore
  const operands = inputs.map(
    ({ array: { aval } }, operand): Operand => ({
      aval,
      at: (coordinate) => {
        const where = linear(aval.shape, coordinate.map(literal));
        return as === 'loads' && isFloat(aval.dtype)
          ? load(operand, aval.dtype, index(where))
          : constant(aval.dtype, Number(at(data, operand)[where]));
      },
    }),
  );
  return primitive.lower(operands, params, outputs);
}

/** What one element is computed as. */
interface Parts {
  readonly monoid: Monoid | null;
  readonly count: number;
  /** What is multiplied to make a term. */
  readonly factors: (n: number) => readonly Expr[];
}

function partsOf(l: Lowered, { outputs }: Operation, output: number, position: number): Parts {
  const { shape } = at(outputs, output);
  const coordinate = coordinateOf(position, shape).map(index);
  if (l.kind === 'map') return { monoid: null, count: 1, factors: () => [at(l.outputs, output)(coordinate)] };
  if (l.kind === 'reduce') {
    const { monoid, reduced, value } = l;
    return {
      monoid,
      count: countOf(reduced),
      factors: (n) => [value(coordinate, coordinateOf(n, reduced).map(index))],
    };
  }
  if (l.kind !== 'contract') throw new NotLiteral();
  const { lhs, rhs, depth } = l;
  const [b, m, n] = placeIn(l, shape, position);
  const factors = (k: number): readonly Expr[] => {
    const d = coordinateOf(k, depth).map(index);
    return [lhs(b, m, d), rhs(b, n, d)];
  };
  return { monoid: 'add', count: countOf(depth), factors };
}

function countOf(extents: readonly number[]): number {
  const count = product(extents);
  if (count > manyTerms) throw new NotLiteral();
  return count;
}

/** The batch, the row and the column of a contraction that an element of its result is computed from. */
function placeIn(
  { batch, rows, columns, coordinate }: Extract<Lowered, { kind: 'contract' }>,
  shape: readonly number[],
  position: number,
): readonly [readonly Expr[], readonly Expr[], readonly Expr[]] {
  const extents = [...batch, ...rows, ...columns];
  const grouped = (c: readonly number[]): readonly [readonly Expr[], readonly Expr[], readonly Expr[]] => {
    const e = c.map(index);
    const end = batch.length + rows.length;
    return [e.slice(0, batch.length), e.slice(batch.length, end), e.slice(end)];
  };
  // Each point has an element of its own, so positions are made of the coordinates as numbers are of digits.
  const digits = extents.flatMap((extent, axis) => {
    const step = extents.map((_, i) => (i === axis ? 1 : 0));
    return extent === 1 ? [] : [{ axis, stride: linear(shape, coordinate(...grouped(step)).map(literal)) }];
  });
  const found = extents.map(() => 0);
  let rest = position;
  for (const { axis, stride } of digits.sort((x, y) => y.stride - x.stride)) {
    found[axis] = Math.floor(rest / stride);
    rest %= stride;
  }
  return grouped(found);
}

/** What is read in expressions, in the order of operands and positions. */
function readsIn(factors: readonly Expr[], data: readonly HostArray[]): readonly ElementRead[] {
  const reads = loadsOf(factors).map(({ operand, index: where }): ElementRead => {
    const position = literal(where);
    return { operand, position, value: Number(at(data, operand)[position]) };
  });
  return reads.sort((a, b) => (a.operand === b.operand ? a.position - b.position : a.operand - b.operand));
}

/** A coordinate is not known before the program runs. */
class NotLiteral extends Error {}

function literal(e: Expr): number {
  if (e.kind !== 'const') throw new NotLiteral();
  return e.value;
}

const index = (n: number): Expr => constant('i32', n);

/** The position of a coordinate in row-major order. */
const linear = (shape: readonly number[], coordinate: readonly number[]): number =>
  shape.reduce((n, extent, axis) => n * extent + at(coordinate, axis), 0);
