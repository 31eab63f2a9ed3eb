import { linearTranspose, vjp } from '../transforms/reverse-mode.ts';
import { checkArguments } from './arguments.ts';
import { blameForDerivative } from './blame.ts';
import { brokenLaw, optionsText } from './broken-law.ts';
import type { CheckReport, DerivativeOptions } from './check-grads.ts';
import { cotangentSeed, differentInner, inner, linearLaw, none, settingsFor } from './derivatives.ts';
import type { Fn } from './subject.ts';
import { directions, floatPart, on, subjectInF64 } from './subject.ts';

/**
 * Checks a function that is linear in all of its float arguments together: that it is, by f(10x + 30y) = 10 f(x) + 30 f(y), and
 * that its transpose is the transpose of what it computes, by ⟨ct, f(t)⟩ = ⟨fᵀ(ct), t⟩, as is what reverse mode gives, which goes
 * by rules of its own where it has some. In f64 on the CPU.
 *
 * @throws BrokenLawError that names the rule to blame, and has a test to paste.
 * @throws GradientError with code `not-linear` when the function uses an operation that is not linear.
 * @example
 * await checkTransposed((x: NDArray) => np.cumsum(x, 0), [np.array([1, 2, 3])]);
 */
export async function checkTransposed<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: Omit<DerivativeOptions, 'step'> = {},
): Promise<CheckReport> {
  checkArguments('checkTransposed', f, args, options);
  const { tolerance = 1e-9, seed = 0 } = options;
  const subject = await subjectInF64(f, args);
  const { device } = subject;
  const settings = settingsFor(['f64'], device, { seed });
  const { g, at: xs } = floatPart(subject.run, subject.xs);
  const linear = await linearLaw(g, xs, device, tolerance);
  const fault = linear.fault ?? (await transposed());
  if (fault === null) return { ...none, checked: linear.checked + 2 };
  const blame = linear.fault === null ? await blameForDerivative(g, xs, settings) : null;
  throw await brokenLaw({
    check: 'checkTransposed',
    subject,
    fault,
    blame,
    options: optionsText(options),
    alone: {
      check: 'checkGrads',
      options: optionsText({ modes: [blame?.rule === 'jvp' ? 'fwd' : 'rev'], seed: options.seed }),
    },
    ...(linear.fault === null ? {} : { otherwise: 'no rule, for the function is not linear: its values say so' }),
  });

  async function transposed(): Promise<string | null> {
    const ts = directions(xs, seed);
    const outs = on(device, () => g(...ts));
    const cts = directions(outs, seed + cotangentSeed);
    const expected = await inner(cts, outs);
    const back = on(device, () => linearTranspose((...ys: typeof ts) => g(...ys), ...ts)(cts));
    const found = differentInner(expected, await inner(back, ts), tolerance);
    if (found !== null) return found;
    // Of functions with rules of their own, which the transpose of what they compute knows nothing of.
    const reverse = on(device, () => vjp(g, ...xs)[1](cts));
    const differs = differentInner(expected, await inner(reverse, ts), tolerance);
    return differs === null ? null : `reverse mode: ${differs}`;
  }
}
