import { fill } from '../lax/structural.ts';
import type { DType } from '../kernel/dtype.ts';
import { concatenate, split as splitArray } from '../numpy/shape.ts';
import { split } from '../random/index.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { sigmoid, tanh } from './activations.ts';
import { addBias, times } from './dense.ts';
import type { Initializer } from './initializers.ts';
import { glorotUniform, orthogonal, zeros } from './initializers.ts';
import type { Tree } from './layer.ts';

/**
 * Recurrent cells are values: how a state follows from an input and the state before. `rnn`, `bidirectional` and
 * `runCell` run them over sequences.
 *
 * A step has two parts. What depends on the input alone, `x · kernel + bias`, is apart from what depends on the state
 * before, so that it is one product for all steps of a sequence: much faster, on every device, than one a step.
 */
export interface Cell<P extends Tree = Tree, C extends Tree = Tree> {
  /** For errors and tables: `lstmCell(128)`. */
  readonly name: string;
  /** The extent of its output. */
  readonly features: number;
  /** Fresh parameters for inputs of `inputSize` features. */
  init(key: NDArray, inputSize: number): P;
  /** The state before the first step, all zeros, for `n` sequences. */
  start(n: number, dtype: DType): C;
  /** What a step needs of its input, for any number of inputs at once: `x: [..., in]` to `[..., size]`. */
  project(params: P, x: NDArray): NDArray;
  /** One step: from the state before and the projected input `[n, size]` to the state after it. */
  step(params: P, carry: C, projected: NDArray): C;
  /** The output that a state stands for: `[n, features]`. */
  output(carry: C): NDArray;
}

/** How the parameters of a cell begin. */
export interface CellOptions {
  /** Add biases? Default true. */
  readonly bias?: boolean;
  /** Of what meets the input; default Glorot uniform. */
  readonly kernelInit?: Initializer;
  /** Of what meets the state; default orthogonal. */
  readonly recurrentInit?: Initializer;
  /** Default zeros. */
  readonly biasInit?: Initializer;
  /** From pre-activation to what a step gives; default tanh. */
  readonly activation?: (x: NDArray) => NDArray;
}

/** Options of cells that have gates. */
export interface GatedCellOptions extends CellOptions {
  /** From pre-activation to a gate between 0 and 1; default {@link sigmoid}. */
  readonly gateActivation?: (x: NDArray) => NDArray;
}

/** Options of {@link lstmCell}. */
export interface LstmCellOptions extends GatedCellOptions {
  /** What the bias of the forget gate begins at, above `biasInit`; default 1, so that the cell remembers at first. */
  readonly forgetBias?: number;
}

/** What meets the input `[in, size]`, what meets the state `[features, size]`, and the bias `[size]`. */
export type CellParams = { readonly kernel: NDArray; readonly recurrent: NDArray; readonly bias: NDArray | null };
/** Parameters of {@link gruCell}: its state's product has a bias `[3 · features]` of its own. */
export type GruParams = CellParams & { readonly recurrentBias: NDArray | null };
/** State of {@link lstmCell}: the memory c and the output h, each `[n, features]`. */
export type LstmState = { readonly c: NDArray; readonly h: NDArray };

const project = ({ kernel, bias }: CellParams, x: NDArray): NDArray => addBias(times(x, kernel), bias);

const nothing = (features: number, n: number, dtype: DType): NDArray => fill([n, features], dtype, 0);

/** Parameters of a cell that computes `gates` vectors of `features` of its input and its state. */
function initCell(
  key: NDArray,
  [inputSize, features, gates]: readonly [number, number, number],
  options: CellOptions,
): CellParams {
  const { bias = true, kernelInit = glorotUniform(), recurrentInit = orthogonal(), biasInit = zeros() } = options;
  const [kernelKey, recurrentKey, biasKey] = split(key, 3) as unknown as readonly [NDArray, NDArray, NDArray];
  const size = gates * features;
  return {
    kernel: kernelInit(kernelKey, [inputSize, size]),
    recurrent: recurrentInit(recurrentKey, [features, size]),
    bias: bias ? biasInit(biasKey, [size]) : null,
  };
}

function checkedFeatures(name: string, features: number): number {
  if (Number.isInteger(features) && features > 0) return features;
  throw new ArgumentError(`[nn.${name}] features must be a positive integer, got ${features}`);
}

/**
 * The simple recurrent cell: its output is its state.
 *
 *     h′ = tanh(x · kernel + bias + h · recurrent)
 *
 * x: `[n, in]` · h: `[n, features]` · kernel: `[in, features]` · recurrent: `[features, features]` · bias: `[features]`.
 * Formula and first parameters (kernel Glorot uniform, recurrent orthogonal, bias zero) as `keras.layers.SimpleRNN`.
 *
 * @throws ArgumentError unless `features` is a positive integer.
 * @example
 * const classifier = nn.sequential(nn.rnn(nn.simpleCell(128)), nn.dense(10));
 */
