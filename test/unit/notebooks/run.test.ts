import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Cell, Notebook } from '../../../tools/notebooks/notebook.ts';
import { runNotebook } from '../../../tools/notebooks/run.ts';

const code = (id: string, source: string, tags: readonly string[] = []): Cell => ({
  cell_type: 'code',
  id,
  source,
  metadata: tags.length === 0 ? {} : { tags },
  outputs: [],
});

const notebookOf = (...cells: readonly Cell[]): Notebook => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });

/** Runs a notebook in an empty folder. */
async function run(notebook: Notebook, { timeout = 30, update = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'notebook-test-'));
  try {
    return await runNotebook(join(folder, 'one.ipynb'), notebook, { timeout, update, tell: () => undefined });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('outputs are stored, and then looked for', { timeout: 60_000 }, async () => {
  const shown = `({ [Symbol.for('Jupyter.display')]: async () => ({ 'text/html': '<b>' + x + '</b>', 'text/plain': 'x' }) })`;
  const notebook = notebookOf(
    code('declares', 'const x: number = 3;'),
    { cell_type: 'markdown', id: 'prose', source: 'Prose.', metadata: {} },
    code('prints', 'for (let i = 0; i < 200; i++) console.log(i);\nx'),
    code('shows', `await Deno.jupyter.display(${shown}); console.error('!')`),
    code('fails', `throw new TypeError('wanted')`, ['raises-exception']),
    code(
      'slow',
      `({ [Symbol.for('Jupyter.display')]: async () => { await new Promise((r) => setTimeout(r, 300)); return { 'text/plain': 'late' }; } })`,
    ),
    code('empty', ''),
    code('last', 'console.log("end"); x + 1'),
  );
  const first = await run(notebook, { update: true });
  expect(first.problems).toEqual([]);
  const outputs = Object.fromEntries(first.updated.cells.map((c) => [c.id, c.outputs]));
  expect(outputs.declares).toEqual([]);
  expect(outputs.prints?.[0]).toMatchObject({ text: Array.from({ length: 200 }, (_, i) => `${i}\n`) });
  expect(outputs.prints?.[1]).toMatchObject({ data: { 'text/plain': ['3'] }, execution_count: 2 });
  expect(outputs.shows).toMatchObject([{ name: 'stderr', text: ['!\n'] }, { data: { 'text/html': ['<b>3</b>'] } }]);
  expect(outputs.fails).toMatchObject([{ ename: 'TypeError', evalue: 'wanted' }]);
  expect(outputs.slow).toMatchObject([{ data: { 'text/plain': ['late'] } }]);
  expect(outputs.last).toMatchObject([{ text: ['end\n'] }, { data: { 'text/plain': ['4'] } }]);

  const second = await run(first.updated);
  expect(second).toEqual({ problems: [], updated: first.updated });

  const third = await run(notebook);
  expect(third.problems).toHaveLength(5);
  expect(third.problems[0]).toBe('cell prints: stored: nothing; now: stdout, text/plain');
});

test('an error, an end of the kernel and a cell without end are problems', { timeout: 60_000 }, async () => {
  const broken = `({ [Symbol.for('Jupyter.display')]: () => Promise.reject(new Error('no picture')) })`;
  const [error, shown, gone, endless] = await Promise.all([
    run(notebookOf(code('bad', 'null.x'), code('after', '1')), { update: true }),
    run(notebookOf(code('shows', broken)), { update: true }),
    run(notebookOf(code('leaves', 'Deno.exit(3)'))),
    run(notebookOf(code('waits', 'await new Promise((r) => setTimeout(r, 1e6))')), { timeout: 1 }),
  ]);
  expect(error.problems).toEqual([expect.stringMatching(/^cell bad: TypeError: Cannot read properties of null/)]);
  expect(shown.problems).toEqual(['cell shows: Error: no picture']);
  expect(gone.problems).toEqual([expect.stringMatching(/^cell leaves: the kernel ended \(3\)/)]);
  expect(endless.problems).toEqual(['cell waits: the cell took longer than 1 s']);
});

test('what is shown must not depend on the folder', { timeout: 60_000 }, async () => {
  const { problems } = await run(notebookOf(code('where', 'Deno.cwd()')), { update: true });
  expect(problems).toEqual([`cell where: what it shows names the folder ${tmpdir()}`]);
});

test('a cell that should fail must', { timeout: 60_000 }, async () => {
  const { problems } = await run(notebookOf(code('fine', '1', ['raises-exception'])), { update: true });
  expect(problems).toEqual(['cell fine: it should fail, and does not']);
});
