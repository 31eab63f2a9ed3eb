import type * as arbEntry from './arb/index.ts';
import { PullbackError } from '../util/error.ts';

/** A package that is needed for one part of pullback is not installed. */
export class MissingPackageError extends PullbackError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('missing-package', message, options);
  }
}

/**
 * Loads `pullback/testing/arb`, which needs fast-check, where that is installed; tests that are sure to have it import that
 * path itself.
 *
 * @throws MissingPackageError (the promise rejects) that says how to install fast-check.
 * @example
 * const { arb, checkProperty } = await loadArb();
 */
export async function loadArb(): Promise<typeof arbEntry> {
  try {
    return await import('./arb/index.ts');
  } catch (cause) {
    throw new MissingPackageError(
      'properties of random arrays need the package fast-check, version 4 or later, which could not be loaded: ' +
        'npm install --save-dev fast-check',
      { cause },
    );
  }
}
