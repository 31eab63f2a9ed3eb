/** The package in an application that Vite builds, as Chromium runs it. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { chromiumArgs, chromiumPath, softwareWebGpu } from '../../scripts/chromium.mjs';

const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** What an application imports that differentiates, compiles, batches, and computes with arrays. */
const coreApplication = `
import { grad, init, jit, numpy as np, vmap } from 'pullback';
await init();
console.log(jit(vmap(grad((x) => np.sin(np.matmul(x, x)).sum())))(np.ones([2, 3, 3])).toString());
`;

const size = ({ code }) => gzipSync(code, { level: 9 }).length;

/** The sizes of what Vite makes of the root entry, minified and compressed, in bytes: the core, and what it fetches when asked for. */
export async function bundleSizes(project) {
  const root = join(project, 'core');
  await mkdir(root);
  await writeFile(join(root, 'main.js'), coreApplication);
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'es2022', modulePreload: false, rolldownOptions: { input: join(root, 'main.js') } },
  });
  const chunks = output.filter((file) => file.type === 'chunk');
  // What the entry imports comes with it.
  const withEntry = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of withEntry) {
    for (const next of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) withEntry.add(next);
  }
  const core = chunks.filter(({ fileName }) => withEntry.has(fileName)).reduce((sum, chunk) => sum + size(chunk), 0);
  const rest = chunks.filter(({ fileName }) => !withEntry.has(fileName)).map((chunk) => [chunk.name, size(chunk)]);
  return { core, rest };
}

/** Trains a little on both devices in a built application. Throws for anything that the browser complains of. */
export async function inBrowser(project) {
  const root = join(project, 'application');
  await cp(join(import.meta.dirname, 'projects/application'), root, { recursive: true });
  await build({ root, configFile: false, logLevel: 'error', build: { target: 'es2022' } });
  const server = await preview({ root, configFile: false, logLevel: 'error', preview: { port: 0, headers } });
  const browser = await chromium.launch({
    executablePath: await chromiumPath(),
    args: [...chromiumArgs, ...softwareWebGpu],
  });
  try {
    const told = [];
    for (const device of ['wasm', 'webgpu']) told.push(await visit(browser, server.resolvedUrls.local[0], device));
    return told.join('; ');
  } finally {
    await browser.close();
    await server.close();
  }
}

async function visit(browser, address, device) {
  const page = await browser.newPage();
  const problems = [];
  const fetched = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => fetched.push(request.url()));
  await page.goto(`${address}?${device}`);
  await page.waitForFunction(() => globalThis.document.title !== '', undefined, { timeout: 120_000 });
  const title = await page.title();
  if (problems.length > 0 || !title.startsWith('trained')) throw new Error([title, ...problems].join('\n'));
  // Only the device that is used is fetched, and nothing from elsewhere.
  const other = device === 'wasm' ? 'webgpu' : 'wasm';
  const wrong = fetched.filter((url) => url.includes(`/${other}-`) || !url.replace('blob:', '').startsWith(address));
  if (wrong.length > 0) throw new Error(`on ${device}, the page fetches ${wrong.join(' and ')}`);
  await page.close();
  return title;
}
