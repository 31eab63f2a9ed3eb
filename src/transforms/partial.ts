import type { OpenFunction, Trace } from '../trace/context.ts';
import { bind, bindOpen, currentTrace, withTrace } from '../trace/context.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import type { Primitive } from '../trace/primitive.ts';
import { StagingTrace } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';
import type { Aval } from '../trace/aval.ts';

/**
 * Computes what depends on known values only, and stages what depends on an unknown one. A rule that mixes values and
 * tangents is linearized so: what its staged half captures are the residuals.
 */
class PartialTrace implements Trace {
  readonly name: string;
  readonly parent: Trace | null;
  readonly axis = null;
  alive = true;
  readonly suspended = false;
  readonly unknowns: StagingTrace;

  constructor(name: string, parent: Trace | null) {
    this.name = name;
    this.parent = parent;
    this.unknowns = new StagingTrace(name);
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return inputs.some((x) => this.isUnknown(x))
      ? this.unknowns.process(primitive, inputs, params)
      : withTrace(this.parent, () => bind(primitive, inputs, params));
  }

  processOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[] {
    return inputs.some((x) => this.isUnknown(x))
      ? this.unknowns.processOpen(f, inputs)
      : withTrace(this.parent, () => bindOpen(f, inputs));
  }

  isUnknown(x: NDArray): boolean {
    return x instanceof Tracer && x.trace === this.unknowns;
  }
}

/** What {@link partialFlat} gives. */
export interface PartialResult {
  /** The results that are known; null for the others. */
  readonly known: readonly (NDArray | null)[];
  /** From the unknown inputs to the other results, with all that it needs of known values. */
  readonly staged: ClosedJaxpr;
}

/** Runs `f` on unknown inputs of the given types: computes now what does not depend on them, and stages the rest. */
export function partialFlat(
  name: string,
  f: (...unknowns: readonly NDArray[]) => readonly NDArray[],
  avals: readonly Aval[],
): PartialResult {
  const trace = new PartialTrace(name, currentTrace());
  const { unknowns } = trace;
  try {
    const inputs = avals.map((a) => unknowns.input(a));
    const outs = withTrace(trace, () => f(...inputs));
    const known = outs.map((o) => (trace.isUnknown(o) ? null : o));
    return { known, staged: unknowns.finish(outs.filter((_, i) => known[i] === null)) };
  } finally {
    trace.alive = false;
    unknowns.alive = false;
  }
}
