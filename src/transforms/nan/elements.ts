import type { HostArray } from '../../kernel/dtype.ts';
import { isFloat } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant, load, loadsOf } from '../../kernel/expr.ts';
import type { Element, Lowered, Operand } from '../../trace/primitive.ts';
import { at, coordinateOf, product, range } from '../../util/array.ts';
import type { Operation } from './watch.ts';

/** One element of an operand. */
export interface ElementRead {
  readonly operand: number;
  /** In row-major order. */
  readonly position: number;
  readonly value: number;
}

/** More elements than this are not told one by one. */
const manyElements = 1 << 16;

/**
 * The elements of its float operands that one element of a result was computed from, in order; null where that can't be told,
 * as for a factorization. The primitive's own lowering says so: what is left of its expression for a literal coordinate, and
 * literal integers and conditions, is what was read.
 *
 * @param data the elements of each operand.
 */
export function elementsRead(
  { primitive, params, inputs, outputs }: Operation,
  data: readonly HostArray[],
  output: number,
  position: number,
): readonly ElementRead[] | null {
  const operands = inputs.map(({ array: { aval } }, operand): Operand => {
    const element: Element = (coordinate) => {
      const where = linear(aval.shape, coordinate.map(literal));
      return isFloat(aval.dtype)
        ? load(operand, aval.dtype, index(where))
        : constant(aval.dtype, Number(at(data, operand)[where]));
    };
    return { aval, at: element };
  });
  const coordinate = coordinateOf(position, at(outputs, output).shape).map(index);
  try {
    const read = loadsOf(expressions(primitive.lower(operands, params, outputs), output, coordinate));
    const elements = read.map((l): ElementRead => {
      const where = literal(l.index);
      return { operand: l.operand, position: where, value: Number(at(data, l.operand)[where]) };
    });
    return elements.sort((a, b) => (a.operand === b.operand ? a.position - b.position : a.operand - b.operand));
  } catch (error) {
    if (error instanceof NotLiteral) return null;
    throw error;
  }
}

/** What one element is computed as. */
function expressions(lowered: Lowered, output: number, coordinate: readonly Expr[]): readonly Expr[] {
  if (lowered.kind === 'map') return [at(lowered.outputs, output)(coordinate)];
  if (lowered.kind !== 'reduce' || product(lowered.reduced) > manyElements) throw new NotLiteral();
  return range(product(lowered.reduced)).map((n) =>
    lowered.value(coordinate, coordinateOf(n, lowered.reduced).map(index)),
  );
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
