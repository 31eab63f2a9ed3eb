import { withoutDeadCode } from '../../trace/dead-code.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Atom, Equation, Jaxpr, Var } from '../../trace/jaxpr.ts';
import { stage } from '../../trace/stage.ts';
import { invariant } from '../../util/assert.ts';
import { inlinedCalls } from '../call.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import { linearizeJaxpr, memoized, toCallable } from '../jaxpr-rules.ts';
import type { CheckpointPolicy } from './policies.ts';

/** How a Jaxpr is linearized so that its derivative computes again what it needs. */
export interface Rematerialized {
  /** To the results and then what is saved that is neither an input nor a result. */
  readonly callable: Callable;
  /** Where each value that the derivative starts from is found among the constants, inputs and what `callable` gives. */
  readonly kept: readonly number[];
  /** From the kept values and the tangents of the inputs that vary to the tangents of the results that depend on them. */
  readonly linear: Jaxpr;
  /** Does it compute anything again? */
  readonly again: boolean;
  /** Which results have a tangent. */
  readonly depends: Flags;
}

interface Key {
  readonly varied: Flags;
  readonly policy: CheckpointPolicy;
}

/** Linearizes a Jaxpr, keeping what a policy allows. */
export const rematerialize = memoized((jaxpr: Jaxpr, { varied, policy }: Key): Rematerialized => {
  const { callable, linear, residuals, depends } = linearizeJaxpr(jaxpr, varied);
  // Calls are opened, since policies look at operations; other primitives with Jaxprs keep their rules.
  const primal = inlinedCalls(callable.jaxpr);
  const captured = callable.constants.length;
  const ends: readonly Atom[] = [...primal.inputs.slice(captured), ...primal.outputs];
  const needed = residuals.map((i) => ends[i] as Atom);
  const { kept, again } = split(primal, needed, policy);

  const results = primal.outputs.slice(0, jaxpr.outputs.length);
  const known = new Set<Atom>([...primal.inputs, ...results]);
  const saved = kept.filter((v) => !known.has(v));
  const forward = withoutDeadCode({ ...primal, outputs: [...results, ...saved] });
  const places = new Map<Atom, number>();
  [...primal.inputs, ...results, ...saved].forEach((v, i) => places.has(v) || places.set(v, i));

  const recompute: Jaxpr = { constants: [], inputs: kept, equations: again, outputs: needed };
  const n = kept.length;
  const backward = toCallable(
    stage(
      'checkpoint',
      (...xs) => evalJaxpr(linear, [], [...evalJaxpr(recompute, [], xs.slice(0, n)), ...xs.slice(n)]),
      [...kept, ...linear.inputs.slice(residuals.length)].map((v) => v.aval),
    ),
  );
  invariant(backward.constants.length === 0, 'a derivative that is computed again captures values');
  return {
    callable: { jaxpr: forward, constants: callable.constants },
    kept: kept.map((v) => places.get(v) as number),
    linear: backward.jaxpr,
    again: again.length > 0,
    depends,
  };
});

/**
 * What computes `needed`: the variables to keep, inputs first, and the equations that are run again, from those results
 * backwards to what may be saved.
 */
function split(
  { inputs, equations }: Jaxpr,
  needed: readonly Atom[],
  policy: CheckpointPolicy,
): { readonly kept: readonly Var[]; readonly again: readonly Equation[] } {
  const wanted = new Set<Atom>(needed);
  const saved: Var[] = [];
  const again: Equation[] = [];
  for (const e of [...equations].reverse()) {
    const outs = e.outputs.filter((v) => wanted.has(v));
    if (outs.length === 0) continue;
    if (policy({ primitive: e.primitive.name, params: e.params, inputs: e.inputs.map((a) => a.aval) })) {
      saved.unshift(...outs);
    } else {
      again.unshift(e);
      e.inputs.forEach((a) => wanted.add(a));
    }
  }
  return { kept: [...inputs.filter((v) => wanted.has(v)), ...saved], again };
}
