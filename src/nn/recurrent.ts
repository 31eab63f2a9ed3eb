import { concatenate } from '../numpy/shape.ts';
import { transpose } from '../lax/structural.ts';
import { split } from '../random/index.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { scan } from '../transforms/control/scan.ts';
import type { ScanOptions } from '../transforms/control/scan.ts';
import { at } from '../util/array.ts';
import type { Cell } from './cells.ts';
import { requireSequences } from './embedding.ts';
import type { Layer, Tree } from './layer.ts';
import { pure } from './layer.ts';

/** How {@link runCell} goes over a sequence. */
export interface RunOptions<C extends Tree = Tree> extends Pick<ScanOptions, 'unroll' | 'checkpoint'> {
  /** From the last element to the first; outputs are in the order of the inputs all the same. Default false. */
  readonly reverse?: boolean;
  /** The state before the first step; default the cell's own, which is zero. */
  readonly initial?: C;
}

/** What {@link runCell} gives. */
export interface Run<C extends Tree> {
  /** The output of every step: `[n, time, features]`. */
  readonly outputs: NDArray;
  /** The state after the last step. */
  readonly carry: C;
}

/**
 * Runs a cell over sequences, by one compiled loop. For what `rnn` is too narrow for: going on from a state, as in
 * generating step by step, or handing the last state to another cell, as from an encoder to a decoder.
 *
 * x: `[n, time, in]` · outputs: `[n, time, features]`.
 *
 * @throws ShapeMismatchError unless `x` is `[n, time, in]`.
 * @example
 * const cell = nn.gruCell(8);
 * const params = cell.init(random.key(0), 3);
 * const first = nn.runCell(cell, params, np.ones([2, 5, 3]));
 * const rest = nn.runCell(cell, params, np.ones([2, 4, 3]), { initial: first.carry });
 */
export function runCell<P extends Tree, C extends Tree>(
  cell: Cell<P, C>,
  params: P,
  x: NDArray,
  options: RunOptions<C> = {},
): Run<C> {
  const [carry, outputs] = loop(cell, params, x, options, (state) => cell.output(state));
  return { outputs: transpose(outputs, [1, 0, 2]), carry };
}

/** The state after the last step, and what `emit` makes of every state, stacked along a first axis of time. */
function loop<P extends Tree, C extends Tree, Y>(
  cell: Cell<P, C>,
  params: P,
  x: NDArray,
  { initial, ...how }: RunOptions<C>,
  emit: (state: C) => Y,
): readonly [carry: C, ys: Y] {
  requireSequences(cell.name, x, 'in');
  const projected = cell.project(params, transpose(x, [1, 0, 2]));
  const step = (state: C, now: NDArray): readonly [C, Y] => {
    const next = cell.step(params, state, now);
    return [next, emit(next)];
  };
  return scan(step, initial ?? cell.start(at(x.shape, 0), projected.dtype), projected, how);
}

/** Options of {@link rnn}. */
export interface RnnOptions extends Omit<RunOptions, 'initial'> {
  /** The output of every step, or of the last one only (default), as for classification? */
  readonly returnSequences?: boolean;
}

/**
 * A recurrent layer: a cell that is run over each sequence from a state of zeros, by one compiled loop.
 *
 * x: `[n, time, in]` · y: `[n, features]`, the output of the last step; with `returnSequences`, `[n, time, features]`. With
 * `reverse`, the last step is the one at the first element. Stack them by `sequential`, all but the last one with
 * `returnSequences`. As `keras.layers.RNN`, but sequences of a reversed layer are in the order of its inputs.
 *
 * @example
 * const classifier = nn.sequential(
 *   nn.rnn(nn.lstmCell(64), { returnSequences: true }),
 *   nn.rnn(nn.lstmCell(64)),
 *   nn.dense(10),
 * );
 */
