import { expect, test } from 'vitest';
import type { CompileProgress, NDArray } from '../../../src/index.ts';
import {
  evalShape,
  grad,
  init,
  jit,
  makeJaxpr,
  namedScope,
  numpy as np,
  pureCallback,
  PullbackError,
  ShapeDtypeStruct,
  tree,
  typeOf,
  vmap,
} from '../../../src/index.ts';

interface Params {
  readonly w: NDArray;
  readonly b: NDArray;
}
const layer = ({ w, b }: Params, x: NDArray): { readonly y: NDArray; readonly mean: NDArray } => {
  const y = np.tanh(x.matmul(w).add(b));
  return { y, mean: y.mean() };
};
const struct = (...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, 'f32');
const shapes = { w: struct(4, 3), b: struct(3) };
const params: Params = { w: np.ones([4, 3]), b: np.zeros(3) };

test('evalShape gives types without computing, from arrays and from types', () => {
  const { y, mean } = evalShape(layer, shapes, np.ones([2, 4]));
  expect([String(y), String(mean)]).toEqual(['f32[2,3]', 'f32[]']);
  expect(y).toBeInstanceOf(ShapeDtypeStruct);
  expect([y.ndim, y.size]).toEqual([2, 6]);
  // So large that computing it would be noticed.
  expect(evalShape((x: NDArray) => x.matmul(x), struct(60_000, 60_000)).shape).toEqual([60_000, 60_000]);
  const gradient = evalShape(
    grad((p: Params, x: NDArray) => layer(p, x).mean),
    shapes,
    struct(2, 4),
  );
  expect([gradient.w.shape, gradient.b.shape]).toEqual([[4, 3], [3]]);
});

test('typeOf is an array’s or a number’s type', () => {
  expect(String(typeOf(np.arange(3)))).toBe('i32[3]');
  expect(typeOf(2)).toMatchObject({ shape: [], dtype: 'f32', weakType: true });
  expect(() => typeOf('f32')).toThrow(/typeOf.*string/);
  jit((x: NDArray) => {
    expect(String(typeOf(x))).toBe('f32[4,3]');
    return x;
  })(params.w);
});

test('a function goes through the stages that JAX names', async () => {
  let traces = 0;
  const f = jit((p: Params, x: NDArray) => {
    traces += 1;
    return layer(p, x);
  });
  const x = np.ones([2, 4]);
  const traced = f.trace(shapes, x);
  expect(String(traced.outInfo.y)).toBe('f32[2,3]');
  expect(String(traced.jaxpr)).toMatch(/dotGeneral.*\n[^]*tanh/);
  const lowered = traced.lower();
  expect(lowered.program.steps.length).toBeGreaterThan(0);
  expect(lowered.asText()).toBe(lowered.asText('kernels'));
  expect(lowered.asText('jaxpr')).toBe(String(traced.jaxpr));
  expect(lowered.asText('wgsl')).toContain('@compute');
  expect(lowered.asText('wasm')).toContain('f32x4');
  expect(lowered.costAnalysis().flops).toBeGreaterThanOrEqual(2 * 2 * 3 * 4);
  const compiled = await lowered.compile();
  expect(await compiled(params, x).y.tolist()).toEqual(await f(params, x).y.tolist());
  expect(compiled.memoryAnalysis()).toMatchObject({
    argumentBytes: 4 * (12 + 3 + 8),
    outputBytes: 4 * (6 + 1),
    aliasBytes: 0,
  });
  expect(traces).toBe(1);
  expect(() => compiled(params, np.ones([5, 4]))).toThrow(/argument 1 was f32\[2,4\] and is f32\[5,4\]/);
});

test('donated memory is shared by arguments and results', () => {
  const f = jit((x: NDArray) => x.mul(2), { donateArgnums: -1 });
  expect(f.lower(struct(100)).memoryAnalysis()).toMatchObject({
    argumentBytes: 400,
    outputBytes: 400,
    aliasBytes: 400,
  });
});

test('a compiled function takes its static arguments too, with the values that it was compiled for', async () => {
  const f = jit((x: NDArray, power: number) => x.pow(power), { staticArgnums: 1 });
  const cube = await f.lower(struct(2), 3).compile();
  expect(await cube(np.array([1, 2]), 3).tolist()).toEqual([1, 8]);
  expect(() => cube(np.array([1, 2]), 2)).toThrow(/static argument 1 was 3 and is 2\./);
});

test('functions and options decide what shares a trace, not how often jit was called', () => {
  let traces = 0;
  const f = (x: NDArray): NDArray => ((traces += 1), x.mul(2));
  for (let i = 0; i < 3; i++) jit(f)(params.b);
  expect(traces).toBe(1);
  jit(f, { donateArgnums: 0 })(np.ones(3));
  expect(traces).toBe(2);
});

