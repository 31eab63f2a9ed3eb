import { isFloat } from '../kernel/dtype.ts';
import type { Aval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import { keystr, unflatten } from '../tree/tree.ts';
import type { Argnums } from './argnums.ts';
import { choose } from './argnums.ts';
import { argumentName, requireFloats } from './checks.ts';
import type { Flags } from './jaxpr-rules.ts';
import type { LinearizedFlat } from './linearize.ts';
import { linearizeFlat } from './linearize.ts';
import { flattenArrays, nameOf } from './trees.ts';
import type { FlatWithAux } from './with-aux.ts';
import { flatWithAux, splitOptions } from './with-aux.ts';

/** A function of trees at a point, flat: what derivatives start from. */

type Fn = (...args: readonly unknown[]) => unknown;

/** A function as one of the leaves that a derivative is by, and those leaves. */
export interface AtPoint extends FlatWithAux {
  readonly name: string;
  readonly leaves: readonly NDArray[];
  readonly avals: readonly Aval[];
  readonly treedef: TreeDef;
}

/**
 * A function at arguments of which some, all of whose arrays are floats, are differentiated by.
 *
 * @throws GradientError when one of those holds integers.
 */
export function atChosen(
  transformation: string,
  f: Fn,
  args: readonly unknown[],
  argnums: Argnums,
  hasAux: boolean,
): AtPoint {
  const name = `${transformation} of ${nameOf(f)}`;
  const chosen = choose(args, argnums, name);
  const nameAt = (path: readonly PathStep[]): string => {
    const [argument, rest] = chosen.argumentAt(path);
    return keystr(rest, `argument ${argument}`);
  };
  const { leaves, treedef } = flattenArrays(chosen.tree, (path) => `${nameAt(path)} of ${nameOf(f)}`);
  const avals = leaves.map((x) => x.aval);
  requireFloats(avals, treedef, name, nameAt);
  const flat = flatWithAux((...xs) => f(...chosen.join(unflatten(treedef, xs))), f, hasAux, name);
  return { ...flat, name, leaves, avals, treedef };
}

/** A function linearized at all of its arguments that are floats. */
export interface LinearizedAt extends LinearizedFlat {
  readonly name: string;
  /** The types and the structure of the arguments, and which of their leaves are floats. */
  readonly avals: readonly Aval[];
  readonly treedef: TreeDef;
  readonly varied: Flags;
  /** The types and the structure of the value, and the value. */
  readonly outAvals: readonly Aval[];
  readonly outTree: TreeDef;
  readonly value: unknown;
  /** A list with the auxiliary result, if there is one. */
  readonly aux: readonly unknown[];
}

/** Evaluates and linearizes a function at primals that are given one by one, perhaps with options after them. */
export function linearizedAt(transformation: string, f: Fn, args: readonly unknown[]): LinearizedAt {
  const name = `${transformation} of ${nameOf(f)}`;
  const [primals, { hasAux = false }] = splitOptions(args);
  const { leaves, treedef } = flattenArrays(primals, (path) => `${argumentName(path)} of ${nameOf(f)}`);
  const varied = leaves.map((x) => isFloat(x.dtype));
  const flat = flatWithAux((...xs) => f(...unflatten<unknown[]>(treedef, xs)), f, hasAux, name);
  const linearized = linearizeFlat(name, flat.run, leaves, varied);
  const [outTree, values] = [flat.outTree(), linearized.primals.slice(0, flat.values())];
  return {
    ...linearized,
    name,
    avals: leaves.map((x) => x.aval),
    treedef,
    varied,
    outAvals: values.map((x) => x.aval),
    outTree,
    value: unflatten(outTree, values),
    aux: hasAux ? [flat.auxOf(linearized.primals)] : [],
  };
}
