/**
 * Builds the ES modules of dist/, one for each file of src/, so that bundlers take only what an application uses.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rollup } from 'rollup';
import ts from 'typescript';

const subpaths = readdirSync('src/entries', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, '').replaceAll('\\', '/'));
const input = {
  index: 'src/index.ts',
  // What bundlers for browsers take in place of backends-now.
  'backends-later': 'src/backends-later.ts',
  ...Object.fromEntries(subpaths.map((name) => [`entries/${name}`, `src/entries/${name}.ts`])),
};

const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  sourceMap: true,
};

/** Takes the types away. */
const typescript = {
  name: 'typescript',
  transform(code, fileName) {
    if (!fileName.endsWith('.ts')) return null;
    const { outputText, sourceMapText } = ts.transpileModule(code, { fileName, compilerOptions });
    return { code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'), map: sourceMapText };
  },
};

const fpTs = dirname(createRequire(import.meta.url).resolve('fp-ts/package.json'));

/** Takes in fp-ts, which users need not know: its ES modules, by names that Node would refuse. */
const withFpTs = {
  name: 'with-fp-ts',
  resolveId(source, importer) {
    const [, name] = /^fp-ts\/lib\/(\w+)\.js$/.exec(source) ?? [];
    if (name !== undefined) return join(fpTs, 'es6', `${name}.js`);
    return importer?.startsWith(fpTs) === true ? `${join(dirname(importer), source)}.js` : null;
  },
};

const bundle = await rollup({
  input,
  plugins: [withFpTs, typescript],
  external: [/^node:/, 'webgpu', 'fast-check', 'vitest'],
  treeshake: false,
  onwarn({ code, message }) {
    // fp-ts was compiled for other kinds of modules too: `(this && this.__spreadArray) || …`.
    if (code !== 'THIS_IS_UNDEFINED') throw new Error(message);
  },
});
await bundle.write({
  dir: 'dist',
  format: 'es',
  sourcemap: true,
  preserveModules: true,
  preserveModulesRoot: 'src',
  // npm packs no folder of the name node_modules.
  entryFileNames: ({ name }) => `${name.replace(/^.*node_modules\/fp-ts\/es6\//, 'fp-ts/')}.js`,
});
