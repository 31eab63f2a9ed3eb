import { shown } from '../util/shown.ts';
import { ArgumentError } from './errors.ts';

/**
 * Refuses options that there are not: a name that is not quite right would be passed over in silence.
 *
 * @param name for errors: the function.
 */
export function requireKnown(name: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ArgumentError(`[${name}] the options must be a record, got ${shown(options)}`);
  }
  const stray = Object.keys(options).find((option) => !known.includes(option));
  if (stray === undefined) return;
  throw new ArgumentError(`[${name}] there is no option ${stray}; there are: ${known.join(', ')}`);
}
