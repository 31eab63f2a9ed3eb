import type { Aval } from '../trace/aval.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { Trace } from '../trace/context.ts';
import { bind, currentTrace, withTrace } from '../trace/context.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import type { JvpResult, Primitive, Tangent } from '../trace/primitive.ts';
import { StagingTrace } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';
import { differentiate } from './differentiate.ts';

/** A value, computed as usual, and its tangent, which is a variable of the linear Jaxpr (null: zero). */
class LinearizeTracer extends Tracer {
  readonly primal: NDArray;
  readonly tangent: NDArray;

  constructor(trace: Trace, primal: NDArray, tangent: NDArray) {
    super(trace);
    this.primal = primal;
    this.tangent = tangent;
  }

  get aval(): Aval {
    return this.primal.aval;
  }

  override concrete(): ConcreteArray | null {
    return this.primal.concrete();
  }
}

/**
 * Forward mode that computes primal values now and stages everything that is done to tangents: what the staged equations
 * capture are the residuals.
 */
class LinearizeTrace implements Trace {
  readonly name: string;
  alive = true;
  private readonly parent: Trace | null;
  readonly tangents: StagingTrace;

  constructor(name: string, parent: Trace | null) {
    this.name = name;
    this.parent = parent;
    this.tangents = new StagingTrace(`the tangents of ${name}`);
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return withTrace(this.parent, () => {
      const pairs = inputs.map((x) => this.split(x));
      const primals = pairs.map((p) => p.primal);
      const tangents = pairs.map((p) => p.tangent);
      if (tangents.every((t) => t === null)) return bind(primitive, primals, params);
      const out = this.linearized(primitive, primals, tangents, params);
      return out.primals.map((p, i) => this.join(p, out.tangents[i] ?? null));
    });
  }

  private linearized(
    primitive: Primitive,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
    params: unknown,
  ): JvpResult {
    const { derivative } = primitive;
    const linearly = <T>(body: () => T): T => withTrace(this.tangents, body);
    if (derivative.kind !== 'structural') {
      return differentiate(primitive, derivative, primals, tangents, params, linearly);
    }
    const { primals: outs, linear } = derivative.rules.linearize(
      primals,
      tangents.map((t) => t !== null),
      params,
    );
    return { primals: outs, tangents: linearly(() => linear(tangents.filter((t) => t !== null))) };
  }

  join(primal: NDArray, tangent: Tangent): NDArray {
    return tangent === null ? primal : new LinearizeTracer(this, primal, tangent);
  }

  split(x: NDArray): { readonly primal: NDArray; readonly tangent: Tangent } {
    return x instanceof LinearizeTracer && x.trace === this ? x : { primal: x, tangent: null };
  }
}

/** A function's results at a point and its derivative there, as a linear Jaxpr. */
export interface LinearizedFlat {
  readonly primals: readonly NDArray[];
  /** From the tangents of the varied inputs to the tangents of those results that depend on them. */
  readonly linear: ClosedJaxpr;
  /** Which results depend on the varied inputs. */
  readonly depends: readonly boolean[];
}

/** Evaluates `f` and linearizes it with respect to the inputs that `varied` marks, on flat lists of arrays. */
export function linearizeFlat(
  name: string,
  f: (...xs: readonly NDArray[]) => readonly NDArray[],
  primals: readonly NDArray[],
  varied: readonly boolean[],
): LinearizedFlat {
  const trace = new LinearizeTrace(name, currentTrace());
  try {
    const inputs = primals.map((p, i) => trace.join(p, varied[i] === true ? trace.tangents.input(p.aval) : null));
    const outs = withTrace(trace, () => f(...inputs)).map((o) => trace.split(o));
    const tangents = outs.map((o) => o.tangent);
    return {
      primals: outs.map((o) => o.primal),
      linear: trace.tangents.finish(tangents.filter((t) => t !== null)),
      depends: tangents.map((t) => t !== null),
    };
  } finally {
    trace.alive = false;
    trace.tangents.alive = false;
  }
}
