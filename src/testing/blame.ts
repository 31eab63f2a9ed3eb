import type { Device } from '../kernel/device.ts';
import { isFloat } from '../kernel/dtype.ts';
import { showAval } from '../trace/aval.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { Derivative } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { isLinearOperand } from '../transforms/differentiate.ts';
import { linearizeFlat } from '../transforms/linearize.ts';
import { PullbackError } from '../util/error.ts';
import type { Settings } from './derivatives.ts';
import { differentArrays, lawOf, settingsFor } from './derivatives.ts';
import type { Case } from './batching.ts';
import { batchFault } from './batching.ts';
import { roundedStep } from './rounded.ts';
import type { Step } from './steps.ts';
import { functionOf, isCustom, stepsInside, stepsOf } from './steps.ts';
import type { Flat } from './subject.ts';
import { directions, floatPart, on, tracedOf } from './subject.ts';

/**
 * Which rule is to blame: a function is right where each of its operations is, so each equation of its Jaxpr is checked
 * alone, at the values that flow there, and what holds Jaxprs is looked into.
 */

/** The kinds of rules that can be wrong. */
export type RuleKind = 'jvp' | 'transpose' | 'batch' | 'evaluation' | 'jit';

/** The rule that is to blame. */
export interface Blame {
  /** What kind of rule: how tangents or cotangents pass, how batches do, or how it is computed on a device or in a program. */
  readonly rule: RuleKind;
  readonly primitive: string;
  /** The user's function that the rule belongs to, if the user wrote it. */
  readonly custom: string | null;
  /** Which operand’s rule, of a user’s function counted in its arguments’ arrays; null where it is not one’s. */
  readonly operand: number | null;
  /** How the rule is found to be wrong. */
  readonly why: string;
  /** What the operation is inside of. */
  readonly within: readonly string[];
  /** The user's line that the operation comes from. */
  readonly line: string | null;
  /** The operation and its operands, rounded where it is wrong there, too. */
  readonly step: Step;
}

/** Looks for what is wrong with one step by itself; null when nothing is. */
type Search = (step: Step) => Promise<Blame | null>;

/**
 * The first equation that `search` finds fault with; null where there is none, or control flow depends on values. Nor is an
 * iteration at fault where nothing in it is.
 */
async function firstOf(steps: readonly Step[], search: Search): Promise<Blame | null> {
  for (const step of steps) {
    const blame = await search(step);
    if (blame !== null && blame.step.iteration !== true) return blame;
  }
  return null;
}

const stepsOfFunction = (run: Flat, xs: readonly NDArray[], device: Device): readonly Step[] => {
  const closed = tracedOf(run, xs);
  return closed === null ? [] : stepsOf(closed, xs, device);
};

/** What there is to say of a step that is wrong. */
const blameOf = (step: Step, rule: RuleKind, why: string, operand: number | null = null): Blame => {
  const { primitive, params, origin } = step.equation;
  const custom = isCustom(primitive) ? (params as { readonly name: string }).name : null;
  return { rule, primitive: primitive.name, custom, operand, why, within: step.within, line: origin?.line() ?? null, step }; // prettier-ignore
};

// ------------------------------------------------------------------------------------------------ derivatives

/** The derivative rule that makes the derivatives of a function wrong. */
export const blameForDerivative = (run: Flat, xs: readonly NDArray[], s: Settings): Promise<Blame | null> =>
  firstOf(stepsOfFunction(run, xs, s.device), derivativeSearch(s));

/** The rule of the one function with rules of its own, where no operation is wrong by itself; null where there are more. */
export function blameForOnlyRule(
  run: Flat,
  xs: readonly NDArray[],
  s: Settings,
  mode: 'fwd' | 'rev',
  why: string,
): Blame | null {
  const [only, ...others] = stepsOfFunction(run, xs, s.device).filter(({ equation }) => isCustom(equation.primitive));
  return only === undefined || others.length > 0 ? null : blameOf(only, mode === 'fwd' ? 'jvp' : 'transpose', why);
}

const derivativeSearch =
  (s: Settings): Search =>
  async (step) =>
    (await wrongForward(step, s)) ?? wrongReverse(step, s);

/** The settings for one equation: its own types say how precise it can be. */
function forStep({ inputs, equation }: Step, given: Settings): Settings {
  const dtypes = [...inputs, ...equation.outputs.map((v) => v.aval)].map((x) => x.dtype);
  return settingsFor(dtypes, given.device, given.asked);
}

