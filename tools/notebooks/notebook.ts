import { readFile, writeFile } from 'node:fs/promises';

/** Notebooks as files: nbformat 4.5, written as Jupyter writes them, so that saving one by hand and running it change little. */

/** Text in one piece, or in lines that end in a line feed but the last. */
export type Lines = string | readonly string[];

export interface StreamOutput {
  readonly output_type: 'stream';
  readonly name: string;
  readonly text: Lines;
}

export interface DataOutput {
  readonly output_type: 'display_data' | 'execute_result';
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly execution_count?: number | null;
}

export interface ErrorOutput {
  readonly output_type: 'error';
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

export type Output = StreamOutput | DataOutput | ErrorOutput;

export interface Cell {
  readonly cell_type: 'code' | 'markdown' | 'raw';
  readonly id: string;
  readonly metadata: { readonly tags?: readonly string[] };
  readonly source: Lines;
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly pullback?: { readonly tolerance?: number } };
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

/** Lines in one piece. */
export const text = (lines: Lines): string => (typeof lines === 'string' ? lines : lines.join(''));

/** Text as lines. */
export const lines = (piece: string): readonly string[] => (piece === '' ? [] : piece.split(/(?<=\n)/));

/** Reads a notebook. */
export async function readNotebook(path: string): Promise<Notebook> {
  const notebook = JSON.parse(await readFile(path, 'utf8')) as Notebook;
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) throw new Error(`${path} is no notebook of format 4`);
  return notebook;
}

/** A notebook as text: keys in order, an indentation of one. */
export const notebookText = (notebook: Notebook): string => `${JSON.stringify(notebook, sortedKeys, 1)}\n`;

const sortedKeys = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Writes a notebook, unless the file says the same already. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  const written = notebookText(notebook);
  if ((await readFile(path, 'utf8')) !== written) await writeFile(path, written);
}
