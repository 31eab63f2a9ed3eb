import type { NDArray } from '../../src/index.ts';
import { customVjp, pureCallback, ShapeDtypeStruct } from '../../src/index.ts';

/**
 * How functions of another library are checked: as a function with a backward rule of its own, whose values and cotangents
 * the other library computes. Everything in `pullback/testing` then takes it, and blames it by its name.
 */

/** Numbers on the host, in f32, which is all that the other libraries have. */
export interface Host {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A function of one array in another library, whose results can be read at once. */
export interface Foreign {
  readonly name: string;
  /** Has the result the shape of the argument, or none? */
  readonly result: 'same' | 'scalar';
  readonly value: (x: Host) => ArrayLike<number>;
  /** The cotangent of the argument, from that of the result. */
  readonly pullback: (x: Host, ct: Host) => ArrayLike<number>;
}

const hostOf = (x: NDArray): Host => ({ data: Float32Array.from(x.dataSync()), shape: x.shape });

/** The function as one of pullback. */
export function adapted({ name, result, value, pullback }: Foreign): (x: NDArray) => NDArray {
  const values = (x: NDArray): NDArray =>
    pureCallback(
      (at: NDArray) => Float32Array.from(value(hostOf(at))),
      new ShapeDtypeStruct(result === 'same' ? x.shape : [], 'f32'),
      x,
    );
  const cotangents = (x: NDArray, ct: NDArray): NDArray =>
    pureCallback(
      (at: NDArray, by: NDArray) => Float64Array.from(pullback(hostOf(at), hostOf(by))),
      new ShapeDtypeStruct(x.shape, 'f64'),
      x,
      ct,
    );
  const named = Object.defineProperty((x: NDArray) => values(x), 'name', { value: name });
  return customVjp(named).defvjp(
    (x) => [values(x), x],
    (x: NDArray, ct) => [cotangents(x, ct)],
  );
}
