import { isLeft } from 'fp-ts/lib/Either.js';
import { InternalError } from '../util/error.ts';
import { captureOrigin, currentOrigin, withOrigin } from '../util/origin.ts';
import type { Aval } from './aval.ts';
import { showAval } from './aval.ts';
import { CustomRuleError, EscapedTracerError } from './errors.ts';
import { followMovement } from './key-uses.ts';
import type { Batched, BatchedResult, JvpResult, LinearizeResult, Primitive, Tangent } from './primitive.ts';
import { debugKeyReuse } from './switches.ts';
import type { NDArray } from './value.ts';
import { Tracer, tracersAreWatched } from './value.ts';

/** An interpreter of primitives: evaluation, staging, differentiation, batching. */
export interface Trace {
  /** What the user asked for, as in `grad of loss`; for error messages. */
  readonly name: string;
  /** False once the transformation has ended; its tracers can't be used any more. */
  readonly alive: boolean;
  /** The interpreter around this one; null is evaluation. */
  readonly parent: Trace | null;
  /** The axis that it gives a name to, for collectives; only `vmap` does. */
  readonly axis: NamedAxis | null;
  /** True while it has a rule run in the interpreter around it, where its own tracers have no meaning. */
  readonly suspended: boolean;
  process(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[];
  processOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[];
}

/**
 * A function with rules of its own that is ordinary code and no Jaxpr (yet): it runs where it is called, so that a plain
 * `if` on a known value works in it. Each interpreter applies the rule that is meant for it; staging makes an equation.
 */
export interface OpenFunction {
  readonly name: string;
  /** What it computes, under the current interpreter. */
  run(...inputs: readonly NDArray[]): readonly NDArray[];
  jvp(primals: readonly NDArray[], tangents: readonly Tangent[]): JvpResult;
  linearize(primals: readonly NDArray[], isLinear: readonly boolean[]): LinearizeResult;
  batch(ins: readonly Batched[], mapper: BatchMapper): BatchedResult;
  /** Binds the equation that stands for it, under the current interpreter, which stages. */
  stage(inputs: readonly NDArray[]): readonly NDArray[];
}

/** How the batching interpreter that asks would run a function; usable under whatever interpreter is current later. */
export interface BatchMapper {
  readonly size: number;
  /** Equal for mappers of one kind of batch. */
  readonly key: unknown;
  /** Runs `f` on one example's view of each input; what `f` captured of the batch is seen as one example's, too. */
  map(f: (...xs: readonly NDArray[]) => readonly NDArray[], ins: readonly Batched[]): readonly Batched[];
}

/** An axis that `vmap` maps over, by the name that collectives use. */
export interface NamedAxis {
  readonly name: string;
  readonly size: number;
}

/** Evaluates one primitive on concrete arrays; the compiler supplies it. */
export type Evaluator = (primitive: Primitive, inputs: readonly NDArray[], params: unknown) => readonly NDArray[];

// The one mutable cell of tracing: who interprets primitives now. Null is evaluation. Only `withTrace` changes it.
let current: Trace | null = null;
let evaluator: Evaluator | null = null;

/** The interpreter of primitives at this moment; null where they are evaluated at once. */
export const currentTrace = (): Trace | null => current;

/** The named axes that collectives can be over at this moment, innermost first. */
export function namedAxes(): readonly NamedAxis[] {
  const axes: NamedAxis[] = [];
  for (let t = current; t !== null; t = t.parent) if (t.axis !== null) axes.push(t.axis);
  return axes;
}

/** Runs `body` with `trace` interpreting primitives (null: evaluated at once), then restores what was before. */
export function withTrace<T>(trace: Trace | null, body: () => T): T {
  const before = current;
  current = trace;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Says how primitives on concrete arrays are evaluated; called once, when the library loads. */
export function installEvaluator(evaluate: Evaluator): void {
  evaluator = evaluate;
}

/**
 * The one place where a primitive meets the current interpreter.
 *
 * @throws EscapedTracerError when an operand belongs to a transformation that has ended.
 */
export function bind<P, N extends number>(
  primitive: Primitive<P, N>,
  inputs: readonly NDArray[],
  params: P,
): readonly NDArray[] {
  requireUsable(inputs, primitive.name);
  const erased = primitive as unknown as Primitive;
  const outputs = current === null ? evaluate(erased, inputs, params) : interpret(current, erased, inputs, params);
  if (debugKeyReuse.on) followMovement(erased, inputs, params, outputs);
  return outputs;
}

function interpret(
  trace: Trace,
  primitive: Primitive,
  inputs: readonly NDArray[],
  params: unknown,
): readonly NDArray[] {
  if (currentOrigin() !== null) return trace.process(primitive, inputs, params);
  // Called by the user's code, not by a rule: what comes of it is made on this line.
  const origin = captureOrigin(bind);
  return withOrigin(tracersAreWatched() ? origin.settled() : origin, () => trace.process(primitive, inputs, params));
}

function evaluate(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
  const tracer = inputs.find((x) => x instanceof Tracer);
  if (tracer !== undefined) throw new InternalError(`${String(tracer)} reached evaluation in ${primitive.name}`);
  if (evaluator === null) throw new InternalError('no evaluator is installed');
  return evaluator(primitive, inputs, params);
}

/** {@link bind} for functions with rules of their own. */
export function bindOpen(f: OpenFunction, inputs: readonly NDArray[]): readonly NDArray[] {
  requireUsable(inputs, f.name);
  const trace = current;
  if (trace === null) return f.run(...inputs);
  if (currentOrigin() !== null) return trace.processOpen(f, inputs);
  return withOrigin(captureOrigin(bindOpen), () => trace.processOpen(f, inputs));
}

/** Throws where an operand's transformation has ended, or is waiting for a rule that must not know of it. */
export function requireUsable(inputs: readonly NDArray[], used: string): void {
  for (const x of inputs) {
    if (!(x instanceof Tracer)) continue;
    if (!x.trace.alive) throw escaped(x, used);
    if (x.trace.suspended) throw closedOver(x, used);
  }
}

/** {@link bind} for primitives with one result. */
export function bind1<P, N extends number>(primitive: Primitive<P, N>, inputs: readonly NDArray[], params: P): NDArray {
  const [out] = bind(primitive, inputs, params);
  if (out === undefined) throw new InternalError(`${primitive.name} gave no result`);
  return out;
}

/** The error for a tracer used too late. */
export function escaped(x: Tracer, used: string): EscapedTracerError {
  const made = x.origin === null ? 'It was an argument there' : `It was made ${x.origin.line() ?? 'there'}`;
  return new EscapedTracerError(
    `${used} got a tracer of ${showAval(x.aval)} that escaped from ${x.trace.name}, which has ended. ` +
      `${made}. Return what the function computes instead of keeping it in an outer variable.`,
  );
}

/** The error for a tracer that a function with a rule of its own reads from outside. */
function closedOver(x: Tracer, used: string): CustomRuleError {
  return new CustomRuleError(
    `${used} got ${showAval(x.aval)}, an outer value that ${x.trace.name} differentiates or batches, inside a function with ` +
      'a derivative rule of its own (customJvp, customVjp), whose rule can only say what happens to its arguments. ' +
      'Pass the value as an argument and give it a place in the rule, or apply stopGradient to it outside.',
  );
}

/** The results' types, or the typed error that says why the operands do not fit. */
export function resultTypes(primitive: Primitive, inputs: readonly Aval[], params: unknown): readonly Aval[] {
  const typed = primitive.type(inputs, params);
  if (isLeft(typed)) throw typed.left;
  return typed.right;
}
