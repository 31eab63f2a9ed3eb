import { isFloat } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import { GradientError } from '../trace/errors.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import { Var } from '../trace/jaxpr.ts';
import { checkArguments } from './arguments.ts';
import { blameForDerivative } from './blame.ts';
import { brokenLaw, optionsText } from './broken-law.ts';
import type { Counts, Mode, Settings } from './derivatives.ts';
import { derivativeOf, lawOf, none, settingsFor, sumOf } from './derivatives.ts';
import { NothingCheckedError } from './nothing-checked.ts';
import { roundest } from './rounded.ts';
import { slopesOf } from './slopes.ts';
import type { Fn, Subject } from './subject.ts';
import { floatPart, on, subjectInF64, tracedOf, withFloats } from './subject.ts';

/** How closely derivatives are checked. */
export interface DerivativeOptions {
  /**
   * Largest relative error, and the absolute one where the derivative is 0; default 1e-5, or 2e-3 (5e-2) where the function
   * computes in f32 (f16), whose rounding makes differences coarse.
   */
  readonly tolerance?: number;
  /**
   * The largest step of central differences, rounded to a power of two; default 2⁻⁹, or 2⁻⁵ (2⁻²) where the function computes in
   * f32 (f16). Smaller steps are taken where those do not agree.
   */
  readonly step?: number;
  /** Another seed checks along other directions; default 0. */
  readonly seed?: number;
}

/** What {@link checkGrads} checks. */
export interface CheckGradsOptions extends DerivativeOptions {
  /** Default both. */
  readonly modes?: readonly Mode[];
  /** Derivatives up to this order; default 1. */
  readonly order?: number;
}

/** What a check of derivatives has done. */
export interface CheckReport {
  /** How many derivatives were compared. */
  readonly checked: number;
  /**
   * How many were left out, being at kinks: where the slopes to both sides differ (as those of |x| at 0), at jumps, or where the
   * function is not finite.
   */
  readonly kinks: number;
  /**
   * How many were left out because the values do not tell them: rounding changes those by more than 3% of
   * the slope (as that of exp(x) + 1e16).
   */
  readonly unresolved: number;
}

/**
 * Checks the derivatives of `f` at `args` against central differences: forward mode along a direction, and reverse mode by
 * ⟨Jᵀ ct, t⟩ = ⟨ct, J t⟩. With `order: 2` the same is done for what both modes give, and so on.
 *
 * Float arguments are converted to f64 and all is computed on the CPU (the wasm device), whichever device is the default.
 * Points at kinks, and slopes that rounding hides, are left out and counted.
 *
 * @returns how many derivatives were compared, and how many were left out.
 * @throws BrokenLawError that names the rule to blame, and has a test to paste.
 * @throws NothingCheckedError when all were left out.
 * @example
 * await checkGrads((x: NDArray) => np.sin(x).sum(), [np.array([0.1, 0.2])], { order: 2 });
 * @example
 * (await checkJvp((x: NDArray) => np.abs(x), [np.array([-1, 0, 1])])).kinks; // 1
 */
export async function checkGrads<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: CheckGradsOptions = {},
): Promise<CheckReport> {
  return checkDerivatives('checkGrads', f, args, options);
}

/**
 * Forward mode alone: J t against (f(x + h t) - f(x - h t)) / 2h, element by element, in f64 on the CPU.
 *
 * @throws BrokenLawError, NothingCheckedError as {@link checkGrads} does.
 * @example
 * await checkJvp((x: NDArray) => np.tanh(x), [np.array([0.1, 0.2])]);
 */
export async function checkJvp<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: DerivativeOptions = {},
): Promise<CheckReport> {
  return checkDerivatives('checkJvp', f, args, { ...options, modes: ['fwd'] });
}

/**
 * Reverse mode alone: ⟨Jᵀ ct, t⟩ against the central difference of ⟨ct, f⟩ along t, in f64 on the CPU.
 *
 * @throws BrokenLawError, NothingCheckedError as {@link checkGrads} does.
 * @example
 * await checkVjp((x: NDArray) => np.tanh(x), [np.array([0.1, 0.2])]);
 */
export async function checkVjp<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: DerivativeOptions = {},
): Promise<CheckReport> {
  return checkDerivatives('checkVjp', f, args, { ...options, modes: ['rev'] });
}

