import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  exportStableHlo,
  jit,
  lax,
  makeMesh,
  NamedSharding,
  numpy as np,
  P,
  ShapeDtypeStruct,
  StaticArgumentError,
} from '../../../src/index.ts';

type Batch = { readonly x: NDArray; readonly y: NDArray };
const mesh = makeMesh({ data: 4, model: 2 });
const struct = (...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, 'f32');

function predict(w: NDArray, { x, y }: Batch): { readonly error: NDArray; readonly hidden: NDArray } {
  const hidden = lax.withShardingConstraint(np.tanh(x.matmul(w)), P('data', P.unconstrained));
  return { error: hidden.sub(y).sum(), hidden };
}

const types = [struct(6, 4), { x: struct(8, 6), y: struct(8, 4) }] as const;

test('a module says its mesh, the shardings of its ends, what is donated, and the constraints in it', () => {
  const { text } = exportStableHlo(predict, types, {
    mesh,
    inShardings: [P(null, 'model'), P(['data'])],
    outShardings: { error: P(), hidden: null },
    donateArgnums: 0,
  });
  expect(text).toContain('module @predict attributes {mhlo.num_partitions = 8 : i32, mhlo.num_replicas = 1 : i32} {');
  expect(text).toContain('sdy.mesh @mesh = <["data"=4, "model"=2]>');
  const [, head = ''] = /func\.func public @main(.*) \{\n/.exec(text) ?? [];
  expect(head.split(/, (?=%)| -> /)).toEqual([
    '(%arg0: tensor<6x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, jax.buffer_donor = true}',
    '%arg1: tensor<8x6xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {}]>}',
    '%arg2: tensor<8x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {}]>})',
    '(tensor<f32> {sdy.sharding = #sdy.sharding<@mesh, []>}, tensor<8x4xf32>)',
  ]);
  expect(text).toMatch(/sdy\.sharding_constraint %\d+ <@mesh, \[\{"data"\}, \{\?\}\]> : tensor<8x4xf32>/);
});

test('what is exported is listed with its paths', () => {
  const exported = exportStableHlo(predict, types, { mesh, inShardings: [null, { x: P('data'), y: null }] });
  const listed = exported.inputs.map(({ path, sharding, donated }) => [path, sharding, donated]);
  expect(listed).toEqual([
    [[0], null, false],
    [[1, 'x'], [['data'], []], false],
    [[1, 'y'], null, false],
  ]);
  expect(exported.outputs.map(({ path, shape, dtype }) => [path, shape, dtype])).toEqual([
    [['error'], [], 'f32'],
    [['hidden'], [8, 4], 'f32'],
  ]);
  expect(String(exported)).toBe(exported.text);
});

test('without a mesh nothing is said about one', () => {
  const { text, mesh: none } = exportStableHlo(predict, types);
  expect(none).toBeNull();
  expect(text).not.toContain('sdy');
});

test('what a function closes over is written into the module', () => {
  const w = np.array([1, 2]);
  expect(exportStableHlo((x: NDArray) => x.mul(w), [struct(2)]).text).toContain('dense<[1.0, 2.0]>');
});

test('a donated argument that there is not', () => {
  expect(() => exportStableHlo(predict, types, { donateArgnums: 2 })).toThrow(StaticArgumentError);
});

test('arguments that are no list are refused', () => {
  const call = () => exportStableHlo(predict, struct(2) as unknown as typeof types);
  expect(call).toThrow('[exportStableHlo] needs the list of the arguments of predict');
});

test('a sharding that has a mesh of its own says which one the program is for', () => {
  const sharded = new NamedSharding(mesh, P('data'));
  const double = (x: NDArray): NDArray => x.mul(2);
  const inside = (x: NDArray): NDArray =>
    lax.map((row: NDArray) => lax.withShardingConstraint(row.mul(2), new NamedSharding(mesh, P('model'))), x);
  const exported = [
    exportStableHlo(double, [struct(8)], { inShardings: sharded }),
    exportStableHlo(double, [struct(8)], { inShardings: P('data'), outShardings: sharded }),
    exportStableHlo(inside, [struct(3, 4)]),
  ];
  for (const { text, mesh: found } of exported) {
    expect(String(found)).toBe('data=4, model=2');
    expect(text).toContain('sdy.mesh @mesh = <["data"=4, "model"=2]>');
    expect(text).toContain('mhlo.num_partitions = 8 : i32');
  }
  expect(exported[0]?.inputs[0]?.sharding).toEqual([['data']]);
  expect(exported[1]?.inputs[0]?.sharding).toEqual([['data']]);
  expect(exported[2]?.text).toMatch(/sdy\.sharding_constraint %\w+ <@mesh, \[\{"model"\}\]>/);
});

test('what can not be exported is refused', () => {
  const options = { inSharding: P() } as object;
  expect(() => exportStableHlo(predict, types, options)).toThrow(
    '[exportStableHlo] there is no option inSharding; there are: mesh, inShardings, outShardings, donateArgnums',
  );
  expect(() => exportStableHlo(predict, types, null as never)).toThrow(
    '[exportStableHlo] the options must be a record, got null',
  );
  expect(() => exportStableHlo(undefined as never, [])).toThrow(
    '[exportStableHlo] needs a function, and the list of its arguments; got undefined',
  );
});

test('a jitted function has the name of what was jitted, and no static arguments', () => {
  expect(exportStableHlo(jit(predict), types).text).toContain('module @predict');
  const power = jit((x: NDArray, n: number) => x.pow(n), { staticArgnums: -1 });
  expect(() => exportStableHlo(power, [struct(2), 3])).toThrow(StaticArgumentError);
  expect(() => exportStableHlo(power, [struct(2), 3])).toThrow(
    '[exportStableHlo] argument 1 of the function is static (staticArgnums of jit), and what is exported takes arrays only. ' +
      'Give it a value where it is exported: exportStableHlo((x) => f(x, 3), [x])',
  );
  expect(exportStableHlo((x: NDArray) => power(x, 3), [struct(2)]).text).toContain('tensor<2xf32>');
});
