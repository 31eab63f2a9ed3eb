import { ArgumentError, GradientError } from '../trace/errors.ts';
import { bindEquation, evalJaxpr } from '../trace/interpret.ts';
import type { ClosedJaxpr, Equation, Jaxpr } from '../trace/jaxpr.ts';
import type { NDArray } from '../trace/value.ts';
import { vjp } from '../transforms/reverse-mode.ts';
import { checkArguments } from './arguments.ts';
import { batchFault, waysToMap } from './batching.ts';
import { blameForBatch, blameForDerivative, blameForOnlyRule } from './blame.ts';
import { brokenLaw, optionsText } from './broken-law.ts';
import type { CheckReport, DerivativeOptions } from './check-grads.ts';
import type { Finding, Mode, Settings } from './derivatives.ts';
import {
  cotangentSeed,
  derivativeOf,
  differentArrays,
  jvpAt,
  kept,
  lawOf,
  linearLaw,
  none,
  settingsFor,
  sumOf,
} from './derivatives.ts';
import { slopesOf } from './slopes.ts';
import { isCustom } from './steps.ts';
import { at } from '../util/array.ts';
import type { Flat, Fn } from './subject.ts';
import { directions, floatPart, on, subjectInF64, tracedOf } from './subject.ts';

/** Exact derivatives of the same thing, by two ways. */
const exactly = 1e-7;

/**
 * Checks a function with derivative rules of its own (`customJvp`, `customVjp`), in f64 on the CPU: that its rules give what
 * central differences of its values do, and what the derivative of its body does where that is finite; that the values which
 * the rules give are the function's; that they are linear in tangents and cotangents; and that they are right for batches.
 * Forward mode is checked where there is a rule for it. Arguments that are not differentiated (`nondiffArgnums`) stay as they are.
 *
 * @throws BrokenLawError that names the rule and its function, and has a test to paste.
 * @throws ArgumentError when the function has no rule of its own.
 * @example
 * const square = customVjp((x: NDArray) => x.mul(x)).defvjp(
 *   (x) => [x.mul(x), x],
 *   (x, ct) => [x.mul(2).mul(ct)],
 * );
 * await checkCustomRule(square, [np.array([1, 2])]);
 */
export async function checkCustomRule<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: DerivativeOptions = {},
): Promise<CheckReport> {
  checkArguments('checkCustomRule', f, args, options);
  const subject = await subjectInF64(f, args);
  const closed = tracedOf(subject.run, subject.xs);
  if (closed?.jaxpr.equations.some((e) => isCustom(e.primitive)) !== true) {
    throw new ArgumentError(
      `checkCustomRule: ${subject.name} has no derivative rule of its own. Give it what customJvp or customVjp returned, or ` +
        'check any other function with checkGrads',
    );
  }
  const { device, xs } = subject;
  const settings = settingsFor(['f64'], device, options);
  const part = floatPart(subject.run, xs);
  const body = floatPart((...ys) => withoutRules(closed, ys), xs).g;
  let counts = none;
  for (const mode of modesOf(part.g, part.at, settings)) {
    for (const law of lawsFor(mode, part.g, body, part.at, settings)) {
      const found = await law();
      if (found.fault !== null) {
        const { fault } = found;
        const blame =
          (await blameForDerivative(part.g, part.at, settings)) ??
          (await blameForBatch(part.g, part.at, device, () => exactly)) ??
          blameForOnlyRule(part.g, part.at, settings, mode, fault);
        throw await brokenLaw({ check: 'checkCustomRule', subject, fault, blame, options: optionsText(options) });
      }
      counts = sumOf(counts, found);
    }
  }
  return counts;
}

type Law = () => Promise<Finding>;

