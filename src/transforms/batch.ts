import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { NamedAxis, Trace } from '../trace/context.ts';
import { bind, currentTrace, withTrace } from '../trace/context.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { subJaxprs } from '../trace/jaxpr.ts';
import type { Batched, Primitive } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';

/** One example's view of an array that has a whole batch along one axis. */
class BatchTracer extends Tracer {
  readonly value: NDArray;
  readonly axis: number;
  readonly aval: Aval;

  constructor(trace: Trace, value: NDArray, axis: number) {
    super(trace);
    this.value = value;
    this.axis = axis;
    const shape = value.shape.filter((_, i) => i !== axis);
    this.aval = aval(shape, value.dtype, value.weakType);
  }

  override concrete(): ConcreteArray | null {
    return null;
  }
}

/** Applies each primitive to a whole batch at once, by its batching rule. */
class BatchTrace implements Trace {
  readonly name: string;
  alive = true;
  readonly parent: Trace | null;
  readonly axis: NamedAxis | null;
  private readonly size: number;

  constructor(name: string, parent: Trace | null, size: number, axisName: string | null) {
    this.name = name;
    this.parent = parent;
    this.size = size;
    this.axis = axisName === null ? null : { name: axisName, size };
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return withTrace(this.parent, () => {
      const ins = inputs.map((x) => this.split(x));
      const axisName = this.axis?.name ?? null;
      if (ins.every((b) => b.axis === null) && (axisName === null || !mentionsAxis(params, axisName))) {
        return bind(
          primitive,
          ins.map((b) => b.value),
          params,
        );
      }
      const { values, axes } = primitive.batch(ins, params, this.size, axisName);
      return values.map((v, i) => this.join({ value: v, axis: axes[i] ?? null }));
    });
  }

  join({ value, axis }: Batched): NDArray {
    return axis === null ? value : new BatchTracer(this, value, axis);
  }

  split(x: NDArray): Batched {
    return x instanceof BatchTracer && x.trace === this ? x : { value: x, axis: null };
  }
}

const namers = new WeakMap<Jaxpr, ReadonlySet<string>>();

/** The named axes that collectives in a Jaxpr are over. */
function axesIn(jaxpr: Jaxpr): ReadonlySet<string> {
  let names = namers.get(jaxpr);
  if (names === undefined) {
    const collected = new Set<string>();
    for (const { params } of jaxpr.equations) {
      if (hasAxisName(params)) collected.add(params.axisName);
      subJaxprs(params).forEach((inner) => axesIn(inner).forEach((n) => collected.add(n)));
    }
    namers.set(jaxpr, (names = collected));
  }
  return names;
}

const hasAxisName = (params: unknown): params is { readonly axisName: string } =>
  typeof params === 'object' && params !== null && 'axisName' in params && typeof params.axisName === 'string';

/** Is an operation with these parameters a collective over the axis, or does it hold one? */
const mentionsAxis = (params: unknown, name: string): boolean =>
  (hasAxisName(params) && params.axisName === name) || subJaxprs(params).some((jaxpr) => axesIn(jaxpr).has(name));

/**
 * Runs `f` on one example's view of each input; the results come with the axis that holds the batch, if any does.
 *
 * @param axisName the name of the batch axis for collectives in `f`, or null.
 */
export function batchFlat(
  name: string,
  f: (...xs: readonly NDArray[]) => readonly NDArray[],
  inputs: readonly Batched[],
  size: number,
  axisName: string | null,
): readonly Batched[] {
  const trace = new BatchTrace(name, currentTrace(), size, axisName);
  try {
    return withTrace(trace, () => f(...inputs.map((b) => trace.join(b)))).map((o) => trace.split(o));
  } finally {
    trace.alive = false;
  }
}
