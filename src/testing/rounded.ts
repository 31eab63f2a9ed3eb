import { isFloat } from '../kernel/dtype.ts';
import type { NDArray } from '../trace/value.ts';
import type { Step } from './steps.ts';
import { arrayOf } from './subject.ts';

/** Values that a reader can take in: as few digits as a fault needs. */

/** The array with its floats rounded to so many significant digits. */
export async function rounded(x: NDArray, digits: number): Promise<NDArray> {
  if (!isFloat(x.dtype)) return x;
  return arrayOf(
    x.shape,
    x.dtype,
    Array.from(await x.data(), (v) => Number(v.toPrecision(digits))),
  );
}

/** The step at the roundest values at which it still fails. */
export async function roundedStep(step: Step, fails: (step: Step) => Promise<boolean>): Promise<Step> {
  for (const digits of [1, 2, 3]) {
    const round = { ...step, inputs: await Promise.all(step.inputs.map((x) => rounded(x, digits))) };
    if (await fails(round)) return round;
  }
  return step;
}
