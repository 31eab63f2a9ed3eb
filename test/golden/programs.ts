import type { NDArray } from '../../src/index.ts';
import {
  checkpoint,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  nn,
  numpy as np,
  stopGradient,
  valueAndGrad,
  vmap,
} from '../../src/index.ts';

/** Derivatives of derivatives, and rules of one's own; tools/golden/programs.py has the same functions, by the same names. */

type Scalar = (x: NDArray) => NDArray;

/** f for every element of a vector. */
const each =
  (f: Scalar): Scalar =>
  (x) =>
    vmap(f)(x);

const swish: Scalar = (x) => x.mul(nn.sigmoid(x));

interface Params {
  readonly b: NDArray;
  readonly v: NDArray;
  readonly w: NDArray;
}

const net = (p: Params, x: NDArray): NDArray => np.tanh(x.matmul(p.w).add(p.b));
const loss = (p: Params, x: NDArray, y: NDArray): NDArray => net(p, x).matmul(p.v).sub(y).pow(2).mean();
/** The loss as a function of the first layer's weights alone. */
const lossOfWeights =
  (p: Params, x: NDArray, y: NDArray): Scalar =>
  (w) =>
    loss({ ...p, w }, x, y);

const wave: Scalar = (x) => np.exp(np.sin(x));
const outerWave: Scalar = (x) => np.outer(np.sin(x), x);
const norm: Scalar = (x) => np.sqrt(x.mul(x).sum());

export const firstDerivativeOfSwish = each(grad(swish));
export const secondDerivativeOfSwish = each(grad(grad(swish)));
export const secondDerivativeOfSoftplus = each(grad(grad((x: NDArray) => nn.softplus(x))));
export const secondDerivativeOfTanh = each(grad(grad((x: NDArray) => np.tanh(x))));
export const secondDerivativeOfElu = each(grad(grad((x: NDArray) => nn.elu(x))));
export const thirdDerivativeOfSin = each(grad(grad(grad((x: NDArray) => np.sin(x)))));
export const derivativeOfPower = each(grad(grad((x: NDArray) => x.pow(5).div(x.pow(2).add(1)))));
export const gradientOfNorm = grad(norm);
export const hessianOfNorm = hessian(norm);
export const hessianOfLogSumExp = hessian((x: NDArray) => np.log(np.exp(x).sum()));
export const hessianOfProduct = hessian((x: NDArray) => x.prod());
export const jacobianForward = jacfwd(outerWave);
export const jacobianReverse = jacrev(outerWave);
export const jacobianOfSoftmax = jacrev((x: NDArray) => nn.softmax(x));
export const gradientsOfNet = valueAndGrad(loss);
export const compiledGradientsOfNet = jit(valueAndGrad(loss));
export const hessianOfNet = (p: Params, x: NDArray, y: NDArray): NDArray => hessian(lossOfWeights(p, x, y))(p.w);
export const hvpOfNet = (p: Params, x: NDArray, y: NDArray, t: NDArray): NDArray =>
  jvp(grad(lossOfWeights(p, x, y)), [p.w], [t])[1];
export const gradientsByExample = vmap(grad(loss), [null, 0, 0]);
export const jvpOfGradient = (x: NDArray, t: NDArray) =>
  jvp(
    grad((y: NDArray) => wave(y).sum()),
    [x],
    [t],
  );
export const gradientOfJvp = (x: NDArray, t: NDArray): NDArray => grad((y: NDArray) => jvp(wave, [y], [t])[1].sum())(x);
export const pairwise = (x: NDArray, y: NDArray): NDArray =>
  vmap((a: NDArray) => vmap((b: NDArray) => a.sub(b).pow(2).sum())(y))(x);
export const outAxes = (x: NDArray, y: NDArray): NDArray =>
  vmap((a: NDArray, b: NDArray) => np.outer(a, b), [0, 1], { outAxes: 2 })(x, y);
/** log(1 + eˣ), with a tangent rule of its own. */
const log1pExp = customJvp((x: NDArray): NDArray => np.log(np.exp(x).add(1))).defjvp(([x], [t]) => [
  log1pExp(x),
  t.mul(np.subtract(1, np.divide(1, np.exp(x).add(1)))),
]);

/** The identity, whose gradient is clipped to [-1/2, 1/2]. */
const clipped = customVjp((x: NDArray) => x.mul(1)).defvjp(
  (x) => [x.mul(1), null],
  (_, ct) => [np.clip(ct, -0.5, 0.5)],
);

export const customForward: Scalar = (x) => log1pExp(x).mul(2);
export const customForwardTwice = each(grad(grad((x: NDArray) => log1pExp(x))));
export const customReverse: Scalar = (x) => clipped(x).mul(3).sum();
export const checkpointedNet = grad((p: Params, x: NDArray, y: NDArray) => {
  const wavy = checkpoint((v: NDArray) => np.sin(v).mul(v));
  return loss({ ...p, v: wavy(p.v) }, x, y);
});
export const stopped: Scalar = (x) => x.mul(stopGradient(np.sin(x))).add(x);
export const castThere: Scalar = (x) => np.sin(x.astype('f32').astype(x.dtype).mul(2));
export const whereSafe: Scalar = (x) => np.where(x.gt(0), np.sqrt(np.where(x.gt(0), x, 1)), 0);
export const varianceOfMatmul = (x: NDArray, y: NDArray): NDArray =>
  np.var(x.matmul(y), 0).add(x.max(1).slice([0, y.shape[1] ?? 0]));
export const layerNorm = (x: NDArray, g: NDArray, b: NDArray): NDArray => {
  const keepdims = { keepdims: true };
  const centred = x.sub(x.mean(-1, keepdims));
  return centred
    .div(np.sqrt(np.var(x, -1, keepdims).add(1e-5)))
    .mul(g)
    .add(b);
};
export const attention = (q: NDArray, k: NDArray, v: NDArray): NDArray => nn.softmax(q.matmul(k.T).div(2)).matmul(v);
