import { expect } from 'vitest';
import { BrokenLawError } from '../../../src/testing/index.ts';

/** The error of a check that must fail. */
export async function broken(check: Promise<unknown>): Promise<BrokenLawError> {
  const error: unknown = await check.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(BrokenLawError);
  return error as BrokenLawError;
}
