import type { Aval } from '../trace/aval.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { Trace } from '../trace/context.ts';
import { bind, withTrace } from '../trace/context.ts';
import type { JvpResult, Primitive, Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';

/** A value with its tangent. Its primal value is known whenever the primal's is. */
class TangentTracer extends Tracer {
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

/** A value and its tangent; null is a symbolic zero. */
export interface Dual {
  readonly primal: NDArray;
  readonly tangent: Tangent;
}

/** What forward mode and linearization share: a tangent goes along with every value that depends on the inputs. */
export abstract class TangentTrace implements Trace {
  readonly name: string;
  readonly axis = null;
  alive = true;
  readonly parent: Trace | null;

  constructor(name: string, parent: Trace | null) {
    this.name = name;
    this.parent = parent;
  }

  /** Results and tangents of one primitive, of whose tangents not all are zero; runs in the parent trace. */
  protected abstract differentiated(
    primitive: Primitive,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
    params: unknown,
  ): JvpResult;

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return withTrace(this.parent, () => {
      const duals = inputs.map((x) => this.split(x));
      const primals = duals.map((d) => d.primal);
      const tangents = duals.map((d) => d.tangent);
      if (tangents.every((t) => t === null)) return bind(primitive, primals, params);
      const out = this.differentiated(primitive, primals, tangents, params);
      return out.primals.map((p, i) => this.join(p, out.tangents[i] ?? null));
    });
  }

  join(primal: NDArray, tangent: Tangent): NDArray {
    return tangent === null ? primal : new TangentTracer(this, primal, tangent);
  }

  split(x: NDArray): Dual {
    return x instanceof TangentTracer && x.trace === this ? x : { primal: x, tangent: null };
  }
}
