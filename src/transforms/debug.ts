import { debugCallbackP } from '../lax/callback.ts';
import { bind } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import { HostFunction } from '../trace/host-call.ts';
import { NDArray } from '../trace/value.ts';
import { flatten, isRecord, keystr, unflatten } from '../tree/tree.ts';
import { nameOf } from './trees.ts';

/**
 * Looking into functions while they run, inside of transformations too: `debug.print`, `debug.callback`,
 * `debug.breakpoint`.
 *
 * In a jitted function they run when the call does, with values. They run in the order in which the function calls them,
 * each once for each example under `vmap`, and with the primal values under `grad` and `jvp`. Inside a loop or a branch
 * that is jitted they run each time that the body does; the loop is interpreted then. On devices that work while the host
 * goes on (webgpu) they run later than the call returns, in the same order: `effectsBarrier()` waits for them.
 */

/**
 * Calls `f` for its effect, with arrays that hold their values and can be read at once (`x.itemSync()`), on every device.
 * What `f` returns is ignored.
 *
 * @param args trees of arrays; other values in them are given to `f` as they are.
 * @example
 * const losses: number[] = [];
 * debug.callback((loss: NDArray) => void losses.push(loss.itemSync()), loss);
 */
export function callback<A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): void {
  const { leaves, treedef } = flatten(args);
  const isArray = leaves.map((x) => x instanceof NDArray);
  const host = new HostFunction(nameOf(f), [], (arrays) => {
    let next = 0;
    const values = leaves.map((x, i) => (isArray[i] === true ? arrays[next++] : x));
    f(...unflatten<A>(treedef, values));
    return [];
  });
  bind(
    debugCallbackP,
    leaves.filter((x) => x instanceof NDArray),
    { host },
  );
}

/**
 * Prints values with `console.log`.
 *
 * @param format text in which `{}` stands for the next argument, `{0}` for an argument by position and `{name}` for an
 *   entry of the last argument, which is an object then. `{{` and `}}` stand for braces.
 * @param args arrays, trees of arrays, or any other values.
 * @throws ArgumentError when the format and the arguments do not fit each other.
 * @example
 * debug.print('step {}: loss {loss}, gradients {gradients}', step, { loss, gradients });
 */
export function print(format: string, ...args: readonly unknown[]): void {
  const parts = parse(format, args);
  callback(
    function print(...values: readonly unknown[]) {
      console.log(parts.map((p) => (typeof p === 'string' ? p : show(select(values, p)))).join(''));
    },
    ...args,
  );
}

/**
 * Stops in the debugger, if one is attached, with `values` at hand: the values of what was given, as `debug.callback`
 * has them.
 *
 * @param hook what is called instead of stopping.
 * @example
 * debug.breakpoint({ loss, gradients });
 */
export function breakpoint(values: unknown = null, hook: (values: unknown) => void = pause): void {
  callback(hook, values);
}

function pause(_values: unknown): void {
  // eslint-disable-next-line no-debugger -- that is what it is for
  debugger;
}

/** Which argument a placeholder means, and which entry of it. */
interface Placeholder {
  readonly position: number;
  readonly key: string | null;
}

const select = (values: readonly unknown[], { position, key }: Placeholder): unknown =>
  key === null ? values[position] : (values[position] as Readonly<Record<string, unknown>>)[key];

/** Texts and placeholders of a format. */
function parse(format: string, args: readonly unknown[]): readonly (string | Placeholder)[] {
  const last = args.at(-1);
  const named = isRecord(last) ? last : {};
  const used = new Set<number>();
  let next = 0;
  const refuse = (why: string): ArgumentError =>
    new ArgumentError(`[debug.print] ${JSON.stringify(format)} with ${args.length} arguments: ${why}`);
  const placeholder = (name: string): Placeholder => {
    const isKey = name !== '' && !/^\d+$/.test(name);
    if (isKey && !Object.hasOwn(named, name))
      throw refuse(`the last argument is no object with a key ${JSON.stringify(name)}`);
    const position = isKey ? args.length - 1 : name === '' ? next++ : Number(name);
    if (position >= args.length) throw refuse(`there is no argument for {${name}}`);
    used.add(position);
    return { position, key: isKey ? name : null };
  };
  const parts = format.split(/(\{\{|\}\}|\{[^{}]*\})/).map((part, i) => {
    if (i % 2 === 0) return part;
    return part === '{{' || part === '}}' ? part.slice(1) : placeholder(part.slice(1, -1));
  });
  const unused = args.findIndex((_, i) => !used.has(i));
  if (unused >= 0) throw refuse(`argument ${unused} has no {} in the text`);
  return parts;
}

/** A value for people: arrays as NumPy prints them, trees as they would be written. */
function show(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(show).join(', ')}]`;
  if (isRecord(x)) {
    return `{ ${Object.entries(x).map(([k, v]) => `${keystr([k]).replace(/^\./, '')}: ${show(v)}`).join(', ')} }`; // prettier-ignore
  }
  return String(x);
}
