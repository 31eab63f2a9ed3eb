import type { DType } from '../kernel/dtype.ts';
import { asArray, isNestedNumbers } from './asarray.ts';
import type { Aval, Shape } from './aval.ts';
import { showAval, sizeOf } from './aval.ts';
import { ArgumentError } from './errors.ts';
import { staticShape } from './static.ts';
import { NDArray } from './value.ts';

/**
 * The shape and dtype of an array, without its numbers: what {@link evalShape} returns, and what it, `makeJaxpr` and
 * `jit(f).lower` take in place of arrays.
 *
 * @example
 * jit(step).lower(new ShapeDtypeStruct([128, 784], 'f32')).costAnalysis().flops;
 */
export class ShapeDtypeStruct implements Aval {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Does the dtype come from a JS number and adapt to what it meets? */
  readonly weakType: boolean;

  constructor(shape: Shape | number, dtype: DType, options: { readonly weakType?: boolean } = {}) {
    this.shape = staticShape(shape, '[ShapeDtypeStruct] the shape');
    this.dtype = dtype;
    this.weakType = options.weakType ?? false;
  }

  /** The number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** `f32[2,3]`. */
  toString(): string {
    return showAval(this);
  }
}

/** The description of a type. */
export const structOf = ({ shape, dtype, weakType }: Aval): ShapeDtypeStruct =>
  new ShapeDtypeStruct(shape, dtype, { weakType });

/**
 * The shape and dtype of an array, a number or nested numbers.
 *
 * @throws ArgumentError for what is none of these.
 * @example
 * String(typeOf(np.zeros([2, 3]))); // 'f32[2,3]'
 */
export function typeOf(x: unknown): ShapeDtypeStruct {
  if (x instanceof ShapeDtypeStruct) return x;
  if (x instanceof NDArray) return structOf(x.aval);
  if (isNestedNumbers(x)) return structOf(asArray(x, 'typeOf').aval);
  throw new ArgumentError(`[typeOf] needs an array or numbers, got ${x === null ? 'null' : `a ${typeof x}`}`);
}
