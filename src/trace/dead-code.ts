import { hasEffect } from './host-call.ts';
import type { Atom, Equation, Jaxpr } from './jaxpr.ts';

/** Drops what no result depends on and that has no effect, also inside the Jaxprs that equations hold. */

/** A Jaxpr that computes fewer results, from fewer inputs. */
export interface PrunedJaxpr {
  readonly jaxpr: Jaxpr;
  /** Which inputs are left. */
  readonly inputs: readonly boolean[];
}

/** The Jaxpr of those results that `used` marks, with the inputs that they depend on; constants all stay. */
export function pruneJaxpr(jaxpr: Jaxpr, used: readonly boolean[]): PrunedJaxpr {
  const outputs = jaxpr.outputs.filter((_, i) => used[i] === true);
  const { equations, needed } = live(jaxpr.equations, outputs);
  const inputs = jaxpr.inputs.map((v) => needed.has(v));
  return { jaxpr: { ...jaxpr, inputs: jaxpr.inputs.filter((_, i) => inputs[i] === true), equations, outputs }, inputs };
}

/** The Jaxpr without equations that no result depends on. */
export const withoutDeadCode = (jaxpr: Jaxpr): Jaxpr => ({
  ...jaxpr,
  equations: live(jaxpr.equations, jaxpr.outputs).equations,
});

/**
 * The same, but what is left is left whole: the Jaxprs that equations hold stay the objects they are, by which their
 * executables are found again when equations are evaluated one by one.
 */
export const withoutDeadEquations = (jaxpr: Jaxpr): Jaxpr => ({
  ...jaxpr,
  equations: live(jaxpr.equations, jaxpr.outputs, (e) => e).equations,
});

function live(
  equations: readonly Equation[],
  outputs: readonly Atom[],
  prune: (e: Equation, used: readonly boolean[]) => Equation = pruneEquation,
): { readonly equations: readonly Equation[]; readonly needed: ReadonlySet<Atom> } {
  const needed = new Set<Atom>(outputs);
  const kept: Equation[] = [];
  for (const e of [...equations].reverse()) {
    const used = e.outputs.map((v) => needed.has(v));
    const wanted = used.includes(true);
    if (!wanted && !hasEffect(e)) continue;
    const left = wanted && used.includes(false) ? prune(e, used) : e;
    left.inputs.forEach((a) => needed.add(a));
    kept.push(left);
  }
  return { equations: kept.reverse(), needed };
}

function pruneEquation(e: Equation, used: readonly boolean[]): Equation {
  const { derivative } = e.primitive;
  if (derivative.kind !== 'structural') return e;
  const { params, inputs, outputs } = derivative.rules.prune(used, e.params);
  return {
    ...e,
    params,
    inputs: e.inputs.filter((_, i) => inputs[i] === true),
    outputs: e.outputs.filter((_, i) => outputs[i] === true),
  };
}
