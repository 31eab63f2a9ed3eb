import { InternalError } from './error.ts';

/** Pairs of two arrays that must be equally long. */
export function zipExact<A, B>(as: readonly A[], bs: readonly B[]): readonly (readonly [A, B])[] {
  if (as.length !== bs.length) throw new InternalError(`zipExact of lengths ${as.length} and ${bs.length}`);
  return as.map((a, i) => [a, bs[i] as B] as const);
}

/** `[0, 1, …, n-1]`. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The element at `i`; an {@link InternalError} when there is none. */
export function at<T>(items: readonly T[], i: number): T {
  const item = items[i < 0 ? items.length + i : i];
  if (item === undefined) throw new InternalError(`no element ${i} in an array of ${items.length}`);
  return item;
}

/** The product of the numbers; 1 for none. */
export const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** Are the two arrays equally long with identical elements? */
export const sameElements = <T>(as: readonly T[], bs: readonly T[]): boolean =>
  as.length === bs.length && as.every((a, i) => Object.is(a, bs[i]));

/** The bytes of all parts, one after the other. */
export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The coordinate in a shape of a position in row-major order. */
export function coordinateOf(position: number, shape: readonly number[]): readonly number[] {
  const coordinate: number[] = [];
  shape.reduceRight((rest, extent) => {
    coordinate.unshift(rest % extent);
    return Math.floor(rest / extent);
  }, position);
  return coordinate;
}

/** The smallest multiple of `to` that is not below `x`. */
export const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;
