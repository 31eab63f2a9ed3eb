/** Runs notebooks and compares their outputs with the stored ones: `npm run notebooks -- [--update] [NAME…]`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Notebook } from './notebook.ts';
import { readNotebook, writeNotebook } from './notebook.ts';
import { runNotebook } from './run.ts';
import { typeErrors } from './types.ts';

const usage = `npm run notebooks -- [options] [NAME…]

Runs the notebooks whose file names contain one of the NAMEs (all, without a NAME) and fails on an error, a wrong type, or an
output that is not the stored one.

  --update         store the outputs, where they are not those that are stored
  --timeout N      seconds that a cell may take (600)
  --no-types       do not check types
  --help           this text`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'notebooks');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      update: { type: 'boolean', default: false },
      timeout: { type: 'string', default: '600' },
      'no-types': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const timeout = Number(values.timeout);
  if (!(timeout > 0)) throw new Error(`--timeout needs seconds, got ${values.timeout}`);
  const notebooks = await chosen(positionals);
  const types = values['no-types'] ? 0 : checkTypes(notebooks);
  let failed = 0;
  for (const [path, notebook] of notebooks) failed += (await run(path, notebook, timeout, values.update)) ? 0 : 1;
  console.log(`notebooks: ${notebooks.size - failed} passed, ${failed} failed`);
  return types + failed === 0 ? 0 : 1;
}

/** The notebooks that are asked for, by their paths. */
async function chosen(names: readonly string[]): Promise<ReadonlyMap<string, Notebook>> {
  const all = (await readdir(folder)).filter((file) => file.endsWith('.ipynb')).sort();
  const unknown = names.find((name) => !all.some((file) => file.includes(name)));
  if (unknown !== undefined) throw new Error(`no notebook has ${unknown} in its name; there are ${all.join(', ')}`);
  const files = names.length === 0 ? all : all.filter((file) => names.some((name) => file.includes(name)));
  const paths = files.map((file) => join(folder, file));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readNotebook(path)] as const)));
}

function checkTypes(notebooks: ReadonlyMap<string, Notebook>): number {
  const errors = typeErrors(root, notebooks);
  errors.forEach((e) => console.log(`types: ${e}`));
  console.log(`types: ${errors.length === 0 ? 'all right' : `${errors.length} errors`}`);
  return errors.length;
}

async function run(path: string, notebook: Notebook, timeout: number, update: boolean): Promise<boolean> {
  const name = path.slice(folder.length + 1);
  const begun = Date.now();
  const tell = (done: number, of: number): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r${name}: cell ${done + 1} of ${of} `);
  };
  const problems: string[] = [];
  try {
    const outcome = await runNotebook(path, notebook, { timeout, update, tell });
    problems.push(...outcome.problems);
    if (update && problems.length === 0) await writeNotebook(path, outcome.updated);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? 'passed' : 'FAILED'} ${name} (${seconds} s)`);
  problems.forEach((p) => console.log(`  ${p}`));
  return problems.length === 0;
}

process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
process.exit(
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }),
);
