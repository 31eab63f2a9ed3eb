import { disableJit } from '../trace/switches.ts';
import type { NDArray } from '../trace/value.ts';
import { jit } from '../transforms/jit.ts';
import { checkArguments } from './arguments.ts';
import { blameForJit } from './blame.ts';
import { amplified, brokenLaw, optionsText } from './broken-law.ts';
import { differentArrays } from './derivatives.ts';
import type { Flat, Fn } from './subject.ts';
import { movable, on, subjectOf } from './subject.ts';
import type { CompareOptions } from './tolerance.ts';
import { nearness } from './tolerance.ts';

/** The function compiled as one. */
const compiled = (f: Flat): Flat => jit((...ys: readonly NDArray[]) => f(...ys));
/** The function one operation at a time. */
const eager =
  (f: Flat): Flat =>
  (...ys) =>
    disableJit(() => f(...ys));

/**
 * Checks that the compiled function gives what its operations give one at a time, in its first call and in its second, which
 * runs what the first one traced. On the default device.
 *
 * @throws BrokenLawError that names the first operation whose result changes when it is compiled together with others.
 * @throws TracerConversionError where the function reads values that are traced, as `jit` of it would.
 * @example
 * await checkJit((x: NDArray) => np.exp(x).div(np.exp(x).sum()), [np.array([1, 2, 3])]);
 */
export async function checkJit<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  { tolerance }: CompareOptions = {},
): Promise<{ readonly checked: number }> {
  checkArguments('checkJit', f, args, { tolerance });
  const subject = await movable(await subjectOf(f, args));
  const { run, xs, device } = subject;
  const near = nearness(tolerance, device);
  const expected = on(device, () => eager(run)(...xs));
  const whole = compiled(run);
  for (const call of ['first', 'second']) {
    const why = await differentArrays(on(device, () => whole(...xs)), expected, near); // prettier-ignore
    if (why === null) continue;
    throw await brokenLaw({
      check: 'checkJit',
      subject,
      fault: `the ${call} call of the compiled function gives something else than its operations one at a time: ${why}`,
      blame: await blameForJit(run, xs, device, compiled, near),
      options: optionsText({ tolerance }),
      otherwise: amplified,
    });
  }
  return { checked: expected.length };
}
