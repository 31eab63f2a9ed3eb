import * as E from 'fp-ts/lib/Either.js';

/** What a flag may be set to. */
export type FlagValue = string | number | boolean;

/** A flag that says what is trained: a checkpoint remembers its value. */
export interface Flag<V extends FlagValue = FlagValue> {
  readonly type: 'string' | 'boolean';
  /** What it takes, for people: `N`, or `a|b`; empty for a switch. */
  readonly value: string;
  readonly help: string;
  readonly default: V;
  /** Its value, or what it must be: `a whole number from 1`. */
  readonly parse: (text: string | boolean) => E.Either<string, V>;
}

/** Flags by their names, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values of flags. */
export type FlagValues = Readonly<Record<string, FlagValue>>;

/** The values of these flags. */
export type ValuesOf<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer V> ? V : never };

/** A flag that takes one of a few words, the first by default. */
export const choice = <const V extends string>(help: string, values: readonly [V, ...V[]]): Flag<V> => ({
  type: 'string',
  value: values.join('|'),
  help: `${help} (default ${values[0]})`,
  default: values[0],
  parse(text) {
    const found = values.find((value) => value === text);
    return found === undefined ? E.left(`one of ${values.join(', ')}`) : E.right(found);
  },
});

/** A flag that takes a whole number from 1. */
export const count = (help: string, byDefault: number): Flag<number> => ({
  type: 'string',
  value: 'N',
  help: `${help} (default ${byDefault})`,
  default: byDefault,
  parse: (text) =>
    typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text) ? E.right(Number(text)) : E.left('a whole number from 1'),
});

/** A flag that is there or not. */
export const toggle = (help: string): Flag<boolean> => ({
  ...{ type: 'boolean', value: '', help, default: false },
  parse: (given) => (typeof given === 'boolean' ? E.right(given) : E.left('without a value')),
});

/** The flags that every model has. */
export const dataFlags = {
  dataset: choice('what to train on', ['mnist', 'fashion-mnist']),
} as const satisfies Flags;

/** A flag that takes any text, such as the name of a folder. */
export const text = (value: string, help: string, byDefault: string): Flag<string> => ({
  ...{ type: 'string', value, help: `${help} (default ${byDefault})`, default: byDefault },
  parse: (given) => (typeof given === 'string' && given !== '' ? E.right(given) : E.left('a text')),
});

/** The lines of a help text about flags. */
export const describeFlags = (
  flags: Readonly<Record<string, { readonly value: string; readonly help: string }>>,
): string[] => Object.entries(flags).map(([flag, { value, help }]) => `  ${`--${flag} ${value}`.padEnd(20)} ${help}`);
