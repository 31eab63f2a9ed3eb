import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { typeErrors } from './check-types.ts';
import type { Example } from './extract.ts';
import { pageExamples, pages, root } from './extract.ts';
import { useFolder } from './modules.ts';
import { likeText } from './same.ts';

/**
 * The TypeScript of README.md and docs/ is well typed and runs. A block that begins with an import begins a program; the blocks
 * after it go on with that. A text block right behind one is what it prints, where `…` stands for anything.
 */

const folder = useFolder();
const programs = pages().flatMap((page) => programsOf(page));

function programsOf(page: string): readonly (readonly Example[])[] {
  const found: Example[][] = [];
  for (const block of pageExamples(page)) {
    const current = found.at(-1);
    if (current === undefined || block.code.startsWith('import ')) found.push([block]);
    else current.push(block);
  }
  return found;
}

/** Which file a public entry point is. */
const sourceOf = (entry: string | undefined): string =>
  pathToFileURL(
    join(root, entry === undefined ? 'src/index.ts' : entry === 'lax' ? 'src/lax.ts' : `src/${entry}/index.ts`),
  ).pathname;

/** The code with what it imports found here: the public entry points, and, by paths from the page, the inside. */
const found = (code: string): string =>
  code
    .replace(/from 'pullback(?:\/([\w/]+))?'/g, (_, entry?: string) => `from '${sourceOf(entry)}'`)
    .replace(/from '\.\.\/src\//g, `from '${join(root, 'src')}/`);

/** A program as a module that says, before each block, that it begins. */
function moduleOf(program: readonly Example[]): string {
  const code = program.map((b, i) => `console.debug('block ${i}');\n// ${b.file}:${b.line}\n${b.code}`).join('\n');
  return `export {};\n${found(code)}`;
}

const paths = programs.map((program, i) => {
  const path = join(folder, `page-${i}.ts`);
  writeFileSync(path, moduleOf(program));
  return path;
});

test('the code of pages is well typed', { timeout: 120_000 }, () => {
  expect(pages()).toContain('README.md');
  expect(typeErrors(paths)).toEqual([]);
});

describe('the code of pages runs, and prints what they say', () => {
  for (const [i, program] of programs.entries()) {
    const [first] = program;
    test(`${first?.file ?? ''}:${first?.line ?? 0}`, { timeout: 120_000 }, async () => {
      const printed: string[][] = [];
      vi.mocked(console.log).mockImplementation((...words) => void printed.at(-1)?.push(format(...words)));
      vi.spyOn(console, 'debug').mockImplementation(() => void printed.push([]));
      await import(paths[i] as string);
      expect(printed).toHaveLength(program.length);
      for (const [n, { prints }] of program.entries()) {
        if (prints !== null) expect((printed[n] as string[]).join('\n')).toMatch(likeText(prints));
      }
    });
  }
});
