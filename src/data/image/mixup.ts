import { convertElementType } from '../../lax/casts.ts';
import { cos, expm1, log, reciprocal, sqrt, subtract } from '../../numpy/elementwise.ts';
import { take } from '../../numpy/taking.ts';
import { permutation, split, uniform } from '../../random/index.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ArgumentError, DTypeError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import type { FloatType } from '../../kernel/dtype.ts';
import { isFloat } from '../../kernel/dtype.ts';
import { floatImagesOf } from './images.ts';

/**
 * Each image mixed with another one of the batch, and its label with that one's: `λ·x + (1 − λ)·x′` with a λ of its own from
 * the distribution Beta(α, α) (Zhang, Cissé, Dauphin, Lopez-Paz: mixup: Beyond Empirical Risk Minimization, 2018).
 *
 * @param images [n, height, width, channels] of floats
 * @param labels [n, …] of floats: probabilities, or what `nn.oneHot` makes of classes
 * @param alpha above 0: the smaller, the closer are mixtures to one of the two; default 0.2
 * @returns the images and the labels, as they were given
 * @example
 * const [x, y] = data.image.mixup(key, images, nn.oneHot(labels, 10));
 */
export function mixup(
  key: NDArray,
  images: ArrayLike,
  labels: ArrayLike,
  alpha = 0.2,
): [images: NDArray, labels: NDArray] {
  const { x, n } = floatImagesOf('mixup', images);
  const y = asArray(labels);
  if (!isFloat(y.dtype)) {
    throw new DTypeError(
      `[image.mixup] mixes labels as floats, got ${showAval(y.aval)}: make probabilities of classes (nn.oneHot(labels, 10))`,
    );
  }
  if (y.shape[0] !== n) {
    throw new ShapeMismatchError(`[image.mixup] needs a label for each of ${n} images, got ${showAval(y.aval)}`);
  }
  if (!(alpha > 0 && alpha < Infinity)) throw new ArgumentError(`[image.mixup] needs an alpha above 0, got ${alpha}`);
  const [partnerKey, shareKey] = split(key) as unknown as readonly [NDArray, NDArray];
  const partner = permutation(partnerKey, n);
  const share = symmetricBeta(shareKey, n, alpha, x.dtype === 'f64' ? 'f64' : 'f32');
  const mix = (a: NDArray): NDArray => {
    const own = convertElementType(share, a.dtype).reshape([n, ...a.shape.slice(1).map(() => 1)]);
    return a.mul(own).add(take(a, partner, 0).mul(subtract(1, own)));
  };
  return [mix(x), mix(y)];
}

/**
 * Draws from Beta(α, α) without rejection: ½ + T / 2√(2α + T²) for Student's T with 2α degrees of freedom, which is
 * √(2α (U^(−1/α) − 1)) · cos 2πV (Devroye: Random variate generation in one line of code, 1996).
 */
function symmetricBeta(key: NDArray, n: number, alpha: number, dtype: FloatType): NDArray {
  const [radiusKey, angleKey] = split(key) as unknown as readonly [NDArray, NDArray];
  const u = subtract(1, uniform(radiusKey, [n], { dtype }));
  const cosine = cos(uniform(angleKey, [n], { dtype }).mul(2 * Math.PI));
  // Of a tiny alpha the radius may be infinite: its square's reciprocal must stay above 0 where the cosine is 0.
  const square = reciprocal(expm1(log(u).div(-alpha))).add(1e-30);
  return cosine.div(sqrt(square.add(cosine.mul(cosine)))).add(1).div(2); // prettier-ignore
}
