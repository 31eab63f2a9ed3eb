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

/** Parameters of attention from a list of kernels and biases. */
function attentionOf(arrays: readonly NDArray[]): nn.AttentionParams {
  const affine = (i: number): nn.Affine => ({ kernel: arrays[i] as NDArray, bias: arrays[i + 1] as NDArray });
  return { query: affine(0), key: affine(2), value: affine(4), out: affine(6) };
}

export const attend = (x: NDArray, sources: NDArray, ...given: readonly (NDArray | nn.AttentionOptions)[]): NDArray => {
  const params = attentionOf(given.slice(0, 8) as readonly NDArray[]);
  return nn.multiHeadAttention(3).attend(params, x, sources, (given[8] as nn.AttentionOptions | undefined) ?? {});
};

export const causal = (x: NDArray, ...params: readonly NDArray[]): NDArray =>
  run(nn.multiHeadAttention(3, { isCausal: true }), attentionOf(params), x);

export const grouped = (x: NDArray, ...params: readonly NDArray[]): NDArray =>
  run(nn.groupedQueryAttention(4, 2), attentionOf(params), x);

export const sinusoidal = (x: NDArray): NDArray => run(nn.sinusoidalPosition(), null, x);

export const embedding = (table: NDArray, words: NDArray): NDArray =>
  run(nn.embedding(table.shape[0] as number, table.shape[1] as number), { embedding: table }, words);
