import type { Expr, LoadExpr } from '../../kernel/expr.ts';
import { load, loadsOf } from '../../kernel/expr.ts';
import { idiv, isub, linearForm, lit } from '../../kernel/index-algebra.ts';
import type { Kernel, Store } from '../../kernel/kernel.ts';
import { range } from '../../util/array.ts';

/**
 * Operands as arrays of vectors of four: one access moves four neighbouring elements. That is possible where every
 * position at which a kernel accesses an operand is a multiple of four plus a constant, which says which component it is.
 */

export const components = ['x', 'y', 'z', 'w'] as const;

/** Four expressions or stores for neighbouring elements, in their order. */
export type Quad<T> = readonly T[];

/** The same for each of four neighbours. */
export const quadOf = <T>(at: (component: number) => T): Quad<T> => range(4).map(at);

const isAligned = (position: Expr): boolean =>
  [...linearForm(position).terms.values()].every((times) => times % 4 === 0);

/** Which component of its vector an element is. */
export const componentAt = (position: Expr): number => ((linearForm(position).offset % 4) + 4) % 4;

/** The position of the vector that holds the element at a position. */
export const vectorAt = (position: Expr): Expr => idiv(isub(position, lit(componentAt(position))), 4);

/** The vector that holds an element, as a load of an operand that no kernel has: the complement of the element's. */
export const vectorLoad = (e: LoadExpr): LoadExpr => load(~e.operand, e.stored, vectorAt(e.index)) as LoadExpr;

const wholeVectors = (positions: Quad<Expr>): boolean =>
  positions.every((p, c) => isAligned(p) && componentAt(p) === c && vectorAt(p) === vectorAt(positions[0] as Expr));

/** Are all loads in four expressions of neighbouring elements, or of one and the same? So too if there are none. */
export function loadsAreWide(kernel: Kernel, values: Quad<Expr>): boolean {
  const loads = values.map((v) => loadsOf([v]));
  const [first = []] = loads;
  return (
    loads.every((l) => l.length === first.length) &&
    first.every((l, i) => {
      const length = kernel.operands[l.operand]?.length ?? 0;
      const positions = loads.map((ls) => (ls[i] as LoadExpr).index);
      return positions.every((p) => p === l.index) || (length % 4 === 0 && wholeVectors(positions));
    })
  );
}

/**
 * The operands of a kernel that are accessed as vectors.
 *
 * @param values all expressions that are written.
 * @param stores what is stored four at a time; all that is stored.
 * @param narrow operands that must not be.
 */
export function wideOperands(
  kernel: Kernel,
  values: readonly Expr[],
  stores: readonly Quad<Store>[],
  narrow: ReadonlySet<number>,
): ReadonlySet<number> {
  const loads = loadsOf(values);
  const wide = kernel.operands.flatMap(({ dtype, length }, i) => {
    // Half precision is converted element by element.
    if (dtype === 'f16' || length === 0 || length % 4 !== 0 || narrow.has(i)) return [];
    const read = loads.filter((l) => l.operand === i);
    const stored = stores.filter(([s]) => s?.operand === i);
    const pays = stored.length > 0 || new Set(read.map((l) => componentAt(l.index))).size === 4;
    const fits = read.every((l) => isAligned(l.index)) && stored.every((q) => wholeVectors(q.map((s) => s.index)));
    return pays && fits ? [i] : [];
  });
  return new Set(wide);
}
