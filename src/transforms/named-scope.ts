import { ArgumentError } from '../trace/errors.ts';
import { withScope } from '../util/origin.ts';

/**
 * Runs `body` with a name for what it computes: printed Jaxprs and kernels say `# encoder/attention` where scopes of
 * these names were around an operation. Derivatives keep the scope of what they are derived from.
 *
 * @returns what `body` returns.
 * @example
 * const h = namedScope('attention', () => attend(params, x));
 */
export function namedScope<T>(name: string, body: () => T): T {
  if (typeof name !== 'string' || typeof body !== 'function') {
    throw new ArgumentError("[namedScope] takes a name and a function: namedScope('attention', () => …)");
  }
  return withScope(name, body);
}
