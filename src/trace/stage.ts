import { InternalError } from '../util/error.ts';
import { lastingOrigin } from '../util/origin.ts';
import type { Aval } from './aval.ts';
import type { OpenFunction, Trace } from './context.ts';
import { currentTrace, requireUsable, resultTypes, withTrace } from './context.ts';
import type { ConcreteArray } from './concrete.ts';
import type { Atom, ClosedJaxpr, Equation } from './jaxpr.ts';
import { Literal, Var } from './jaxpr.ts';
import type { Primitive } from './primitive.ts';
import { recordsOrigins } from './switches.ts';
import type { NDArray } from './value.ts';
import { Tracer } from './value.ts';

/** Stands for a variable of the Jaxpr that is being built. */
class StagingTracer extends Tracer {
  readonly aval: Aval;
  readonly variable: Var;

  constructor(trace: StagingTrace, variable: Var) {
    super(trace);
    this.variable = variable;
    this.aval = variable.aval;
  }

  override concrete(): ConcreteArray | null {
    return null;
  }
}

/** Records every operation as an equation; arrays from outside become constants, host scalars literals. */
export class StagingTrace implements Trace {
  readonly name: string;
  readonly parent = currentTrace();
  readonly axis = null;
  alive = true;
  readonly suspended = false;
  private readonly equations: Equation[] = [];
  private readonly constants = new Map<NDArray, Var>();
  private readonly inputs: Var[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** A new input of the Jaxpr. */
  input(aval: Aval): NDArray {
    const variable = new Var(aval);
    this.inputs.push(variable);
    return new StagingTracer(this, variable);
  }

  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
    const avals = resultTypes(
      primitive,
      inputs.map((x) => x.aval),
      params,
    );
    const outputs = avals.map((a) => new Var(a));
    const origin = lastingOrigin(recordsOrigins());
    const equation: Equation = { primitive, params, inputs: inputs.map((x) => this.atom(x)), outputs };
    this.equations.push(origin === null ? equation : { ...equation, origin });
    return outputs.map((v) => new StagingTracer(this, v));
  }

  processOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[] {
    return withTrace(this, () => f.stage(inputs));
  }

  /** What an equation writes for an operand: our own variable, a literal, or a constant from outside. */
  atom(x: NDArray): Atom {
    if (x instanceof StagingTracer && x.trace === this) return x.variable;
    const literal = x instanceof Tracer ? null : (x.concrete()?.literal() ?? null);
    if (literal !== null) return new Literal(x.aval, literal);
    let variable = this.constants.get(x);
    if (variable === undefined) this.constants.set(x, (variable = new Var(x.aval)));
    return variable;
  }

  /** Ends the trace: the Jaxpr of all that was recorded. */
  finish(outputs: readonly NDArray[]): ClosedJaxpr {
    if (!this.alive) throw new InternalError('a trace was finished twice');
    requireUsable(outputs, 'the result');
    const atoms = outputs.map((x) => this.atom(x));
    this.alive = false;
    return {
      jaxpr: {
        constants: [...this.constants.values()],
        inputs: this.inputs,
        equations: this.equations,
        outputs: atoms,
      },
      constants: [...this.constants.keys()],
    };
  }
}

/** Traces `f` on inputs of the given types: its equations, with everything that it captured as constants. */
export function stage(
  name: string,
  f: (...inputs: readonly NDArray[]) => readonly NDArray[],
  avals: readonly Aval[],
): ClosedJaxpr {
  const trace = new StagingTrace(name);
  try {
    const inputs = avals.map((a) => trace.input(a));
    return trace.finish(withTrace(trace, () => f(...inputs)));
  } finally {
    trace.alive = false;
  }
}
