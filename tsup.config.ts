import { readdirSync } from 'node:fs';
import type { Options } from 'tsup';
import { defineConfig } from 'tsup';

/** One entry per subpath export of package.json: `pullback`, `pullback/numpy`, … */
const subpaths = readdirSync('src/entries', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => [`entries/${file.replace(/\.ts$/, '').replaceAll('\\', '/')}`, `src/entries/${file}`]);

const common: Options = {
  entry: { index: 'src/index.ts', ...(Object.fromEntries(subpaths) as Record<string, string>) },
  outDir: 'dist',
  target: 'es2022',
  platform: 'neutral',
  external: ['webgpu', 'fast-check', 'vitest', /^node:/],
};

/** What scripts/build-modules.mjs leaves: CommonJS, and the declarations. */
export default defineConfig([
  {
    ...common,
    format: 'cjs',
    dts: true,
    // `import.meta.url` in CommonJS.
    shims: true,
    // Chunks shared by all entries: a second copy of the trace context or of NDArray would be another library.
    splitting: true,
    treeshake: false,
    // Bundled: users need not know it, and its missing `exports` are refused by Node's ESM. It is a dependency all the same,
    // for the types in the declarations, which can't be bundled (`import Either = E.Either` stops the bundler).
    noExternal: ['fp-ts'],
  },
  { ...common, format: 'esm', dts: { only: true } },
]);
