// Checks the built package as its users meet it: every subpath loads as ESM and as CommonJS with the same names, all
// of them share one NDArray, and no built module refers to fp-ts, which is bundled.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const folders = ['numpy', 'lax', 'random', 'nn', 'optim', 'data', 'train', 'testing', 'testing/arb', 'testing/vitest'];

for (const name of ['pullback', ...folders.map((folder) => `pullback/${folder}`)]) {
  const esm = Object.keys(await import(name));
  assert.ok(esm.length > 0, `${name} exports nothing`);
  assert.deepEqual(
    Object.keys(require(name)).sort(),
    esm.filter((key) => key !== 'default' && key !== 'module.exports').sort(),
    `${name} differs between ESM and CommonJS`,
  );
}

const [root, numpy] = [await import('pullback'), await import('pullback/numpy')];
assert.equal(root.numpy.NDArray, numpy.NDArray, 'pullback and pullback/numpy hold two libraries');

const dist = new URL('../dist/', import.meta.url);
for (const file of readdirSync(dist, { recursive: true })) {
  if (!/\.c?js$/.test(file)) continue;
  const text = readFileSync(new URL(file.replaceAll('\\', '/'), dist), 'utf8');
  assert.doesNotMatch(text, /^(import|export) .*['"]fp-ts|(require|import)\(['"]fp-ts/m, `dist/${file} needs fp-ts`);
}
console.log('dist: every entry loads as ESM and CommonJS');
