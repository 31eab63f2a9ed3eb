import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { init } from '../../src/index.ts';
import type { Example } from './extract.ts';
import { docExamples, root } from './extract.ts';
import { moduleOf } from './generate.ts';

/** Modules of the examples of doc comments, written into a folder that goes when the tests of this file have run. */

export const examples = docExamples();
export const files = [...new Set(examples.map((e) => e.file))];
export const examplesIn = (file: string): readonly Example[] => examples.filter((e) => e.file === file);

/** Does it start a GPU? */
export const needsGpu = ({ code }: Example): boolean => code.includes("device: 'webgpu'");

/** A folder for generated code, and one in it in which it runs, with nothing printed. */
export function useFolder(): string {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache/examples-'));
  const before = process.cwd();
  beforeAll(() => {
    process.chdir(mkdtempSync(join(folder, 'run-')));
    for (const how of ['log', 'warn', 'table'] as const) vi.spyOn(console, how).mockImplementation(() => undefined);
  });
  afterAll(async () => {
    process.chdir(before);
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
    await init();
  });
  return folder;
}

/** Writes the module of a file's examples: its path. */
export function writeModule(folder: string, file: string): string {
  const path = join(folder, file.replaceAll('/', '-'));
  writeFileSync(path, moduleOf(file, examplesIn(file)));
  return path;
}

/** Runs those of a file's examples that `which` chooses. */
export async function runExamples(path: string, file: string, which: (e: Example) => boolean): Promise<void> {
  const { runs } = (await import(path)) as { readonly runs: readonly (() => Promise<void>)[] };
  for (const [i, example] of examplesIn(file).entries()) if (which(example)) await runs[i]?.();
}
