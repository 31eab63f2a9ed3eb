import type { DType } from '../kernel/dtype.ts';
import { rsqrt } from '../lax/elementwise.ts';
import { fill } from '../lax/structural.ts';
import { power } from '../numpy/elementwise.ts';
import { expandDims } from '../numpy/shape.ts';
import type { Shape } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { range } from '../util/array.ts';
import { scale, scaleByLearningRate } from './basic.ts';
import { clipByBlockRms } from './clipping.ts';
import { scaleByParamBlockRms } from './layerwise.ts';
import type { Mask } from './masking.ts';
import { summed } from './norms.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { asLike, increment, inDtype, negated, oneMinus, plus, times, zeroCount } from './scalars.ts';
import { ema } from './sgd.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** What {@link scaleByFactoredRms} remembers; what is not needed for a parameter is a vector of one zero. */
export type FactoredState = {
  readonly count: NDArray;
  /** The mean of squares, averaged over the largest axis. */
  readonly vRow: unknown;
  /** The mean of squares, averaged over the second largest axis. */
  readonly vCol: unknown;
  /** The mean of squares, of parameters that are not factored. */
  readonly v: unknown;
};

/** The numbers of {@link scaleByFactoredRms}. */
export interface FactoredRmsOptions {
  /** Default true. */
  readonly factored?: boolean;
  /** At step t from 1, less `stepOffset`, the decay is `1 − t^−decayRate`; default 0.8. */
  readonly decayRate?: Scalar;
  /** Default 0. */
  readonly stepOffset?: Scalar;
  /** Parameters with two axes of this extent are factored; default 128. */
  readonly minDimSizeToFactor?: number;
  /** Added to squares; default 1e-30. */
  readonly epsilon?: Scalar;
}

/** The two largest axes of a shape, the smaller one first, where it is large enough. */
function factoredAxes(shape: Shape, smallest: number): readonly [second: number, first: number] | null {
  const sorted = range(shape.length).sort((a, b) => (shape[a] ?? 0) - (shape[b] ?? 0));
  const [second, first] = sorted.slice(-2);
  if (second === undefined || first === undefined || (shape[second] ?? 0) < smallest) return null;
  return [second, first];
}

const without = (shape: Shape, axis: number): Shape => shape.filter((_, i) => i !== axis);

/** What one parameter's squares are kept as. */
interface Parts {
  readonly vRow: NDArray;
  readonly vCol: NDArray;
  readonly v: NDArray;
}

/**
 * Divides updates by the root of a decaying mean of squares, of which for large matrices only the means of rows and columns are
 * kept. Shazeer, Stern: Adafactor: Adaptive Learning Rates with Sublinear Memory Cost (ICML 2018); as
 * `optax.scale_by_factored_rms`.
 *
 * @example
 * const [rescale, p] = [scaleByFactoredRms({ minDimSizeToFactor: 2 }), np.ones([2, 2])];
 * rescale.update(np.array([[1, 2], [2, 8]]), rescale.init(p), p)[0]; // [[1.708801, 0.926727], [0.926727, 1.005177]]
 */
export function scaleByFactoredRms(options: FactoredRmsOptions = {}): GradientTransformation<FactoredState> {
  const { factored = true, decayRate = 0.8, stepOffset = 0, minDimSizeToFactor = 128, epsilon = 1e-30 } = options;
  const axesOf = ({ shape }: NDArray): readonly [number, number] | null =>
    factored ? factoredAxes(shape, minDimSizeToFactor) : null;
  const first = (p: NDArray): Parts => {
    const zeros = (shape: Shape): NDArray => fill(shape, p.dtype, 0);
    const axes = axesOf(p);
    if (axes === null) return { vRow: zeros([1]), vCol: zeros([1]), v: zeros(p.shape) };
    return { vRow: zeros(without(p.shape, axes[1])), vCol: zeros(without(p.shape, axes[0])), v: zeros([1]) };
  };
  return {
    init: (params) => ({
      count: zeroCount(),
      vRow: tree.map((p: NDArray) => first(p).vRow, params),
      vCol: tree.map((p: NDArray) => first(p).vCol, params),
      v: tree.map((p: NDArray) => first(p).v, params),
    }),
    update(updates, state) {
      const t = inDtype(state.count, 'f32').sub(stepOffset).add(1);
      const decay = power(t, negated(decayRate)).neg().add(1);
      const { leaves, treedef } = tree.flatten(updates);
      const [rows, cols, wholes] = [state.vRow, state.vCol, state.v].map((x) => tree.leaves(x) as readonly NDArray[]);
      const results = (leaves as readonly NDArray[]).map((g, i) => {
        const parts = { vRow: rows?.[i], vCol: cols?.[i], v: wholes?.[i] } as Parts;
        const axes = axesOf(g);
        return axes === null ? divided(g, parts, decay, epsilon) : factoredly(g, parts, axes, decay, epsilon);
      });
      const each = (f: (r: readonly [NDArray, Parts]) => NDArray): unknown => tree.unflatten(treedef, results.map(f));
      return [
        tree.unflatten<typeof updates>(treedef, results.map(([u]) => u)), // prettier-ignore
        {
          count: increment(state.count),
          vRow: each(([, { vRow }]) => vRow),
          vCol: each(([, { vCol }]) => vCol),
          v: each(([, { v }]) => v),
        },
      ];
    },
  };
}

