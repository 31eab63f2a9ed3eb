import { expect, test } from 'vitest';
import { examplesIn, files, needsGpu, runExamples, useFolder, writeModule } from './modules.ts';

const folder = useFolder();
const onGpu = files.filter((file) => examplesIn(file).some(needsGpu));

test('there are such examples', () => expect(onGpu).not.toEqual([]));

for (const file of onGpu) {
  test(`examples of ${file} run on a GPU`, () => runExamples(writeModule(folder, file), file, needsGpu));
}
