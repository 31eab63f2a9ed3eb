import type { NDArray } from '../../src/index.ts';
import { jit, lax, nn, numpy as np, optim, valueAndGrad } from '../../src/index.ts';
import type { HostInput } from '../inputs.ts';
import { batchOf, parametersOf } from '../inputs.ts';
import type { ModelName } from '../task.ts';
import { adam } from '../task.ts';

/** Parameters by name. */
export type Params = Readonly<Record<string, NDArray>>;

export const array = ({ data, shape }: HostInput): NDArray => np.array(data, { shape });

export const firstParameters = (model: ModelName): Params =>
  Object.fromEntries(Object.entries(parametersOf(model)).map(([name, x]) => [name, array(x)]));

export const batch = (model: ModelName, size: number): readonly NDArray[] => batchOf(model, size).map(array);

/** The parameter of a name. */
function of(params: Params, name: string): NDArray {
  const x = params[name];
  if (x === undefined) throw new Error(`there is no parameter ${name}`);
  return x;
}

const dense = (p: Params, x: NDArray, w: string, b: string): NDArray => x.matmul(of(p, w)).add(of(p, b));

const crossEntropy = (scores: NDArray, labels: NDArray): NDArray =>
  nn.softmaxCrossEntropyWithIntegerLabels(scores, labels).mean();

const pool = nn.maxPool(2);

function block(p: Params, x: NDArray, w: string, b: string): NDArray {
  const options = { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] } as const;
  const y = lax.convGeneralDilated(x, of(p, w), [1, 1], 'VALID', options).add(of(p, b));
  return pool.apply(null, null, nn.relu(y), { training: true })[0];
}

export function cnnLoss(p: Params, images: NDArray, labels: NDArray): NDArray {
  const features = block(p, block(p, images, 'w1', 'b1'), 'w2', 'b2').reshape([-1, 1600]);
  return crossEntropy(dense(p, nn.relu(dense(p, features, 'w3', 'b3')), 'w4', 'b4'), labels);
}

function autoencoderLoss(p: Params, images: NDArray): NDArray {
  const code = nn.relu(dense(p, images, 'w1', 'b1'));
  const difference = nn.sigmoid(dense(p, code, 'w2', 'b2')).sub(images);
  return difference.mul(difference).mean();
}

function rnnLoss(p: Params, images: NDArray, labels: NDArray): NDArray {
  const [n] = images.shape;
  const cell = (h: NDArray, x: NDArray): readonly [NDArray, null] => [
    np.tanh(x.matmul(of(p, 'wx')).add(h.matmul(of(p, 'wh'))).add(of(p, 'b'))),
    null,
  ]; // prettier-ignore
  const [last] = lax.scan(cell, np.zeros([n as number, 128]), np.transpose(images, [1, 0, 2]));
  return crossEntropy(dense(p, last, 'wo', 'bo'), labels);
}

const lossOf = (model: ModelName): ((p: Params, ...inputs: NDArray[]) => NDArray) =>
  ({ cnn: cnnLoss, autoencoder: autoencoderLoss, rnn: rnnLoss })[model];

/** What training changes. */
export interface Training {
  readonly params: Params;
  readonly optimizer: readonly unknown[];
}

/** A model's whole training step as one compiled function, whose old state is donated to the new one. */
export function trainingStep(model: ModelName): {
  readonly init: () => Training;
  readonly step: (state: Training, ...inputs: readonly NDArray[]) => readonly [Training, NDArray];
} {
  const optimizer = optim.adam(adam.learningRate, adam);
  const step = ({ params, optimizer: state }: Training, ...inputs: NDArray[]): readonly [Training, NDArray] => {
    const [loss, gradients] = valueAndGrad(lossOf(model))(params, ...inputs);
    const [updates, next] = optimizer.update(gradients, state, params);
    return [{ params: optim.applyUpdates(params, updates), optimizer: next }, loss];
  };
  return {
    init() {
      const params = firstParameters(model);
      return { params, optimizer: optimizer.init(params) };
    },
    step: jit(step, { donateArgnums: 0 }),
  };
}