/** A mean of squares with newer ones in it, in the dtype that it had. */
const follow = (mean: NDArray, squares: NDArray, decay: NDArray): NDArray =>
  asLike(times(summed(mean), decay).add(times(squares, oneMinus(decay))), mean);

/** Squares, in f32 for f16. */
const squaresOf = (g: NDArray, epsilon: Scalar): NDArray => plus(summed(g).mul(summed(g)), epsilon);

function divided(g: NDArray, parts: Parts, decay: NDArray, epsilon: Scalar): readonly [NDArray, Parts] {
  const v = follow(parts.v, squaresOf(g, epsilon), decay);
  return [asLike(summed(g).mul(rsqrt(summed(v))), g), { ...parts, v }];
}

function factoredly(
  g: NDArray,
  parts: Parts,
  [second, first]: readonly [number, number],
  decay: NDArray,
  epsilon: Scalar,
): readonly [NDArray, Parts] {
  const squares = squaresOf(g, epsilon);
  const vRow = follow(parts.vRow, squares.mean(first), decay);
  const vCol = follow(parts.vCol, squares.mean(second), decay);
  const [row, col] = [summed(vRow), summed(vCol)];
  const share = row.div(row.mean(second > first ? second - 1 : second, { keepdims: true }));
  const scaled = summed(g)
    .mul(expandDims(rsqrt(share), first))
    .mul(expandDims(rsqrt(col), second));
  return [asLike(scaled, g), { ...parts, vRow, vCol }];
}

/** The numbers of {@link adafactor}. */
export interface AdafactorOptions {
  /** As of {@link scaleByFactoredRms}; default 128. */
  readonly minDimSizeToFactor?: number;
  /** Default 0.8. */
  readonly decayRate?: Scalar;
  /** Default 0. */
  readonly decayOffset?: Scalar;
  /** Multiplies steps by the size of parameters; default true. */
  readonly multiplyByParameterScale?: boolean;
  /** The largest root mean square of an update, null for none; default 1. */
  readonly clippingThreshold?: Scalar | null;
  /** Decay of a mean of steps; default: no such mean. */
  readonly momentum?: Scalar;
  /** The dtype in which that mean is kept; default that of each parameter. */
  readonly dtypeMomentum?: DType;
  /** Default: no decay of weights. */
  readonly weightDecayRate?: ScalarOrSchedule;
  /** Added to squares; default 1e-30. */
  readonly eps?: Scalar;
  /** Default true. */
  readonly factored?: boolean;
  /** Which parameters decay; default all. */
  readonly weightDecayMask?: Mask;
}

/**
 * Adafactor, which remembers rows and columns of large matrices only: {@link scaleByFactoredRms}, clipping, a step, the scale of
 * the parameters. Shazeer, Stern: Adafactor (ICML 2018); as `optax.adafactor`.
 *
 * @param learningRate null for none: steps are then as large as the scale of the parameters.
 * @example
 * adafactor(1e-2, { multiplyByParameterScale: false });
 */
export function adafactor(learningRate: ScalarOrSchedule | null = null, options: AdafactorOptions = {}): Chain {
  const { decayOffset = 0, multiplyByParameterScale = true, clippingThreshold = 1, eps = 1e-30 } = options;
  const { momentum, dtypeMomentum, weightDecayRate, weightDecayMask: mask, ...rest } = options;
  const { minDimSizeToFactor = 128, decayRate = 0.8, factored = true } = rest;
  return chain(
    scaleByFactoredRms({ factored, decayRate, stepOffset: decayOffset, minDimSizeToFactor, epsilon: eps }),
    ...(clippingThreshold === null ? [] : [clipByBlockRms(clippingThreshold)]),
    scaleByLearningRate(learningRate, { flipSign: false }),
    ...(multiplyByParameterScale ? [scaleByParamBlockRms()] : []),
    ...(momentum === undefined ? [] : [meanOf(momentum, dtypeMomentum)]),
    ...(weightDecayRate === undefined ? [] : [addDecayedWeights(weightDecayRate, { mask })]),
    scale(-1),
  );
}

const meanOf = (decay: Scalar, accumulatorDtype: DType | undefined): GradientTransformation =>
  ema(decay, { debias: false, ...(accumulatorDtype === undefined ? {} : { accumulatorDtype }) });
