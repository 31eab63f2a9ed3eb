import type {} from 'vitest';
import type { ArrayLike } from '../../trace/value.ts';
import type { AllcloseOptions } from '../allclose.ts';
import { assertAllclose, NotCloseError } from '../allclose.ts';
import { BrokenLawError } from '../broken-law.ts';
import type { CheckGradsOptions } from '../check-grads.ts';
import { checkGrads } from '../check-grads.ts';
import { TreeMismatchError } from '../../tree/tree.ts';

/** Matchers for vitest (and for what takes matchers of that form): `expect.extend(matchers)`. */

/** What a matcher gives. */
interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** A check as a matcher. Only errors that are about what is checked are verdicts. */
async function verdict<T>(check: Promise<T>, negated: (report: T) => string): Promise<Verdict> {
  try {
    const report = await check;
    return { pass: true, message: () => negated(report) };
  } catch (error) {
    const isVerdict =
      error instanceof NotCloseError || error instanceof TreeMismatchError || error instanceof BrokenLawError;
    if (!isVerdict) throw error;
    return { pass: false, message: () => error.message };
  }
}

/** A Jaxpr's text without what does not matter in it: indentation, and empty lines. */
const lines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');

/**
 * Matchers. The first two are asynchronous: `await` what they give.
 *
 * - `await expect(actual).toBeAllclose(expected, options?)`: `assertAllclose`
 * - `await expect(f).toHaveCorrectGradients(args, options?)`: `checkGrads`; where no derivative can be compared it throws
 *   its NothingCheckedError, with `not`, too
 * - `expect(makeJaxpr(f)(x)).toMatchJaxpr(text)`: the printed Jaxpr, but for indentation
 *
 * @example
 * expect.extend(matchers);
 * test('a layer', async () => {
 *   await expect(np.add(1, 2)).toBeAllclose(3);
 *   await expect((x: NDArray) => np.tanh(x)).toHaveCorrectGradients([np.array([0.1, 0.2])]);
 *   expect(makeJaxpr((x: NDArray) => np.sin(x))(np.array(1))).toMatchJaxpr(`
 *     { lambda ; a:f32[]. let
 *         b:f32[] = sin a
 *       in (b,) }`);
 * });
 */
export const matchers = {
  toBeAllclose: (received: unknown, expected: unknown, options: AllcloseOptions = {}): Promise<Verdict> =>
    verdict(assertAllclose(received, expected, options), () => 'the arrays are close, and should not be'),

  toHaveCorrectGradients: (
    received: (...args: never[]) => unknown,
    args: readonly unknown[],
    options: CheckGradsOptions = {},
  ): Promise<Verdict> =>
    verdict(
      checkGrads(received as (...args: readonly unknown[]) => unknown, args, options),
      ({ checked, kinks, unresolved }) =>
        `the gradients are correct, and should not be (${checked} compared, ${kinks} left out at kinks, ${unresolved} lost in rounding)`,
    ),

  toMatchJaxpr(received: { readonly toString: () => string }, expected: string): Verdict {
    const [actual, wanted] = [lines(received.toString()), lines(expected)];
    const pass = actual === wanted;
    return {
      pass,
      message: () =>
        pass
          ? `the Jaxpr is the one given, and should not be:\n${actual}`
          : `the Jaxpr is\n${actual}\nexpected\n${wanted}`,
    };
  },
} as const;

/** The matchers as members of what `expect` gives. */
export interface PullbackMatchers<R = unknown> {
  /** Close arrays, or trees of them: see `assertAllclose`. To be awaited. */
  toBeAllclose(expected: ArrayLike | object, options?: AllcloseOptions): Promise<R>;
  /** A function whose derivatives are right at some arguments: see `checkGrads`. To be awaited. */
  toHaveCorrectGradients(args: readonly unknown[], options?: CheckGradsOptions): Promise<R>;
  /** A Jaxpr, printed like this, but for indentation. */
  toMatchJaxpr(expected: string): R;
}

declare module 'vitest' {
  // The interface that vitest gives for this.
  interface Matchers<T = any> extends PullbackMatchers<T> {} // eslint-disable-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type
}
