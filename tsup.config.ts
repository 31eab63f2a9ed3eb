import { defineConfig } from 'tsup';

/** One entry per subpath export of package.json: `pullback`, `pullback/numpy`, … */
const folders = ['numpy', 'random', 'nn', 'optim', 'data', 'train', 'testing'];
const entries = Object.fromEntries(folders.map((folder) => [`${folder}/index`, `src/${folder}/index.ts`]));

export default defineConfig({
  // Control flow is made of transformations, which are not in the folder of the primitives.
  entry: { index: 'src/index.ts', 'lax/index': 'src/lax.ts', ...entries },
  outDir: 'dist',
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  // `import.meta.url` in CommonJS.
  shims: true,
  // Chunks shared by all entries: a second copy of the trace context or of NDArray would be another library.
  splitting: true,
  sourcemap: true,
  clean: true,
  treeshake: false,
  // Bundled: users need not know it, and its missing `exports` are refused by Node's ESM. It is a dependency all the same,
  // for the types in the declarations, which can't be bundled (`import Either = E.Either` stops the bundler).
  noExternal: ['fp-ts'],
  external: ['webgpu', 'fast-check', /^node:/],
});
