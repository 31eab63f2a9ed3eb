import { isFloat } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import { Var } from '../trace/jaxpr.ts';
import { blameForDerivative } from './blame.ts';
import { brokenLaw } from './broken-law.ts';
import type { Mode, Settings } from './derivatives.ts';
import { derivativeOf, lawOf, settingsFor, slopesOf } from './derivatives.ts';
import type { Flat, Fn, Subject } from './subject.ts';
import { floatPart, on, subjectInF64, tracedOf } from './subject.ts';

/** How closely derivatives are checked. */
export interface DerivativeOptions {
  /**
   * Largest error relative to max(1, |derivative|); default 1e-5, or 2e-3 where the function computes in less than f64, whose
   * rounding makes differences coarse.
   */
  readonly tolerance?: number;
  /** Step of the central difference; default 1e-5, or 1e-2 where the function computes in less than f64. */
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
   * How many were left out, being at kinks: where the slopes to both sides differ (as those of |x| at 0), or the function is
   * not finite.
   */
  readonly kinks: number;
}

/**
 * Checks the derivatives of `f` at `args` against central differences: forward mode along a direction, and reverse mode by
 * ⟨Jᵀ ct, t⟩ = ⟨ct, J t⟩. With `order: 2` the same is done for what both modes give, and so on.
 *
 * Float arguments are converted to f64 and all is computed on the CPU (the wasm device), whichever device is the default.
 * Points at kinks are left out and counted.
 *
 * @returns how many derivatives were compared, and how many were left out.
 * @throws BrokenLawError that names the rule to blame, and has a test to paste.
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
 * @throws BrokenLawError as {@link checkGrads} does.
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
 * @throws BrokenLawError as {@link checkGrads} does.
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
  const subject = await subjectInF64(f, args);
  const { g, at } = floatPart(subject.run, subject.xs);
  const settings = settingsFor(dtypesOf(subject), subject.device, options);
  const modes = options.modes ?? ['fwd', 'rev'];
  return ofOrder({ check, subject, settings, modes, options }, { ...subject, run: g, xs: at }, options.order ?? 1, []);
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
): Promise<CheckReport> {
  let [checked, kinks] = [0, 0];
  const slopes = await slopesOf(g, xs, c.settings);
  for (const mode of c.modes) {
    const found = await lawOf[mode](g, xs, c.settings, slopes);
    if (found.fault !== null) throw await failure(c, g, xs, mode, of, found.fault);
    checked += found.checked;
    kinks += found.kinks;
  }
  if (order > 1) {
    for (const mode of c.modes) {
      const next = { run: derivativeOf[mode](g, c.settings.seed), xs };
      const more = await ofOrder(c, next, order - 1, [...of, mode]);
      checked += more.checked;
      kinks += more.kinks;
    }
  }
  return { checked, kinks };
}

async function failure(
  c: Checking,
  g: Flat,
  xs: Subject['xs'],
  mode: Mode,
  of: readonly Mode[],
  fault: string,
): Promise<Error> {
  const blame = await blameForDerivative(g, xs, c.settings);
  const derivative = of.length === 0 ? '' : `order ${of.length + 1}, of what ${of.map(modeName).join(' of ')} gives: `;
  const { order, ...rest } = c.options;
  const given = {
    ...(c.check === 'checkGrads'
      ? { ...rest, modes: [mode], ...(order === undefined ? {} : { order }) }
      : withoutModes(rest)),
  };
  return brokenLaw({
    check: c.check,
    subject: c.subject,
    fault: derivative + fault,
    blame,
    options: optionsText(given),
    alone: {
      check: 'checkGrads',
      options: optionsText({ modes: [blame?.rule === 'jvp' ? 'fwd' : 'rev'], ...seedOf(rest) }),
    },
  });
}

const withoutModes = ({ modes: _, ...rest }: CheckGradsOptions): DerivativeOptions => rest;
const seedOf = ({ seed }: DerivativeOptions): DerivativeOptions => (seed === undefined ? {} : { seed });
const modeName = (mode: Mode): string => (mode === 'fwd' ? 'forward mode' : 'reverse mode');

/** Options as source text. */
const optionsText = (options: object): string =>
  Object.keys(options).length === 0
    ? ''
    : `{ ${Object.entries(options).map(([k, v]) => `${k}: ${JSON.stringify(v).replaceAll('"', "'")}`).join(', ')} }`; // prettier-ignore

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
