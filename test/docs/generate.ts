import ts from 'typescript';
import * as pullback from '../../src/index.ts';
import * as testing from '../../src/testing/index.ts';
import type { Example } from './extract.ts';
import { setups } from './setups.ts';
import { typesOfWorld, world } from './world.ts';

/**
 * Modules that run the examples of doc comments. An example may use any public name, those of its own folder without a
 * namespace, and what `world.ts` has; what else it takes for granted is in `setups.ts`.
 */

/** The public names that examples in a folder use bare. */
const spaces: Readonly<Record<string, { readonly module: string; readonly names: object }>> = {
  numpy: { module: 'numpy/index.ts', names: pullback.numpy },
  nn: { module: 'nn/index.ts', names: pullback.nn },
  optim: { module: 'optim/index.ts', names: pullback.optim },
  random: { module: 'random/index.ts', names: pullback.random },
  data: { module: 'data/index.ts', names: pullback.data },
  tree: { module: 'numpy/tree.ts', names: pullback.tree },
  testing: { module: 'testing/index.ts', names: testing },
};

/** How one module of examples is written. */
export function moduleOf(file: string, examples: readonly Example[]): string {
  const folder = file.split('/')[1] as string;
  const parts = examples.map((e) => exampleFunction(e, folder));
  const imports = new Set(parts.flatMap((p) => p.imports));
  return [
    "import { printed, same } from '../../test/docs/same.ts';",
    ...imports,
    ...parts.map((p) => p.text),
    `export const runs = [${parts.map((_, i) => `example${examples[i]?.line ?? 0}_${i}`).join(', ')}];`,
    '',
  ].join('\n');

  function exampleFunction(e: Example, space: string): { readonly imports: readonly string[]; readonly text: string } {
    const n = examples.indexOf(e);
    const setup = setups[`${file}:${e.code.trim().split('\n')[0] as string}`] ?? setups[file] ?? '';
    const given = [...usedNames(setup), ...usedNames(e.code)].filter((name, i, all) => all.indexOf(name) === i);
    const own = declaredNames(`${setup}\n${e.code}`);
    const needed = given.filter((name) => !own.has(name));
    const found = needed.map((name) => whence(name, space));
    const lines = found.flatMap((f) => ('declare' in f ? [f.declare] : []));
    return {
      imports: found.flatMap((f) => ('from' in f ? [f.from] : [])),
      text: [
        `async function example${e.line}_${n}() {`,
        ...lines,
        setup,
        `// ${file}:${e.line}`,
        checked(e.code),
        '}',
      ].join('\n'),
    };
  }
}

/** Where a name comes from that an example does not declare. */
function whence(name: string, folder: string): { readonly from: string } | { readonly declare: string } | object {
  if (name in world)
    return { declare: `let ${name} = world.${name}();`, from: "import { world } from '../../test/docs/world.ts';" };
  if (typesOfWorld.includes(name)) return { from: `import type { ${name} } from '../../test/docs/world.ts';` };
  const space = spaces[folder];
  if (space !== undefined && name in space.names)
    return { from: `import { ${name} } from '../../src/${space.module}';` };
  if (name === 'np') return { from: "import { numpy as np } from '../../src/index.ts';" };
  if (name in pullback) return { from: `import { ${name} } from '../../src/index.ts';` };
  const owner = Object.values(spaces).find((s) => name in s.names);
  return owner === undefined ? {} : { from: `import { ${name} } from '../../src/${owner.module}';` };
}

const parsed = (code: string): ts.SourceFile => ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true);

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** Identifiers that stand for something, properties and keys left out. */
function usedNames(code: string): readonly string[] {
  const names: string[] = [];
  visit(parsed(code), (node) => {
    if (!ts.isIdentifier(node)) return;
    const { parent } = node;
    const isProperty =
      (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (ts.isPropertyAssignment(parent) && parent.name === node) ||
      (ts.isPropertySignature(parent) && parent.name === node) ||
      (ts.isQualifiedName(parent) && parent.right === node) ||
      (ts.isBindingElement(parent) && parent.propertyName === node);
    if (!isProperty) names.push(node.text);
  });
  return names;
}

/** What an example declares, and the parameters of its functions. */
function declaredNames(code: string): ReadonlySet<string> {
  const names = new Set<string>();
  visit(parsed(code), (node) => {
    const named = ts.isVariableDeclaration(node) || ts.isBindingElement(node) || ts.isParameter(node);
    if (named && ts.isIdentifier(node.name)) names.add(node.name.text);
    const declared =
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isInterfaceDeclaration(node);
    if (declared && node.name !== undefined) names.add(node.name.text);
  });
  return names;
}

/** The code, with expressions compared with the value that a comment after them gives, and what is printed with such lines. */
function checked(code: string): string {
  const file = parsed(code);
  let result = '';
  let from = 0;
  for (const s of file.statements) {
    if (!ts.isExpressionStatement(s)) continue;
    const [comment] = ts.getTrailingCommentRanges(code, s.end) ?? [];
    const value = comment === undefined ? '' : code.slice(comment.pos + 2, comment.end).trim();
    const start = s.getStart(file);
    const expression = code.slice(start, s.expression.end);
    const output = /^\n((?:\/\/.*\n?)+)/.exec(code.slice(s.end))?.[1];
    const print = /^console\.log\((.*)\)$/s.exec(expression)?.[1];
    if (isValue(value)) result += `${code.slice(from, start)}await same(${expression}, ${value});`;
    else if (print !== undefined && output !== undefined) {
      result += `${code.slice(from, start)}printed(${print}, ${JSON.stringify(output.replace(/^\/\/ ?/gm, ''))});`;
    } else continue;
    from = s.end;
  }
  return result + code.slice(from);
}

/** Is it a number, a boolean, a text or nested lists of them, as code writes them? */
const isValue = (text: string): boolean =>
  /^(?:'[^']*'|(?:[[\]\s,\d.e+-]|NaN|Infinity)+|true|false|\[[truefals[\],\s]+\])$/.test(text) &&
  (/\w/.test(text) || /^\[\]$/.test(text));
