import { grad, init, jit, numpy as np, valueAndGrad, vmap } from 'pullback';
import type { DeviceInfo, NDArray } from 'pullback';
import * as data from 'pullback/data';
import * as lax from 'pullback/lax';
import * as nn from 'pullback/nn';
import * as numpy from 'pullback/numpy';
import * as optim from 'pullback/optim';
import * as random from 'pullback/random';
import * as train from 'pullback/train';

interface Params {
  readonly w: NDArray;
  readonly b: NDArray;
}

const loss = ({ w, b }: Params, x: NDArray): NDArray => np.square(x.mul(w).add(b)).mean();
export const gradient: (params: Params, x: NDArray) => Params = grad(loss);
export const both: (params: Params, x: NDArray) => readonly [NDArray, Params] = valueAndGrad(loss);
export const step = jit((params: Params, x: NDArray): Params => gradient(params, x));
export const batched: (x: NDArray) => NDArray = vmap((x: NDArray) => lax.exp(x).sum());
export const device: Promise<DeviceInfo> = init({ device: 'webgpu' });
export const network: nn.Sequential = nn.sequential(nn.dense(3), nn.relu);
export const key: NDArray = random.key(0);
export const all = [optim.adam(1e-3), numpy.zeros([2]), data.mnist, train.step];

// @ts-expect-error the gradient is of the first argument's type
export const wrong: (params: Params, x: NDArray) => NDArray = grad(loss);
