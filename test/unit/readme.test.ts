import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const source = pathToFileURL(join(root, 'src/index.ts')).href;

test('the example of the README does what it says', async () => {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const examples = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
  expect(examples.length).toBe(1);
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache/readme-'));
  try {
    const file = join(folder, 'example.ts');
    await writeFile(file, (examples[0] as string).replaceAll("'pullback'", `'${source}'`));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: root });
    const [slope, offset, ...more] = stdout.trim().split(' ').map(Number);
    expect(stderr).toBe('');
    expect(slope).toBeCloseTo(2, 2);
    expect(offset).toBeCloseTo(1, 2);
    expect(more).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
