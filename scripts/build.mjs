/**
 * Builds dist/: of each file of src/ an ES module, so that bundlers take only what an application uses, the same as CommonJS, and its
 * declarations for both.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/**
 * Says of every call that makes the value of a constant of a module that it does nothing else, so that bundlers leave out what is not used:
 * `const sinP = primitive({ … })`.
 */
const markedPure = (context) => {
  const mark = (node) => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return node;
    const marked = ts.visitEachChild(node, mark, context);
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return marked;
    return ts.addSyntheticLeadingComment(marked, ts.SyntaxKind.MultiLineCommentTrivia, ' @__PURE__ ', false);
  };
  return (file) => ts.visitEachChild(file, (node) => (ts.isVariableStatement(node) ? mark(node) : node), context);
};

/** Takes the types away. */
const typescript = {
  name: 'typescript',
  transform(code, fileName) {
    if (!fileName.endsWith('.ts')) return null;
    const { outputText, sourceMapText } = ts.transpileModule(code, {
      fileName,
      compilerOptions,
      transformers: { before: [markedPure] },
    });
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

const common = { dir: 'dist', preserveModules: true, preserveModulesRoot: 'src' };
/** npm packs no folder of the name node_modules. */
const named = (ending) => ({ name }) => `${name.replace(/^.*node_modules\/fp-ts\/es6\//, 'fp-ts/')}${ending}`; // prettier-ignore

rmSync('dist', { recursive: true, force: true });
await bundle.write({ ...common, format: 'es', sourcemap: true, entryFileNames: named('.js') });
await bundle.write({ ...common, format: 'cjs', entryFileNames: named('.cjs') });

// The compiler leaves the names of source files in declarations.
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.declarations.json'], {
  stdio: 'inherit',
});
const relative = /((?:from|import|import\()\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;
for (const file of readdirSync('dist', { recursive: true })) {
  if (!file.endsWith('.d.ts')) continue;
  const path = join('dist', file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(relative, '$1.js$2'));
  writeFileSync(path.replace(/\.ts$/, '.cts'), text.replace(relative, '$1.cjs$2'));
}
