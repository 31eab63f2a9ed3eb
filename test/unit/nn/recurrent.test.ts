import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, nn, numpy as np, random, tree } from '../../../src/index.ts';

const key = random.key(1);
const numbers = (x: unknown): readonly number[] =>
  tree.leaves(x).flatMap((leaf) => Array.from((leaf as NDArray).dataSync(), Number));
const expectClose = (found: unknown, wanted: unknown): void => {
  const right = numbers(wanted);
  expect(numbers(found).length).toBe(right.length);
  numbers(found).forEach((x, i) => expect(x).toBeCloseTo(right[i] ?? NaN, 5));
};
const eager = { training: false };

const cells = [
  ['simpleCell', nn.simpleCell(3)],
  ['lstmCell', nn.lstmCell(3)],
  ['gruCell', nn.gruCell(3)],
] as readonly (readonly [string, nn.Cell])[];

describe.each(cells)('%s', (_, cell) => {
  const params = cell.init(key, 2);
  const x = random.normal(random.key(2), [4, 5, 2]);

  test('runs as a loop over steps does', () => {
    let carry = cell.start(4, 'f32');
    const outputs = Array.from({ length: 5 }, (_, t) => {
      carry = cell.step(params, carry, cell.project(params, x.slice([], t)));
      return cell.output(carry);
    });
    const run = nn.runCell(cell, params, x);
    expect(run.outputs.shape).toEqual([4, 5, 3]);
    expectClose(run.outputs, np.stack(outputs, 1));
    expectClose(run.carry, carry);
    expectClose(nn.rnn(cell).apply(params, null, x, eager)[0], outputs[4]);
  });

  test('goes on from the state it ended in', () => {
    const [head, rest] = [x.slice([], [0, 2]), x.slice([], [2])];
    const first = nn.runCell(cell, params, head);
    const second = nn.runCell(cell, params, rest, { initial: first.carry });
    const whole = nn.runCell(cell, params, x);
    expectClose(np.concatenate([first.outputs, second.outputs], 1), whole.outputs);
    expectClose(second.carry, whole.carry);
  });

  test('reversed, it is what the reversed sequence gives, in the order of the input', () => {
    const back = nn.runCell(cell, params, x, { reverse: true });
    const turned = nn.runCell(cell, params, np.flip(x, 1));
    expectClose(back.outputs, np.flip(turned.outputs, 1));
    expectClose(back.carry, turned.carry);
  });

  test('unrolled and checkpointed, it computes the same values and gradients', () => {
    const loss = (options: nn.RnnOptions) => (p: nn.Tree) => nn.rnn(cell, options).apply(p, null, x, eager)[0].sum();
    const plain = jit(grad(loss({})))(params);
    expectClose(jit(grad(loss({ unroll: 2 })))(params), plain);
    expectClose(jit(grad(loss({ checkpoint: 2 })))(params), plain);
  });

  test('the input meets its kernel outside of the loop, in one product for all steps', () => {
    const text = jit((p: nn.Tree, v: NDArray) => nn.rnn(cell).apply(p, null, v, eager)[0])
      .lower(params, x)
      .asText('kernels');
    const loop = text.slice(text.indexOf('loop scan'));
    expect(text.match(/contract /g)?.length).toBe(2);
    expect(loop.match(/contract /g)?.length).toBe(1);
  });

  test('a sequence of no steps gives the state of the start', () => {
    expect(numbers(nn.rnn(cell).apply(params, null, np.zeros([2, 0, 2]), eager)[0])).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('first parameters', () => {
  test('the forget gate has a bias of 1, or another one', () => {
    const bias = (cell: nn.Cell<nn.CellParams, nn.LstmState>): unknown => cell.init(key, 2).bias?.tolistSync();
    expect(bias(nn.lstmCell(2))).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(bias(nn.lstmCell(2, { forgetBias: 0 }))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(bias(nn.lstmCell(1, { forgetBias: 2, biasInit: nn.initializers.ones() }))).toEqual([1, 3, 1, 1]);
    expect(bias(nn.lstmCell(2, { bias: false }))).toBe(undefined);
  });

  test('what meets the state is orthogonal', () => {
    const { recurrent } = nn.gruCell(4).init(key, 2);
    expect(recurrent.shape).toEqual([4, 12]);
    expectClose(recurrent.matmul(recurrent.T), np.eye(4));
    const { recurrent: square } = nn.simpleCell(5).init(key, 2);
    expectClose(square.T.matmul(square), np.eye(5));
  });

  test('cells use the initializers that they are given', () => {
    const ones = nn.initializers.ones();
    const params = nn.gruCell(1, { kernelInit: ones, recurrentInit: ones, biasInit: ones }).init(key, 2);
    expect(numbers(params)).toEqual(Array.from({ length: 15 }, () => 1));
    expect(nn.gruCell(2, { bias: false }).init(key, 2).recurrentBias).toBe(null);
  });
});

test('cells use the activations that they are given', () => {
  const linear = nn.simpleCell(1, { activation: nn.identity });
  const one = np.ones([1, 1]);
  const y = nn
    .rnn(linear)
    .apply({ kernel: one, recurrent: one, bias: null }, null, np.array([[[1], [2], [4]]]), eager)[0];
  expect(y.tolistSync()).toEqual([[7]]);
  const open = nn.lstmCell(1, { activation: nn.identity, gateActivation: (z) => z.mul(0).add(1) });
  const four = np.ones([1, 4]);
  const params = { kernel: four, recurrent: four.mul(0), bias: null };
  expect(
    nn
      .rnn(open)
      .apply(params, null, np.array([[[1], [2], [4]]]), eager)[0]
      .tolistSync(),
  ).toEqual([[7]]);
});

test('both directions may have cells of their own', () => {
  const layer = nn.bidirectional(nn.simpleCell(3), { backward: nn.gruCell(2), returnSequences: true });
  const { params, outputShape } = layer.init(key, [4, 2]);
  expect(outputShape).toEqual([4, 5]);
  const x = random.normal(key, [2, 4, 2]);
  const [y] = layer.apply(params, null, x, eager);
  expectClose(y.slice([], [], [0, 3]), nn.runCell(nn.simpleCell(3), params.forward, x).outputs);
  expectClose(y.slice([], [], [3]), nn.runCell(nn.gruCell(2), params.backward, x, { reverse: true }).outputs);
});
