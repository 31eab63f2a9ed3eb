import type { DType, HostArray } from '../kernel/dtype.ts';
import { hostArray } from '../kernel/dtype.ts';
import { product } from '../util/array.ts';

/** An array as a file holds it. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: HostArray;
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, HostTensor>>;

/** Are the data of the kind that the dtype has, and as many as the shape says? */
export const fitsTensor = ({ dtype, shape, data }: HostTensor): boolean =>
  data.constructor === hostArray[dtype](0).constructor && data.length === product(shape);
