import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The code in doc comments and in pages. */

/** One example. */
export interface Example {
  /** The file that it is in, from the root of the project. */
  readonly file: string;
  readonly line: number;
  readonly code: string;
  /** What it says that it prints: the text block after it. */
  readonly prints: string | null;
}

export const root = join(import.meta.dirname, '../..');

const filesOf = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith(ending))
    .map((e) => relative(root, join(e.parentPath, e.name)))
    .sort();

const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/** The `@example`s of all doc comments in src/. */
export const docExamples = (): readonly Example[] =>
  filesOf('src', '.ts').flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/\/\*\*.*?\*\//gs)].flatMap((comment) =>
      [...comment[0].matchAll(/@example\b(.*?)(?=\n\s*\* @|\*\/$)/gs)].map((example): Example => {
        const code = (example[1] as string)
          .split('\n')
          .map((l) => l.replace(/^\s*\* ?/, ''))
          .filter((l) => !l.startsWith('```'))
          .join('\n');
        return { file, line: lineAt(text, comment.index + example.index), code, prints: null };
      }),
    );
  });

/** The pages that people read. */
export const pages = (): readonly string[] => [
  'README.md',
  ...filesOf('docs', '.md').filter((f) => !f.startsWith('docs/api/')),
];

/** The TypeScript blocks of a page, with the text blocks that follow at once: what is printed. */
export function pageExamples(file: string): readonly Example[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)].map((block) => ({
    file,
    line: lineAt(text, block.index),
    code: block[1] as string,
    prints: block[2] ?? null,
  }));
}