export function rnn<P extends Tree, C extends Tree>(cell: Cell<P, C>, options: RnnOptions = {}): Layer<P, null> {
  const { returnSequences = false, ...how } = options;
  return pure(
    `${how.reverse === true ? 'reversed ' : ''}rnn(${cell.name})`,
    (key, inputShape) => {
      const [time, size] = sequenceShape('rnn', inputShape);
      return {
        params: cell.init(key, size),
        outputShape: returnSequences ? [time, cell.features] : [cell.features],
      };
    },
    (params, x) => {
      if (returnSequences) return runCell(cell, params, x, how).outputs;
      const [carry] = loop(cell, params, x, how, () => null);
      return cell.output(carry);
    },
  );
}

/** Length and features of a sequence. */
function sequenceShape(name: string, shape: Shape): readonly [time: number, features: number] {
  const [time, size] = shape;
  if (shape.length === 2 && time !== undefined && size !== undefined) return [time, size];
  throw new ArgumentError(`[nn.${name}] needs sequences [time, in], got inputs of shape [${shape.join(', ')}]`);
}

/** Parameters of {@link bidirectional}. */
export type Bidirectional<F extends Tree, B extends Tree> = { readonly forward: F; readonly backward: B };

/** Options of {@link bidirectional}. */
export interface BidirectionalOptions extends Omit<RnnOptions, 'reverse'> {
  /** How the outputs of both directions become one; default `concat`, along the features. */
  readonly merge?: 'concat' | 'sum' | 'mul' | 'mean';
}

/**
 * Two recurrent layers over the same sequences, one from the first element to the last and one from the last to the first,
 * each with parameters of its own.
 *
 * x: `[n, time, in]` · y: `[n, 2 · features]`, the last outputs of both; with `returnSequences`, `[n, time, 2 · features]`,
 * where both outputs at a time have seen the element at that time. As `keras.layers.Bidirectional`.
 *
 * @param cell of the forward direction, and of the backward one too unless `backward` is given.
 * @throws ArgumentError when outputs of different extents are to be added or multiplied.
 * @example
 * const tagger = nn.sequential(nn.bidirectional(nn.gruCell(32), { returnSequences: true }), nn.dense(5));
 */
export function bidirectional<P extends Tree, C extends Tree>(
  cell: Cell<P, C>,
  options?: BidirectionalOptions,
): Layer<Bidirectional<P, P>, null>;
export function bidirectional<F extends Tree, B extends Tree, C extends Tree, D extends Tree>(
  cell: Cell<F, C>,
  options: BidirectionalOptions & { readonly backward: Cell<B, D> },
): Layer<Bidirectional<F, B>, null>;
export function bidirectional(
  cell: Cell,
  { merge = 'concat', backward = cell, ...how }: BidirectionalOptions & { readonly backward?: Cell } = {},
): Layer<Bidirectional<Tree, Tree>, null> {
  if (merge !== 'concat' && cell.features !== backward.features) {
    throw new ArgumentError(
      `[nn.bidirectional] ${merge} needs cells with as many features, got ${cell.name} and ${backward.name}`,
    );
  }
  const [ahead, back] = [rnn(cell, how), rnn(backward, { ...how, reverse: true })] as const;
  return pure(
    `bidirectional(${cell.name}${backward === cell ? '' : `, ${backward.name}`})`,
    (key, inputShape) => {
      const [one, two] = split(key) as unknown as readonly [NDArray, NDArray];
      const made = { forward: ahead.init(one, inputShape), backward: back.init(two, inputShape) };
      const features = merge === 'concat' ? cell.features + backward.features : cell.features;
      return {
        params: { forward: made.forward.params, backward: made.backward.params },
        outputShape: [...made.forward.outputShape.slice(0, -1), features],
      };
    },
    (params, x) => {
      const context = { training: false };
      const [first] = ahead.apply(params.forward, null, x, context);
      const [second] = back.apply(params.backward, null, x, context);
      return merged(first, second, merge);
    },
  );
}

function merged(a: NDArray, b: NDArray, how: 'concat' | 'sum' | 'mul' | 'mean'): NDArray {
  switch (how) {
    case 'concat':
      return concatenate([a, b], -1);
    case 'sum':
      return a.add(b);
    case 'mul':
      return a.mul(b);
    case 'mean':
      return a.add(b).mul(0.5);
  }
}