/** Can operand `i` vary? What does not depend on the arguments can't, nor what a function with rules of its own captured. */
function canVary(step: Step, i: number): boolean {
  if (step.depends[i] !== true) return false;
  return i >= firstArgument(step);
}

/** The first operand of a custom function that is an argument of it, and not captured by it. */
function firstArgument({ equation: { primitive, params } }: Step): number {
  if (!isCustom(primitive)) return 0;
  const { captured, residuals } = params as { readonly captured?: number; readonly residuals?: number };
  return captured ?? residuals ?? 0;
}

/** The law of a mode for a step, with respect to all operands or one. Operations that refuse the mode are left out. */
async function faultOf(step: Step, mode: 'fwd' | 'rev', s: Settings, operand?: number): Promise<string | null> {
  const { g, at } = floatPart(
    functionOf(step),
    step.inputs,
    (i) => canVary(step, i) && (operand === undefined || i === operand),
  );
  if (at.length === 0 || !step.equation.outputs.some((v) => isFloat(v.aval.dtype))) return null;
  try {
    return (await lawOf[mode](g, at, s)).fault;
  } catch (error) {
    // No derivative is no wrong one.
    if (error instanceof PullbackError) return null;
    throw error;
  }
}

/** The first float operand by which alone the law is broken; of a custom function the first such argument. */
async function operandAtFault(step: Step, mode: 'fwd' | 'rev', s: Settings): Promise<number | null> {
  for (const i of step.inputs.keys()) if ((await faultOf(step, mode, s, i)) !== null) return i - firstArgument(step);
  return null;
}

async function wrongForward(step: Step, given: Settings): Promise<Blame | null> {
  const s = forStep(step, given);
  const fault = await faultOf(step, 'fwd', s);
  if (fault === null) return null;
  const { primitive } = step.equation;
  const inner = isCustom(primitive) ? null : await firstOf(stepsInside(step, s.device), derivativeSearch(given));
  if (inner !== null) return inner;
  const shown = await roundedStep(step, async (r) => (await faultOf(r, 'fwd', s)) !== null);
  const { derivative } = primitive;
  const why = derivative.kind === 'zero' ? `because ${derivative.because}; ${fault}` : fault;
  return blameOf(shown, 'jvp', why, await operandAtFault(step, 'fwd', s));
}

async function wrongReverse(step: Step, given: Settings): Promise<Blame | null> {
  const s = forStep(step, given);
  const fault = await faultOf(step, 'rev', s);
  if (fault === null) return null;
  const { primitive } = step.equation;
  const inner = primitive.name === 'customVjp' ? null : await insideOfReverse(step, given, await operandAtFault(step, 'rev', s)); // prettier-ignore
  if (inner !== null) return inner;
  const shown = await roundedStep(step, async (r) => (await faultOf(r, 'rev', s)) !== null);
  return blameOf(shown, 'transpose', fault, await operandAtFault(step, 'rev', s));
}

/**
 * What a step's reverse mode is made of. A linear operand has a transpose of its own. Elsewhere tangents pass by other
 * operations, which are transposed one by one: the fault is in one of those. What holds Jaxprs is looked into.
 */
async function insideOfReverse(step: Step, given: Settings, operand: number | null): Promise<Blame | null> {
  const { derivative, name } = step.equation.primitive;
  if (hasTranspose(derivative, operand)) return null;
  if (derivative.kind === 'structural' && name !== 'customJvp') {
    return firstOf(stepsInside(step, given.device), derivativeSearch(given));
  }
  const { g, at } = floatPart(functionOf(step), step.inputs, (i) => canVary(step, i));
  const { linear } = on(given.device, () => linearizeFlat('a check', g, at, at.map(() => true))); // prettier-ignore
  const within = [...step.within, `the derivative of ${name}`];
  return firstOf(stepsOf(linear, directions(at, given.seed), given.device, within), derivativeSearch(given));
}

function hasTranspose(derivative: Derivative<unknown, number>, operand: number | null): boolean {
  // Where no operand's rule is wrong, it is what adds the operands' up.
  if (derivative.kind === 'bilinear') return operand !== null;
  return derivative.kind === 'linear' && (operand === null || isLinearOperand(derivative.transpose, operand));
}

// ---------------------------------------------------------------------------------------------------- batches

