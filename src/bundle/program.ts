import { nameOf } from '../data/state.ts';
import { ShardingError } from '../sharding/errors.ts';
import type { Dims } from '../sharding/fit.ts';
import { fitted } from '../sharding/fit.ts';
import type { Mesh } from '../sharding/mesh.ts';
import { P } from '../sharding/spec.ts';
import type { Shardings } from '../sharding/tree.ts';
import { shardingsFor } from '../sharding/tree.ts';
import { ShapeDtypeStruct } from '../trace/abstract.ts';
import type { Aval } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import type { ExportedArray, StableHlo, TracedFunction } from '../transforms/export.ts';
import { exportTraced, traceForExport } from '../transforms/export.ts';
import { named } from '../transforms/trees.ts';
import type { PathStep } from '../tree/tree.ts';
import { describeTree, keystr, leafPaths, structure } from '../tree/tree.ts';
import { at, range } from '../util/array.ts';
import type { BundleArray, BundleColumn, BundleStep } from './manifest.ts';
import type { BundleOptions } from './options.ts';
import { refuse } from './options.ts';

/** The programs of a bundle: a step of training for each size of batches. */

/** The losses of a step: one scalar, or several by name. */
type Metrics = NDArray | Readonly<Record<string, NDArray>>;

/** A step of training on batches of columns. */
export type BundledStep<S> = (
  state: S,
  batch: Readonly<Record<string, NDArray>>,
) => readonly [state: S, metrics: Metrics];

/** A step for batches of one size, as the manifest lists it, with what its file is to hold. */
interface SizedProgram extends Pick<BundleStep, 'batchSize' | 'inputs' | 'outputs'> {
  readonly file: string;
  readonly text: string;
}

/**
 * The step for each size of batches: for that of most, and for that of an epoch's last where it is smaller.
 *
 * @throws ArgumentError for a step that does not give back a state like the one it got, with scalars.
 * @throws ShardingError for a sharding that does not fit.
 */
export function programsOf<S>(
  step: BundledStep<S>,
  options: BundleOptions<S>,
  columns: readonly BundleColumn[],
  examples: number,
): readonly SizedProgram[] {
  const { batchSize } = options;
  const rest = examples % batchSize;
  return (rest === 0 ? [batchSize] : [batchSize, rest]).map((size) => {
    const program = programOf(step, options, columns, size);
    const file = size === batchSize ? 'step.mlir' : `step-${size}.mlir`;
    return { file, text: program.text, batchSize: size, ...signature(program) };
  });
}

function programOf<S>(
  step: BundledStep<S>,
  { mesh, state, data, batchSize, ...options }: BundleOptions<S>,
  columns: readonly BundleColumn[],
  size: number,
): StableHlo {
  const batch = Object.fromEntries(
    columns.map(({ name, dtype }) => {
      const row = (data[name]?.shape ?? []).slice(1);
      return [name, new ShapeDtypeStruct([size, ...row], dtype)];
    }),
  );
  // By a name of its own, whatever the user's function is called.
  const train = named((s: S, b: Readonly<Record<string, NDArray>>) => step(s, b), 'step');
  const traced = traceForExport('saveBundle', train, [state, batch]);
  requireSameState(traced);
  requireScalarMetrics(traced);
  const on = (what: string, tree: unknown, shardings: Shardings): readonly (Dims | null)[] =>
    dimsOn(mesh, what, typed(traced.inputs, what === 'state' ? 0 : 1), tree, shardings);
  const { stateShardings = P(), batchShardings = P(at(mesh.axisNames, 0)) } = options;
  const kept = on('state', state, stateShardings);
  const fed =
    size === batchSize
      ? on('batch', batch, batchShardings)
      : (ifItFits(() => on('batch', batch, batchShardings)) ?? on('batch', batch, P()));
  const told = typed(traced.outputs, 1).map(() => []);
  return exportTraced(traced, { mesh, inputs: [...kept, ...fed], outputs: [...kept, ...told], donated: [0] });
}

