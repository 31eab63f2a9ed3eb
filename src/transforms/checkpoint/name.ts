import { asArray } from '../../trace/asarray.ts';
import { bind1, currentTrace } from '../../trace/context.ts';
import type { Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { asTheyAre } from '../../trace/stablehlo/rules.ts';
import { map } from '../../tree/tree.ts';

/** The identity, with a name for policies. */
export const nameP: Primitive<{ readonly name: string }, 1> = primitive<{ readonly name: string }, 1>({
  name: 'name',
  type: ([x]) => typed(x),
  derivative: { kind: 'linear', transpose: [([ct]) => ct as NDArray] },
  batch: ([x], params) => ({ values: [bind1(nameP, [x.value], params)], axes: [x.axis] }),
  lower: ([x]) => ({ kind: 'map', outputs: [x.at] }),
  stablehlo: asTheyAre(),
  cases: [
    { ins: [{ shape: [2, 3], dtype: 'any' }], params: { name: 'h' } },
    { ins: [{ shape: [0], dtype: 'float' }], params: { name: 'empty' }, label: 'empty' },
  ],
});

/**
 * The same tree of arrays, each marked with a name by which policies of `checkpoint` choose what to save. The name
 * belongs to the result: use that in the place of the argument.
 *
 * @example
 * const h = checkpointName(np.tanh(x.matmul(w)), 'hidden');
 */
export const checkpointName = <T>(x: T, name: string): T =>
  map((leaf: ArrayLike) => {
    const array = asArray(leaf, 'checkpointName');
    return currentTrace() === null ? array : bind1(nameP, [array], { name });
  }, x);
