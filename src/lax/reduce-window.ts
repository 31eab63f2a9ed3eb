import type { DType } from '../kernel/dtype.ts';
import { isInteger } from '../kernel/dtype.ts';
import { monoidIdentity } from '../kernel/ops.ts';
import { asArray } from '../trace/asarray.ts';
import { aval, showAval } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Primitive } from '../trace/primitive.ts';
import { stage } from '../trace/stage.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { add, addP, and, andP, max, maxP, min, minP, mul, mulP, or, orP } from './elementwise.ts';
import type { ConvPadding } from './convolution.ts';
import type { WindowReducer } from './window.ts';
import { reduceWindows } from './window.ts';

/** What {@link reduceWindow} combines elements by: a name, or a function that computes one of them of two scalars. */
export type WindowComputation = WindowReducer | ((x: NDArray, y: NDArray) => NDArray);

/** Options of {@link reduceWindow}. */
export interface ReduceWindowOptions {
  /** Distance that the elements of the operand are moved apart to, for each axis; default 1. */
  readonly baseDilation?: readonly number[];
  /** Distance of the elements within a window, for each axis; default 1. */
  readonly windowDilation?: readonly number[];
}

interface Combining {
  readonly primitive: Primitive;
  readonly combine: (x: NDArray, y: NDArray) => NDArray;
}

const combinings: { readonly [R in WindowReducer]: Combining } = {
  add: { primitive: addP as Primitive, combine: add },
  mul: { primitive: mulP as Primitive, combine: mul },
  max: { primitive: maxP as Primitive, combine: max },
  min: { primitive: minP as Primitive, combine: min },
  and: { primitive: andP as Primitive, combine: and },
  or: { primitive: orP as Primitive, combine: or },
};
const names = Object.keys(combinings) as readonly WindowReducer[];

/**
 * Reduces over windows that slide along the axes of an array. Each result starts with `initValue`, which is the
 * computation's neutral element as a rule (0 for sums, -Infinity for maxima); neither padding nor what base dilation puts
 * between elements takes part. The gradient of an extremum goes to the first of tied elements.
 *
 * @param computation `lax.add`, `lax.mul`, `lax.max`, `lax.min`, `lax.and` or `lax.or`, a function that does the same, or
 *   the name of one of them.
 * @param windowDimensions extents of the window, one for each axis; 1 where it does not slide.
 * @param padding `VALID`, `SAME`, or [low, high] for each axis.
 * @throws ArgumentError for another computation, or when a list has not one number for each axis.
 * @example
 * lax.reduceWindow(x, -Infinity, lax.max, [1, 2, 2, 1], [1, 2, 2, 1], 'VALID'); // max pooling of [n, h, w, c]
 */
export function reduceWindow(
  operand: ArrayLike,
  initValue: ArrayLike,
  computation: WindowComputation,
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: ConvPadding,
  options: ReduceWindowOptions = {},
): NDArray {
  const x = asArray(operand, 'reduceWindow');
  const reducer = reducerOf(computation, x.dtype);
  const reduced = reduceWindows(x, reducer, windowDimensions, { strides: windowStrides, padding, ...options });
  if (isNeutral(initValue, reducer, x.dtype)) return reduced;
  const init = asArray(initValue, 'reduceWindow');
  if (init.ndim !== 0) {
    throw new ArgumentError(`[reduceWindow] the initial value must be a scalar, got ${showAval(init.aval)}`);
  }
  return combine(reducer, initValue, reduced);
}

const combine = (reducer: WindowReducer, init: ArrayLike, x: NDArray): NDArray =>
  combinings[reducer].combine(init as NDArray, x);

/** Is a number the neutral element? Infinities stand for the ends of an integer dtype's range. */
function isNeutral(value: ArrayLike, reducer: WindowReducer, dtype: DType): boolean {
  if (typeof value !== 'number' && typeof value !== 'boolean') return false;
  const identity = monoidIdentity[reducer](dtype);
  const end = reducer === 'max' ? -Infinity : Infinity;
  return Number(value) === identity || (isInteger(dtype) && value === end && (reducer === 'max' || reducer === 'min'));
}

/** The reduction that a function of two scalars stands for: it must be one operation on both. */
function reducerOf(computation: WindowComputation, dtype: DType): WindowReducer {
  if (typeof computation !== 'function') {
    if (names.includes(computation)) return computation;
    throw unknown(`the name ${JSON.stringify(computation)}`);
  }
  const scalar = aval([], dtype);
  const { jaxpr } = stage('the computation of reduceWindow', (...[x, y]) => [computation(x as NDArray, y as NDArray)], [
    scalar,
    scalar,
  ]);
  const [equation, ...more] = jaxpr.equations;
  const [output] = jaxpr.outputs;
  const plain =
    equation !== undefined &&
    more.length === 0 &&
    output === equation.outputs[0] &&
    jaxpr.inputs.every((v) => equation.inputs.includes(v));
  const found = names.find((name) => plain && combinings[name].primitive === equation.primitive);
  if (found !== undefined) return found;
  const computes = jaxpr.equations.length === 0 ? 'nothing' : jaxpr.equations.map((e) => e.primitive.name).join(', ');
  throw unknown(`a function that computes ${computes}`);
}

const unknown = (got: string): ArgumentError =>
  new ArgumentError(
    `[reduceWindow] the computation must be one of ${names.map((n) => `lax.${n}`).join(', ')} (or its name), got ${got}; ` +
      'for another one, reduce over the windows with numpy and lax.scan',
  );
