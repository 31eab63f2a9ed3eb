import type { Device } from '../kernel/device.ts';
import type { DType, FloatType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { add } from '../lax/elementwise.ts';
import { showAval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { jvpFlat } from '../transforms/jvp.ts';
import { vjp } from '../transforms/reverse-mode.ts';
import { zerosOf } from '../lax/structural.ts';
import { at } from '../util/array.ts';
import type { Precision, Slope, Slopes } from './slopes.ts';
import { informative, slopesAlong, slopesOf } from './slopes.ts';
import type { Flat } from './subject.ts';
import { arrayOf, directions, on, scaled } from './subject.ts';

/** The laws of derivatives, for functions of flat lists of float arrays: what the public checks and the blame share. */

/** How many derivatives a check has seen. */
export interface Counts {
  /** How many have been compared. */
  readonly checked: number;
  /** How many were left out, being at kinks. */
  readonly kinks: number;
  /** How many were left out, being too small to be told by values that are rounded. */
  readonly unresolved: number;
}

/** What a check has found. */
export interface Finding extends Counts {
  /** What is wrong, in words; null when all is well. */
  readonly fault: string | null;
}

/** No derivatives. */
export const none: Counts = { checked: 0, kinks: 0, unresolved: 0 };

/** The derivatives of two checks together. */
export const sumOf = (a: Counts, b: Counts): Counts => ({
  checked: a.checked + b.checked,
  kinks: a.kinks + b.kinks,
  unresolved: a.unresolved + b.unresolved,
});

/** A precision with the seed of directions. */
export interface Settings extends Precision {
  readonly seed: number;
  /** What the user asked for, for operations in other dtypes. */
  readonly asked: Asked;
}

/** What a user may ask for. */
export interface Asked {
  readonly tolerance?: number;
  readonly step?: number;
  readonly seed?: number;
}

/** The modes of differentiation. */
export type Mode = 'fwd' | 'rev';

/** Which seeds directions have: of tangents, of cotangents, of what orders above the first differentiate along. */
export const cotangentSeed = 7;
const alongSeed = 11;

/** What results are compared with. Those in less than f64 are too coarse for a small step. */
const usualFor: { readonly [D in FloatType]: Pick<Precision, 'tolerance' | 'step' | 'epsilon'> } = {
  f64: { tolerance: 1e-5, step: 2 ** -9, epsilon: 2 ** -52 },
  f32: { tolerance: 2e-3, step: 2 ** -5, epsilon: 2 ** -23 },
  f16: { tolerance: 5e-2, step: 2 ** -2, epsilon: 2 ** -10 },
};

type DerivativeLaw = (g: Flat, xs: readonly NDArray[], s: Settings, slopes?: Slopes) => Promise<Finding>;

/** The law of a mode: J t, or ⟨Jᵀ ct, t⟩, against central differences. */
export const lawOf: { readonly [M in Mode]: DerivativeLaw } = {
  fwd: forwardLaw,
  rev: reverseLaw,
};

/** J t is the central difference, element by element; and the values that come along are the function's. */
async function forwardLaw(g: Flat, xs: readonly NDArray[], s: Settings, known?: Slopes): Promise<Finding> {
  const slopes = known ?? (await slopesOf(g, xs, s));
  const { primals, tangents } = on(s.device, () => jvpAt(g, xs, slopes.along));
  const wrongValue = await differentValues(primals, g, xs, s, 'forward mode');
  if (wrongValue !== null) return { ...none, fault: wrongValue };
  let [checked, kinks, unresolved] = [0, 0, 0];
  for (const [o, t] of tangents.entries()) {
    const exact = await t.data();
    for (const [i, slope] of at(slopes.of, o).entries()) {
      if (slope.kink) {
        kinks += 1;
        continue;
      }
      const numeric = { ...slope, scale: Math.abs(slope.value) };
      const fault = compare(exact[i] as number, numeric, s.tolerance);
      if (fault !== null) return { checked, kinks, unresolved, fault: `forward mode, result ${o}, element ${i}: ${fault}` }; // prettier-ignore
      if (isResolved(exact[i] as number, numeric, s.tolerance)) checked += 1;
      else unresolved += 1;
    }
  }
  return { checked, kinks, unresolved, fault: null };
}

/** ⟨Jᵀ ct, t⟩ is the central difference of ⟨ct, f⟩ along t, where ct leaves out what has no slope, or none that is known. */
async function reverseLaw(g: Flat, xs: readonly NDArray[], s: Settings, known?: Slopes): Promise<Finding> {
  const [outs, pullback] = on(s.device, () => vjp(g, ...xs));
  const wrongValue = await differentValues(outs, g, xs, s, 'reverse mode');
  if (wrongValue !== null) return { ...none, fault: wrongValue };
  const slopes = known ?? (await slopesOf(g, xs, s));
  const pulled = async (seen: readonly Slopes[]): Promise<Pulled> => {
    const cts = await Promise.all(
      directions(outs, s.seed + cotangentSeed).map((ct, o) =>
        kept(ct, (i) => seen.every(({ of }) => isKnown(at(at(of, o), i), s.tolerance))),
      ),
    );
    return { cts, back: on(s.device, () => pullback(cts)) };
  };
  const first = await pulled([slopes]);
  const smooth = await withoutSpoiled(g, xs, s, slopes, first.back);
  if (typeof smooth === 'string') {
    const { value } = await slopeOfInner(first.cts, slopes, 0);
    return { ...none, fault: `reverse mode, ⟨Jᵀ ct, t⟩: the derivative is NaN, but values differ by ${show(value)} (${smooth})` }; // prettier-ignore
  }
  const { cts, back } = smooth === slopes ? first : await pulled([slopes, smooth]);
  const exact = await inner(back, smooth.along);
  const numeric = await slopeOfInner(cts, smooth, 16 * s.epsilon * exact.absolute);
  const fault = compare(exact.sum, numeric, s.tolerance);
  const all = slopes.of.flat();
  const kinks = all.filter((slope) => slope.kink).length;
  const comparable = all.filter((slope) => isKnown(slope, s.tolerance)).length;
  const checked = isResolved(exact.sum, numeric, s.tolerance) ? comparable : 0;
  return {
    checked,
    kinks,
    unresolved: all.length - kinks - checked,
    fault: fault === null ? null : `reverse mode, ⟨Jᵀ ct, t⟩: ${fault}`,
  };
}

/** Cotangents of results, and those of the arguments that they give. */
interface Pulled {
  readonly cts: readonly NDArray[];
  readonly back: readonly NDArray[];
}

/**
 * Zero times the infinite slope at a kink is NaN, so that the argument's elements that make the kink have no cotangent. The
 * slopes with those elements fixed, or what is wrong: an element that is NaN though there is no kink where it moves alone.
 */
async function withoutSpoiled(
  g: Flat,
  xs: readonly NDArray[],
  s: Settings,
  slopes: Slopes,
  back: readonly NDArray[],
): Promise<Slopes | string> {
  const cotangents = await Promise.all(back.map(async (x) => Array.from(await x.data())));
  const spoiled = cotangents.flatMap((values, k) =>
    values.flatMap((v, i) => (Number.isNaN(v) ? [[k, i] as const] : [])),
  );
  if (spoiled.length === 0) return slopes;
  const moving = (moves: (k: number, i: number) => boolean): Promise<Slopes> =>
    Promise.all(slopes.along.map((t, k) => kept(t, (i) => moves(k, i)))).then((ts) => slopesAlong(g, xs, ts, s));
  for (const [k, i] of spoiled) {
    const alone = await moving((j, n) => j === k && n === i);
    if (!alone.of.flat().some((slope) => slope.kink)) return `Jᵀ ct has the NaN in operand ${k}, element ${i}, where there is no kink`; // prettier-ignore
  }
  return moving((k, i) => !Number.isNaN(at(at(cotangents, k), i)));
}

/** The slope of ⟨ct, f⟩. */
async function slopeOfInner(cts: readonly NDArray[], slopes: Slopes, rounding: number): Promise<Measured> {
  let [value, error, scale, negligible] = [0, rounding, 0, 0];
  for (const [o, ct] of cts.entries()) {
    (await ct.data()).forEach((c, i) => {
      if (c === 0) return;
      const slope = at(at(slopes.of, o), i);
      value += c * slope.value;
      scale += Math.abs(c * slope.value);
      error += Math.abs(c) * slope.error;
      negligible += Math.abs(c) * slope.negligible;
    });
  }
  return { value, error, scale, negligible };
}

/** The array, and 0 for the elements that are to be left out. */
export async function kept(x: NDArray, keep: (i: number) => boolean): Promise<NDArray> {
  const values = Array.from(await x.data());
  if (values.every((_, i) => keep(i))) return x;
  return arrayOf(
    x.shape,
    x.dtype,
    values.map((v, i) => (keep(i) ? v : 0)),
  );
}

/** ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩. */
export async function transposeLaw(g: Flat, xs: readonly NDArray[], s: Settings, tolerance: number): Promise<Finding> {
  const ts = directions(xs, s.seed);
  const { tangents } = on(s.device, () => jvpAt(g, xs, ts));
  const cts = directions(tangents, s.seed + cotangentSeed);
  const back = on(s.device, () => vjp(g, ...xs)[1](cts));
  const [forward, backward] = [await inner(cts, tangents), await inner(back, ts)];
  return { ...none, checked: 1, fault: differentInner(forward, backward, tolerance) };
}

/** How ⟨ct, J t⟩ and ⟨Jᵀ ct, t⟩ differ; null when they do not. */
export function differentInner(forward: Inner, backward: Inner, tolerance: number): string | null {
  const allowed = tolerance * (1 + forward.absolute + backward.absolute);
  if (Math.abs(forward.sum - backward.sum) <= allowed) return null;
  return `⟨ct, J t⟩ is ${show(forward.sum)}, but ⟨Jᵀ ct, t⟩ is ${show(backward.sum)} (allowed ${show(allowed)})`;
}

/** Results and tangents, zeros for those that do not depend on the inputs. */
export function jvpAt(
  g: Flat,
  xs: readonly NDArray[],
  ts: readonly NDArray[],
): { readonly primals: readonly NDArray[]; readonly tangents: readonly NDArray[] } {
  const { primals, tangents } = jvpFlat('a check', g, xs, ts);
  return { primals, tangents: primals.map((p, i) => tangents[i] ?? zerosOf(p.aval)) };
}

/** The derivative whose own derivatives are the next order's: J t in a fixed direction, or Jᵀ ct. */
export const derivativeOf: { readonly [M in Mode]: (g: Flat, seed: number) => Flat } = {
  fwd:
    (g, seed) =>
    (...xs) =>
      jvpAt(g, xs, directions(xs, seed + alongSeed)).tangents,
  rev:
    (g, seed) =>
    (...xs) => {
      const [outs, pullback] = vjp(g, ...xs);
      return pullback(directions(outs, seed + alongSeed));
    },
};

/** f(10x + 30y) = 10 f(x) + 30 f(y): not near 0 alone, where much is linear. Or with other factors. */
export async function linearLaw(
  g: Flat,
  xs: readonly NDArray[],
  device: Device,
  tolerance: number,
  [a, b]: readonly [number, number] = [10, 30],
): Promise<Finding> {
  const ys = directions(xs, 3);
  const combined = (us: readonly NDArray[], vs: readonly NDArray[]): readonly NDArray[] =>
    us.map((u, i) => add(scaled(u, a), scaled(at(vs, i), b)));
  const [actual, expected] = on(device, () => [g(...combined(xs, ys)), combined(g(...xs), g(...ys))] as const);
  const fault = await differentArrays(actual, expected, tolerance);
  const checked = actual.reduce((n, o) => n + o.size, 0);
  return { ...none, checked, fault: fault === null ? null : `f(${a}x + ${b}y) is not ${a}f(x) + ${b}f(y): ${fault}` };
}

async function differentValues(
  values: readonly NDArray[],
  g: Flat,
  xs: readonly NDArray[],
  s: Settings,
  mode: string,
): Promise<string | null> {
  const fault = await differentArrays(values, on(s.device, () => g(...xs)), Math.max(s.tolerance / 10, 10 * s.epsilon)); // prettier-ignore
  return fault === null ? null : `the values that ${mode} computes along are not the function’s: ${fault}`;
}

/** The first element in which lists of arrays differ; null when none does. NaN is equal to NaN. */
export async function differentArrays(
  actual: readonly NDArray[],
  expected: readonly NDArray[],
  tolerance: number | ((x: NDArray) => number),
): Promise<string | null> {
  const types = (xs: readonly NDArray[]): string => xs.map((x) => showAval(x.aval)).join(', ');
  if (types(actual) !== types(expected)) return `results are ${types(actual)}, expected ${types(expected)}`;
  for (const [o, x] of actual.entries()) {
    const [as, es] = [await x.data(), await at(expected, o).data()];
    const relative = typeof tolerance === 'number' ? tolerance : tolerance(x);
    const i = as.findIndex((a, k) => !close(a, es[k] as number, relative));
    if (i >= 0) return `result ${o}, element ${i}: ${show(as[i] as number)}, expected ${show(es[i] as number)}`;
  }
  return null;
}

/** Equal, both NaN, or near in relation to max(1, |values|). */
export const close = (a: number, e: number, tolerance: number): boolean =>
  a === e ||
  (Number.isNaN(a) && Number.isNaN(e)) ||
  (Number.isFinite(a) && Number.isFinite(e) && Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(a), Math.abs(e)));

/** What values say of a derivative. */
interface Measured extends Omit<Slope, 'kink'> {
  /** The sum of the absolute values of what it consists of. */
  readonly scale: number;
}

/** How a derivative is not the one that values say; null when it may be. */
function compare(exact: number, { value, error, scale }: Measured, tolerance: number): string | null {
  const size = Math.max(scale, Math.abs(exact));
  const off = Math.abs(exact - value);
  // Not `>`, which is false for NaN.
  if (off <= tolerance * size + error) return null;
  const relative = Number.isFinite(off) ? `relative error ${(off / size).toExponential(1)}, ` : '';
  return `the derivative is ${show(exact)}, but values differ by ${show(value)} (${relative}allowed ${tolerance})`;
}

/** Do the values say what the derivative is? Of one that is 0 they only say that it is small. */
function isResolved(exact: number, { error, scale, negligible }: Measured, tolerance: number): boolean {
  if (error <= informative * Math.max(scale, Math.abs(exact))) return true;
  return Math.abs(exact) <= negligible && error <= tolerance;
}

/** Do the values say something, whatever the derivative is? */
const isKnown = ({ kink, value, error }: Slope, tolerance: number): boolean =>
  !kink && (error <= informative * Math.abs(value) || error <= tolerance);

/** A number with as many digits as a reader wants. */
export const show = (x: number): string => (Object.is(x, -0) ? '-0' : String(Number(x.toPrecision(6))));

/** An inner product, and the sum of its terms’ absolute values. */
export interface Inner {
  readonly sum: number;
  readonly absolute: number;
}

/** ⟨x, t⟩, of all elements of all arrays. */
export async function inner(xs: readonly NDArray[], ys: readonly NDArray[]): Promise<Inner> {
  let [sum, absolute] = [0, 0];
  for (const [k, x] of xs.entries()) {
    const [a, b] = [await x.data(), await at(ys, k).data()];
    a.forEach((v, i) => {
      // What does not move counts nothing, even where its cotangent is not finite.
      if (b[i] === 0) return;
      sum += v * (b[i] as number);
      absolute += Math.abs(v * (b[i] as number));
    });
  }
  return { sum, absolute };
}

/** The settings for what is computed in these float dtypes on a device, with what the user asked for. */
export function settingsFor(dtypes: readonly DType[], device: Device, asked: Asked = {}): Settings {
  const floats = dtypes.filter(isFloat);
  const usual = usualFor[(['f16', 'f32'] as const).find((d) => floats.includes(d)) ?? 'f64'];
  return {
    tolerance: asked.tolerance ?? usual.tolerance,
    step: asked.step ?? usual.step,
    epsilon: usual.epsilon,
    seed: asked.seed ?? 0,
    device,
    asked,
  };
}
