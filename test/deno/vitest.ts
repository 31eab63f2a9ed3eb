/**
 * The part of vitest that the tests here use, for Deno, where vitest itself does not run: tests are collected when files are
 * imported and run by {@link run}, in order. Expectations are vitest's own.
 */
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

[JestExtend, JestChaiExpect, JestAsymmetricMatchers].forEach((plugin) => chai.use(plugin));
/** Vitest's, by its own plugins. */
export const expect = chai.expect;

type Body = (...args: readonly never[]) => unknown;
type Hook = () => unknown;

interface Suite {
  readonly name: string;
  readonly items: (Suite | Test)[];
  readonly before: Hook[];
  readonly after: Hook[];
  readonly afterEach: Hook[];
}

interface Test {
  readonly name: string;
  readonly body: Hook | null;
}

const suite = (name: string): Suite => ({ name, items: [], before: [], after: [], afterEach: [] });
const root = suite('');
let current = root;

/** `%s`, `%i` and `%j` take the arguments in turn, `$name` a property of the first. */
function title(text: string, args: readonly unknown[]): string {
  let next = 0;
  const show = (x: unknown): string => (typeof x === 'string' ? x : JSON.stringify(x)) ?? String(x);
  return text
    .replaceAll(/%[sij]/g, () => show(args[next++]))
    .replaceAll(/\$(\w+)/g, (_, key: string) => show((args[0] as Record<string, unknown>)[key]));
}

/** Calls `declare` for each row of a table; a row that is a list is all arguments. */
const each =
  (declare: (name: string, body: Body) => void) =>
  (rows: readonly unknown[]) =>
  (name: string, ...rest: readonly unknown[]): void =>
    rows.forEach((row) => {
      const args = (Array.isArray(row) ? row : [row]) as readonly unknown[] as readonly never[];
      declare(title(name, args), () => bodyIn(rest)(...args));
    });

const bodyIn = (rest: readonly unknown[]): Body => rest.find((x): x is Body => typeof x === 'function') ?? (() => undefined); // prettier-ignore

function declareSuite(name: string, ...rest: readonly unknown[]): void {
  const outer = current;
  current = suite(name);
  outer.items.push(current);
  bodyIn(rest)();
  current = outer;
}

const declareTest = (name: string, ...rest: readonly unknown[]): void =>
  void current.items.push({ name, body: bodyIn(rest) });

export const describe = Object.assign(declareSuite, { each: each(declareSuite) });
export const test = Object.assign(declareTest, {
  each: each(declareTest),
  skip: (name: string): void => void current.items.push({ name, body: null }),
});
export const beforeAll = (hook: Hook): void => void current.before.push(hook);
export const afterAll = (hook: Hook): void => void current.after.push(hook);
export const afterEach = (hook: Hook): void => void current.afterEach.push(hook);

/** How many tests there were. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs what has been declared since the last time, and prints what fails. */
export async function run(): Promise<Count> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  await runSuite(root, [], [], count);
  [root.items, root.before, root.after, root.afterEach].forEach((list) => list.splice(0));
  return count;
}

async function runSuite(s: Suite, path: readonly string[], hooks: readonly Hook[], count: Count): Promise<void> {
  const names = s.name === '' ? path : [...path, s.name];
  const each = [...s.afterEach, ...hooks];
  const ready = await attempt([...names, 'beforeAll'], s.before, count);
  for (const item of s.items) {
    if ('items' in item) await runSuite(item, names, each, count);
    else if (item.body === null || !ready) count.skipped++;
    else if (await attempt([...names, item.name], [item.body, ...each], count)) count.passed++;
  }
  await attempt([...names, 'afterAll'], s.after, count);
}

async function attempt(names: readonly string[], steps: readonly Hook[], count: Count): Promise<boolean> {
  try {
    for (const step of steps) await step();
    return true;
  } catch (error) {
    count.failed++;
    console.error(`FAILED ${names.join(' > ')}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  }
} // prettier-ignore