export function simpleCell(features: number, options: CellOptions = {}): Cell<CellParams, NDArray> {
  const { activation = tanh } = options;
  checkedFeatures('simpleCell', features);
  return {
    name: `simpleCell(${features})`,
    features,
    init: (key, inputSize) => initCell(key, [inputSize, features, 1], options),
    start: (n, dtype) => nothing(features, n, dtype),
    project,
    step: ({ recurrent }, h, projected) => activation(projected.add(times(h, recurrent))),
    output: (h) => h,
  };
}

/**
 * Long short-term memory. With `z = x · kernel + bias + h · recurrent`, whose `4 · features` columns are those of the input
 * gate i, the forget gate f, the candidate g and the output gate o, in this order:
 *
 *     c′ = sigmoid(zf) · c + sigmoid(zi) · tanh(zg)
 *     h′ = sigmoid(zo) · tanh(c′)
 *
 * x: `[n, in]` · c, h: `[n, features]` · kernel: `[in, 4 · features]` · recurrent: `[features, 4 · features]` ·
 * bias: `[4 · features]`. Formula, order of the gates and first parameters (kernel Glorot uniform, recurrent orthogonal,
 * bias zero but 1 for the forget gate) as `keras.layers.LSTM`; the formula and the order are those of `torch.nn.LSTM` too.
 * Hochreiter, Schmidhuber, 1997; forget bias: Jozefowicz, Zaremba, Sutskever, 2015.
 *
 * @throws ArgumentError unless `features` is a positive integer.
 * @example
 * const classifier = nn.sequential(nn.rnn(nn.lstmCell(128)), nn.dense(10));
 */
export function lstmCell(features: number, options: LstmCellOptions = {}): Cell<CellParams, LstmState> {
  const { activation = tanh, gateActivation = sigmoid, forgetBias = 1 } = options;
  checkedFeatures('lstmCell', features);
  return {
    name: `lstmCell(${features})`,
    features,
    init(key, inputSize) {
      const { bias, ...kernels } = initCell(key, [inputSize, features, 4], options);
      if (bias === null) return { ...kernels, bias };
      const [input, forget, candidate, output] = splitArray(bias, 4) as unknown as Gates4;
      return { ...kernels, bias: concatenate([input, forget.add(forgetBias), candidate, output]) };
    },
    start: (n, dtype) => ({ c: nothing(features, n, dtype), h: nothing(features, n, dtype) }),
    project,
    step({ recurrent }, { c, h }, projected) {
      const z = projected.add(times(h, recurrent));
      const [input, forget, candidate, output] = splitArray(z, 4, -1) as unknown as Gates4;
      const memory = gateActivation(forget)
        .mul(c)
        .add(gateActivation(input).mul(activation(candidate)));
      return { c: memory, h: gateActivation(output).mul(activation(memory)) };
    },
    output: ({ h }) => h,
  };
}

type Gates4 = readonly [NDArray, NDArray, NDArray, NDArray];
type Gates3 = readonly [NDArray, NDArray, NDArray];

/**
 * The gated recurrent unit: its output is its state. With `a = x · kernel + bias` and `b = h · recurrent + recurrentBias`,
 * whose `3 · features` columns are those of the update gate z, the reset gate r and the candidate n, in this order:
 *
 *     z = sigmoid(az + bz),  r = sigmoid(ar + br),  n = tanh(an + r · bn)
 *     h′ = z · h + (1 − z) · n
 *
 * x: `[n, in]` · h: `[n, features]` · kernel: `[in, 3 · features]` · recurrent: `[features, 3 · features]` · bias,
 * recurrentBias: `[3 · features]`. The gate resets after the product, as in cuDNN. Formula, order of the gates and first
 * parameters (kernel Glorot uniform, recurrent orthogonal, biases zero) as `keras.layers.GRU`; `torch.nn.GRU` computes
 * the same with r before z. Cho et al., 2014.
 *
 * @throws ArgumentError unless `features` is a positive integer.
 * @example
 * const classifier = nn.sequential(nn.rnn(nn.gruCell(128)), nn.dense(10));
 */
export function gruCell(features: number, options: GatedCellOptions = {}): Cell<GruParams, NDArray> {
  const { activation = tanh, gateActivation = sigmoid, biasInit = zeros() } = options;
  checkedFeatures('gruCell', features);
  return {
    name: `gruCell(${features})`,
    features,
    init(key, inputSize) {
      const [own, biasKey] = split(key) as unknown as readonly [NDArray, NDArray];
      const params = initCell(own, [inputSize, features, 3], options);
      return { ...params, recurrentBias: params.bias === null ? null : biasInit(biasKey, [3 * features]) };
    },
    start: (n, dtype) => nothing(features, n, dtype),
    project,
    step({ recurrent, recurrentBias }, h, projected) {
      const [az, ar, an] = splitArray(projected, 3, -1) as unknown as Gates3;
      const [bz, br, bn] = splitArray(addBias(times(h, recurrent), recurrentBias), 3, -1) as unknown as Gates3;
      const update = gateActivation(az.add(bz));
      const candidate = activation(an.add(gateActivation(ar.add(br)).mul(bn)));
      // z · h + (1 − z) · n with one product less.
      return candidate.add(update.mul(h.sub(candidate)));
    },
    output: (h) => h,
  };
}
