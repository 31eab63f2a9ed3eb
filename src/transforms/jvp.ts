import type { OpenFunction } from '../trace/context.ts';
import { currentTrace, withTrace } from '../trace/context.ts';
import type { JvpResult, Primitive, Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { differentiate } from './differentiate.ts';
import { TangentTrace } from './tangent-trace.ts';

/** Forward mode: tangents are computed along with the values. */
class JvpTrace extends TangentTrace {
  protected override differentiated(
    primitive: Primitive,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
    params: unknown,
  ): JvpResult {
    const { derivative } = primitive;
    return derivative.kind === 'structural'
      ? derivative.rules.jvp(primals, tangents, params)
      : differentiate(primitive, derivative, primals, tangents, params, (body) => body());
  }

  protected override differentiatedOpen(
    f: OpenFunction,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
  ): JvpResult {
    return f.jvp(primals, tangents);
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
