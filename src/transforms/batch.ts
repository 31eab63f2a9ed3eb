import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { Trace } from '../trace/context.ts';
import { bind, currentTrace, withTrace } from '../trace/context.ts';
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
  private readonly parent: Trace | null;
  private readonly size: number;

  constructor(name: string, parent: Trace | null, size: number) {
    this.name = name;
    this.parent = parent;
    this.size = size;
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    return withTrace(this.parent, () => {
      const ins = inputs.map((x) => this.split(x));
      if (ins.every((b) => b.axis === null)) {
        return bind(
          primitive,
          ins.map((b) => b.value),
          params,
        );
      }
      const { values, axes } = primitive.batch(ins, params, this.size);
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

/** Runs `f` on one example's view of each input; the results come with the axis that holds the batch, if any does. */
export function batchFlat(
  name: string,
  f: (...xs: readonly NDArray[]) => readonly NDArray[],
  inputs: readonly Batched[],
  size: number,
): readonly Batched[] {
  const trace = new BatchTrace(name, currentTrace(), size);
  try {
    return withTrace(trace, () => f(...inputs.map((b) => trace.join(b)))).map((o) => trace.split(o));
  } finally {
    trace.alive = false;
  }
}
