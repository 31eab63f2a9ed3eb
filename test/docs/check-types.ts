import { join } from 'node:path';
import ts from 'typescript';
import { root } from './extract.ts';

/** What TypeScript says about some files, by the settings of the project, one message a line; names need not be used. */
export function typeErrors(files: readonly string[]): readonly string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const program = ts.createProgram({
    rootNames: [...files],
    options: { ...options, noUnusedLocals: false, noUnusedParameters: false },
  });
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    const found =
      source === undefined
        ? []
        : [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((d) => {
      const { line } = ts.getLineAndCharacterOfPosition(d.file as ts.SourceFile, d.start ?? 0);
      const text = (d.file as ts.SourceFile).text.split('\n');
      return `${file}:${line + 1}: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}\n    ${(text[line] ?? '').trim()}`;
    });
  });
}
