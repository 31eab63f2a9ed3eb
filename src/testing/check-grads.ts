import { isFloat } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { array } from '../numpy/create.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { jvp } from '../transforms/forward-mode.ts';
import { vjp } from '../transforms/reverse-mode.ts';
import { flattenArrays, nameOf } from '../transforms/trees.ts';
import { unflatten } from '../tree/tree.ts';
import { PullbackError } from '../util/error.ts';

/** What {@link checkGrads} checks, and how closely. */
export interface CheckOptions {
  /** Default both. */
  readonly modes?: readonly ('fwd' | 'rev')[];
  /** Largest error relative to max(1, |derivative|); default 1e-5. */
  readonly tolerance?: number;
  /** Step of the central difference; default 1e-5. */
  readonly step?: number;
}

/** A derivative is not what the function's values say. */
export class WrongGradientError extends PullbackError {
  constructor(message: string) {
    super('wrong-gradient', message);
  }
}

type Fn<A extends readonly unknown[]> = (...args: A) => unknown;

/**
 * Checks the derivatives of `f` at `args` against central differences, in f64: forward mode in a fixed direction, and
 * reverse mode by ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩. Float arguments are converted to f64 first, so that the default device must have it.
 *
 * @throws WrongGradientError with the mode, both numbers and the error.
 * @example
 * await checkGrads((x: NDArray) => np.sin(x).sum(), [np.array([0.1, 0.2])]);
 */
export async function checkGrads<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: CheckOptions = {},
): Promise<void> {
  const modes = options.modes ?? ['fwd', 'rev'];
  if (modes.includes('fwd')) await checkJvp(f, args, options);
  if (modes.includes('rev')) await checkVjp(f, args, options);
}

/** Forward mode alone: J t against (f(x + h t) - f(x - h t)) / 2h, element by element. */
export async function checkJvp<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: CheckOptions = {},
): Promise<void> {
  const { g, xs, ts } = prepare(f, args);
  const h = options.step ?? 1e-5;
  const [, tangents] = jvp(g, xs, ts);
  const moved = (s: number): readonly NDArray[] => g(...xs.map((x, i) => x.add((ts[i] as NDArray).mul(s))));
  const [plus, minus] = [moved(h), moved(-h)];
  for (const [o, t] of tangents.entries()) {
    const [above, below] = [await (plus[o] as NDArray).data(), await (minus[o] as NDArray).data()];
    (await t.data()).forEach((exact, i) => {
      const numeric = ((above[i] as number) - (below[i] as number)) / (2 * h);
      demand(exact, numeric, `forward mode of ${nameOf(f)}, result ${o}, element ${i}`, options);
    });
  }
}

/** Reverse mode alone: ⟨Jᵀ ct, t⟩ against the central difference of ⟨ct, f⟩ along t. */
export async function checkVjp<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  options: CheckOptions = {},
): Promise<void> {
  const { g, xs, ts } = prepare(f, args);
  const h = options.step ?? 1e-5;
  const [outs, pullback] = vjp(g, ...xs);
  const cts = outs.map((o, i) => direction(o, i + 7));
  const backward = await inner(pullback(cts), ts);
  const along = (s: number): Promise<number> => inner(cts, g(...xs.map((x, i) => x.add((ts[i] as NDArray).mul(s)))));
  const numeric = ((await along(h)) - (await along(-h))) / (2 * h);
  demand(backward, numeric, `reverse mode of ${nameOf(f)}`, options);
}

interface Prepared {
  /** The function of its float leaves alone, on flat lists. */
  readonly g: (...xs: readonly NDArray[]) => readonly NDArray[];
  readonly xs: readonly NDArray[];
  readonly ts: readonly NDArray[];
}

function prepare<A extends readonly unknown[]>(f: Fn<A>, args: A): Prepared {
  const flat = flattenArrays(args, 'args');
  const leaves = flat.leaves.map((x) => (isFloat(x.dtype) ? convertElementType(x, 'f64') : x));
  const varied = leaves.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  const g = (...ys: readonly NDArray[]): readonly NDArray[] => {
    const all = leaves.map((x, i) => (varied.includes(i) ? (ys[varied.indexOf(i)] as NDArray) : x));
    const result = flattenArrays(f(...unflatten<A>(flat.treedef, all)), `the result of ${nameOf(f)}`);
    return result.leaves.filter((o) => isFloat(o.dtype));
  };
  const xs = varied.map((i) => leaves[i] as NDArray);
  return { g, xs, ts: xs.map(direction) };
}

/** A fixed direction that looks random. */
function direction(x: NDArray, seed: number): NDArray {
  const values = Array.from({ length: x.size }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * (seed + 1)));
  return array(values, { dtype: 'f64' }).reshape(x.shape).astype(x.dtype);
}

async function inner(xs: readonly ArrayLike[], ys: readonly ArrayLike[]): Promise<number> {
  let total = 0;
  for (const [i, x] of xs.entries()) {
    const [a, b] = [await asArray(x).data(), await asArray(ys[i] ?? 0).data()];
    a.forEach((v, k) => (total += v * (b[k] as number)));
  }
  return total;
}

function demand(exact: number, numeric: number, where: string, { tolerance = 1e-5 }: CheckOptions): void {
  const error = Math.abs(exact - numeric) / Math.max(1, Math.abs(exact), Math.abs(numeric));
  if (error <= tolerance) return;
  throw new WrongGradientError(
    `${where}: the derivative is ${exact}, but values differ by ${numeric} (relative error ${error.toExponential(1)}, allowed ${tolerance})`,
  );
}
