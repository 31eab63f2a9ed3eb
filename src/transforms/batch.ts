import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { BatchMapper, NamedAxis, OpenFunction, Trace } from '../trace/context.ts';
import { bind, currentTrace, withTrace } from '../trace/context.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { subJaxprs } from '../trace/jaxpr.ts';
import type { Batched, BatchedResult, Primitive } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';

/** One example's view of an array that has a whole batch along one axis. */
class BatchTracer extends Tracer {
  declare readonly trace: BatchTrace;
  readonly value: NDArray;
  readonly axis: number;
  readonly aval: Aval;

  constructor(trace: BatchTrace, value: NDArray, axis: number) {
    super(trace);
    this.value = value;
    this.axis = axis;
    const shape = value.shape.filter((_, i) => i !== axis);
    this.aval = aval(shape, value.dtype, value.weakType);
  }

  override concrete(): ConcreteArray | null {
    return null;
  }

  override batch(): this {
    return this;
  }
}

/** Tracers of traces with one mark are about the same batch. */
type Mark = object;

/** Applies each primitive to a whole batch at once, by its batching rule. */
class BatchTrace implements Trace {
  readonly name: string;
  alive = true;
  suspended = false;
  readonly mark: Mark;
  readonly parent: Trace | null;
  readonly axis: NamedAxis | null;
  private readonly size: number;

  constructor(name: string, parent: Trace | null, size: number, axisName: string | null, mark: Mark) {
    this.name = name;
    this.parent = parent;
    this.size = size;
    this.axis = axisName === null ? null : { name: axisName, size };
    this.mark = mark;
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    const ins = inputs.map((x) => this.split(x));
    const axisName = this.axis?.name ?? null;
    this.suspended = true;
    try {
      return withTrace(this.parent, () => {
        if (ins.every((b) => b.axis === null) && (axisName === null || !mentionsAxis(params, axisName))) {
          return bind(
            primitive,
            ins.map((b) => b.value),
            params,
          );
        }
        return this.joinAll(primitive.batch(ins, params, this.size, axisName));
      });
    } finally {
      this.suspended = false;
    }
  }

  processOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[] {
    const ins = inputs.map((x) => this.split(x));
    const mapper = mapperOf(this.name, this.size, this.axis?.name ?? null, this.mark);
    return withTrace(this.parent, () => this.joinAll(f.batch(ins, mapper)));
  }

  join({ value, axis }: Batched): NDArray {
    return axis === null ? value : new BatchTracer(this, value, axis);
  }

  split(x: NDArray): Batched {
    return x instanceof BatchTracer && x.trace.mark === this.mark ? x : { value: x, axis: null };
  }

  private joinAll({ values, axes }: BatchedResult): readonly NDArray[] {
    return values.map((v, i) => this.join({ value: v, axis: axes[i] ?? null }));
  }
}

const namers = new WeakMap<Jaxpr, ReadonlySet<string>>();

/** The named axes that collectives in a Jaxpr are over. */
export function axesIn(jaxpr: Jaxpr): ReadonlySet<string> {
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

export const hasAxisName = (params: unknown): params is { readonly axisName: string } =>
  typeof params === 'object' && params !== null && 'axisName' in params && typeof params.axisName === 'string';

/** Is an operation with these parameters a collective over the axis, or does it hold one? */
const mentionsAxis = (params: unknown, name: string): boolean =>
  (hasAxisName(params) && params.axisName === name) || subJaxprs(params).some((jaxpr) => axesIn(jaxpr).has(name));

/** How functions that are no Jaxprs are run on one example, by batching rules too. */
export const mapperOf = (name: string, size: number, axisName: string | null, mark: Mark = {}): BatchMapper => ({
  size,
  key: [size, axisName],
  map: (f, ins) => batchFlat(name, f, ins, size, axisName, mark),
});

/**
 * Runs `f` on one example's view of each input; the results come with the axis that holds the batch, if any does.
 *
 * @param axisName the name of the batch axis for collectives in `f`, or null.
 * @param mark that of a batch whose tracers `f` may have captured.
 */
export function batchFlat(
  name: string,
  f: (...xs: readonly NDArray[]) => readonly NDArray[],
  inputs: readonly Batched[],
  size: number,
  axisName: string | null,
  mark: Mark = {},
): readonly Batched[] {
  const trace = new BatchTrace(name, currentTrace(), size, axisName, mark);
  try {
    return withTrace(trace, () => f(...inputs.map((b) => trace.join(b)))).map((o) => trace.split(o));
  } finally {
    trace.alive = false;
  }
}
