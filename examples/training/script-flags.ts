import { parseArgs } from 'node:util';
import * as E from 'fp-ts/lib/Either.js';
import type { Flags, FlagValue, ValuesOf } from './flags.ts';
import { PullbackError } from '../../src/index.ts';
import { oneLine } from './exit.ts';
import { describeFlags } from './flags.ts';

/**
 * The values of a script's flags, or the text to show instead of running it: its help, or what is wrong with a flag.
 *
 * @param about what the script does, in a sentence
 */
function scriptFlags<F extends Flags>(
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

/** Runs a script with the values of its flags. Returns the exit code: that of {@link scriptFlags}, or 1 for an error. */
export async function runScript<F extends Flags>(
  about: string,
  flags: F,
  run: (values: ValuesOf<F>) => Promise<void>,
): Promise<number> {
  const given = scriptFlags(process.argv.slice(2), about, flags);
  if (E.isLeft(given)) {
    console.log(given.left.text);
    return given.left.code;
  }
  try {
    await run(given.right);
    return 0;
  } catch (error) {
    if (!(error instanceof PullbackError)) throw error;
    console.error(oneLine(error));
    return 1;
  }
}
