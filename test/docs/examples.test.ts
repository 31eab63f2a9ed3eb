import { expect, test } from 'vitest';
import { typeErrors } from './check-types.ts';
import { examples, examplesIn, files, needsGpu, runExamples, useFolder, writeModule } from './modules.ts';

/**
 * All `@example`s of doc comments are well typed, run, and give the values and print the lines that comments in them say. Those
 * that start a GPU run in `examples.webgpu.test.ts`.
 */

const folder = useFolder();
const paths = new Map(files.map((file) => [file, writeModule(folder, file)]));

test('examples in doc comments are well typed', { timeout: 120_000 }, () => {
  expect(examples.length).toBeGreaterThan(700);
  expect(typeErrors([...paths.values()])).toEqual([]);
});

for (const [file, path] of paths) {
  if (examplesIn(file).every(needsGpu)) continue;
  test(`examples of ${file} run`, () => runExamples(path, file, (e) => !needsGpu(e)));
}
