import fc from 'fast-check';
import type { DType } from '../../kernel/dtype.ts';
import { boundsOf, isFloat, isUnsigned } from '../../kernel/dtype.ts';
import { ArgumentError } from '../../trace/errors.ts';

/** Numbers that arrays are made of. */

/** Where numbers are drawn from. */
export interface NumberOptions {
  /** Default -2, and 0 for unsigned integers; less where `max` is not above. */
  readonly min?: number;
  /** Default 2, and 9 for integers; more where `min` is not below. */
  readonly max?: number;
  /**
   * Are there extremes among them, also outside of `min` and `max`? 0 and -0, ±1, ±88 and ±200 (where exponentials of f32
   * overflow), 1e-38 and subnormals, the ends of integers, and small integers, which make ties. Default no.
   */
  readonly extremes?: boolean;
}

/** An even grid, as fine as f32. */
const grid = 2 ** 20;

/** Floats of an interval, which shrink to 0 (or the end nearest to it) over numbers with few digits. */
class RoundedFloat extends fc.Arbitrary<number> {
  private readonly min: number;
  private readonly max: number;

  constructor(min: number, max: number) {
    super();
    this.min = min;
    this.max = max;
  }

  override generate(random: fc.Random): fc.Value<number> {
    const x = this.min + ((this.max - this.min) * random.nextInt(0, grid)) / grid;
    return new fc.Value(x, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is number {
    return typeof value === 'number' && value >= this.min && value <= this.max;
  }

  override shrink(value: number): fc.Stream<fc.Value<number>> {
    const simplest = Math.min(Math.max(0, this.min), this.max);
    const rounder = [0, 1, 2, 3].map((digits) => Number(value.toFixed(digits)));
    const nearer = [simplest, ...rounder, Number((value / 2).toPrecision(1))];
    const simpler = nearer.filter((x) => x >= this.min && x <= this.max && length(x) < length(value));
    return fc.Stream.of(...[...new Set(simpler)].map((x) => new fc.Value(x, undefined)));
  }
}

/** How much there is to read of a number: every simplification makes it less. */
const length = (x: number): number => String(x).length + Math.min(0.99, Math.abs(x) / 1e6);

const floatExtremes = [0, -0, 1, -1, 2, 88, -88, 200, -200, 1e-38, -1e-38, 1e-40, 0.5] as const;

/** Numbers of a dtype. */
export function numbers(dtype: DType, { min, max, extremes = false }: NumberOptions = {}): fc.Arbitrary<number> {
  if (min !== undefined && max !== undefined && !(min <= max)) {
    throw new ArgumentError(`[arb] needs min ≤ max, got ${min} and ${max}`);
  }
  for (const end of [min, max]) {
    if (end !== undefined && !Number.isFinite(end))
      throw new ArgumentError(`[arb] needs finite min and max, got ${end}`);
  }
  if (dtype === 'bool') return fc.nat({ max: 1 });
  if (isFloat(dtype)) {
    const usual = new RoundedFloat(min ?? Math.min(-2, (max ?? 2) - 4), max ?? Math.max(2, (min ?? -2) + 4));
    return extremes ? fc.oneof({ arbitrary: usual, weight: 2 }, fc.constantFrom(...floatExtremes)) : usual;
  }
  const bounds = boundsOf(dtype);
  const least = isUnsigned(dtype) ? 0 : -2;
  const range = {
    min: Math.max(bounds.min, Math.ceil(min ?? Math.min(least, (max ?? 9) - 11))),
    max: Math.min(bounds.max, Math.floor(max ?? Math.max(9, (min ?? least) + 11))),
  };
  if (range.min > range.max) {
    throw new ArgumentError(`[arb] there is no ${dtype} from ${min ?? bounds.min} to ${max ?? bounds.max}`);
  }
  const usual = fc.integer(range);
  return extremes ? fc.oneof({ arbitrary: usual, weight: 2 }, fc.constantFrom(0, 1, bounds.min, bounds.max)) : usual;
}
