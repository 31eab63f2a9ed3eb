import type { DType } from '../../src/kernel/dtype.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import { finfo } from '../../src/numpy/dtypes.ts';

/** How far a result may be from JAX's. */
export interface Tolerance {
  /** Largest error of a value, relative to the larger of the value and the scale of its case. */
  readonly value: number;
  /** The same of a derivative. */
  readonly derivative: number;
  /** An absolute error that is always allowed. */
  readonly floor: number;
  readonly because: string;
}

const exact = { value: 0, derivative: 0, floor: 0 };
const integer: Tolerance = { ...exact, because: 'integer arithmetic is exact' };

/** The one table of tolerances. */
export const tolerances: { readonly [D in DType]: Tolerance } = {
  f32: {
    value: 3e-6,
    derivative: 3e-5,
    floor: 1.18e-38,
    because:
      'a unit in the last place is 1.2e-7: sums run in another order, the functions of either library are rounded within ' +
      '4 units, and some are several rounded operations; derivatives are longer chains; XLA flushes subnormal numbers',
  },
  f64: {
    value: 1e-12,
    derivative: 1e-11,
    floor: 2.3e-308,
    because: 'as f32, where a unit in the last place is 2.2e-16, and the files have 15 digits',
  },
  f16: {
    value: 2e-3,
    derivative: 1e-2,
    floor: 1.2e-7,
    because:
      'a unit in the last place is 9.8e-4: both compute in f32, but round between other operations; the floor is two units of ' +
      'the smallest numbers',
  },
  i8: integer,
  u8: integer,
  i16: integer,
  u16: integer,
  i32: integer,
  u32: integer,
  bool: { ...exact, because: 'truth is exact' },
};

/** Values, or derivatives. */
export type Kind = 'value' | 'derivative';

/** What an element is one of. */
export interface Context {
  readonly dtype: DType;
  readonly kind: Kind;
  /** The largest finite magnitude in the array that JAX computed. */
  readonly largest: number;
}

/** Whether an element is what JAX computed. */
export type Close = (actual: number, expected: number, context: Context) => boolean;

const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** What errors are relative to beside the value itself. */
type Scale = (context: Context) => number;

/** By the table, relative to the larger of the value and a scale. */
export const withinTolerance =
  (scale: Scale, kindOf: (kind: Kind) => Kind = (kind) => kind): Close =>
  (actual, expected, context) => {
    const { [kindOf(context.kind)]: tolerance, floor } = tolerances[context.dtype];
    const allowed = Math.max(floor, tolerance * Math.max(scale(context), Math.abs(expected)));
    return same(actual, expected) || Math.abs(actual - expected) <= allowed;
  };

/** An element that is summed from terms near 1 is no better than their rounding. */
export const terms: Scale = () => 1;
/** One that is computed from single elements is as good as its own. */
const itself: Scale = () => 0;
/** Decompositions promise errors relative to the matrix, not to its elements. */
const wholeArray: Scale = ({ largest }) => Math.max(1, largest);

/** Elementwise functions whose derivatives cancel: 1 - tanh², and exp(x - log(eˣ + eʸ)). */
const cancelling: readonly string[] = ['numpy.tanh', 'numpy.logaddexp'];

/** How the results of a file's function are compared. */
export function closenessOf(file: string, name: string): Close {
  const [kind] = file.split('-') as [string];
  switch (kind) {
    case 'elementwise':
    case 'promotion':
    case 'shapes':
      return withinTolerance((c) => (c.kind === 'derivative' && cancelling.includes(name) ? terms(c) : itself(c)));
    case 'linalg':
      return withinTolerance(wholeArray);
    case 'control':
    case 'programs':
      // Long chains, many of them derivatives themselves.
      return withinTolerance(wholeArray, () => 'derivative');
    default:
      return withinTolerance(terms);
  }
}

const mantissaOf = (dtype: DType): number => (isFloat(dtype) ? finfo(dtype).nmant : 0);

/** The distance between neighbours near a number of a float dtype. */
const spacing = (x: number, dtype: DType): number =>
  2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), 1e-300))) - mantissaOf(dtype));

/** Floats within so many units in the last place of the larger of the value and `scale`; all else exactly. */
export const withinUlps =
  (ulps: number, scale: number): Close =>
  (actual, expected, { dtype }) =>
    same(actual, expected) ||
    (isFloat(dtype) && Math.abs(actual - expected) <= ulps * spacing(Math.max(scale, Math.abs(expected)), dtype));
