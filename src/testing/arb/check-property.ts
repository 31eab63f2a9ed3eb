import fc from 'fast-check';
import { NDArray } from '../../trace/value.ts';
import { ArgumentError } from '../../trace/errors.ts';
import { PullbackError } from '../../util/error.ts';
import type { BlamedRule } from '../broken-law.ts';
import { BrokenLawError } from '../broken-law.ts';
import { NothingCheckedError } from '../nothing-checked.ts';
import { arrayText } from '../paste.ts';

/** How often a property is tried, and what to repeat. */
export interface PropertyOptions {
  /** Default 20. */
  readonly runs?: number;
  /** What an error said, to draw the same again. */
  readonly seed?: number;
  /** What an error said, to try the shrunk values alone. */
  readonly path?: string;
}

/** A property that does not hold for all values drawn. */
export class PropertyError extends PullbackError {
  /** With this seed the same is drawn again. */
  readonly seed: number;
  /** With this path, too, the shrunk values alone are tried. */
  readonly path: string;
  /** The simplest values found for which it does not hold. */
  readonly counterexample: readonly unknown[];
  /** The rule that is to blame, if a check of laws found one. */
  readonly blame: BlamedRule | null;
  /** A test that fails in the same way, as source text, if a check of laws wrote one. */
  readonly test: string | null;

  constructor(message: string, found: Pick<PropertyError, 'seed' | 'path' | 'counterexample'>, cause: unknown) {
    super('property', message, { cause });
    this.seed = found.seed;
    this.path = found.path;
    this.counterexample = found.counterexample;
    this.blame = cause instanceof BrokenLawError ? cause.blame : null;
    this.test = cause instanceof BrokenLawError ? cause.test : null;
  }
}

/**
 * Checks a property for many values that are drawn at random. Where it fails, simpler values are looked for that fail, too.
 * Values at which a check of derivatives can compare nothing (all is at kinks) do not count, and others are drawn.
 *
 * @param property is given a value of each arbitrary. It fails by throwing, by a promise that rejects, or by `false`.
 * @throws PropertyError (the promise rejects) with the seed, the simplest values, and what the property said: the rule to
 *   blame and a test to paste, where it is a check of laws.
 * @throws NothingCheckedError when hardly any of the values can be checked.
 * @example
 * await checkProperty([arb.array({ extremes: true })], (x) => checkGrads((y: NDArray) => np.tanh(y), [x]));
 */
export async function checkProperty<T extends [unknown, ...unknown[]]>(
  arbitraries: { readonly [K in keyof T]: fc.Arbitrary<T[K]> },
  property: (...values: T) => unknown,
  { runs = 20, seed, path }: PropertyOptions = {},
): Promise<void> {
  if (!Array.isArray(arbitraries) || !arbitraries.every((a) => a instanceof fc.Arbitrary)) {
    throw new ArgumentError('checkProperty: the first argument must be a list of arbitraries of fast-check: checkProperty([arb.array()], (x) => …)'); // prettier-ignore
  }
  if (typeof property !== 'function') throw new ArgumentError('checkProperty: the second argument must be a function');
  const uncheckable: PullbackError[] = [];
  const drawn = fc.tuple(...(arbitraries as unknown as fc.Arbitrary<unknown>[])) as unknown as fc.Arbitrary<T>;
  const tried = fc.asyncProperty(drawn, async (values) => {
    try {
      if ((await property(...values)) === false) throw new PullbackError('property', 'the property is false');
    } catch (error) {
      if (!(error instanceof NothingCheckedError)) throw error;
      uncheckable.push(error);
      fc.pre(false);
    }
  });
  const options = {
    numRuns: runs,
    maxSkipsPerRun: 10,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  };
  const run = await fc.check(tried, options);
  if (!run.failed) return;
  if (run.counterexample === null)
    throw uncheckable[0] ?? new PullbackError('property', 'hardly any of the values drawn could be tried');
  const [values] = run.counterexample;
  const found = { seed: run.seed, path: run.counterexamplePath, counterexample: values };
  const cause: unknown = run.errorInstance;
  const said = cause instanceof Error ? cause.message : String(cause);
  const shown = await Promise.all(values.map(async (v, i) => `value ${i} = ${await valueText(v)}`));
  const lines = [
    `a property failed in run ${run.numRuns}, and for simpler values after ${run.numShrinks} simplifications`,
    ...shown,
    `to try these again: { seed: ${found.seed}, path: '${found.path}' }`,
  ];
  throw new PropertyError(`${lines.join('\n  ')}\n\n${said}`, found, cause);
}

const valueText = async (x: unknown): Promise<string> => (x instanceof NDArray ? arrayText(x) : fc.stringify(x));
