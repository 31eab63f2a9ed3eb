import type { DType } from '../kernel/dtype.ts';
import { sqrt } from '../numpy/elementwise.ts';
import { matmul } from '../numpy/shape.ts';
import { showAval } from '../trace/aval.ts';
import { ShapeMismatchError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { product as productOf, range } from '../util/array.ts';
import { adamw } from './adam.ts';
import { firstMoment } from './adam.ts';
import { scaleByLearningRate, statelessWithTreeMap } from './basic.ts';
import type { Mask } from './masking.ts';
import { moment } from './moments.ts';
import { summed } from './norms.ts';
import type { PartitionState } from './partition.ts';
import { partition } from './partition.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { asLike, increment, plus, times, zeroCount } from './scalars.ts';
import type { GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';
import { castLike, zerosLike } from './trees.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** Which axes of a parameter are those of a matrix's rows and columns; others are a batch of matrices. */
export interface MuonDimensionNumbers {
  /** The axis or axes that inputs are summed over; default 0. */
  readonly reductionAxis?: number | readonly number[];
  /** The axis or axes of outputs; default 1. */
  readonly outputAxis?: number | readonly number[];
}

/** The numbers of {@link scaleByMuon}. */
export interface ScaleByMuonOptions {
  /** Of the polynomial `a·x + b·x³ + c·x⁵`; default `[3.4445, −4.775, 2.0315]`. */
  readonly nsCoeffs?: readonly [number, number, number];
  /** How often the polynomial is applied; default 5. */
  readonly nsSteps?: number;
  /** Decay of the mean of gradients; default 0.95. */
  readonly beta?: Scalar;
  /** Added to norms; default 1e-8. */
  readonly eps?: Scalar;
  /** The dtype in which the mean is kept; default that of each parameter. */
  readonly muDtype?: DType;
  /** Looks one step ahead, as Nesterov does; default true. */
  readonly nesterov?: boolean;
  /** Gives each update the size of the mean in its direction; default false. */
  readonly adaptive?: boolean;
  /** The axes of the matrices; by default the first and the second. */
  readonly weightDimensionNumbers?: MuonDimensionNumbers;
}

/** What {@link scaleByMuon} remembers. */
export type MuonState = { readonly count: NDArray; readonly mu: unknown };

/** The axes of an array, sorted into those of a batch, of inputs and of outputs. */
function axesOf(
  x: NDArray,
  { reductionAxis = 0, outputAxis = 1 }: MuonDimensionNumbers,
): readonly (readonly number[])[] {
  const normal = (axes: number | readonly number[]): readonly number[] =>
    [axes].flat().map((a: number) => (a < 0 ? a + x.ndim : a));
  const [inputs, outputs] = [normal(reductionAxis), normal(outputAxis)];
  const used = [...inputs, ...outputs];
  if (used.some((a) => !(a >= 0 && a < x.ndim)) || new Set(used).size !== used.length) {
    throw new ShapeMismatchError(
      `[optim.muon] ${showAval(x.aval)} has no matrices with rows along [${inputs.join(', ')}] and columns along ` +
        `[${outputs.join(', ')}]: parameters need two axes or more, others belong to another optimizer (masked, partition)`,
    );
  }
  return [range(x.ndim).filter((a) => !used.includes(a)), inputs, outputs];
}

const extent = (x: NDArray, axes: readonly number[]): number => productOf(axes.map((a) => x.shape[a] ?? 1));

/** The nearest matrices with orthonormal rows or columns, about, by Newton and Schulz's iteration. */
function orthogonalized(x: NDArray, options: ScaleByMuonOptions): NDArray {
  const { nsCoeffs: [a, b, c] = [3.4445, -4.775, 2.0315], nsSteps = 5, eps = 1e-8 } = options;
  const groups = axesOf(x, options.weightDimensionNumbers ?? {});
  const order = groups.flat();
  const [batch = 1, rows = 1, cols = 1] = groups.map((axes) => extent(x, axes));
  const flat = summed(x).transpose(order).reshape([batch, rows, cols]);
  const wide = rows > cols ? flat.mT : flat;
  const norm = sqrt(wide.mul(wide).sum([1, 2], { keepdims: true }));
  const nearer = (y: NDArray): NDArray => {
    const gram = matmul(y, y.mT);
    return y.mul(a).add(matmul(gram.mul(b).add(matmul(gram.mul(c), gram)), y));
  };
  const found = range(nsSteps).reduce(nearer, wide.div(plus(norm, eps)));
  const shape = order.map((axis) => x.shape[axis] ?? 1);
  const inverse = range(x.ndim).map((axis) => order.indexOf(axis));
  return asLike((rows > cols ? found.mT : found).reshape(shape).transpose(inverse), x);
}

/**
 * Replaces updates of matrices, after a decaying mean, by the nearest matrix with orthonormal rows or columns. Jordan: Muon: An
 * optimizer for hidden layers in neural networks (2024); as `optax.contrib.scale_by_muon` with the Frobenius norm.
 *
 * @throws ShapeMismatchError for parameters that have not the axes of `weightDimensionNumbers`.
 * @example
 * const [nearest, p] = [scaleByMuon(), np.zeros([2, 2])];
 * nearest.update(np.array([[4, 0], [0, -0.5]]), nearest.init(p), p)[0]; // [[0.705485, 0], [0, -0.692155]]
 */
export function scaleByMuon(options: ScaleByMuonOptions = {}): GradientTransformation<MuonState> {
  const { beta = 0.95, muDtype, nesterov = true, adaptive = false } = options;
  const direction = (m: NDArray): NDArray => {
    const found = orthogonalized(m, options);
    return adaptive ? times(found, summed(m).mul(summed(found)).sum()) : found;
  };
  return {
    init: (params) => ({ count: zeroCount(), mu: zerosLike(params, muDtype) }),
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, beta);
      const means = firstMoment(updates, mu, beta, count, nesterov);
      return [tree.map(direction, means), { count, mu: castLike(mu, state.mu) }];
    },
  };
}

