import { structOf } from '../trace/abstract.ts';
import type { ShapeDtypeStruct } from '../trace/abstract.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import { printJaxpr } from '../trace/print.ts';
import { stage } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { unflatten } from '../tree/tree.ts';
import type { Displayable } from '../util/display.ts';
import { displayed, jupyterDisplay } from '../util/display.ts';
import { flatFunction, flattenAvals, nameOf } from './trees.ts';

// Lists are spelled out, since a mapped type of a list is worked out at once, without end for trees of any depth.

/** The types of a tree's leaves: a {@link ShapeDtypeStruct} in the place of each array and number. */
export type ShapesOf<T> = T extends NDArray | number | boolean
  ? ShapeDtypeStruct
  : T extends null | undefined
    ? T
    : T extends readonly unknown[]
      ? number extends T['length']
        ? readonly ShapesOf<T[number]>[]
        : { [K in keyof T]: ShapesOf<T[K]> }
      : { [K in keyof T]: ShapesOf<T[K]> };

/** A tree whose arrays may be given by shape and dtype only. */
export type OrShapes<T> = unknown extends T
  ? T
  : T extends NDArray
    ? NDArray | ShapeDtypeStruct
    : T extends number | boolean
      ? T | ShapeDtypeStruct
      : T extends ((...args: never[]) => unknown) | string | null | undefined
        ? T
        : T extends readonly unknown[]
          ? number extends T['length']
            ? readonly OrShapes<T[number]>[]
            : { [K in keyof T]: OrShapes<T[K]> }
          : { [K in keyof T]: OrShapes<T[K]> };

/** A Jaxpr with the values of its constants, printable with `String(…)`, drawn in notebooks. */
export interface PrintableJaxpr extends ClosedJaxpr, Displayable {
  toString(): string;
}

/** Adds the text of a Jaxpr. */
export const printable = (closed: ClosedJaxpr): PrintableJaxpr => ({
  ...closed,
  toString: () => printJaxpr(closed.jaxpr),
  [jupyterDisplay]: displayed,
});

/**
 * The Jaxpr of a function for arguments like these, in JAX's notation. Nothing is computed.
 *
 * @example
 * console.log(String(makeJaxpr((x: NDArray) => np.sin(x).mul(2))(x)));
 * // { lambda ; a:f32[3]. let
 * //     b:f32[3] = sin a
 * //     c:f32[3] = broadcastInDim[shape=(3,) axes=()] 2.0:f32[]
 * //     d:f32[3] = mul b c
 * //   in (d,) }
 */
export function makeJaxpr<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
): (...args: { [K in keyof A]: OrShapes<A[K]> }) => PrintableJaxpr {
  const name = nameOf(f);
  return (...args) => {
    const flat = flattenAvals(args, `arguments of ${name}`);
    return printable(stage(`makeJaxpr of ${name}`, flatFunction(f, flat.treedef).run, flat.avals));
  };
}

/**
 * The shapes and dtypes of what a function returns, without computing it: the function is traced only. Arguments may be
 * arrays, or {@link ShapeDtypeStruct}s in their places.
 *
 * @returns a tree of the result's structure, of {@link ShapeDtypeStruct}s.
 * @example
 * const { shape } = evalShape((x: NDArray, w: NDArray) => x.matmul(w), x, new ShapeDtypeStruct([784, 10], 'f32'));
 */
export function evalShape<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...args: { [K in keyof A]: OrShapes<A[K]> }
): ShapesOf<R> {
  const name = nameOf(f);
  const flat = flattenAvals(args, `arguments of ${name}`);
  const g = flatFunction(f, flat.treedef);
  const { jaxpr } = stage(`evalShape of ${name}`, g.run, flat.avals);
  return unflatten<ShapesOf<R>>(
    g.outTree(),
    jaxpr.outputs.map((o) => structOf(o.aval)),
  );
}
