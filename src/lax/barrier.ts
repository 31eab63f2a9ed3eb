import { asArray } from '../trace/asarray.ts';
import { bind } from '../trace/context.ts';
import type { NoParams, Primitive, Tangent } from '../trace/primitive.ts';
import { primitive, typed } from '../trace/primitive.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { names, tensorTypes } from '../trace/stablehlo/text.ts';
import { flatten, unflatten } from '../tree/tree.ts';

/** Those that are not null behind one barrier, the others where they were. */
function throughBarrier(xs: readonly Tangent[]): readonly Tangent[] {
  const outs = barrier(xs.filter((x) => x !== null)).values();
  return xs.map((x) => (x === null ? null : (outs.next().value ?? null)));
}

/** The arrays behind one barrier. */
export const barrier = (xs: readonly NDArray[]): readonly NDArray[] =>
  xs.length === 0 ? [] : bind(optimizationBarrierP, xs, {});

export const optimizationBarrierP: Primitive<NoParams> = primitive<NoParams, number>({
  name: 'optimizationBarrier',
  type: (ins) => typed(...ins),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: (primals, tangents) => ({ primals: barrier(primals), tangents: throughBarrier(tangents) }),
      linearize: (primals, isLinear) => ({
        primals: barrier(primals),
        linear: (tangents) => {
          const outs = barrier(tangents).values();
          return isLinear.map((l) => (l ? (outs.next().value ?? null) : null));
        },
      }),
      transpose: (cts, ins) => throughBarrier(cts.map((ct, i) => (ins[i]?.value === null ? ct : null))),
      evaluate: (inputs) => inputs,
      prune: (used, params) => ({ params, inputs: used, outputs: used }),
    },
  },
  batch: (ins) => ({ values: barrier(ins.map((b) => b.value)), axes: ins.map((b) => b.axis) }),
  lower: () => ({ kind: 'barrier' }),
  stablehlo: (b, ins) => b.add(`stablehlo.optimization_barrier ${names(ins)} : ${tensorTypes(ins)}`, ins),
  cases: [
    { ins: [{ shape: [2, 3], dtype: 'float' }], params: {} },
    {
      ins: [
        { shape: [3], dtype: 'float' },
        { shape: [], dtype: 'float' },
        { shape: [0, 2], dtype: 'float' },
      ],
      params: {},
      label: 'three',
    },
    {
      ins: [
        { shape: [3], dtype: 'integer' },
        { shape: [2], dtype: 'any' },
      ],
      params: {},
    },
  ],
});

/**
 * The same tree of arrays, in which the compiler sees new values that are there once all of them have been computed: it
 * neither merges what is computed from them with equal computations from before, nor computes it earlier. So values can be
 * made to be computed again instead of being kept, as `checkpoint` does.
 *
 * @example
 * const [y, z] = lax.optimizationBarrier([x, w]);
 */
export function optimizationBarrier<T>(operands: T): T {
  const { leaves, treedef } = flatten(operands);
  return unflatten<T>(treedef, barrier(leaves.map((x) => asArray(x as ArrayLike, 'optimizationBarrier'))));
}
