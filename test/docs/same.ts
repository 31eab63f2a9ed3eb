import { expect } from 'vitest';
import { NDArray } from '../../src/index.ts';

/** Holds an expression of an example to the value that a comment after it gives, to the digits that are written. */
export async function same(actual: unknown, written: unknown): Promise<void> {
  const value: unknown = await actual;
  near(value instanceof NDArray ? await value.tolist() : value, written);
}

function near(actual: unknown, written: unknown): void {
  if (Array.isArray(written)) {
    expect(actual).toHaveLength(written.length);
    written.forEach((w, i) => near((actual as readonly unknown[])[i], w));
  } else if (typeof written === 'number' && !Number.isFinite(written)) {
    expect(actual).toBe(written);
  } else if (typeof written === 'number') {
    expect(actual).toBeTypeOf('number');
    expect(Math.abs((actual as number) - written)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(written)));
  } else {
    expect(actual).toEqual(written);
  }
}

/** Holds what an example prints to what it says that it prints. */
export function printed(actual: unknown, written: string): void {
  expect(String(actual)).toMatch(likeText(written));
}

/** A text, where `…` stands for anything, and one space or line for another. */
export function likeText(written: string): RegExp {
  const parts = written.trim().split('…');
  return new RegExp(`^\\s*${parts.map((p) => p.split(/\s+/).map(escaped).join('\\s+')).join('.*?')}\\s*$`, 's');
}

const escaped = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