test('records with the same keys in another order share a trace, others do not', () => {
  let traces = 0;
  const f = jit((p: Partial<Params>) => ((traces += 1), Object.values(p)));
  f({ w: params.w, b: params.b });
  f({ b: params.b, w: params.w });
  expect(traces).toBe(1);
  f({ b: params.b });
  f({ b: params.b, w: params.b });
  expect(traces).toBe(3);
  f({ w: params.w, b: params.b });
  expect(traces).toBe(3);
});

test('named scopes are printed with Jaxprs and kernels, derivatives included, and do not change what is compiled', () => {
  const inner = jit((x: NDArray) => namedScope('inner', () => np.sin(x)));
  const f = (x: NDArray): NDArray =>
    namedScope('outer', () =>
      namedScope('block', () => np.exp(x))
        .add(inner(x))
        .sum(),
    );
  const text = String(makeJaxpr(f)(params.b));
  expect(text).toMatch(/exp a {2}# outer\/block$/m);
  expect(text).toMatch(/sin \w+ {2}# inner$/m);
  expect(jit(f).lower(params.b).asText()).toMatch(/outer\/block\/exp.*outer\/inner\/sin/);
  expect(jit(f).lower(params.b).program.steps[0]).toMatchObject({ kernel: { name: 'exp_sin_add_reduceSum' } });
  expect(String(makeJaxpr(vmap(grad(f)))(params.w))).toMatch(/cos \w+ {2}# inner$/m);
  expect(() => namedScope('a', 3 as unknown as () => void)).toThrow(PullbackError);
  expect(String(makeJaxpr((x: NDArray) => np.sin(x))(params.b))).not.toContain('#');
});

test('lowering does not need the default device to be started by hand', async () => {
  await init({ device: 'reference' });
  const compiled = await jit((x: NDArray) => x.add(1))
    .lower(struct(3))
    .compile();
  expect(compiled(np.zeros(3)).tolistSync()).toEqual([1, 1, 1]);
  await init();
});

test('instances of registered classes share a trace when their fixed parts are equal', () => {
  class Scaled {
    readonly w: NDArray;
    readonly mode: string;
    constructor(w: NDArray, mode: string) {
      this.w = w;
      this.mode = mode;
    }
  }
  tree.registerNode(Scaled, (s) => [s.w, s.mode], (mode, w) => new Scaled(w, mode)); // prettier-ignore
  let traces = 0;
  const f = jit((s: Scaled, x: NDArray) => ((traces += 1), s.mode === 'add' ? x.add(s.w) : x.mul(s.w)));
  const w = np.array(3);
  expect(f(new Scaled(w, 'add'), w).itemSync()).toBe(6);
  expect(f(new Scaled(w, 'mul'), w).itemSync()).toBe(9);
  expect(f(new Scaled(w, 'add'), w).itemSync()).toBe(6);
  expect(traces).toBe(2);
});

test('arrays whose elements are on the host move between devices by themselves, others say so', async () => {
  await init({ device: 'reference' });
  const [small, large] = [np.array([1, 2, 3]), np.zeros([5, 5])];
  const f = jit((x: NDArray) => x.mul(small).sum());
  expect(f(small).itemSync()).toBe(14);
  expect(large.add(1).shape).toEqual([5, 5]);
  await init();
  expect(f(small).itemSync()).toBe(14);
  expect(np.add(small, np.ones([3])).tolistSync()).toEqual([2, 3, 4]);
  const other = np.zeros([5, 5]).add(0);
  expect(() => other.add(large)).toThrow(/f32\[5,5\] is on reference, but is used on wasm: move it with devicePut/);
});

test('compiling tells how far it is, and of what; on the CPU devices a program is one part', async () => {
  const seen: CompileProgress[] = [];
  const f = jit(function twice(x: NDArray) {
    return x.mul(2);
  });
  const compiled = await f.lower(struct(3)).compile({ onProgress: (p) => seen.push(p) });
  expect(seen).toEqual([{ done: 1, total: 1, kernel: 'twice' }]);
  expect(await compiled(np.ones(3)).tolist()).toEqual([2, 2, 2]);
});

test('a function with a callback between its programs is compiled in parts', async () => {
  const seen: CompileProgress[] = [];
  const f = jit((x: NDArray) => pureCallback((v: NDArray) => v.dataSync(), struct(3), x.mul(2)).add(1));
  const compiled = await f.lower(struct(3)).compile({ onProgress: (p) => seen.push(p) });
  expect(seen.map((p) => [p.done, p.total])).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(await compiled(np.ones(3)).tolist()).toEqual([3, 3, 3]);
});

test('StableHLO says what is donated, and there is no form of another name', () => {
  const lowered = jit((a: NDArray, b: NDArray) => a.add(b), { donateArgnums: 1 }).lower(np.ones([2]), np.ones([2]));
  expect(lowered.asText('stablehlo')).toContain(
    '(%arg0: tensor<2xf32>, %arg1: tensor<2xf32> {jax.buffer_donor = true})',
  );
  expect(() => lowered.asText('hlo' as 'wasm')).toThrow('there is no text form hlo; there are: jaxpr, kernels');
});
