import { zipExact } from '../util/array.ts';
import { present } from '../util/assert.ts';
import type { Equation, Jaxpr, Var } from './jaxpr.ts';
import { Literal } from './jaxpr.ts';

/** Goes through a Jaxpr's equations in order, with values of any kind; `apply` gives what an equation makes of its operands. */
export function walkJaxpr<V>(
  jaxpr: Jaxpr,
  constants: readonly V[],
  inputs: readonly V[],
  literal: (l: Literal) => V,
  apply: (e: Equation, operands: readonly V[]) => readonly V[],
): readonly V[] {
  const values = new Map<Var, V>([...zipExact(jaxpr.constants, constants), ...zipExact(jaxpr.inputs, inputs)]);
  const read = (a: Var | Literal): V => (a instanceof Literal ? literal(a) : present(values.get(a), 'a variable'));
  for (const e of jaxpr.equations) {
    for (const [v, x] of zipExact(e.outputs, apply(e, e.inputs.map(read)))) values.set(v, x);
  }
  return jaxpr.outputs.map(read);
}
