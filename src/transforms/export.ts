import type { ConstraintParams } from '../lax/sharding.ts';
import { requireConstraint, shardingConstraintP } from '../lax/sharding.ts';
import type { Dims } from '../sharding/fit.ts';
import { fitted } from '../sharding/fit.ts';
import { Mesh, requireMesh } from '../sharding/mesh.ts';
import { shardyMesh, shardySharding } from '../sharding/shardy.ts';
import { ShardingError } from '../sharding/errors.ts';
import type { Sharding } from '../sharding/spec.ts';
import { NamedSharding } from '../sharding/spec.ts';
import type { Shardings } from '../sharding/tree.ts';
import { shardingsFor } from '../sharding/tree.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import type { ClosedJaxpr, Equation, Jaxpr } from '../trace/jaxpr.ts';
import { subJaxprs } from '../trace/jaxpr.ts';
import { stage } from '../trace/stage.ts';
import { ArgumentError, StaticArgumentError } from '../trace/errors.ts';
import { requireKnown } from '../trace/options.ts';
import { donation, stableHloModule } from '../trace/stablehlo/module.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import { keystr, leafPaths } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import { shown } from '../util/shown.ts';
import { marksOf, resolveMarks } from './arguments.ts';
import type { ArgumentShapes } from './jit.ts';
import { staticsOf } from './jit.ts';
import { flatFunction, flattenAvals, nameOf } from './trees.ts';

/** Options of {@link exportStableHlo}. */
export interface ExportOptions {
  /** The devices that the program is for; without it, those of the first sharding that has a mesh of its own, or one. */
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
 * @throws StaticArgumentError for a position in `donateArgnums` that there is not, and for a jitted function with static arguments.
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
  requireKnown('exportStableHlo', options, optionNames);
  const traced = traceForExport('exportStableHlo', f, args);
  const { inputs, outputs } = traced;
  const { donated } = resolveMarks(
    `exportStableHlo of ${traced.name}`,
    marksOf(`exportStableHlo of ${traced.name}`, undefined, options.donateArgnums),
    args.length,
  );
  const ins = shardingsFor('exportStableHlo', 'inShardings', options.inShardings, inputs.treedef);
  const outs = shardingsFor('exportStableHlo', 'outShardings', options.outShardings, outputs.treedef);
  const mesh = options.mesh ?? meshOf([...ins, ...outs], traced.closed.jaxpr);
  if (mesh !== null) requireMesh('exportStableHlo', mesh);
  return exportTraced(traced, {
    mesh,
    inputs: dimsOn(mesh, 'inShardings', 'arguments', inputs, ins),
    outputs: dimsOn(mesh, 'outShardings', 'the result', outputs, outs),
    donated,
  });
}

const optionNames = Object.keys({
  ...{ mesh: 0, inShardings: 0, outShardings: 0, donateArgnums: 0 },
} satisfies Record<keyof ExportOptions, 0>);

/** The arrays of a function's arguments, or of its result. */
interface Ends {
  readonly avals: readonly Aval[];
  readonly treedef: TreeDef;
}

/** A function that has been traced, to be exported. */
export interface TracedFunction {
  /** For errors: the function that the user called. */
  readonly caller: string;
  readonly name: string;
  readonly closed: ClosedJaxpr;
  /** Of the list of its arguments. */
  readonly inputs: Ends;
  readonly outputs: Ends;
}

/** Traces a function for arguments like these. */
export function traceForExport(caller: string, f: (...args: never[]) => unknown, args: unknown): TracedFunction {
  if (typeof f !== 'function') {
    throw new ArgumentError(`[${caller}] needs a function, and the list of its arguments; got ${shown(f)}`);
  }
  const name = nameOf(f);
  if (!Array.isArray(args)) {
    throw new ArgumentError(`[${caller}] needs the list of the arguments of ${name}: ${caller}(f, [x, y])`);
  }
  const [fixed] = staticsOf(f, `${caller} of ${name}`, args.length);
  if (fixed !== undefined) {
    throw new StaticArgumentError(
      `[${caller}] argument ${fixed} of ${name} is static (staticArgnums of jit), and what is exported takes arrays only. ` +
        `Give it a value where it is exported: ${caller}((x) => f(x, 3), [x])`,
    );
  }
  const inputs = flattenAvals(args, `arguments of ${name}`);
  const flat = flatFunction(f as (...args: readonly unknown[]) => unknown, inputs.treedef);
  const closed = stage(`${caller} of ${name}`, flat.run, inputs.avals);
  const outputs = { avals: closed.jaxpr.outputs.map((o) => o.aval), treedef: flat.outTree() };
  return { caller, name, closed, inputs, outputs };
}

