import type { DType } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, bitcastTo, cast, constant, select, unary } from '../kernel/expr.ts';
import { iadd, lit } from '../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import { at, range } from '../util/array.ts';

/** Sorting one line of elements by the digits of their keys, from the last to the first: linear in the length, and stable. */

/** Reads or writes along the axis of one line. */
export interface Line {
  readonly at: (i: Expr) => Expr;
  readonly set: (i: Expr, value: Expr) => void;
}

/** Storage for keys and for the positions of their elements. */
export interface Keyed {
  readonly key: Line;
  readonly position: Line;
}

/** How keys are cut into digits: `passes` of `bits` each. */
export interface Digits {
  readonly passes: number;
  readonly bits: number;
}

/** Lines shorter than this are merged: counting all values of a digit would take longer. */
const shortest = 128;
/** Longer lines are worth the larger counts of longer digits. */
const long = 4096;

/** The digits for lines of `n` elements; null where sorting by digits is not possible, or slower. */
export function digitsFor(dtype: DType, n: number): Digits | null {
  if (n < shortest || dtype === 'f64') return null;
  if (dtype === 'bool') return { passes: 1, bits: 1 };
  return n < long ? { passes: 4, bits: 8 } : { passes: 3, bits: 11 };
}

/** A number whose order as an unsigned integer is that of sorting: NaN comes last, and -0 equals 0. */
function keyOf(x: Expr, descending: boolean): Expr {
  const u32 = (value: number): Expr => constant('u32', value);
  const ascending = ((): Expr => {
    switch (x.dtype) {
      case 'i32':
        return binary('xor', bitcastTo('u32', x), u32(2 ** 31));
      case 'f32': {
        const raw = bitcastTo('u32', x);
        const bits = select(binary('eq', binary('shl', raw, u32(1)), u32(0)), u32(0), raw);
        const sign = bitcastTo('u32', binary('sar', bitcastTo('i32', bits), constant('i32', 31)));
        const key = binary('xor', bits, binary('or', sign, u32(2 ** 31)));
        return select(unary('isNan', x), u32(2 ** 32 - 1), key);
      }
      default:
        return cast('u32', x);
    }
  })();
  if (!descending) return ascending;
  return x.dtype === 'bool' ? binary('sub', u32(1), ascending) : unary('not', ascending);
}

/**
 * Writes the code that sorts `n` elements.
 *
 * @param counts how often each value of each digit occurs: `passes · 2^bits` integers
 * @param first storage for the passes to go through
 * @param last the same; its positions are the result
 */
export function radixSort(
  w: ProcedureWriter,
  element: (i: Expr) => Expr,
  n: number,
  { passes, bits }: Digits,
  descending: boolean,
  { counts, first, last }: { readonly counts: Line; readonly first: Keyed; readonly last: Keyed },
): void {
  const size = 2 ** bits;
  const digit = (key: Expr, pass: number): Expr => {
    const shifted = pass === 0 ? key : binary('shr', key, constant('u32', pass * bits));
    return iadd(cast('i32', binary('and', shifted, constant('u32', size - 1))), lit(pass * size));
  };
  w.for(0, passes * size, (i) => counts.set(i, lit(0)));
  w.for(0, n, (i) => {
    const key = w.keep(keyOf(element(i), descending));
    for (const pass of range(passes)) {
      const place = w.keep(digit(key, pass));
      counts.set(place, iadd(counts.at(place), lit(1)));
    }
  });
  for (const pass of range(passes)) {
    const sum = w.variable(lit(0));
    w.for(pass * size, (pass + 1) * size, (i) => {
      const count = w.keep(counts.at(i));
      counts.set(i, sum.value);
      sum.set(iadd(sum.value, count));
    });
  }
  // The last pass ends in `last`.
  const order = range(passes).map((pass) => ((passes - 1 - pass) % 2 === 0 ? last : first));
  order.forEach((to, pass) => {
    const from = pass === 0 ? null : at(order, pass - 1);
    w.for(0, n, (i) => {
      const key = w.keep(from === null ? keyOf(element(i), descending) : from.key.at(i));
      const place = w.keep(digit(key, pass));
      const target = w.keep(counts.at(place));
      counts.set(place, iadd(target, lit(1)));
      if (pass < passes - 1) to.key.set(target, key);
      to.position.set(target, from === null ? i : from.position.at(i));
    });
  });
}
