import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import type { Notebook } from './notebook.ts';
import { text } from './notebook.ts';

/**
 * Checks the types of notebooks' cells, which Deno does not: a notebook's cells are one module, as one sees what earlier ones
 * declare. Each finding names the notebook, the cell and its line.
 */
export function typeErrors(root: string, notebooks: ReadonlyMap<string, Notebook>): readonly string[] {
  const modules = new Map([...notebooks].map(([path, notebook]) => [`${path}.ts`, moduleOf(notebook)]));
  const options: ts.CompilerOptions = {
    ...configured(root),
    // As Deno has it.
    noUnusedLocals: false,
    noUncheckedIndexedAccess: false,
    exactOptionalPropertyTypes: false,
    paths: {
      pullback: [join(root, 'src/index.ts')],
      'pullback/*': [join(root, 'src/entries/*.ts'), join(root, 'src/*/index.ts')],
    },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => modules.has(file) || fileExists(file);
  host.readFile = (file) => modules.get(file)?.code ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const module = modules.get(file);
    return module === undefined
      ? getSourceFile.call(host, file, version, ...rest)
      : ts.createSourceFile(file, module.code, version, true);
  };
  const folder = dirname([...modules.keys()][0] ?? join(root, 'notebooks/none'));
  const program = ts.createProgram([...modules.keys(), join(folder, 'deno.d.ts')], options, host);
  return ts.getPreEmitDiagnostics(program).flatMap((d) => {
    const message = ts.flattenDiagnosticMessageText(d.messageText, '\n  ');
    if (d.file === undefined || d.start === undefined) return [message];
    const { line } = d.file.getLineAndCharacterOfPosition(d.start);
    const place = modules.get(d.file.fileName)?.places[line];
    const file = relative(root, d.file.fileName);
    return [
      place === undefined ? `${file}:${line + 1}: ${message}` : `${file.replace(/\.ts$/, '')}, ${place}: ${message}`,
    ];
  });
}

function configured(root: string): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { readonly config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

interface Module {
  readonly code: string;
  /** Of each line, the cell and the line in it. */
  readonly places: readonly string[];
}

function moduleOf({ cells }: Notebook): Module {
  const code: string[] = [];
  const places: string[] = [];
  for (const { cell_type: kind, id, source } of cells) {
    if (kind !== 'code') continue;
    const own = text(source).split('\n');
    // A semicolon ends a cell's last expression.
    code.push(...own, ';');
    places.push(...own.map((_, i) => `cell ${id}, line ${i + 1}`), `cell ${id}`);
  }
  return { code: `${code.join('\n')}\nexport {};\n`, places };
}
