import type { NDArray } from '../../src/index.ts';
import { nn } from '../../src/index.ts';

/** Layers for sequences as functions of their inputs and parameters; tools/golden/sequence.py has the same ones, by the same names. */

type Given = readonly (NDArray | nn.RnnOptions | undefined)[];

const isOptions = <T extends object>(x: NDArray | T | undefined): x is T => x !== undefined && !('dtype' in x);

/** The arrays, and the options object that may follow them. */
const apart = (given: Given): readonly [arrays: readonly NDArray[], options: nn.RnnOptions] => [
  given.filter((x): x is NDArray => x !== undefined && !isOptions(x)),
  given.find(isOptions) ?? {},
];

const run = <P extends nn.Tree>(layer: nn.Layer<P, null>, params: P, x: NDArray): NDArray =>
  layer.apply(params, null, x, { training: false })[0];

const features = (recurrent: NDArray): number => recurrent.shape[0] as number;

const paramsOf = ([kernel, recurrent, bias]: readonly NDArray[]): nn.CellParams => ({
  kernel: kernel as NDArray,
  recurrent: recurrent as NDArray,
  bias: bias ?? null,
});

export const simple = (x: NDArray, ...given: Given): NDArray => {
  const [arrays, options] = apart(given);
  const params = paramsOf(arrays);
  return run(nn.rnn(nn.simpleCell(features(params.recurrent)), options), params, x);
};

export const lstm = (x: NDArray, ...given: Given): NDArray => {
  const [arrays, options] = apart(given);
  const params = paramsOf(arrays);
  return run(nn.rnn(nn.lstmCell(features(params.recurrent)), options), params, x);
};

export const gru = (x: NDArray, ...given: Given): NDArray => {
  const [arrays, options] = apart(given);
  const params = { ...paramsOf(arrays), recurrentBias: arrays[3] ?? null };
  return run(nn.rnn(nn.gruCell(features(params.recurrent)), options), params, x);
};

export const bidirectional = (x: NDArray, ...given: Given): NDArray => {
  const [arrays, options] = apart(given);
  const [forward, backward] = [paramsOf(arrays.slice(0, 3)), paramsOf(arrays.slice(3))];
  return run(nn.bidirectional(nn.simpleCell(features(forward.recurrent)), options), { forward, backward }, x);
};
