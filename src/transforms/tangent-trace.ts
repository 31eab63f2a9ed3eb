import type { Aval } from '../trace/aval.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { OpenFunction, Trace } from '../trace/context.ts';
import { bind, bindOpen, withTrace } from '../trace/context.ts';
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
  suspended = false;
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

  /** The same of a function with rules of its own. */
  protected abstract differentiatedOpen(
    f: OpenFunction,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
  ): JvpResult;

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return this.through(
      inputs,
      (primals) => bind(primitive, primals, params),
      (primals, tangents) => this.differentiated(primitive, primals, tangents, params),
    );
  }

  processOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[] {
    return this.through(
      inputs,
      (primals) => bindOpen(f, primals),
      (primals, tangents) => this.differentiatedOpen(f, primals, tangents),
    );
  }

  private through(
    inputs: readonly NDArray[],
    plain: (primals: readonly NDArray[]) => readonly NDArray[],
    differentiated: (primals: readonly NDArray[], tangents: readonly Tangent[]) => JvpResult,
  ): readonly NDArray[] {
    const duals = inputs.map((x) => this.split(x));
    const primals = duals.map((d) => d.primal);
    const tangents = duals.map((d) => d.tangent);
    this.suspended = true;
    try {
      return withTrace(this.parent, () => {
        if (tangents.every((t) => t === null)) return plain(primals);
        const out = differentiated(primals, tangents);
        return out.primals.map((p, i) => this.join(p, out.tangents[i] ?? null));
      });
    } finally {
      this.suspended = false;
    }
  }

  join(primal: NDArray, tangent: Tangent): NDArray {
    return tangent === null ? primal : new TangentTracer(this, primal, tangent);
  }

  split(x: NDArray): Dual {
    return x instanceof TangentTracer && x.trace === this ? x : { primal: x, tangent: null };
  }
}
