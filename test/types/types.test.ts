import { expectTypeOf, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, jit, numpy as np, tree, valueAndGrad, vmap } from '../../src/index.ts';
import { addP } from '../../src/lax/elementwise.ts';
import type { NoParams, Primitive } from '../../src/trace/primitive.ts';
import { primitive } from '../../src/trace/primitive.ts';

/** Users' own types pass through the transformations, for interfaces as for type aliases, without a cast. */

interface Layer {
  readonly w: NDArray;
  readonly b: NDArray;
}
type Params = { readonly layers: readonly Layer[]; readonly scale: NDArray };

const loss = (params: Params, x: NDArray): NDArray =>
  params.layers
    .reduce((h, { w, b }) => h.matmul(w).add(b), x)
    .mul(params.scale)
    .sum();
const params: Params = { layers: [{ w: np.ones([2, 2]), b: np.zeros(2) }], scale: np.array(2) };
const x = np.ones([3, 2]);

test('gradients have the type of the argument', () => {
  expectTypeOf(grad(loss)).toEqualTypeOf<(params: Params, x: NDArray) => Params>();
  expectTypeOf(grad(loss, { argnums: 1 })(params, x)).toEqualTypeOf<NDArray>();
  const [value, gradient] = valueAndGrad(loss)(params, x);
  expectTypeOf(value).toEqualTypeOf<NDArray>();
  expectTypeOf(gradient.layers).toEqualTypeOf<readonly Layer[]>();
});

test('auxiliary results keep their type', () => {
  const withAux = (p: Layer, v: NDArray): readonly [NDArray, { readonly hidden: NDArray }] => {
    const hidden = v.matmul(p.w).add(p.b);
    return [hidden.sum(), { hidden }];
  };
  const [[value, aux], gradient] = valueAndGrad(withAux, { hasAux: true })({ w: np.ones([2, 2]), b: np.zeros(2) }, x);
  expectTypeOf(value).toEqualTypeOf<NDArray>();
  expectTypeOf(aux).toEqualTypeOf<{ readonly hidden: NDArray }>();
  expectTypeOf(gradient).toEqualTypeOf<Layer>();
});

test('jit and vmap keep a function’s type', () => {
  expectTypeOf(jit(loss)).toBeCallableWith(params, x);
  expectTypeOf(jit(loss)(params, x)).toEqualTypeOf<NDArray>();
  expectTypeOf(vmap((v: NDArray, l: Layer) => ({ out: v.matmul(l.w) }), [0, null])).returns.toEqualTypeOf<{
    out: NDArray;
  }>();
  expectTypeOf(tree.map((v: NDArray) => v.mul(2), params)).toEqualTypeOf<Params>();
});

/** Only checked, never run. */
const checked = (..._: readonly unknown[]): void => undefined;

test('wrong arguments and forgotten rules do not compile', () => {
  // @ts-expect-error an argument is missing
  checked(() => jit(loss)(params));
  // @ts-expect-error params must be Params
  checked(() => grad(loss)(x, x));
  const { batch, ...withoutBatch } = addP;
  // @ts-expect-error a primitive without a batching rule
  checked(batch, () => primitive<NoParams, 2>(withoutBatch));
  const { cases, ...withoutCases } = addP;
  // @ts-expect-error a primitive without cases
  checked(cases, () => primitive<NoParams, 2>(withoutCases));
  const { stablehlo, ...withoutText } = addP;
  // @ts-expect-error a primitive without its text as StableHLO
  checked(stablehlo, () => primitive<NoParams, 2>(withoutText));
  // @ts-expect-error a primitive whose list of cases is empty
  checked(() => primitive<NoParams, 2>({ ...addP, cases: [] }));
  const unary: Primitive<NoParams, 1>['derivative'] = {
    kind: 'smooth',
    // @ts-expect-error one partial derivative too many
    partials: [() => (t: NDArray) => [t], () => (t: NDArray) => [t]],
  };
  checked(unary);
});
