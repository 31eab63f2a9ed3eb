import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ESLint } from 'eslint';
import { parser } from 'typescript-eslint';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { architecture } from '../../eslint/architecture.js';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pullback-lint-')));
});
afterEach(() => rmSync(root, { recursive: true }));

/** The rules broken by a little source tree, each as `file: rule`. */
async function lint(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: [architecture(root), { files: ['**/*.ts'], languageOptions: { parser } }],
  });
  const results = await eslint.lintFiles(['src']);
  return results
    .flatMap(({ filePath, messages }) => messages.map((m) => `${filePath.slice(root.length + 1)}: ${String(m.ruleId)}`))
    .sort();
}

const from = (path: string): string => `import { x } from '${path}';\nexport const y = x;\n`;
const leaf = 'export const x = 1;\n';

test('imports down the folder order pass', async () => {
  expect(
    await lint({
      'src/util/a.ts': leaf,
      'src/kernel/a.ts': leaf,
      'src/lax/a.ts': from('../util/a.ts'),
      'src/lax/b.ts': from('../kernel/a.ts'),
      'src/backends/wasm/a.ts': from('../../kernel/a.ts'),
      'src/backends/wasm/x.ts': leaf,
      'src/index.ts': from('./backends/wasm/x.ts'),
    }),
  ).toEqual([]);
});

test.each([
  ['a folder that imports a later one', 'src/kernel/a.ts', '../lax/b.ts', 'src/lax/b.ts'],
  ['siblings of one rank', 'src/nn/a.ts', '../optim/b.ts', 'src/optim/b.ts'],
  ['a backend that imports a tracer', 'src/backends/wasm/a.ts', '../../trace/b.ts', 'src/trace/b.ts'],
  ['a folder that imports a backend', 'src/testing/a.ts', '../backends/wasm/b.ts', 'src/backends/wasm/b.ts'],
])('%s is an error', async (_, file, path, target) => {
  expect(await lint({ [file]: from(path), [target]: leaf })).toEqual([`${file}: import-x/no-restricted-paths`]);
});

test('an import cycle is an error in each of its files', async () => {
  const broken = await lint({
    'src/util/a.ts': "import { b } from './b.ts';\nexport const a = (): number => b();\n",
    'src/util/b.ts': "import { a } from './a.ts';\nexport const b = (): number => a();\n",
  });
  expect(broken).toEqual(['src/util/a.ts: import-x/no-cycle', 'src/util/b.ts: import-x/no-cycle']);
});
