import type { ConcreteArray } from '../trace/concrete.ts';
import type { Trace } from '../trace/context.ts';
import { bind, currentTrace, withTrace } from '../trace/context.ts';
import type { JvpResult, Primitive, Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';
import type { Aval } from '../trace/aval.ts';
import { differentiate } from './differentiate.ts';

/** A value with its tangent; null is a symbolic zero. Its primal value is known whenever the primal's is. */
class JvpTracer extends Tracer {
  readonly primal: NDArray;
  readonly tangent: Tangent;

  constructor(trace: Trace, primal: NDArray, tangent: Tangent) {
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

/** Forward mode: carries a tangent with every value. */
class JvpTrace implements Trace {
  readonly name: string;
  alive = true;
  private readonly parent: Trace | null;

  constructor(name: string, parent: Trace | null) {
    this.name = name;
    this.parent = parent;
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return withTrace(this.parent, () => {
      const pairs = inputs.map((x) => this.split(x));
      const primals = pairs.map((p) => p.primal);
      const tangents = pairs.map((p) => p.tangent);
      if (tangents.every((t) => t === null)) return bind(primitive, primals, params);
      const { derivative } = primitive;
      const out: JvpResult =
        derivative.kind === 'structural'
          ? derivative.rules.jvp(primals, tangents, params)
          : differentiate(primitive, derivative, primals, tangents, params, (body) => body());
      return out.primals.map((p, i) => this.join(p, out.tangents[i] ?? null));
    });
  }

  join(primal: NDArray, tangent: Tangent): NDArray {
    return tangent === null ? primal : new JvpTracer(this, primal, tangent);
  }

  split(x: NDArray): { readonly primal: NDArray; readonly tangent: Tangent } {
    return x instanceof JvpTracer && x.trace === this ? x : { primal: x, tangent: null };
  }
}

/** Values and tangents of `f` at `primals` in direction `tangents` (null: zero), on flat lists of arrays. */
export function jvpFlat(
  name: string,
  f: (...xs: readonly NDArray[]) => readonly NDArray[],
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
): JvpResult {
  const trace = new JvpTrace(name, currentTrace());
  try {
    const outs = withTrace(trace, () => f(...primals.map((p, i) => trace.join(p, tangents[i] ?? null))));
    const pairs = outs.map((o) => trace.split(o));
    return { primals: pairs.map((p) => p.primal), tangents: pairs.map((p) => p.tangent) };
  } finally {
    trace.alive = false;
  }
}
