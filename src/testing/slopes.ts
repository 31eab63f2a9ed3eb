import type { Device } from '../kernel/device.ts';
import { add } from '../lax/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import type { Flat } from './subject.ts';
import { arrayOf, directions, on, scaled } from './subject.ts';

/**
 * How a function changes along a direction, by its values alone: differences with smaller and smaller steps, until they agree.
 * What they disagree by is how well the slope is known.
 */

/** How closely numbers are compared, and where. */
export interface Precision {
  /** Largest relative error; the absolute one where the derivative is 0. */
  readonly tolerance: number;
  /** The largest step of the differences. */
  readonly step: number;
  /** The distance from 1 to the next number. */
  readonly epsilon: number;
  readonly device: Device;
}

/** The change of one element of a result. */
export interface Slope {
  readonly value: number;
  /** How far the value may be from the derivative: by what steps of two sizes, or two sides, disagree, and by rounding. */
  readonly error: number;
  /**
   * Is the function not differentiable here? Slopes do not come to agree as steps shrink: those to both sides (as of |x| at
   * 0), or those of two steps (as of a jump). Or the function is not finite.
   */
  readonly kink: boolean;
  /** A derivative that is no larger is a rounding of 0. */
  readonly negligible: number;
}

/** The slopes of all elements of all results, and the direction along which they are. */
export interface Slopes {
  readonly along: readonly NDArray[];
  readonly of: readonly (readonly Slope[])[];
}

/** Each step is this part of the one before. */
const finer = 8;
/** How many steps there are where the arguments are not near 0. */
const usualSteps = 8;
/** Above 1024 steps grow with arguments, where they would be lost in those. */
const large = 1024;
/** The largest error of a slope that says something, relative to the slope. */
export const informative = 1 / 32;
/** Disagreement up to so many times what rounding of the result makes may be rounding further inside. */
const hidden = 128;

/** The slopes of `g` at `xs` along the direction that `seed` stands for. */
export async function slopesOf(
  g: Flat,
  xs: readonly NDArray[],
  p: Precision & { readonly seed: number },
): Promise<Slopes> {
  return slopesAlong(g, xs, await movableDirections(xs, p), p);
}

/** The slopes of all elements of all results of `g` at `xs` along `ts`. */
export async function slopesAlong(
  g: Flat,
  xs: readonly NDArray[],
  along: readonly NDArray[],
  p: Precision,
): Promise<Slopes> {
  const valuesOf = async (ys: readonly NDArray[]): Promise<Values> =>
    Promise.all(on(p.device, () => g(...ys)).map(async (o) => Array.from(await o.data())));
  const moved = (by: number): Promise<Values> => valuesOf(on(p.device, () => xs.map((x, i) => add(x, scaled(at(along, i), by))))); // prettier-ignore
  const around = async (step: number): Promise<Around> => ({
    step,
    right: await moved(step),
    left: await moved(-step),
  });

  const centre = await valuesOf(xs);
  const searches = centre.map((values) => values.map((value) => new Search(value, p)));
  const [largest, ...smaller] = await stepsFor(xs, p);
  let outer = await around(largest);
  for (const step of smaller) {
    const inner = await around(step);
    searches.forEach((results, o) => results.forEach((search, i) => search.take(elementOf(outer, o, i), elementOf(inner, o, i)))); // prettier-ignore
    if (searches.flat().every((search) => search.settled)) break;
    outer = inner;
  }
  return { along, of: searches.map((results) => results.map((search) => search.slope())) };
}

/** All elements of all results. */
type Values = readonly (readonly number[])[];
/** Values at one step to the right and to the left. */
interface Around<V = Values> {
  readonly step: number;
  readonly right: V;
  readonly left: V;
}

const elementOf = ({ step, right, left }: Around, o: number, i: number): Around<number> => ({
  step,
  right: at(at(right, o), i),
  left: at(at(left, o), i),
});

/** What two steps say of a slope. */
interface Estimate {
  readonly value: number;
  readonly error: number;
  /** The part of the error that is rounding. */
  readonly noise: number;
  /** The steepest slope to a side. */
  readonly steepest: number;
}

/** The best estimate of an element's slope among those seen. */
class Search {
  private readonly centre: number;
  private readonly p: Precision;
  private first: Estimate | null = null;
  private best: Estimate | null = null;

