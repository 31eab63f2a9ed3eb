import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  grad,
  jit,
  lax,
  makeJaxpr,
  makeMesh,
  NamedSharding,
  numpy as np,
  P,
  PartitionSpec,
  vmap,
  withShardingConstraint,
} from '../../../src/index.ts';

const x = np.arange(12).astype('f32').reshape([4, 3]);

test('a mesh has axes in the order in which they were written', () => {
  const mesh = makeMesh({ model: 2, data: 4 });
  expect([mesh.size, mesh.axisNames, mesh.shape]).toEqual([8, ['model', 'data'], { model: 2, data: 4 }]);
  expect(String(mesh)).toBe('model=2, data=4');
});

test('specs and shardings print as they are written', () => {
  const spec = P('data', null, ['a', 'b'], P.unconstrained);
  expect(spec).toBeInstanceOf(PartitionSpec);
  expect(String(spec)).toBe('P("data", null, ["a","b"], P.unconstrained)');
  expect(String(new NamedSharding(makeMesh({ data: 2 }), P('data')))).toBe('P("data") over data=2');
});

test('on one device a constraint changes no result, eager or compiled', async () => {
  const f = (y: NDArray): NDArray => withShardingConstraint(y.mul(2), P('data')).sum(0);
  expect(await f(x).tolist()).toEqual([36, 44, 52]);
  expect(await jit(f)(x).tolist()).toEqual([36, 44, 52]);
});

test('at once it gives back the very array', () => {
  expect(lax.withShardingConstraint(x, P('data'))).toBe(x);
});

test('it is recorded, and so is it on cotangents', () => {
  const f = (y: NDArray): NDArray => np.sin(withShardingConstraint(y, P('data', null))).sum();
  expect(String(makeJaxpr(f)(x))).toContain('shardingConstraint[dims=((data,),()) mesh=null]');
  expect(String(makeJaxpr(grad(f))(x)).match(/shardingConstraint/g)).toHaveLength(2);
});

test('under vmap the axis of the batch is left to the compiler', () => {
  const f = (y: NDArray): NDArray => withShardingConstraint(y, P('data'));
  expect(String(makeJaxpr(vmap(f, 1, { outAxes: 1 }))(x))).toContain('dims=((data,),null)');
  expect(String(makeJaxpr(vmap(f))(x))).toContain('dims=(null,(data,))');
});

test('one sharding stands for any part of a tree, null leaves a part as it is', () => {
  const f = (y: NDArray): unknown =>
    withShardingConstraint({ a: y, b: [y.add(1), { c: y.add(2) }] }, { a: null, b: P(null, 'model') });
  expect(String(makeJaxpr(f)(x)).match(/shardingConstraint\[dims=\(\(\),\(model,\)\)/g)).toHaveLength(2);
});

test('the mesh need not divide what is inside of a function', async () => {
  const uneven = new NamedSharding(makeMesh({ data: 3 }), P('data', null));
  const f = (y: NDArray): NDArray => withShardingConstraint(y.mul(2), uneven).sum(0);
  expect(withShardingConstraint(x, uneven)).toBe(x);
  expect(await jit(f)(x).tolist()).toEqual([36, 44, 52]);
});
