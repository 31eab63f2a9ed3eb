import type { ConstraintParams } from '../lax/sharding.ts';
import { requireConstraint, shardingConstraintP } from '../lax/sharding.ts';
import type { Dims } from '../sharding/fit.ts';
import { fitted } from '../sharding/fit.ts';
import type { Mesh } from '../sharding/mesh.ts';
import { shardyMesh, shardySharding } from '../sharding/shardy.ts';
import { ShardingError } from '../sharding/errors.ts';
import type { Sharding } from '../sharding/spec.ts';
import type { Shardings } from '../sharding/tree.ts';
import { shardingsFor } from '../sharding/tree.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { subJaxprs } from '../trace/jaxpr.ts';
import { stage } from '../trace/stage.ts';
import { ArgumentError } from '../trace/errors.ts';
import { donation, stableHloModule } from '../trace/stablehlo/module.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import { keystr, leafPaths } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import { marksOf, resolveMarks } from './arguments.ts';
import type { ArgumentShapes } from './jit.ts';
import { flatFunction, flattenAvals, nameOf } from './trees.ts';

/** Options of {@link exportStableHlo}. */
export interface ExportOptions {
  /** The devices that the program is for; without it, one. */
  readonly mesh?: Mesh;
  /**
   * How arguments are spread over the mesh: one sharding for all, or a list with shardings for each argument. Where nothing is
   * said, the compiler decides.
   */
  readonly inShardings?: Shardings;
  /** How results are spread over the mesh. */
  readonly outShardings?: Shardings;
  /** Arguments whose memory results may take. */
  readonly donateArgnums?: number | readonly number[];
}

/** An argument or a result of an exported function. */
export interface ExportedArray {
  /** Where it is in the list of arguments, or in the result. */
  readonly path: readonly PathStep[];
  readonly shape: Shape;
  readonly dtype: DType;
  /** For each axis the mesh axes that it is spread over, null where the compiler decides; null if nothing is said. */
  readonly sharding: Dims | null;
  /** May its memory be taken? Only arguments'. */
  readonly donated: boolean;
}

/** An exported function. */
export interface StableHlo {
  /** The module; its function `main` takes the arguments' arrays and gives the results'. */
  readonly text: string;
  readonly mesh: Mesh | null;
  readonly inputs: readonly ExportedArray[];
  readonly outputs: readonly ExportedArray[];
  toString(): string;
}

/**
 * A function as StableHLO for XLA, partitioned over a mesh by Shardy's shardings. The function is traced for arguments like
 * these; what it closes over is written into the module. A sharding may stand for any part of a tree, as for
 * {@link withShardingConstraint}.
 *
 * @throws ShardingError for a sharding that does not fit its array, its tree or the mesh.
 * @throws StaticArgumentError for a position in `donateArgnums` that there is not.
 * @example
 * const { text } = exportStableHlo(step, [state, batch], {
 *   mesh: makeMesh({ data: 8 }),
 *   inShardings: [P(), P('data')],
 *   outShardings: P(),
 *   donateArgnums: 0,
 * });
 */
export function exportStableHlo<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  args: Readonly<ArgumentShapes<A>>,
  options: ExportOptions = {},
): StableHlo {
  const name = nameOf(f);
  if (!Array.isArray(args)) {
    throw new ArgumentError(`[exportStableHlo] needs the list of the arguments of ${name}: exportStableHlo(f, [x, y])`);
  }
  const mesh = options.mesh ?? null;
  const { donated } = resolveMarks(
    `exportStableHlo of ${name}`,
    marksOf(`exportStableHlo of ${name}`, undefined, options.donateArgnums),
    args.length,
  );
  const { avals, treedef } = flattenAvals(args, `arguments of ${name}`);
  const flat = flatFunction(f, treedef);
  const closed = stage(`exportStableHlo of ${name}`, flat.run, avals);
  const ends = { avals: closed.jaxpr.outputs.map((o) => o.aval), treedef: flat.outTree() };
  const inputs = described('inShardings', 'arguments', { avals, treedef }, options.inShardings, mesh).map((x) => ({
    ...x,
    donated: donated.includes(x.path[0] as number),
  }));
  const outputs = described('outShardings', 'the result', ends, options.outShardings, mesh);
  if (mesh !== null) requireConstraints(closed.jaxpr, mesh);
  const text = stableHloModule(name, closed, {
    ...(mesh === null ? {} : partitioned(mesh)),
    main: { arguments: inputs.map(attributesOf), results: outputs.map(attributesOf) },
  });
  return { text, mesh, inputs, outputs, toString: () => text };
}

const partitioned = (
  mesh: Mesh,
): { readonly attributes: readonly string[]; readonly declarations: readonly string[] } => ({
  attributes: [`mhlo.num_partitions = ${mesh.size} : i32`, 'mhlo.num_replicas = 1 : i32'],
  declarations: [shardyMesh(mesh)],
});

const attributesOf = ({ sharding, donated }: ExportedArray): readonly string[] => [
  ...(sharding === null ? [] : [`sdy.sharding = ${shardySharding(sharding)}`]),
  ...donation(donated),
];

/** The arrays of one end of a function, with the shardings that a tree says. */
function described(
  option: string,
  what: string,
  { avals, treedef }: { readonly avals: readonly Aval[]; readonly treedef: TreeDef },
  shardings: Shardings | undefined,
  mesh: Mesh | null,
): readonly ExportedArray[] {
  const paths = leafPaths(treedef);
  const found = shardingsFor('exportStableHlo', option, shardings, treedef);
  return avals.map((a, i): ExportedArray => {
    const sharding = at(found, i);
    const path = at(paths, i);
    const called = `${what}${keystr(path)}`;
    return {
      path,
      shape: a.shape,
      dtype: a.dtype,
      sharding: sharding === null ? null : onMesh(called, a, sharding, option, mesh),
      donated: false,
    };
  });
}

function onMesh(what: string, a: Aval, sharding: Sharding, option: string, mesh: Mesh | null): Dims {
  if (mesh === null) {
    throw new ShardingError(
      'mesh',
      `[exportStableHlo] ${option} need a mesh: exportStableHlo(f, args, { mesh, ${option} })`,
    );
  }
  return fitted({ name: 'exportStableHlo', what, type: showAval(a), shape: a.shape }, sharding, mesh);
}

/** Refuses constraints inside of a function that the mesh can't hold. */
function requireConstraints(jaxpr: Jaxpr, mesh: Mesh): void {
  for (const { primitive, params, inputs } of jaxpr.equations) {
    subJaxprs(params).forEach((j) => requireConstraints(j, mesh));
    if (primitive === shardingConstraintP) requireConstraint(params as ConstraintParams, at(inputs, 0).aval, mesh);
  }
}
