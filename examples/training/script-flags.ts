import { parseArgs } from 'node:util';
import * as E from 'fp-ts/lib/Either.js';
import type { Flags, FlagValue, ValuesOf } from './flags.ts';
import { describeFlags } from './flags.ts';

/**
 * The values of a script's flags, or the text to show instead of running it: its help, or what is wrong with a flag.
 *
 * @param about what the script does, in a sentence
 */
export function scriptFlags<F extends Flags>(
  args: readonly string[],
  about: string,
  flags: F,
): E.Either<{ readonly text: string; readonly code: number }, ValuesOf<F>> {
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }]));
  try {
    const parsedArgs = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } } });
    const values: Readonly<Record<string, unknown>> = parsedArgs.values;
    if (values.help === true) return E.left({ text: [about, '', ...describeFlags(flags)].join('\n'), code: 0 });
    const parsed = Object.entries(flags).map(([name, flag]): readonly [string, FlagValue] => {
      const given = values[name] as string | boolean | undefined;
      if (given === undefined) return [name, flag.default];
      const value = flag.parse(given);
      if (E.isLeft(value)) throw new Error(`--${name} must be ${value.left}, not ${given}`);
      return [name, value.right];
    });
    return E.right(Object.fromEntries(parsed) as ValuesOf<F>);
  } catch (error) {
    return E.left({ text: `error: ${error instanceof Error ? error.message : String(error)}`, code: 2 });
  }
}
