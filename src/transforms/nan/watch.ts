import type { Aval } from '../../trace/aval.ts';
import { ConcreteArray } from '../../trace/concrete.ts';
import type { OpenFunction, Trace } from '../../trace/context.ts';
import { bind, withTrace } from '../../trace/context.ts';
import type { Phase } from '../../trace/phase.ts';
import { currentPhase } from '../../trace/phase.ts';
import type { Primitive } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import { Tracer } from '../../trace/value.ts';
import { InternalError } from '../../util/error.ts';
import type { Origin } from '../../util/origin.ts';
import { currentIterations, currentOrigin } from '../../util/origin.ts';

/** An operation that was run, with what it read. */
export interface Operation {
  readonly primitive: Primitive;
  readonly params: unknown;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Aval[];
  readonly origin: Origin | null;
  readonly phase: Phase;
  /** Of each loop around it, outermost first, the iteration. */
  readonly iterations: readonly number[];
}

/** An array of which is known where it comes from. */
export interface Value {
  readonly array: ConcreteArray;
  /** The operation that made it; its name if it is an argument; null for a constant. */
  readonly source: { readonly operation: Operation; readonly output: number } | { readonly argument: string } | null;
}

/** A value while the function runs. */
export class WatchedTracer extends Tracer {
  readonly value: Value;

  constructor(trace: Trace, value: Value) {
    super(trace);
    this.value = value;
  }

  get aval(): Aval {
    return this.value.array.aval;
  }

  override concrete(): ConcreteArray {
    return this.value.array;
  }
}

/** Evaluation, one operation after the other, that remembers what each array was made of. */
export class WatchTrace implements Trace {
  readonly name: string;
  readonly parent = null;
  readonly axis = null;
  alive = true;
  readonly suspended = false;

  constructor(name: string) {
    this.name = name;
  }

  /** An argument of the function. */
  argument(array: NDArray, name: string): NDArray {
    return new WatchedTracer(this, { ...valueOf(array), source: { argument: name } });
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    const { derivative } = primitive;
    if (derivative.kind === 'structural') return withTrace(this, () => derivative.rules.evaluate(inputs, params));
    const read = inputs.map(valueOf);
    const arrays = read.map((v) => v.array);
    const outs = withTrace(null, () => bind(primitive, arrays, params)).map(concrete);
    const outputs = outs.map((x) => x.aval);
    const [origin, phase] = [currentOrigin(), currentPhase()];
    const operation: Operation = { primitive, params, inputs: read, outputs, origin, phase, iterations: iterationsOf(origin) }; // prettier-ignore
    return outs.map((array, output) => new WatchedTracer(this, { array, source: { operation, output } }));
  }

  processOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[] {
    return withTrace(this, () => f.run(...inputs));
  }
}

/** What goes backward through a loop that ran as a plain one does so after it, and knows of the loop by where it comes from. */
function iterationsOf(origin: Origin | null): readonly number[] {
  const [noted, now] = [origin?.iterations ?? [], currentIterations()];
  return noted.length > now.length ? noted : now;
}

/** An array, and where it comes from if it was made while a trace watched. */
export const valueOf = (x: NDArray): Value =>
  x instanceof WatchedTracer ? x.value : { array: concrete(x), source: null };

/** An array that no interpreter has to do with. */
export function concrete(x: NDArray): ConcreteArray {
  if (x instanceof ConcreteArray) return x;
  throw new InternalError(`${String(x)} was watched`);
}