async function checkDerivatives<A extends readonly unknown[]>(
  check: string,
  f: Fn<A>,
  args: A,
  options: CheckGradsOptions,
): Promise<CheckReport> {
  checkArguments(check, f, args, options);
  const subject = await subjectInF64(f, args);
  const { g, at } = floatPart(subject.run, subject.xs);
  const settings = settingsFor(dtypesOf(subject), subject.device, options);
  const modes = options.modes ?? ['fwd', 'rev'];
  const counts = await ofOrder(
    { check, subject, settings, modes, options },
    { run: g, xs: at },
    options.order ?? 1,
    [],
  );
  if (counts.checked === 0) throw new NothingCheckedError(check, subject.name, counts);
  return counts;
}

interface Checking {
  readonly check: string;
  readonly subject: Subject;
  readonly settings: Settings;
  readonly modes: readonly Mode[];
  readonly options: CheckGradsOptions;
}

/** Checks the derivatives of `g`, which is the function itself or a derivative of it, and of their derivatives. */
async function ofOrder(
  c: Checking,
  { run: g, xs }: Pick<Subject, 'run' | 'xs'>,
  order: number,
  of: readonly Mode[],
): Promise<Counts> {
  let counts = none;
  const slopes = await slopesOf(g, xs, c.settings);
  for (const mode of c.modes) {
    const found = await lawOf[mode](g, xs, c.settings, slopes).catch((error: unknown) => {
      throw refusal(c, error);
    });
    if (found.fault !== null) throw await failure(c, { run: g, xs }, mode, of, found.fault);
    counts = sumOf(counts, found);
  }
  if (order > 1) {
    for (const mode of c.modes) {
      const next = { run: derivativeOf[mode](g, c.settings.seed), xs };
      counts = sumOf(counts, await ofOrder(c, next, order - 1, [...of, mode]));
    }
  }
  return counts;
}

async function failure(
  c: Checking,
  { run: g, xs }: Pick<Subject, 'run' | 'xs'>,
  mode: Mode,
  of: readonly Mode[],
  found: string,
): Promise<Error> {
  const round = await roundest(xs, async (ys) => (await lawOf[mode](g, ys, c.settings)).fault);
  const [at, fault] = round === null ? [xs, found] : [round.xs, round.fault];
  const blame = await blameForDerivative(g, at, c.settings);
  const derivative = of.length === 0 ? '' : `order ${of.length + 1}, of what ${of.map(modeName).join(' of ')} gives: `;
  const { order, modes: _, ...asked } = c.options;
  return brokenLaw({
    check: c.check,
    subject: withFloats(c.subject, at),
    fault: derivative + fault,
    blame,
    options: optionsText(c.check === 'checkGrads' ? { modes: [mode], ...asked, order } : asked),
    alone: { check: 'checkGrads', options: optionsText({ modes: [blame?.rule === 'jvp' ? 'fwd' : 'rev'], ...asked }) },
  });
}

/** An error that a mode is refused, which says how to check the other alone. */
function refusal(c: Checking, error: unknown): unknown {
  if (!(error instanceof GradientError) || c.modes.length === 1) return error;
  const other = { 'forward-mode': 'rev', 'no-reverse-mode': 'fwd' }[error.code];
  if (other === undefined) return error;
  const how = `To check ${other === 'fwd' ? 'forward' : 'reverse'} mode alone, give ${c.check} the option { modes: ['${other}'] }`;
  return new GradientError(error.code, `${error.message}. ${how}`, { cause: error });
}

const modeName = (mode: Mode): string => (mode === 'fwd' ? 'forward mode' : 'reverse mode');

/** The float dtypes of what depends on the arguments: the narrowest says how precise differences can be. */
function dtypesOf({ run, xs, device }: Subject): readonly DType[] {
  const closed = tracedOf(run, xs);
  const dtypes = closed === null ? on(device, () => run(...xs)).map((o) => o.dtype) : dependentDtypes(closed);
  return dtypes.filter(isFloat);
}

function dependentDtypes({ jaxpr }: ClosedJaxpr): readonly DType[] {
  const dependent = new Set(jaxpr.inputs);
  for (const e of jaxpr.equations) {
    if (e.inputs.some((a) => a instanceof Var && dependent.has(a))) e.outputs.forEach((v) => dependent.add(v));
  }
  return [...dependent].map((v) => v.aval.dtype);
}
