import type { nn, NDArray, optim } from '../../src/index.ts';
import { numpy as np, random, tree, vjp } from '../../src/index.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import type { CaseProgram, Flat } from '../../test/golden/calls.ts';
import { leavesOf } from '../../test/golden/calls.ts';
import { direction } from '../../test/golden/inputs.ts';
import type { GoldenArray } from '../../test/golden/read.ts';
import { readGolden } from '../../test/golden/read.ts';
import type { Close } from '../../test/golden/tolerance.ts';
import { terms, withinTolerance } from '../../test/golden/tolerance.ts';
import type { LayerRow } from '../../test/laws/layers/contract.ts';
import { layerRows } from '../../test/laws/layers/rows.ts';
import type { Params } from '../../test/laws/optim/rows.ts';
import { parametersOf, schedules, stepOf, toleranceOf, transformations } from '../../test/laws/optim/rows.ts';

/** What training is made of, as programs: layers with their gradients, steps of optimizers, schedules. */

interface Titled {
  readonly title: string;
  readonly program: CaseProgram;
  readonly close: Close;
}

/** A function of a tree as one of the tree's arrays. */
function flat<T>(f: (x: T) => unknown, x: T, what: CaseProgram['what']): CaseProgram {
  const structure = tree.structure(x);
  return { what, run: (...leaves) => leavesOf(f(tree.unflatten<T>(structure, leaves))), inputs: leavesOf(x) };
}

// -------------------------------------------------------------------------------------------------------- layers

/** A layer's result and next state, and the cotangents of its parameters and floating-point input. */
function layerProgram(row: LayerRow, context: nn.Context): CaseProgram {
  const { layer, input, below } = row;
  const { params, state } = layer.init(random.key(7), input);
  const shape = [3, ...input];
  const x = below === undefined ? random.uniform(random.key(8), shape, { minval: -1 }) : random.randint(random.key(8), shape, 0, below); // prettier-ignore
  const all: Flat = (...leaves) => {
    const floats = leaves.filter((l) => isFloat(l.dtype));
    let after: unknown = null;
    const apply = (...given: readonly NDArray[]): NDArray => {
      const values = given.values();
      const filled = leaves.map((l) => (isFloat(l.dtype) ? (values.next().value as NDArray) : l));
      const own = tree.unflatten<nn.Tree>(tree.structure(params), filled.slice(0, -1));
      const [y, next] = layer.apply(own, state, filled.at(-1) as NDArray, context);
      after = next;
      return y;
    };
    const y = apply(...floats);
    const states = leavesOf(after);
    if (floats.length === 0 || !isFloat(y.dtype)) return [y, ...states];
    const [, pullback] = vjp(apply, ...floats);
    return [y, ...states, ...pullback(direction(y, 0, 1))];
  };
  return { what: 'vjp', run: all, inputs: [...leavesOf(params), x] };
}

function* layerPrograms(): Generator<Titled> {
  const close = withinTolerance(terms);
  for (const [name, rows] of Object.entries<readonly LayerRow[]>(layerRows)) {
    for (const [n, row] of rows.entries()) {
      yield { title: `layers ${name} ${n} training`, program: layerProgram(row, { training: true, key: random.key(17) }), close }; // prettier-ignore
      yield { title: `layers ${name} ${n}`, program: layerProgram(row, { training: false }), close };
    }
  }
}

// ---------------------------------------------------------------------------------------------------- optimizers

interface Inputs {
  readonly params: Params;
  readonly grads: readonly Params[];
  readonly broken: readonly Params[];
  readonly losses: NDArray;
}

const arrays = <T>(x: unknown): T =>
  tree.map((leaf: GoldenArray) => np.array(leaf.data, { shape: leaf.shape, dtype: leaf.dtype }), x) as T;

/** How many steps are taken here before the one that is exported, so that no memory is at its beginning. */
const before = 3;

/** One step of an optimizer: from parameters, state, gradients and a loss to parameters and state. */
function stepProgram(title: string, optimizer: optim.GradientTransformation, inputs: Inputs): CaseProgram {
  const { grads, broken, losses } = inputs;
  const given = title.includes('broken') ? broken : grads;
  const step = stepOf(title, optimizer);
  let params = parametersOf(title, inputs.params);
  let state: unknown = optimizer.init(params);
  for (const [i, g] of given.slice(0, before).entries()) [params, state] = step(params, state, g, losses.slice(i));
  const start = { params, state, gradients: given[before] as Params, loss: losses.slice(before) };
  return flat((x: typeof start) => step(x.params, x.state, x.gradients, x.loss), start, 'value');
}

function* optimizerPrograms(dtype: 'f32' | 'f64'): Generator<Titled> {
  const inputs = arrays<Inputs>(readGolden(`optim-${dtype}`)[0]?.out[0]);
  for (const [title, make] of Object.entries(transformations)) {
    const allowed = Math.max(toleranceOf(title, dtype), dtype === 'f64' ? 1e-11 : 0);
    const close: Close = (a, e) =>
      a === e || (Number.isNaN(a) && Number.isNaN(e)) || Math.abs(a - e) <= allowed * Math.max(1, Math.abs(e));
    yield { title: `optim-${dtype} ${title}`, program: stepProgram(title, make(), inputs), close };
  }
}

function* schedulePrograms(): Generator<Titled> {
  for (const [title, make] of Object.entries(schedules)) {
    const counts = np.arange(14).astype('i32');
    const run: Flat = (x) => [np.stack(Array.from({ length: 14 }, (_, n) => make()(x.slice(n))))];
    yield { title: `schedules ${title}`, program: { what: 'value', run, inputs: [counts] }, close: withinTolerance(terms) }; // prettier-ignore
  }
}

/** All of them. */
export function* trainingPrograms(): Generator<Titled> {
  yield* layerPrograms();
  yield* optimizerPrograms('f32');
  yield* optimizerPrograms('f64');
  yield* schedulePrograms();
}
