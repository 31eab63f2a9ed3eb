import { defineConfig } from 'tsup';

/** One entry per subpath export of package.json: `pullback`, `pullback/numpy`, … */
const folders = ['numpy', 'lax', 'random', 'nn', 'optim', 'data', 'testing'];

export default defineConfig({
  entry: ['src/index.ts', ...folders.map((folder) => `src/${folder}/index.ts`)],
  outDir: 'dist',
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  // Chunks shared by all entries: a second copy of the trace context or of NDArray would be another library.
  splitting: true,
  sourcemap: true,
  clean: true,
  treeshake: false,
  // Users need not know fp-ts; bundling it also avoids its missing `exports`, which Node's ESM refuses.
  noExternal: ['fp-ts'],
  external: ['webgpu', 'fast-check', /^node:/],
});
