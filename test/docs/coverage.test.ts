import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { root } from './extract.ts';

/** Every function that users can import has an `@example`, which `examples.test.ts` runs. */

/** What users import; the other entries are namespaces of the first. */
const entries = [
  'src/index.ts',
  'src/entries/testing.ts',
  'src/entries/testing/arb.ts',
  'src/entries/testing/vitest.ts',
];

/** Where public functions are written. */
const folders = [
  'bundle', 'compiler', 'data', 'devices.ts', 'display', 'lax', 'nn', 'numpy', 'optim', 'random', 'sharding', 'testing',
  'trace', 'train', 'transforms', 'tree',
]; // prettier-ignore

interface PublicFunction {
  readonly name: string;
  readonly file: string;
  readonly hasExample: boolean;
}

/** The functions that entries export, and those of the namespaces in them. */
function publicFunctions(): readonly PublicFunction[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const program = ts.createProgram({ rootNames: entries.map((entry) => join(root, entry)), options });
  const checker = program.getTypeChecker();
  return entries.flatMap((entry) => {
    const source = program.getSourceFile(join(root, entry));
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    return functionsOf(module, '');
  });

  function functionsOf(space: ts.Symbol, prefix: string): readonly PublicFunction[] {
    return checker.getExportsOfModule(space).flatMap((exported): readonly PublicFunction[] => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = `${prefix}${exported.name}`;
      if (symbol.flags & ts.SymbolFlags.ValueModule) return functionsOf(symbol, `${name}.`);
      const [written] = symbol.declarations ?? [];
      if (written === undefined || !(symbol.flags & ts.SymbolFlags.Value)) return [];
      if (checker.getTypeOfSymbol(symbol).getCallSignatures().length === 0) return [];
      const hasExample = symbol.getJsDocTags(checker).some((tag) => tag.name === 'example');
      return [{ name, file: relative(root, written.getSourceFile().fileName), hasExample }];
    });
  }
}

test('public functions have examples', { timeout: 120_000 }, () => {
  const functions = publicFunctions();
  expect([...new Set(functions.map(({ file }) => file.split('/')[1]))].sort()).toEqual(folders);
  expect(functions.length).toBeGreaterThan(650);
  expect(functions.filter((f) => !f.hasExample).map((f) => `${f.name} (${f.file})`)).toEqual([]);
});
