import type { Device } from '../kernel/device.ts';
import { bindEquation, evalJaxpr } from '../trace/interpret.ts';
import type { ClosedJaxpr, Equation, Jaxpr } from '../trace/jaxpr.ts';
import { Var } from '../trace/jaxpr.ts';
import type { Primitive } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { callP } from '../transforms/call.ts';
import { checkpointP } from '../transforms/checkpoint/call.ts';
import { condP } from '../transforms/control/cond-primitive.ts';
import { cut } from '../transforms/control/edit.ts';
import type { ScanParams } from '../transforms/control/scan-loop.ts';
import { sliceAt } from '../transforms/control/scan-loop.ts';
import { scanP } from '../transforms/control/scan-primitive.ts';
import type { WhileParams } from '../transforms/control/while-primitive.ts';
import { whileP } from '../transforms/control/while-primitive.ts';
import { customJvpP } from '../transforms/custom/jvp-call.ts';
import { customVjpP } from '../transforms/custom/vjp-call.ts';
import { customVjpLinearP } from '../transforms/custom/vjp-linear.ts';
import { at, range } from '../util/array.ts';
import type { Flat } from './subject.ts';
import { on } from './subject.ts';

/** A function's operations one by one, each with the values that flow into it. */

/** One equation, at a point. */
export interface Step {
  readonly equation: Equation;
  readonly inputs: readonly NDArray[];
  /** What it is inside of, outermost first: `scan, iteration 2`. */
  readonly within: readonly string[];
  /** Which operands depend on the inputs of the Jaxpr that it is in. */
  readonly depends: readonly boolean[];
  /** Does it stand for one iteration of a loop? Then it is no operation of its own, and only what is in it can be wrong. */
  readonly iteration?: true;
}

/** The equation as a function. */
export const functionOf =
  ({ equation }: Step): Flat =>
  (...xs) =>
    bindEquation(equation, xs);

/** The equations of a Jaxpr in order, evaluated one at a time. */
export function stepsOf(
  { jaxpr, constants }: ClosedJaxpr,
  inputs: readonly NDArray[],
  device: Device,
  within: readonly string[] = [],
): readonly Step[] {
  const steps: Step[] = [];
  const dependent = new Set(jaxpr.inputs);
  const take = (equation: Equation, operands: readonly NDArray[]): readonly NDArray[] => {
    const depends = equation.inputs.map((a) => a instanceof Var && dependent.has(a));
    if (depends.includes(true)) equation.outputs.forEach((v) => dependent.add(v));
    steps.push({ equation, inputs: operands, within, depends });
    return bindEquation(equation, operands);
  };
  on(device, () => evalJaxpr(jaxpr, constants, inputs, take));
  return steps;
}

type Body = readonly [name: string, jaxpr: Jaxpr, inputs: readonly NDArray[]];

/** An iteration as one operation, so that of many iterations only those are looked into that are wrong as a whole. */
const iterationStep = ([name, jaxpr, inputs]: Body, within: readonly string[]): Step => ({
  equation: {
    primitive: callP,
    params: { name, jaxpr },
    inputs: jaxpr.inputs,
    outputs: jaxpr.outputs.map((o) => new Var(o.aval)),
  },
  inputs,
  within,
  depends: inputs.map(() => true),
  iteration: true,
});

/** Is it one of these primitives? */
const is = (p: Primitive, ...others: readonly unknown[]): boolean => others.includes(p);

/** Does it stand for a function that has rules of the user's own? */
export const isCustom = (p: Primitive): boolean => is(p, customJvpP, customVjpP, customVjpLinearP);

/** What is inside of a step that holds Jaxprs: the equations that run there, or a loop's iterations, with their values. */
export function stepsInside(step: Step, device: Device): readonly Step[] {
  const { primitive, params } = step.equation;
  if (is(primitive, scanP, whileP)) {
    return on(device, () => iterationsOf(primitive, params, step.inputs)).map((body) => iterationStep(body, step.within)); // prettier-ignore
  }
  const bodies = on(device, () => bodiesOf(step));
  return bodies.flatMap(([name, jaxpr, inputs]) =>
    stepsOf({ jaxpr, constants: [] }, inputs, device, [...step.within, name]),
  );
}

function bodiesOf({ equation: { primitive: p, params }, inputs, iteration }: Step): readonly Body[] {
  if (is(p, callP, checkpointP, customJvpP, customVjpP)) {
    const { name, jaxpr } = params as { readonly name: string; readonly jaxpr: Jaxpr };
    return [[iteration === true ? name : `${p.name} ${name}`, jaxpr, inputs]];
  }
  if (is(p, condP)) {
    const { branches } = params as { readonly branches: readonly Jaxpr[] };
    const [index, ...operands] = inputs;
    const n = at(inputs, 0).itemSync();
    return index === undefined ? [] : [[`cond, branch ${n}`, at(branches, n), operands]];
  }
  return [];
}

const iterationsOf = (p: Primitive, params: unknown, inputs: readonly NDArray[]): readonly Body[] =>
  is(p, scanP) ? iterationsOfScan(params as ScanParams, inputs) : iterationsOfWhile(params as WhileParams, inputs);

function iterationsOfScan(p: ScanParams, inputs: readonly NDArray[]): readonly Body[] {
  const [constants, init, xs] = cut(inputs, p.constants, p.carries);
  let carry = init;
  return range(p.length).map((n): Body => {
    const slices = xs.map((x) => sliceAt(x, p.reverse ? p.length - 1 - n : n));
    const body: Body = [`scan, iteration ${n}`, p.body, [...constants, ...carry, ...slices]];
    carry = results(body).slice(0, p.carries);
    return body;
  });
}

function iterationsOfWhile(p: WhileParams, inputs: readonly NDArray[]): readonly Body[] {
  const [forCondition, forBody, init] = cut(inputs, p.conditionConstants, p.bodyConstants);
  const bodies: Body[] = [];
  for (let carry = init; ; carry = results(at(bodies, -1))) {
    if (results(['condition', p.condition, [...forCondition, ...carry]])[0]?.itemSync() !== 1) break;
    bodies.push([`while, iteration ${bodies.length}`, p.body, [...forBody, ...carry]]);
  }
  return bodies;
}

/** What a body gives. */
const results = ([, jaxpr, inputs]: Body): readonly NDArray[] => evalJaxpr(jaxpr, [], inputs);