/** Where the arrays of a function are to be. */
export interface Layout {
  /** Null for one device. */
  readonly mesh: Mesh | null;
  /** How each array is spread; null where nothing is said. */
  readonly inputs: readonly (Dims | null)[];
  readonly outputs: readonly (Dims | null)[];
  /** Positions of arguments whose memory may be taken. */
  readonly donated: readonly number[];
}

/**
 * The module of a function.
 *
 * @throws ShardingError for a constraint inside of it that the mesh can't hold.
 */
export function exportTraced({ caller, name, closed, ...ends }: TracedFunction, layout: Layout): StableHlo {
  const { mesh, donated } = layout;
  const inputs = listed(ends.inputs, layout.inputs, ([first]) => donated.includes(first as number));
  const outputs = listed(ends.outputs, layout.outputs, () => false);
  if (mesh !== null) {
    for (const { params, inputs: of } of constraints(closed.jaxpr))
      requireConstraint(caller, params, at(of, 0).aval, mesh);
  }
  const text = stableHloModule(name, closed, {
    ...(mesh === null ? {} : partitioned(mesh)),
    main: { arguments: inputs.map(attributesOf), results: outputs.map(attributesOf) },
  });
  return { text, mesh, inputs, outputs, toString: () => text };
}

const listed = (
  { avals, treedef }: Ends,
  spread: readonly (Dims | null)[],
  donated: (path: readonly PathStep[]) => boolean,
): readonly ExportedArray[] =>
  leafPaths(treedef).map((path, i) => {
    const { shape, dtype } = at(avals, i);
    return { path, shape, dtype, sharding: at(spread, i), donated: donated(path) };
  });

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

/** The mesh that shardings come with: that of arguments and results, or that of constraints inside of the function. */
function meshOf(shardings: readonly (Sharding | null)[], jaxpr: Jaxpr): Mesh | null {
  const named = shardings.find((s) => s instanceof NamedSharding);
  if (named !== undefined) return named.mesh;
  const axes = constraints(jaxpr).find(({ params }) => params.mesh !== null)?.params.mesh ?? null;
  return axes === null ? null : new Mesh(axes);
}

/** The shardings of one end of a function, on the mesh. */
function dimsOn(
  mesh: Mesh | null,
  option: string,
  what: string,
  { avals, treedef }: Ends,
  shardings: readonly (Sharding | null)[],
): readonly (Dims | null)[] {
  const paths = leafPaths(treedef);
  return shardings.map((sharding, i) => {
    if (sharding === null) return null;
    if (mesh === null) {
      const call = `exportStableHlo(f, args, { mesh, ${option} })`;
      throw new ShardingError('mesh', `[exportStableHlo] ${option} need a mesh: ${call}`);
    }
    const a = at(avals, i);
    const called = `${what}${keystr(at(paths, i))}`;
    return fitted({ name: 'exportStableHlo', what: called, type: showAval(a), shape: a.shape }, sharding, mesh);
  });
}

interface Constraint {
  readonly params: ConstraintParams;
  readonly inputs: Equation['inputs'];
}

/** The constraints inside of a function. */
const constraints = (jaxpr: Jaxpr): readonly Constraint[] =>
  jaxpr.equations.flatMap(({ primitive, params, inputs }) => [
    ...subJaxprs(params).flatMap(constraints),
    ...(primitive === shardingConstraintP ? [{ params: params as ConstraintParams, inputs }] : []),
  ]);
