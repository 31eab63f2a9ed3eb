import { withoutDeadCode } from '../trace/dead-code.ts';
import type { Atom, Equation, Jaxpr } from '../trace/jaxpr.ts';
import { Literal, subJaxprs, Var } from '../trace/jaxpr.ts';
import { present } from '../util/assert.ts';
import { zipExact } from '../util/array.ts';
import { structuralKey } from '../util/key.ts';
import type { Origin } from '../util/origin.ts';
import { nestedOrigin } from '../util/origin.ts';

/** One Jaxpr without calls, repeated or unused equations: what lowering starts from. */
export function simplifyJaxpr(jaxpr: Jaxpr): Jaxpr {
  let flat = jaxpr;
  // A loop that lost what nobody uses can have become one that is computed in another way.
  do flat = withoutDeadCode(withoutRepeats(inlineCalls(flat)));
  while (flat.equations.some((e) => inlineBody(e) !== null));
  return flat;
}

/** Puts the equations of called Jaxprs in the place of the calls: those for which `bodyOf` gives one. */
export function inlineCalls(jaxpr: Jaxpr, bodyOf: (e: Equation) => Jaxpr | null = inlineBody): Jaxpr {
  const equations: Equation[] = [];
  const expand = (inner: Jaxpr, environment: Map<Var, Atom>, from: Origin | undefined): readonly Atom[] => {
    const read = (a: Atom): Atom => (a instanceof Literal ? a : present(environment.get(a), 'a variable'));
    for (const e of inner.equations) {
      const inputs = e.inputs.map(read);
      const body = bodyOf(e);
      if (body !== null) {
        const results = expand(body, new Map(zipExact(body.inputs, inputs)), nestedOrigin(from, e.origin));
        for (const [v, a] of zipExact(e.outputs, results)) environment.set(v, a);
        continue;
      }
      // Fresh variables: one Jaxpr may be called more than once.
      const outputs = e.outputs.map((v) => new Var(v.aval));
      for (const [v, fresh] of zipExact(e.outputs, outputs)) environment.set(v, fresh);
      equations.push({ ...e, inputs, outputs, origin: nestedOrigin(from, e.origin) });
    }
    return inner.outputs.map(read);
  };
  const own = [...jaxpr.constants, ...jaxpr.inputs];
  const outputs = expand(jaxpr, new Map(own.map((v) => [v, v])), undefined);
  return { ...jaxpr, equations, outputs };
}

function inlineBody(e: Equation): Jaxpr | null {
  if (subJaxprs(e.params).length === 0) return null;
  const lowered = e.primitive.lower(
    [],
    e.params,
    e.outputs.map((v) => v.aval),
  );
  return lowered.kind === 'inline' ? lowered.jaxpr : null;
}

/** Computes equal equations once. */
function withoutRepeats(jaxpr: Jaxpr): Jaxpr {
  const replaced = new Map<Var, Atom>();
  const read = (a: Atom): Atom => (a instanceof Literal ? a : (replaced.get(a) ?? a));
  const seen = new Map<string, readonly Var[]>();
  const atomKey = (a: Atom): string =>
    a instanceof Literal ? `${a.aval.dtype}${structuralKey(a.value)}` : structuralKey(a);
  const equations: Equation[] = [];
  for (const e of jaxpr.equations) {
    const inputs = e.inputs.map(read);
    const key = `${e.primitive.name} ${structuralKey(e.params)} ${inputs.map(atomKey).join(' ')}`;
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      for (const [v, same] of zipExact(e.outputs, earlier)) replaced.set(v, same);
      continue;
    }
    seen.set(key, e.outputs);
    equations.push({ ...e, inputs });
  }
  return { ...jaxpr, equations, outputs: jaxpr.outputs.map(read) };
}
