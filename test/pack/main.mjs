/**
 * Packs the package as npm would publish it, and uses it as its users do: `npm run test:pack`, after `npm run build`. Each check is a
 * line; the last line counts them.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bundleSizes, inBrowser } from './browser.mjs';

const run = promisify(execFile);
const bin = (name) => resolve('node_modules/.bin', name);
const here = import.meta.dirname;
const subpaths = ['numpy', 'lax', 'random', 'nn', 'optim', 'data', 'train', 'testing'];
/** Those that need packages of their own. */
const withPeers = ['testing/arb', 'testing/vitest'];
/** Bytes that the core may have, minified and compressed. */
const coreLimit = 100_000;

let passed = 0;
let failed = 0;

/** Runs a check, which returns what is worth telling. */
async function check(name, work) {
  try {
    const told = await work();
    passed += 1;
    console.log(`ok      ${name}${told === undefined ? '' : `: ${told}`}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.stack ?? error}`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'pullback-pack-'));

/** A project that has nothing but the package, and what else it names. */
async function project(name, { type = 'module', also = [] } = {}) {
  const at = join(folder, name);
  await mkdir(at);
  await writeFile(join(at, 'package.json'), JSON.stringify({ name, type, private: true }));
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--omit=peer'];
  await run('npm', ['install', ...flags, tarball, ...also], { cwd: at });
  return at;
}

const say = (expected, { stdout }) => {
  if (!stdout.includes(expected)) throw new Error(`it should have printed ${expected}, not ${stdout}`);
};

const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder]);
const [packed] = JSON.parse(stdout);
const tarball = join(folder, packed.filename);
console.log(`${packed.filename}: ${packed.entryCount} files, ${Math.round(packed.size / 1000)} KB packed`);

await check('publint', async () => {
  await run(bin('publint'), ['run', tarball, '--strict']);
});

await check('are the types wrong', async () => {
  // Old resolution, which knows no `exports`, finds no subpaths.
  const entrypoints = ['.', ...[...subpaths, ...withPeers].map((name) => `./${name}`)];
  await run(bin('attw'), [tarball, '--profile', 'node16', '--entrypoints', ...entrypoints]);
});

const plain = await project('plain');
const commonjs = await project('commonjs', { type: 'commonjs' });
for (const name of ['use.mjs', 'subpath.mjs', 'types.mts']) await cp(join(here, 'projects', name), join(plain, name));
await cp(join(here, 'projects/use.cjs'), join(commonjs, 'use.cjs'));
await cp(join(here, 'projects/types.mts'), join(commonjs, 'types.cts'));

await check('ES modules', async () => say('trained', await run('node', ['use.mjs'], { cwd: plain })));
await check('CommonJS', async () => say('trained', await run('node', ['use.cjs'], { cwd: commonjs })));
// An error names the line of the user's that made it, not one of ours.
const [faulty, faultyCommonjs] = [join(plain, 'faulty.mjs'), join(commonjs, 'faulty.cjs')];
const faultyText = await readFile(join(here, 'projects/faulty.mjs'), 'utf8');
await writeFile(faulty, faultyText);
const required = "const { jit, numpy: np } = require('pullback');";
await writeFile(faultyCommonjs, faultyText.replace(/^import .*/, required));
for (const [what, file, flags] of [
  ['of ES modules', faulty, []],
  ['of CommonJS', faultyCommonjs, []],
  ['with source maps', faulty, ['--enable-source-maps']],
]) {
  await check(`lines in errors ${what}`, async () =>
    say(`[at loss (${await realpath(file)}:3:`, await run('node', [...flags, file])),
  );
}
for (const name of subpaths) {
  await check(`pullback/${name} alone`, async () =>
    say('works', await run('node', ['subpath.mjs', name], { cwd: plain })),
  );
}
await check('Deno', async () => {
  const args = ['run', '--allow-all', '--no-check', '--node-modules-dir=manual', 'use.mjs'];
  say('trained', await run(bin('deno'), args, { cwd: plain }));
});

/** Compiles a file against the declarations, all of which are checked too. */
const types = (at, file, options) => async () => {
  const flags = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom'];
  await run(bin('tsc'), [...flags, ...options, file], { cwd: at });
};
const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler'];
const nodenext = ['--module', 'nodenext', '--moduleResolution', 'nodenext'];
await check('types for bundlers', types(plain, 'types.mts', bundler));
await check('types for ES modules of Node', types(plain, 'types.mts', nodenext));
await check('types for CommonJS of Node', types(commonjs, 'types.cts', nodenext));

// What needs packages of its own, in the versions that development uses.
const { devDependencies: versions } = JSON.parse(await readFile('package.json', 'utf8'));
const also = ['fast-check', 'vitest', '@types/node'].map((name) => `${name}@${versions[name]}`);
const peers = await project('peers', { also });
for (const name of ['testing.mts', 'matchers.mts']) await cp(join(here, 'projects', name), join(peers, name));
await check('types of pullback/testing', types(peers, 'testing.mts', nodenext));
// The declarations of vitest themselves do not hold everywhere.
await check('types of pullback/testing/vitest', types(peers, 'matchers.mts', [...nodenext, '--skipLibCheck']));

await check('size', async () => {
  const { core, rest } = await bundleSizes(plain);
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  const later = rest.map(([name, bytes]) => `${name} ${kb(bytes)}`).join(', ');
  const text = `core ${kb(core)} of ${kb(coreLimit)} compressed; fetched when asked for: ${later}`;
  if (core > coreLimit) throw new Error(`the core is too large: ${text}`);
  return text;
});

await check('Vite and Chromium', async () => inBrowser(plain));

await rm(folder, { recursive: true, force: true });
console.log(`pack: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
