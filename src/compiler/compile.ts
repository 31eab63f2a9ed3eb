import type { Target } from '../kernel/device.ts';
import type { Program } from '../kernel/program.ts';
import { requireWrittenFirst } from '../kernel/written.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { simplifyJaxpr } from './flatten.ts';
import { fuse } from './fuse.ts';
import { lowerJaxpr } from './lower.ts';
import { planProgram } from './plan.ts';
import { sideBySide } from './side-by-side.ts';

/**
 * Compiles a Jaxpr for a target: simplify, lower to roots, fuse to kernels, plan storage, pack what is independent.
 *
 * @param donated which inputs (constants first) the program may write its results over.
 */
export function compile(name: string, jaxpr: Jaxpr, target: Target, donated: readonly boolean[] = []): Program {
  const lowered = lowerJaxpr(simplifyJaxpr(jaxpr), target);
  const program = sideBySide(planProgram(name, lowered, fuse(lowered, target), donated), target);
  requireWrittenFirst(program);
  return program;
}