  constructor(centre: number, p: Precision) {
    this.centre = centre;
    this.p = p;
  }

  /** Looks at the estimate by two steps. */
  take(outer: Around<number>, inner: Around<number>): void {
    const estimate = this.estimate(outer, inner);
    // Near the end of a domain large steps leave it.
    if (!Number.isFinite(estimate.error)) return;
    this.first ??= estimate;
    if (this.best === null || estimate.error < this.best.error) this.best = estimate;
  }

  /** Are smaller steps not needed, or no use? */
  get settled(): boolean {
    const { best, p } = this;
    if (best === null) return !Number.isFinite(this.centre);
    return best.error <= Math.max(p.tolerance * Math.abs(best.value), 4 * best.noise);
  }

  slope(): Slope {
    const { first, best } = this;
    const negligible = 16 * this.magnitude * this.p.epsilon;
    if (first === null || best === null) return { value: NaN, error: Infinity, kink: true, negligible };
    const { value, error, noise } = best;
    // The slopes to both sides of a minimum go to 0, in relation to which no error is small.
    const scale = Math.max(first.steepest, best.steepest);
    return { value, error, kink: error > informative * scale && error > hidden * noise, negligible };
  }

  /** Of the values that are rounded. Those inside of a function are around 1 even where its result is not. */
  private get magnitude(): number {
    return Math.max(1, Math.abs(this.centre));
  }

  private estimate(outer: Around<number>, inner: Around<number>): Estimate {
    const central = ({ step, right, left }: Around<number>): number => (right - left) / (2 * step);
    // Of a smooth function h · f″ + O(h³).
    const bend = ({ step, right, left }: Around<number>): number => (right - this.centre - (this.centre - left)) / step;
    const steepness = ({ step, right, left }: Around<number>): number =>
      Math.max(Math.abs(right - this.centre), Math.abs(this.centre - left)) / step;
    const ratio = outer.step / inner.step;
    const [far, near] = [central(outer), central(inner)];
    const noise = (2 * this.p.epsilon * this.magnitude) / inner.step;
    const betweenSides = Math.abs(ratio * bend(inner) - bend(outer)) / (ratio - 1);
    return {
      // Richardson’s extrapolation: the errors of both are in the ratio of the steps’ squares.
      value: near + (near - far) / (ratio ** 2 - 1),
      error: 2 * Math.abs(near - far) + betweenSides + noise,
      noise,
      steepest: Math.max(steepness(outer), steepness(inner)),
    };
  }
}

/** Steps from the largest on: until they are small beside the arguments, or beside 1 where those are 0. */
async function stepsFor(xs: readonly NDArray[], p: Precision): Promise<readonly [number, ...number[]]> {
  const sizes = (await Promise.all(xs.map(async (x) => Array.from(await x.data(), Math.abs)))).flat();
  const least = sizes.reduce((least, x) => (x > 0 && x < least ? x : least), 1);
  const largest = largestStep(p);
  const needed = Math.ceil(Math.log(largest / (least / 64)) / Math.log(finer));
  return [largest, ...range(Math.max(usualSteps, needed + 2) - 1).map((n) => largest * finer ** -(n + 1))];
}

/** A power of two, so that steps lose no digits. */
const largestStep = ({ step }: Precision): number => 2 ** Math.round(Math.log2(step));

/** The directions of a seed, with elements by which floats as large as the arguments can move exactly. */
async function movableDirections(
  xs: readonly NDArray[],
  p: Precision & { readonly seed: number },
): Promise<readonly NDArray[]> {
  const largest = largestStep(p);
  // In f32 the smallest steps are smaller than the distance of numbers.
  const step = Math.min(largest, Math.max(largest * finer ** (1 - usualSteps), 512 * p.epsilon));
  return Promise.all(
    directions(xs, p.seed).map(async (t, k) => {
      const [values, places] = [await t.data(), await at(xs, k).data()];
      const movable = Array.from(values, (v, i) => {
        const place = Math.abs(places[i] as number);
        if (!Number.isFinite(place)) return v;
        const spacing = 2 ** Math.floor(Math.log2(place + largest) + 1) * p.epsilon;
        const wanted = Math.abs(v) * Math.max(1, place / large);
        return (Math.sign(v) * Math.max(1, Math.round((wanted * step) / spacing)) * spacing) / step;
      });
      return arrayOf(t.shape, t.dtype, movable);
    }),
  );
}