/** The numbers of {@link muon}. */
export interface MuonOptions extends ScaleByMuonOptions {
  /** Decay of the weights of matrices; default 0. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which matrices decay; default all. */
  readonly weightDecayMask?: Mask;
  /** Default 0.9. */
  readonly adamB1?: Scalar;
  /** Default 0.999. */
  readonly adamB2?: Scalar;
  /** Default 0. */
  readonly adamEpsRoot?: Scalar;
  /** Default 0. */
  readonly adamWeightDecay?: ScalarOrSchedule;
  /** Default: that of Muon. */
  readonly adamLearningRate?: ScalarOrSchedule;
  /** Scales steps to this root mean square per element, `√max(in, out)` times; by default by `√max(1, out/in)`. */
  readonly consistentRms?: number;
}

/**
 * Muon for parameters with two axes, Adam with decay of weights for all others. Jordan: Muon (2024); as `optax.contrib.muon`.
 *
 * @example
 * const optimizer = muon(0.02, { adamLearningRate: 1e-3, weightDecay: 0.01 });
 */
export function muon(
  learningRate: ScalarOrSchedule,
  options: MuonOptions = {},
): GradientTransformation<PartitionState> {
  const { weightDecay = 0, weightDecayMask: mask, consistentRms, nesterov = true, eps = 1e-8, muDtype } = options;
  const {
    adamB1 = 0.9,
    adamB2 = 0.999,
    adamEpsRoot = 0,
    adamWeightDecay = 0,
    adamLearningRate = learningRate,
  } = options;
  const sized = (u: NDArray): NDArray => {
    const [, inputs = 1, outputs = 1] = axesOf(u, options.weightDimensionNumbers ?? {}).map((axes) => extent(u, axes));
    const factor =
      consistentRms === undefined
        ? Math.sqrt(Math.max(1, outputs / inputs))
        : Math.sqrt(Math.max(inputs, outputs)) * consistentRms;
    return times(u, factor);
  };
  const adam = { b1: adamB1, b2: adamB2, eps, epsRoot: adamEpsRoot, weightDecay: adamWeightDecay, nesterov };
  return partition(
    {
      muon: chain(
        scaleByMuon({ ...options, nesterov, eps }),
        statelessWithTreeMap(sized),
        addDecayedWeights(weightDecay, { mask }),
        scaleByLearningRate(learningRate),
      ),
      adam: adamw(adamLearningRate, { ...adam, ...(muDtype === undefined ? {} : { muDtype }) }),
    },
    (params) => tree.map((p: NDArray) => (p.ndim === 2 ? 'muon' : 'adam'), params),
  );
}