/** The batching rule that makes `vmap` of a function another one than a loop. */
export const blameForBatch = (
  run: Flat,
  xs: readonly NDArray[],
  device: Device,
  tolerance: (x: NDArray) => number,
): Promise<Blame | null> => {
  const search: Search = async (step) => {
    if (step.inputs.length === 0) return null;
    const faulty = async (r: Step): Promise<Case | null> => batchFault(functionOf(r), r.inputs, device, tolerance);
    const fault = await faulty(step);
    if (fault === null) return null;
    const inner = await firstOf(stepsInside(step, device), search);
    if (inner !== null) return inner;
    const shown = await roundedStep(step, async (r) => (await faulty(r)) !== null);
    return blameOf(shown, 'batch', `inAxes [${fault.inAxes.map(String).join(', ')}]: ${fault.why}`);
  };
  return firstOf(stepsOfFunction(run, xs, device), search);
};

// ------------------------------------------------------------------------------------------- programs, devices

/** The operation that devices compute differently: `there` is compared with `here`. */
export const blameForDevice = async (
  run: Flat,
  xs: readonly NDArray[],
  [here, there]: readonly [Device, Device],
  copy: (x: NDArray) => Promise<NDArray>,
  tolerance: (x: NDArray) => number,
): Promise<Blame | null> => {
  const search: Search = async (step) => {
    const inputs = await Promise.all(step.inputs.map(copy));
    const again = await Promise.all(step.inputs.map(copy));
    const f = functionOf(step);
    const fault = await differentArrays(on(there, () => f(...inputs)), on(here, () => f(...again)), tolerance); // prettier-ignore
    if (fault === null) return null;
    const inner = await firstOf(stepsInside(step, here), search);
    return inner ?? blameOf(step, 'evaluation', `on ${there.name}: ${fault}`);
  };
  return firstOf(stepsOfFunction(run, xs, here), search);
};

/** The first operation whose result is another one where it is compiled together with those before it. */
export async function blameForJit(
  run: Flat,
  xs: readonly NDArray[],
  device: Device,
  together: (f: Flat) => Flat,
  tolerance: (x: NDArray) => number,
): Promise<Blame | null> {
  const closed = tracedOf(run, xs);
  if (closed === null) return null;
  const { jaxpr, constants } = closed;
  for (const [n, step] of stepsOf(closed, xs, device).entries()) {
    const upTo = { ...jaxpr, equations: jaxpr.equations.slice(0, n + 1), outputs: step.equation.outputs };
    const f: Flat = (...ys) => evalJaxpr(upTo, constants, ys);
    const fault = await differentArrays(on(device, () => together(f)(...xs)), on(device, () => f(...xs)), tolerance); // prettier-ignore
    if (fault !== null) return blameOf(step, 'jit', `compiled with the operations before it: ${fault}`);
  }
  return null;
}

// ------------------------------------------------------------------------------------------------------- words

/** What a rule is called. */
function ruleName({ rule, custom, operand, step }: Blame): string {
  const { primitive } = step.equation;
  const ofOperand = operand === null ? '' : ` for operand ${operand}`;
  // A function of one array has no other.
  const ofArgument = step.inputs.length - firstArgument(step) === 1 ? '' : ofOperand;
  if (custom !== null && rule === 'jvp') return `the forward rule (defjvp) of ${custom}${ofArgument}`;
  if (custom !== null && rule === 'transpose') return `the backward rule (defvjp) of ${custom}${ofArgument}`;
  switch (rule) {
    case 'jvp':
      if (primitive.derivative.kind === 'zero') return `${primitive.name}, through which no tangent passes`;
      return `the derivative rule (jvp) of ${primitive.name}${ofOperand}`;
    case 'transpose':
      return `the transpose rule of ${primitive.name}${ofOperand}`;
    case 'batch':
      return `the batching rule (vmap) of ${custom ?? primitive.name}`;
    case 'evaluation':
      return `the kernel of ${custom ?? primitive.name}`;
    case 'jit':
      return `the compilation of ${custom ?? primitive.name}`;
  }
}

/** The blame in words, a few lines. */
export function describeBlame(blame: Blame): string {
  const types = blame.step.inputs.map((x) => showAval(x.aval)).join(', ');
  const inside = blame.within.length === 0 ? '' : `, in ${blame.within.join(', in ')}`;
  const line = blame.line === null ? '' : `\n    ${blame.line}`;
  return `to blame: ${ruleName(blame)}, at ${types}${inside}${line}\n    ${blame.why}`;
}
