import { present } from '../util/assert.ts';
import { onBehalf, withOrigin } from '../util/origin.ts';
import { bind } from './context.ts';
import { ConcreteArray } from './concrete.ts';
import { hostArrayOf } from '../kernel/semantics.ts';
import type { Aval } from './aval.ts';
import type { Atom, Equation, Jaxpr, Var } from './jaxpr.ts';
import { Literal } from './jaxpr.ts';
import { walkJaxpr } from './walk.ts';
import type { NDArray } from './value.ts';

/** A concrete scalar of the given type. */
export function scalar(aval: Aval, value: number): ConcreteArray {
  return ConcreteArray.fromHost(aval, hostArrayOf(aval.dtype, [value]));
}

/** The value of an atom in an environment. */
export function readAtom(environment: ReadonlyMap<Var, NDArray>, atom: Atom): NDArray {
  return atom instanceof Literal ? scalar(atom.aval, atom.value) : present(environment.get(atom), 'a variable');
}

/** Applies an equation's primitive to other operands, on behalf of where the equation comes from. */
export function bindEquation(e: Equation, inputs: readonly NDArray[]): readonly NDArray[] {
  const apply = (): readonly NDArray[] => bind(e.primitive, inputs, e.params);
  return e.origin === undefined ? apply() : withOrigin(e.origin, apply);
}

/** Runs a Jaxpr's equations under the current interpreter; `apply` may do something else with an equation. */
export const evalJaxpr = (
  jaxpr: Jaxpr,
  constants: readonly NDArray[],
  inputs: readonly NDArray[],
  apply: (e: Equation, operands: readonly NDArray[]) => readonly NDArray[] = bindEquation,
): readonly NDArray[] =>
  onBehalf(evalJaxpr, () =>
    walkJaxpr<NDArray>(jaxpr, constants, inputs, ({ aval, value }) => scalar(aval, value), apply),
  );
