import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const examples = resolve(import.meta.dirname, '../../../examples');

/** Lines that a reader has to understand: neither empty nor comments. */
const codeLines = (source: string): number =>
  source.split('\n').filter((line) => !/^\s*(\/\/.*|\/\*.*|\*.*)?$/.test(line)).length;

/** A model and its loss. The two networks of the GAN have theirs beside them; what plays the game is in gan.ts. */
const models: readonly (readonly [name: string, files: readonly string[]])[] = [
  ['cnn', ['cnn.ts', 'classifier.ts']],
  ['rnn', ['rnn.ts', 'classifier.ts']],
  ['autoencoder', ['autoencoder.ts']],
  ['gan', ['gan-networks.ts']],
];

describe('the examples are short', () => {
  test.each(models)('%s: model and loss take at most 60 lines', (_, files) => {
    const lines = files.map((file) => codeLines(readFileSync(join(examples, 'models', file), 'utf8')));
    expect(lines.reduce((a, b) => a + b)).toBeLessThanOrEqual(60);
  });

  test('lines are counted without comments and empty ones', () => {
    expect(codeLines('/** What\n * it is. */\n\nconst a = 1; // so\n  // not so\nf(a);\n')).toBe(2);
  });
});

/** What a package exports: the root, and its folders as subpaths. */
const exported = /^src\/(index|[a-z]+\/index)\.ts$/;

test('no example touches what is not exported', () => {
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(15);
  const inner = files.flatMap((file) => {
    const path = join(examples, file);
    const imports = [...readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)];
    const targets = imports.map(([, to = '']) => relative(dirname(examples), resolve(dirname(path), to)));
    return targets.filter((to) => !to.startsWith('examples/') && !exported.test(to)).map((to) => `${file}: ${to}`);
  });
  expect(inner).toEqual([]);
});
