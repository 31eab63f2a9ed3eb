import type { Device } from '../kernel/device.ts';
import type { DType } from '../kernel/dtype.ts';
import { add } from '../lax/elementwise.ts';
import { showAval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { jvpFlat } from '../transforms/jvp.ts';
import { vjp } from '../transforms/reverse-mode.ts';
import { zerosOf } from '../lax/structural.ts';
import { at } from '../util/array.ts';
import type { Precision, Slope } from './slopes.ts';
import { slopesAlong } from './slopes.ts';
import type { Flat } from './subject.ts';
import { arrayOf, directions, on, scaled } from './subject.ts';

/** The laws of derivatives, for functions of flat lists of float arrays: what the public checks and the blame share. */

/** What a check has found. */
export interface Finding {
  /** How many derivatives have been compared. */
  readonly checked: number;
  /** How many were left out, being at kinks. */
  readonly kinks: number;
  /** What is wrong, in words; null when all is well. */
  readonly fault: string | null;
}

/** A precision with the seed of directions. */
export interface Settings extends Precision {
  readonly seed: number;
}

/** The modes of differentiation. */
export type Mode = 'fwd' | 'rev';

/** Which seeds directions have: of tangents, of cotangents, of what orders above the first differentiate along. */
export const cotangentSeed = 7;
const alongSeed = 11;

/** What f32 results are compared with: they are too coarse for a small step. */
export const coarse = { tolerance: 2e-3, step: 1e-2, epsilon: 6e-8 } as const;
/** What f64 results are compared with. */
export const fine = { tolerance: 1e-5, step: 1e-5, epsilon: 2.3e-16 } as const;

/** The slopes of a function along the directions of a seed, for those who check several laws. */
export const slopesOf = (g: Flat, xs: readonly NDArray[], s: Settings): Promise<Slopes> =>
  slopesAlong(g, xs, directions(xs, s.seed), s);

type Slopes = readonly (readonly Slope[])[];
type DerivativeLaw = (g: Flat, xs: readonly NDArray[], s: Settings, slopes?: Slopes) => Promise<Finding>;

/** The law of a mode: J t, or ⟨Jᵀ ct, t⟩, against central differences. */
export const lawOf: { readonly [M in Mode]: DerivativeLaw } = {
  fwd: forwardLaw,
  rev: reverseLaw,
};

/** J t is the central difference, element by element; and the values that come along are the function's. */
async function forwardLaw(g: Flat, xs: readonly NDArray[], s: Settings, known?: Slopes): Promise<Finding> {
  const ts = directions(xs, s.seed);
  const { primals, tangents } = on(s.device, () => jvpAt(g, xs, ts));
  const wrongValue = await differentValues(primals, g, xs, s, 'forward mode');
  if (wrongValue !== null) return { checked: 0, kinks: 0, fault: wrongValue };
  const slopes = known ?? (await slopesOf(g, xs, s));
  let [checked, kinks] = [0, 0];
  for (const [o, t] of tangents.entries()) {
    const exact = await t.data();
    for (const [i, slope] of at(slopes, o).entries()) {
      if (!slope.smooth) {
        kinks += 1;
        continue;
      }
      checked += 1;
      const fault = compare(exact[i] as number, slope.value, slope.noise, s.tolerance);
      if (fault !== null) return { checked, kinks, fault: `forward mode, result ${o}, element ${i}: ${fault}` };
    }
  }
  return { checked, kinks, fault: null };
}

/** ⟨Jᵀ ct, t⟩ is the central difference of ⟨ct, f⟩ along t, where ct leaves kinks out. */
async function reverseLaw(g: Flat, xs: readonly NDArray[], s: Settings, known?: Slopes): Promise<Finding> {
  const ts = directions(xs, s.seed);
  const [outs, pullback] = on(s.device, () => vjp(g, ...xs));
  const wrongValue = await differentValues(outs, g, xs, s, 'reverse mode');
  if (wrongValue !== null) return { checked: 0, kinks: 0, fault: wrongValue };
  const slopes = known ?? (await slopesOf(g, xs, s));
  const cts = await Promise.all(
    directions(outs, s.seed + cotangentSeed).map((ct, o) => withoutKinks(ct, at(slopes, o))),
  );
  const back = on(s.device, () => pullback(cts));
  const exact = await inner(back, ts);
  let [numeric, noise] = [0, 0];
  for (const [o, ct] of cts.entries()) {
    (await ct.data()).forEach((c, i) => {
      const { value, noise: more, smooth } = at(at(slopes, o), i);
      if (!smooth) return;
      numeric += c * value;
      noise += Math.abs(c) * more;
    });
  }
  const all = slopes.flat();
  const smooth = all.filter((slope) => slope.smooth).length;
  const counts = { checked: smooth, kinks: all.length - smooth };
  // Zero times the infinite slope at a kink is NaN.
  const spoiled = Number.isNaN(exact.sum) && counts.kinks > 0;
  if (spoiled) return { checked: 0, kinks: all.length, fault: null };
  const fault = smooth === 0 ? null : compare(exact.sum, numeric, noise, s.tolerance);
  return { ...counts, fault: fault === null ? null : `reverse mode, ⟨Jᵀ ct, t⟩: ${fault}` };
}

/** ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩. */
export async function transposeLaw(g: Flat, xs: readonly NDArray[], s: Settings, tolerance: number): Promise<Finding> {
  const ts = directions(xs, s.seed);
  const { tangents } = on(s.device, () => jvpAt(g, xs, ts));
  const cts = directions(tangents, s.seed + cotangentSeed);
  const back = on(s.device, () => vjp(g, ...xs)[1](cts));
  const [forward, backward] = [await inner(cts, tangents), await inner(back, ts)];
  return { checked: 1, kinks: 0, fault: differentInner(forward, backward, tolerance) };
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
  return { checked, kinks: 0, fault: fault === null ? null : `f(${a}x + ${b}y) is not ${a}f(x) + ${b}f(y): ${fault}` };
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

function compare(exact: number, numeric: number, noise: number, tolerance: number): string | null {
  const scale = Math.max(1, Math.abs(exact), Math.abs(numeric));
  const error = Math.abs(exact - numeric);
  // Not `>`, which is false for NaN.
  if (error <= tolerance * scale + noise) return null;
  const relative = Number.isFinite(error) ? `relative error ${(error / scale).toExponential(1)}, ` : '';
  return `the derivative is ${show(exact)}, but values differ by ${show(numeric)} (${relative}allowed ${tolerance})`;
}

/** A number with as many digits as a reader wants. */
export const show = (x: number): string => (Object.is(x, -0) ? '-0' : String(Number(x.toPrecision(6))));

/** An inner product, and the sum of its terms’ absolute values. */
export interface Inner {
  readonly sum: number;
  readonly absolute: number;
}

/** ⟨x, y⟩, of all elements of all arrays. */
export async function inner(xs: readonly NDArray[], ys: readonly NDArray[]): Promise<Inner> {
  let [sum, absolute] = [0, 0];
  for (const [k, x] of xs.entries()) {
    const [a, b] = [await x.data(), await at(ys, k).data()];
    a.forEach((v, i) => {
      sum += v * (b[i] as number);
      absolute += Math.abs(v * (b[i] as number));
    });
  }
  return { sum, absolute };
}

async function withoutKinks(ct: NDArray, slopes: readonly Slope[]): Promise<NDArray> {
  if (slopes.every((s) => s.smooth)) return ct;
  return arrayOf(
    ct.shape,
    ct.dtype,
    Array.from(await ct.data(), (v, i) => (at(slopes, i).smooth ? v : 0)),
  );
}

/** The settings for what is computed in these float dtypes on a device, with what the user asked for. */
export function settingsFor(
  dtypes: readonly DType[],
  device: Device,
  given: { readonly tolerance?: number; readonly step?: number; readonly seed?: number } = {},
): Settings {
  const usual = dtypes.every((d) => d === 'f64') ? fine : coarse;
  return {
    tolerance: given.tolerance ?? usual.tolerance,
    step: given.step ?? usual.step,
    epsilon: usual.epsilon,
    seed: given.seed ?? 0,
    device,
  };
}
