import { dirname } from 'node:path';
import { difference, ruleOf } from './compare.ts';
import type { Kernel } from './kernel.ts';
import { startKernel } from './kernel.ts';
import type { Cell, Notebook, Output } from './notebook.ts';
import { text } from './notebook.ts';
import { partsOf, stored } from './outputs.ts';

/** What came of running a notebook. */
export interface Outcome {
  /** What is wrong, a line or several each. */
  readonly problems: readonly string[];
  /** The notebook with the outputs of this run, where they differ from those stored. */
  readonly updated: Notebook;
}

/** How a notebook is run. */
export interface RunOptions {
  /** The seconds that a cell may take. */
  readonly timeout: number;
  /** Are outputs that differ from the stored ones taken over, instead of being problems? */
  readonly update: boolean;
  /** Told before each code cell. */
  readonly tell: (done: number, of: number) => void;
}

/** Runs all cells of a notebook in a fresh kernel, in its own folder, until one fails. */
export async function runNotebook(path: string, notebook: Notebook, options: RunOptions): Promise<Outcome> {
  const kernel = await startKernel(dirname(path));
  try {
    return await runCells(kernel, notebook, { ...options, home: dirname(dirname(path)) });
  } finally {
    await kernel.close();
  }
}

async function runCells(
  kernel: Kernel,
  notebook: Notebook,
  options: RunOptions & { readonly home: string },
): Promise<Outcome> {
  const problems: string[] = [];
  const cells: Cell[] = [];
  const of = notebook.cells.filter((c) => c.cell_type === 'code').length;
  let count = 0;
  let broken = false;
  for (const cell of notebook.cells) {
    if (broken || cell.cell_type !== 'code') {
      cells.push(cell);
      continue;
    }
    options.tell(count, of);
    const { outputs, error } = await runCell(kernel, cell, ++count, options.timeout);
    const wrong = error ?? namesFolder(outputs, options.home);
    broken = wrong !== null;
    const found = wrong ?? difference(cell.outputs ?? [], outputs, ruleOf(cell.metadata.tags ?? [], notebook.metadata));
    if (found !== null && (broken || !options.update)) problems.push(`cell ${cell.id}: ${found}`);
    // Outputs that say the same stay as they are, so that little changes in the file.
    cells.push({ ...cell, execution_count: count, outputs: found === null ? (cell.outputs ?? []) : outputs });
  }
  return { problems, updated: { ...notebook, cells } };
}

/** Outputs with a path of this computer, as in stack traces, are others on the next. */
const namesFolder = (outputs: readonly Output[], folder: string): string | null =>
  JSON.stringify(outputs).includes(folder) ? `what it shows names the folder ${folder}` : null;

interface Result {
  readonly outputs: readonly Output[];
  /** Why the rest can't be run; null where it can. */
  readonly error: string | null;
}

async function runCell(kernel: Kernel, cell: Cell, count: number, timeout: number): Promise<Result> {
  const code = text(cell.source);
  if (code.trim() === '') return { outputs: [], error: null };
  try {
    const execution = await kernel.execute(code, timeout);
    const outputs = stored(execution.outputs, count);
    const expected = (cell.metadata.tags ?? []).includes('raises-exception');
    if (execution.failed === expected) return { outputs, error: null };
    if (expected) return { outputs, error: 'it should fail, and does not' };
    return {
      outputs,
      error: outputs.flatMap((o) => (o.output_type === 'error' ? [partsOf(o).error] : [])).join('\n') || 'it failed',
    };
  } catch (error) {
    return { outputs: [], error: error instanceof Error ? error.message : String(error) };
  }
}
