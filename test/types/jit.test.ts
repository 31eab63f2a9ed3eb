import { expectTypeOf, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import {
  assertMaxTraces,
  checkTracerLeaks,
  debug,
  debugNans,
  disableJit,
  evalShape,
  grad,
  jit,
  makeJaxpr,
  namedScope,
  numpy as np,
  pureCallback,
  ShapeDtypeStruct,
} from '../../src/index.ts';

/** What jit makes of a function, and what looks into it, keep the user's own types. */

interface Layer {
  readonly w: NDArray;
  readonly b: NDArray;
}
type Mode = 'train' | 'test';
interface Output {
  readonly y: NDArray;
  readonly parts: readonly [NDArray, NDArray];
}

const apply = (l: Layer, x: NDArray, mode: Mode): Output => {
  const y = x.matmul(l.w).add(l.b);
  return { y, parts: [y, mode === 'train' ? y : y.mul(2)] };
};
const layer: Layer = { w: np.ones([2, 2]), b: np.zeros(2) };
const x = np.ones([3, 2]);
const f = jit(apply, { staticArgnums: 2, donateArgnums: [1] });
const shape = new ShapeDtypeStruct([3, 2], 'f32');

test('a jitted function has the type of the function, static arguments too', () => {
  expectTypeOf(f).parameters.toEqualTypeOf<[l: Layer, x: NDArray, mode: Mode]>();
  expectTypeOf(f).returns.toEqualTypeOf<Output>();
  expectTypeOf(jit(assertMaxTraces(apply, 3), { staticArgnums: 2 })).parameters.toEqualTypeOf<
    [l: Layer, x: NDArray, mode: Mode]
  >();
  const generic = jit(<T extends Layer>(l: T): T => l);
  expectTypeOf(generic(layer)).toExtend<Layer>();
});

test('stages take types in the place of arrays, and tell the types of results', async () => {
  const traced = f.trace({ w: new ShapeDtypeStruct([2, 2], 'f32'), b: layer.b }, shape, 'train');
  expectTypeOf(traced.outInfo.y).toEqualTypeOf<ShapeDtypeStruct>();
  expectTypeOf(traced.outInfo.parts).toEqualTypeOf<readonly [ShapeDtypeStruct, ShapeDtypeStruct]>();
  const compiled = await traced.lower().compile();
  expectTypeOf(compiled).toBeCallableWith(layer, x, 'test');
  expectTypeOf(compiled(layer, np.ones([3, 2]), 'train')).toEqualTypeOf<Output>();
  expectTypeOf(evalShape((l: Layer) => l, { w: shape, b: shape })).toEqualTypeOf<{
    readonly w: ShapeDtypeStruct;
    readonly b: ShapeDtypeStruct;
  }>();
  expectTypeOf(makeJaxpr((l: Layer) => l.w)).toBeCallableWith({ w: shape, b: layer.b });
});

test('what looks into functions gives back what it is given', async () => {
  expectTypeOf(disableJit(() => f(layer, x, 'train'))).toEqualTypeOf<Output>();
  expectTypeOf(debugNans(() => 3)).toEqualTypeOf<number>();
  expectTypeOf(namedScope('a', () => layer)).toEqualTypeOf<Layer>();
  expectTypeOf(await checkTracerLeaks(() => layer)).toEqualTypeOf<Layer>();
  debug.callback((_: Layer, tag: string) => expectTypeOf(tag).toEqualTypeOf<string>(), layer, 'tag');
});

test('results of host functions are arrays where their types were given', () => {
  const spec = { a: shape, b: [shape, shape] as const };
  const out = pureCallback(
    (v: NDArray) => ({
      a: v,
      b: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        new Float32Array(6),
      ] as const,
    }),
    spec,
    np.zeros([3, 2]),
  );
  expectTypeOf(out.a).toEqualTypeOf<NDArray>();
  expectTypeOf(out.b).toEqualTypeOf<readonly [NDArray, NDArray]>();
});

/** Only checked, never run. */
const checked = (..._: readonly unknown[]): void => undefined;

test('wrong arguments do not compile', () => {
  // @ts-expect-error not one of the modes
  checked(() => f(layer, x, 'tain'));
  // @ts-expect-error an argument is missing
  checked(() => f(layer, x));
  // @ts-expect-error a field of the layer is missing
  checked(() => f.lower({ w: shape }, x, 'train'));
  // @ts-expect-error a number is no array to matmul with
  checked(() => f(layer, 3, 'train'));
  // @ts-expect-error positions are numbers
  checked(() => jit(apply, { staticArgnums: 'mode' }));
  // @ts-expect-error the function takes an array, not a string
  checked(() => debug.callback((v: NDArray) => v, 'text'));
  // @ts-expect-error one of the two results is missing
  checked(() => pureCallback(() => ({ a: 1 }), { a: shape, b: shape }));
  // @ts-expect-error no such dtype
  checked(() => new ShapeDtypeStruct([2], 'float32'));
});

test('trees without a fixed structure pass as well', async () => {
  type Free = NDArray | readonly Free[] | { readonly [key: string]: Free } | null;
  const total = (p: readonly Free[], v: NDArray): NDArray => (p.length === 0 ? v : v.mul(2));
  const params: readonly Free[] = [{ a: x }, [x, null]];
  expectTypeOf(evalShape(total, params, shape)).toEqualTypeOf<ShapeDtypeStruct>();
  expectTypeOf((await jit(total).lower(params, x).compile())(params, x)).toEqualTypeOf<NDArray>();
  expectTypeOf(makeJaxpr(grad(total, { argnums: 1 }))).toBeCallableWith(params, x);
});
