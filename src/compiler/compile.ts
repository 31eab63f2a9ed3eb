import type { Target } from '../kernel/device.ts';
import type { Program } from '../kernel/program.ts';
import { runSteps } from '../kernel/program.ts';
import { requireWrittenFirst } from '../kernel/written.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { simplifyJaxpr } from './flatten.ts';
import { fuse } from './fuse.ts';
import type { LoweredJaxpr } from './lower.ts';
import { lowerJaxpr } from './lower.ts';
import { packTemporaries } from './pack.ts';
import { planProgram } from './plan.ts';
import { sideBySide } from './side-by-side.ts';

/**
 * Compiles a Jaxpr for a target: simplify, lower to roots, fuse to kernels, plan storage, pack what is small, launch together
 * what is independent.
 *
 * @param donated which inputs (constants first) the program may write its results over.
 */
export function compile(name: string, jaxpr: Jaxpr, target: Target, donated: readonly boolean[] = []): Program {
  const lowered = lowerJaxpr(simplifyJaxpr(jaxpr), target);
  const planned = planOf(name, lowered, target, donated);
  const program = sideBySide(packTemporaries(planned, target), target);
  requireWrittenFirst(program);
  return program;
}

/** Kernels are made in the hope that results are written over arguments; where the plan can't do so, without it. */
function planOf(name: string, lowered: LoweredJaxpr, target: Target, donated: readonly boolean[]): Program {
  const free = lowered.inputs.filter((_, i) => donated[i] === true);
  const planned = planProgram(name, lowered, fuse(lowered, target, free), donated);
  const binds = runSteps(planned.steps).every((s) => s.args.length <= target.maxOperands);
  return binds || free.length === 0 ? planned : planProgram(name, lowered, fuse(lowered, target), donated);
}
