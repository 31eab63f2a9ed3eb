import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { both, choose, largest, less, magnitude, negated, no, not, times, yes } from './scalar.ts';
import type { Position, Vector } from './views.ts';

/**
 * The sign, 1 or -1, that makes a singular or eigenvector unique: the first element whose size is more than 0.6 of the
 * largest becomes positive. (The largest itself would be a poor choice: vectors with several elements of one size are
 * common, and rounding would decide among them.)
 */
export function normalizingSign(p: ProcedureWriter, v: Vector, length: Position, dtype: DType): Expr {
  const one = constant(dtype, 1);
  const top = largest(p, dtype, 0, length, (i) => magnitude(v.at(i)));
  const enough = p.keep(times(top.value, constant(dtype, 0.6)));
  const found = p.variable(no);
  const sign = p.variable(one);
  p.for(0, length, (i) =>
    p.if(both(not(found.value), less(enough, magnitude(v.at(i)))), () => {
      found.set(yes);
      sign.set(choose(less(v.at(i), constant(dtype, 0)), negated(one), one));
    }),
  );
  return sign.value;
}
