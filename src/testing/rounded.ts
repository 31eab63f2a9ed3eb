import { isFloat } from '../kernel/dtype.ts';
import type { NDArray } from '../trace/value.ts';
import type { Step } from './steps.ts';
import { arrayOf } from './subject.ts';

/** Values that a reader can take in: as few digits as a fault needs. */

/** The array with its floats rounded to so many significant digits. */
async function rounded(x: NDArray, digits: number): Promise<NDArray> {
  if (!isFloat(x.dtype)) return x;
  return arrayOf(
    x.shape,
    x.dtype,
    Array.from(await x.data(), (v) => Number(v.toPrecision(digits))),
  );
}

/** The roundest values at which there is a fault, and the fault; null where there is none at any rounder ones than these. */
export async function roundest<T>(
  xs: readonly NDArray[],
  faultAt: (xs: readonly NDArray[]) => Promise<T | null>,
): Promise<{ readonly xs: readonly NDArray[]; readonly fault: T } | null> {
  for (const digits of [1, 2, 3]) {
    const ys = await Promise.all(xs.map((x) => rounded(x, digits)));
    const fault = await faultAt(ys);
    if (fault !== null) return { xs: ys, fault };
  }
  return null;
}

/** The step at the roundest values at which it still fails. */
export async function roundedStep(step: Step, fails: (step: Step) => Promise<boolean>): Promise<Step> {
  const found = await roundest(step.inputs, async (inputs) => ((await fails({ ...step, inputs })) ? true : null));
  return found === null ? step : { ...step, inputs: found.xs };
}