/** What is left at the end of an epoch may not divide over the mesh: null. */
function ifItFits<T>(spread: () => T): T | null {
  try {
    return spread();
  } catch (error) {
    if (error instanceof ShardingError && error.code === 'sharding-indivisible') return null;
    throw error;
  }
}

/** An array of the state, of a batch or of the metrics, by its path there. */
interface Typed {
  readonly path: readonly PathStep[];
  readonly aval: Aval;
}

/** The arrays of one of two arguments or results. */
const typed = ({ avals, treedef }: TracedFunction['inputs'], position: 0 | 1): readonly Typed[] =>
  leafPaths(treedef)
    .map((path, i) => ({ path, aval: at(avals, i) }))
    .filter(({ path }) => path[0] === position)
    .map(({ path, aval }) => ({ path: path.slice(1), aval }));

/** How the arrays of a state or a batch are spread, in words of the options that say so. */
function dimsOn(
  mesh: Mesh,
  what: string,
  arrays: readonly Typed[],
  tree: unknown,
  shardings: Shardings,
): readonly (Dims | null)[] {
  const found = shardingsFor('saveBundle', `${what}Shardings`, shardings, structure(tree));
  return arrays.map(({ path, aval }, i) => {
    const sharding = at(found, i);
    const target = { name: 'saveBundle', what: keystr(path, what), type: showAval(aval), shape: aval.shape };
    return sharding === null ? null : fitted(target, sharding, mesh);
  });
}

/** Refuses a step whose state is another one afterwards. */
function requireSameState({ inputs, outputs }: TracedFunction): void {
  const { treedef } = outputs;
  if (treedef.kind !== 'tuple' || treedef.children.length !== 2) {
    refuse(`a step returns [state, metrics], got ${describeTree(treedef)}`);
  }
  const [before, after] = [typed(inputs, 0), typed(outputs, 0)];
  const shown = (x: Typed | undefined): string =>
    x === undefined ? 'nothing' : `${keystr(x.path, 'state')}: ${showAval(x.aval)}`;
  const i = range(Math.max(before.length, after.length)).find((n) => shown(before[n]) !== shown(after[n]));
  if (i === undefined) return;
  refuse(
    `a step returns [state, metrics] with a state like the one that it got, but it got ${shown(before[i])} ` +
      `and returned ${shown(after[i])}`,
  );
}

/** Refuses metrics that are no numbers by names: what runs the bundle prints and averages them. */
function requireScalarMetrics({ outputs }: TracedFunction): void {
  const metrics = typed(outputs, 1);
  const odd = metrics.find(({ aval }) => aval.shape.length > 0);
  if (metrics.length > 0 && odd === undefined) return;
  const got = odd === undefined ? 'none' : `${keystr(odd.path, 'metrics')}: ${showAval(odd.aval)}`;
  refuse(`a step returns [state, metrics] with one scalar or more as metrics, got ${got}`);
}

/** The ends of a program, as the manifest lists them. */
function signature({ inputs, outputs }: StableHlo): Pick<BundleStep, 'inputs' | 'outputs'> {
  const isState = ({ path }: ExportedArray): boolean => path[0] === 0;
  const leafName = ({ path }: ExportedArray): string => nameOf(path.slice(1));
  const listed = (x: ExportedArray, role: BundleArray['role'], name: string): BundleArray => ({
    role,
    name,
    shape: x.shape,
    dtype: x.dtype,
    sharding: (x.sharding ?? x.shape.map(() => null)).map((names) => names ?? []),
    ...(x.donated ? { donated: true } : {}),
  });
  const metric = (x: ExportedArray): string => (leafName(x) === '' ? 'loss' : leafName(x));
  return {
    inputs: inputs.map((x) => listed(x, isState(x) ? 'state' : 'batch', leafName(x))),
    outputs: outputs.map((x) => (isState(x) ? listed(x, 'state', leafName(x)) : listed(x, 'metric', metric(x)))),
  };
}
