import { structuralKey, toldByIdentity } from '../util/key.ts';
import type { Aval } from './aval.ts';
import { showAval } from './aval.ts';
import type { Atom, Jaxpr, Var } from './jaxpr.ts';
import { Literal } from './jaxpr.ts';

/** Jaxprs that were seen, least recently used first. */
const seen = new Map<string, Jaxpr>();
const maxSeen = 512;

/**
 * One object for all Jaxprs that are equal but for the names of their variables. What is remembered about a Jaxpr (its
 * derivatives, its executables) is then found again when a function is traced anew, so that control flow outside of
 * `jit` is traced at every call but compiled once, even when its body is a new closure each time.
 */
export function interned(jaxpr: Jaxpr): Jaxpr {
  const key = keyOf(jaxpr);
  const known = seen.get(key) ?? toldByIdentity(jaxpr);
  seen.delete(key);
  seen.set(key, known);
  if (seen.size > maxSeen) seen.delete(seen.keys().next().value as string);
  return known;
}

/** Forgets all Jaxprs. */
export const clearInterned = (): void => seen.clear();

const typeKey = (a: Aval): string => `${showAval(a)}${a.weakType ? '*' : ''}`;

/** Equal for Jaxprs that differ in the names of variables only. */
function keyOf({ constants, inputs, equations, outputs }: Jaxpr): string {
  const numbers = new Map<Var, number>();
  const bound = (v: Var): string => {
    numbers.set(v, numbers.size);
    return typeKey(v.aval);
  };
  const atom = (a: Atom): string =>
    a instanceof Literal ? `${typeKey(a.aval)}=${structuralKey(a.value)}` : String(numbers.get(a));
  const head = [...constants.map(bound), '.', ...inputs.map(bound)].join(' ');
  const body = equations.map((e) => {
    const ins = e.inputs.map(atom).join(' ');
    const from = e.origin === undefined ? '' : ` from ${e.origin.scope} ${e.origin.line() ?? ''}`;
    return `${e.primitive.name} ${structuralKey(e.params)} ${ins} > ${e.outputs.map(bound).join(' ')}${from}`;
  });
  return [head, ...body, outputs.map(atom).join(' ')].join('\n');
}
