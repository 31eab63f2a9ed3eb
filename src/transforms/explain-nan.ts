import { isFloat } from '../kernel/dtype.ts';
import { currentTrace, withTrace } from '../trace/context.ts';
import { ArgumentError, TracerConversionError } from '../trace/errors.ts';
import { disableJit, explainsNan } from '../trace/switches.ts';
import { NDArray } from '../trace/value.ts';
import { flatten, leafPaths, unflatten } from '../tree/tree.ts';
import { at, zipExact } from '../util/array.ts';
import { argumentName } from './checks.ts';
import { Elements, firstBad, selectionBehind, wayOf } from './nan/blame.ts';
import type { NanReport } from './nan/report.ts';
import { reportOf } from './nan/report.ts';
import type { Value } from './nan/watch.ts';
import { valueOf, WatchTrace } from './nan/watch.ts';
import { flattenArrays, nameOf } from './trees.ts';

/**
 * Says where a NaN or an infinity comes from: `explainNan(f)(...args)` runs `f` again, operation by operation, follows the
 * first NaN among its results (or else the first infinity) back through the elements that it was computed from, and names
 * the first operation that made one of finite numbers, with its operands, the line of the user's code and the iteration of
 * the loop that it is in. Of a sum or a product of matrices, the terms that are NaN or infinite are followed and told.
 *
 * `f` may be a gradient, or any other function that is made by transformations. What went wrong going backward is told as
 * such: a factor of a derivative, as 1/√x at 0, or a cotangent. Where a cotangent is zero because the user's `where` chose
 * the other branch, and becomes NaN all the same, the report has a hint to guard the operand too (double where). A value that is not
 * finite but does not reach the results is nobody's fault. Infinities that `f` was given are passed over where they do no harm.
 *
 * What is jitted runs uncompiled meanwhile (as by `disableJit`), and all that was computed is kept until the report is
 * there, so this is for a function that is known to fail, not for every step of a training.
 *
 * @returns a function of `f`'s arguments that promises a report: `String(report)` says all of it.
 * @throws ArgumentError when `f` gives anything but arrays, or is asynchronous.
 * @throws TracerConversionError inside of a function that is being traced.
 * @example
 * const loss = (x: NDArray): NDArray => np.where(x.gt(0), np.sqrt(x), 0).sum();
 * const report = await explainNan(grad(loss))(np.array([4, 0]));
 * console.log(String(report));
 * // explainNan of the function: the result at [1] is NaN
 * //   first: div(0.5, 0) gave Infinity, f32[2] at [1], in the derivative of sqrt [at loss (…)]
 * //   then: mul(0, Infinity) gave NaN, f32[2] at [1], going backward [at loss (…)]
 * //   hint: the where at loss (…) does not choose this value here, so its cotangent is 0, but …
 */
export function explainNan<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
): (...args: A) => Promise<NanReport> {
  if (typeof f !== 'function') {
    throw new ArgumentError('explainNan takes a function, and gives one of its arguments: explainNan(f)(x, y)');
  }
  const name = nameOf(f);
  const explain = async (args: A): Promise<NanReport> => {
    const { values, paths } = replay(f, name, args);
    const elements = new Elements();
    const found = await worst(values, elements);
    if (found === null) return reportOf(name, null);
    const way = await wayOf(at(values, found.result), found.position, elements);
    return reportOf(name, { path: at(paths, found.result), way, selection: await selectionBehind(way, elements) });
  };
  return (...args) => explain(args);
}

/** Runs `f` on arrays that know where they come from: its results, and the path of each. */
function replay<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  name: string,
  args: A,
): { readonly values: readonly Value[]; readonly paths: ReturnType<typeof leafPaths> } {
  if (currentTrace() !== null) {
    throw new TracerConversionError(
      "explainNan runs functions, so it can't be used inside of one that is being traced",
    );
  }
  const trace = new WatchTrace(`explainNan of ${name}`);
  const given = withWatched(args, name, trace);
  try {
    const result = explainsNan(() => disableJit(() => withTrace(trace, () => f(...given))));
    const { leaves, treedef } = flattenArrays(result, `the result of ${name}`, 'explainNan looks at arrays only.');
    return { values: leaves.map(valueOf), paths: leafPaths(treedef) };
  } finally {
    trace.alive = false;
  }
}

/** The arguments with each array watched; other values as they are. */
function withWatched<A extends readonly unknown[]>(args: A, name: string, trace: WatchTrace): A {
  const { leaves, treedef } = flatten(args);
  const watched = zipExact(leaves, leafPaths(treedef)).map(([leaf, path]) =>
    leaf instanceof NDArray ? trace.argument(leaf, `${argumentName(path)} of ${name}`) : leaf,
  );
  return unflatten<A>(treedef, watched);
}

/** Which result has the first NaN, or else the first infinity. */
async function worst(
  values: readonly Value[],
  elements: Elements,
): Promise<{ readonly result: number; readonly position: number } | null> {
  let infinite: { readonly result: number; readonly position: number } | null = null;
  for (const [result, value] of values.entries()) {
    if (!isFloat(value.array.dtype)) continue;
    const data = await elements.of(value);
    const position = firstBad(data);
    if (position < 0) continue;
    if (Number.isNaN(data[position])) return { result, position };
    infinite ??= { result, position };
  }
  return infinite;
}