/** Everything that holds for the rules of a mode. */
const lawsFor = (mode: Mode, g: Flat, body: Flat, xs: readonly NDArray[], s: Settings): readonly Law[] => {
  const derivative = derivativeOf[mode](g, s.seed);
  return [
    () => lawOf[mode](g, xs, s),
    () => linearInTangents(mode, g, xs, s),
    () => asTheBody(mode, g, body, xs, s),
    async () => {
      const fault = await batchFault(derivative, xs, s.device, () => exactly);
      const name = mode === 'fwd' ? 'forward' : 'backward';
      const words = fault === null ? null : `vmap of the ${name} rule is not a loop, with inAxes [${fault.inAxes.map(String).join(', ')}]: ${fault.why}`; // prettier-ignore
      return { ...none, checked: waysToMap(xs), fault: words };
    },
  ];
};

/** Reverse mode, and forward mode if there is a rule. */
function modesOf(g: Flat, xs: readonly NDArray[], s: Settings): readonly Mode[] {
  try {
    on(s.device, () => jvpAt(g, xs, directions(xs, s.seed)));
    return ['fwd', 'rev'];
  } catch (error) {
    if (error instanceof GradientError && error.code === 'forward-mode') return ['rev'];
    throw error;
  }
}

/** The rule is linear in what it is given of tangents or cotangents. */
async function linearInTangents(mode: Mode, g: Flat, xs: readonly NDArray[], s: Settings): Promise<Finding> {
  const [outs, pullback] = on(s.device, () => vjp(g, ...xs));
  const found =
    mode === 'fwd'
      ? await linearLaw((...ts) => jvpAt(g, xs, ts).tangents, directions(xs, s.seed), s.device, exactly)
      : await linearLaw((...cts) => pullback(cts), directions(outs, s.seed), s.device, exactly);
  const what = mode === 'fwd' ? 'forward rule, of tangents' : 'backward rule, of cotangents';
  return { ...found, fault: found.fault === null ? null : `the ${what}: ${found.fault}` };
}

/** The rule gives the derivative of what the function computes, where that is smooth and its derivative finite. */
async function asTheBody(mode: Mode, g: Flat, body: Flat, xs: readonly NDArray[], s: Settings): Promise<Finding> {
  const { along, of } = await slopesOf(body, xs, s);
  const smooth = (o: number, i: number): boolean => !at(at(of, o), i).kink;
  const derivative = async (f: Flat): Promise<readonly NDArray[]> => {
    if (mode === 'fwd') return on(s.device, () => jvpAt(f, xs, along).tangents);
    const [outs, pullback] = on(s.device, () => vjp(f, ...xs));
    const cts = await Promise.all(directions(outs, s.seed + cotangentSeed).map((ct, o) => kept(ct, (i) => smooth(o, i)))); // prettier-ignore
    return on(s.device, () => pullback(cts));
  };
  const [rule, own] = [await derivative(g), await derivative(body)];
  const [given, values] = [await dataOf(rule), await dataOf(own)];
  // In reverse mode a rule may give NaN for what makes a kink, and its law says where it may not.
  const comparable = (o: number, i: number): boolean =>
    Number.isFinite(at(values, o)[i]) && (mode === 'fwd' ? smooth(o, i) : !Number.isNaN(at(given, o)[i]));
  const compared = (xs: readonly NDArray[]): Promise<readonly NDArray[]> =>
    Promise.all(xs.map((x, o) => kept(x, (i) => comparable(o, i))));
  const fault = await differentArrays(await compared(rule), await compared(own), exactly);
  const checked = values.reduce((n, list, o) => n + list.filter((_, i) => comparable(o, i)).length, 0);
  return {
    ...none,
    checked,
    fault: fault === null ? null : `the rule and the derivative of the body differ: ${fault}`,
  };
}

const dataOf = (xs: readonly NDArray[]): Promise<readonly (readonly number[])[]> =>
  Promise.all(xs.map(async (x) => Array.from(await x.data())));

/** What the function computes, its rules forgotten. */
const withoutRules = ({ jaxpr, constants }: ClosedJaxpr, inputs: readonly NDArray[]): readonly NDArray[] =>
  evalJaxpr(jaxpr, constants, inputs, plainly);

const plainly = (e: Equation, ins: readonly NDArray[]): readonly NDArray[] =>
  isCustom(e.primitive) ? evalJaxpr((e.params as { readonly jaxpr: Jaxpr }).jaxpr, [], ins) : bindEquation(e, ins);
