import { dimsOf, placed, specOf } from '../sharding/fit.ts';
import type { Dims } from '../sharding/fit.ts';
import type { MeshAxis } from '../sharding/mesh.ts';
import { Mesh } from '../sharding/mesh.ts';
import { shardyDims } from '../sharding/shardy.ts';
import type { Sharding } from '../sharding/spec.ts';
import { NamedSharding } from '../sharding/spec.ts';
import type { Shardings } from '../sharding/tree.ts';
import { shardingsFor } from '../sharding/tree.ts';
import { asArray } from '../trace/asarray.ts';
import type { Aval } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import { bind1, currentTrace } from '../trace/context.ts';
import type { Primitive } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { tensorType } from '../trace/stablehlo/text.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { flatten, leafPaths, keystr, unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';

/** Where arrays are to be on a mesh. */

/** How a constraint's array is spread. */
export interface ConstraintParams {
  readonly dims: Dims;
  /** The mesh that the sharding came with; null for that of the export. */
  readonly mesh: readonly MeshAxis[] | null;
}

const constrain = (x: NDArray, params: ConstraintParams): NDArray => bind1(shardingConstraintP, [x], params);

export const shardingConstraintP: Primitive<ConstraintParams, 1> = primitive<ConstraintParams, 1>({
  name: 'shardingConstraint',
  type: ([x], { dims }) =>
    dims.length === x.shape.length
      ? typed(x)
      : mistyped(`[withShardingConstraint] a sharding of ${dims.length} axes for ${showAval(x)}`),
  derivative: { kind: 'linear', transpose: [([ct], _, params) => constrain(ct as NDArray, params)] },
  // How a batch is spread is no business of its examples.
  batch: ([{ value, axis }], params) => ({
    values: [
      axis === null ? constrain(value, params) : constrain(value, { ...params, dims: opened(params.dims, axis) }),
    ],
    axes: [axis],
  }),
  lower: ([x]) => ({ kind: 'map', outputs: [x.at] }),
  // Without a mesh there is nothing to spread over.
  stablehlo: (b, [x], { dims }) => {
    const how = `sdy.sharding_constraint ${x.name} <@mesh, ${shardyDims(dims)}> : ${tensorType(x)}`;
    return [b.functions.hasMesh ? b.add1(how, x) : x];
  },
  cases: [
    { ins: [{ shape: [4, 3], dtype: 'float' }], params: { dims: [['data'], []], mesh: null } },
    { ins: [{ shape: [], dtype: 'float' }], params: { dims: [], mesh: null } },
    { ins: [{ shape: [0, 2, 1], dtype: 'any' }], params: { dims: [null, ['model', 'data'], []], mesh: null } },
    {
      ins: [{ shape: [6], dtype: 'integer' }],
      params: { dims: [['data']], mesh: [{ name: 'data', size: 2 }] },
      label: 'of a mesh',
    },
  ],
});

const opened = (dims: Dims, axis: number): Dims => [...dims.slice(0, axis), null, ...dims.slice(axis)];

/** Refuses a constraint that a mesh can't hold. */
export function requireConstraint(name: string, { dims, mesh }: ConstraintParams, x: Aval, on: Mesh): void {
  const spec = specOf(dims);
  const sharding = mesh === null ? spec : new NamedSharding(new Mesh(mesh), spec);
  const what = 'what withShardingConstraint got';
  placed({ name, what, type: showAval(x), shape: x.shape }, sharding, on);
}

/**
 * The same arrays, which an exported program keeps spread over its mesh as the sharding says; so are their cotangents. On one
 * device it changes nothing. Under `vmap` the batch's axis is left to the compiler. The mesh need not divide the arrays'
 * extents, unlike those of a program's arguments and results.
 *
 * @param x an array, or a tree of arrays.
 * @param shardings one for all arrays, or a tree of shardings like `x`, in which one may stand for any part. A sharding
 *   without a mesh is about the mesh of the export, which checks it.
 * @throws ShardingError for a sharding that does not fit its array or its tree.
 * @example
 * const hidden = lax.withShardingConstraint(x.matmul(w), P('data', 'model'));
 */
export function withShardingConstraint<T>(x: T, shardings: Shardings): T {
  const { leaves, treedef } = flatten(x);
  const wanted = shardingsFor('withShardingConstraint', 'shardings', shardings, treedef);
  const paths = leafPaths(treedef);
  return unflatten<T>(
    treedef,
    leaves.map((leaf, i) => {
      const sharding = at(wanted, i);
      return sharding === null ? leaf : constrained(leaf as ArrayLike, sharding, keystr(at(paths, i), 'x'));
    }),
  );
}

function constrained(leaf: ArrayLike, sharding: Sharding, what: string): NDArray {
  const array = asArray(leaf, 'withShardingConstraint');
  const target = { name: 'withShardingConstraint', what, type: showAval(array.aval), shape: array.shape };
  const named = sharding instanceof NamedSharding;
  const dims = dimsOf(target, named ? sharding.spec : sharding);
  // Where values are computed at once there is one device.
  return currentTrace() === null ? array : constrain(array, { dims, mesh: named ? sharding.mesh.axes : null });
}
