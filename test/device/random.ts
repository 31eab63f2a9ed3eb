import * as fc from 'fast-check';

/** What a random case is made from: a seed, or the numbers that are drawn one after the other. */
export type Source = number | readonly number[];

const most = 65536;

/**
 * Draws for a case. Fewer and smaller ones make a smaller case, as all that is drawn when they have run out is the first
 * choice: so a failing case shrinks by what fast-check knows of lists of numbers, and is printed as such a list, which
 * makes it again.
 */
export const draws: fc.Arbitrary<readonly number[]> = fc.noBias(
  fc.array(fc.nat(most - 1), { minLength: 1, maxLength: 500, size: 'max' }),
);

/** A small generator of choices, which depend on its source alone. */
export class Random {
  private state: number;
  /** Taken from the end, which is what stays when fast-check makes a list shorter. */
  private readonly left: number[] | null;

  constructor(source: Source) {
    this.state = typeof source === 'number' ? source | 0 : 0;
    this.left = typeof source === 'number' ? null : [...source];
  }

  /** A number in [0, 1); 0 is the simplest. */
  next(): number {
    if (this.left !== null) return (this.left.pop() ?? 0) / most;
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Does what has this probability happen? Rather not. */
  chance(p: number): boolean {
    return this.next() >= 1 - p;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** A generator for numbers that do not matter to what is made, at the price of one draw. */
  apart(): Random {
    return new Random(Math.floor(this.next() * most));
  }
}
