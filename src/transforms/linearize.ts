import type { OpenFunction } from '../trace/context.ts';
import { currentTrace, withTrace } from '../trace/context.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import type { JvpResult, LinearizeResult, Primitive, Tangent } from '../trace/primitive.ts';
import { StagingTrace } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { differentiate } from './differentiate.ts';
import { TangentTrace } from './tangent-trace.ts';

/**
 * Forward mode that computes primal values now and stages everything that is done to tangents: what the staged equations
 * capture are the residuals.
 */
class LinearizeTrace extends TangentTrace {
  readonly tangents = new StagingTrace(`the tangents of ${this.name}`);

  protected override differentiated(
    primitive: Primitive,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
    params: unknown,
  ): JvpResult {
    const { derivative } = primitive;
    if (derivative.kind === 'structural') {
      return this.structural(
        derivative.rules.linearize(
          primals,
          tangents.map((t) => t !== null),
          params,
        ),
        tangents,
      );
    }
    const linearly = <T>(body: () => T): T => withTrace(this.tangents, body);
    return differentiate(primitive, derivative, primals, tangents, params, linearly);
  }

  protected override differentiatedOpen(
    f: OpenFunction,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
  ): JvpResult {
    return this.structural(
      f.linearize(
        primals,
        tangents.map((t) => t !== null),
      ),
      tangents,
    );
  }

  private structural({ primals, linear }: LinearizeResult, tangents: readonly Tangent[]): JvpResult {
    return { primals, tangents: withTrace(this.tangents, () => linear(tangents.filter((t) => t !== null))) };
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
