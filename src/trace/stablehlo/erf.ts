import type { HloBuilder } from './builder.ts';
import type { HloValue } from './text.ts';

/** The error function, which StableHLO does not have, in its arithmetic. */

/** erf(x)/x - 1 in x² on |x| ≤ 0.95, and log(1 - erf(x)) on [0.95, 4]; lowest powers first. */
const series = [0.128379166, -0.376126319, 0.112836637, -0.0268577058, 0.0051969518, -0.000809770252, 8.1850907e-5];
const tail = [-0.000244713621, -1.12747502, -0.637517035, -0.103640325, 0.0220876429, -0.00300853746, 0.000192426072];

/** erf(x): of f16 computed in f32, where it is right to 4 units in the last place; of f64 to within 2e-16. */
export function errorFunction(b: HloBuilder, x: HloValue): HloValue {
  if (x.dtype === 'f16') return b.convert(errorFunction(b, b.convert(x, 'f32')), 'f16');
  const out = { shape: x.shape, dtype: x.dtype };
  const key = `erf ${x.dtype} ${x.shape.join()}`;
  const [y] = b.call('erf', key, [x], [out], (inner, args) => {
    const [argument] = args as [HloValue];
    return [x.dtype === 'f64' ? double(inner, argument) : single(inner, argument)];
  });
  return y as HloValue;
}

function single(b: HloBuilder, x: HloValue): HloValue {
  const a = b.op('minimum', b.abs(x), b.like(x, 4));
  const near = b.op('add', x, b.op('multiply', x, polynomial(b, b.op('multiply', x, x), series)));
  const far = b.op('subtract', b.like(x, 1), b.op('exponential', polynomial(b, a, tail)));
  return b.select(b.compare('LT', a, b.like(x, 0.95)), near, b.op('multiply', b.op('sign', x), far));
}

function polynomial(b: HloBuilder, x: HloValue, coefficients: readonly number[]): HloValue {
  return coefficients
    .slice(0, -1)
    .reduceRight(
      (sum, c) => b.op('add', b.op('multiply', sum, x), b.like(x, c)),
      b.like(x, coefficients.at(-1) as number),
    );
}

const terms = 75;
const depth = 60;

/**
 * Below 3 the series 2/√π e^{-x²} Σ 2ⁿ x^{2n+1} / (2n+1)!!, beyond it 1 - erfc(x) by a continued fraction (Abramowitz &
 * Stegun 7.1.6 and 7.1.14).
 */
function double(b: HloBuilder, x: HloValue): HloValue {
  const a = b.op('minimum', b.abs(x), b.like(x, 6));
  const small = b.op('minimum', a, b.like(x, 3));
  const twice = b.op('multiply', b.op('multiply', small, small), b.like(x, 2));
  const float = (i: HloValue): HloValue => b.broadcast(b.convert(i, 'f64'), x.shape, []);
  const [, sum] = b.counted(terms, [small, small], (i, [term, total]) => {
    const odd = b.op('add', b.op('multiply', float(i), b.like(x, 2)), b.like(x, 3));
    const next = b.op('divide', b.op('multiply', term as HloValue, twice), odd);
    return [next, b.op('add', total as HloValue, next)];
  }) as [HloValue, HloValue];
  const square = b.op('negate', b.op('multiply', a, a));
  const scaled = b.op('divide', b.op('exponential', square), b.like(x, Math.sqrt(Math.PI)));
  const near = b.op('multiply', b.op('multiply', sum, scaled), b.like(x, 2));
  const [fraction] = b.counted(depth, [b.like(x, 0)], (i, [f]) => {
    const k = b.op('subtract', b.like(x, depth), float(i));
    return [b.op('divide', b.op('multiply', k, b.like(x, 0.5)), b.op('add', a, f as HloValue))];
  }) as [HloValue];
  const far = b.op('subtract', b.like(x, 1), b.op('divide', scaled, b.op('add', a, fraction)));
  const size = b.select(b.compare('LT', a, b.like(x, 3)), near, far);
  // The sign keeps NaN and -0.
  return b.op('multiply', b.op('sign', x), size);
}
