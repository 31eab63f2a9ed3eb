import type { NDArray } from './value.ts';

/** A tree with the structure of `T`, in which each array or number is a `Leaf`. */
export type TreeOf<T, Leaf> = T extends NDArray | number | boolean
  ? Leaf
  : T extends null | undefined | string | ((...args: never[]) => unknown)
    ? T
    : { [K in keyof T]: TreeOf<T[K], Leaf> };
