import * as lax from '../lax/index.ts';
import * as numpy from '../numpy/index.ts';
import type { Shape } from '../trace/aval.ts';
import { stage } from '../trace/stage.ts';
import { NDArray } from '../trace/value.ts';
import { makingOf } from '../transforms/makings.ts';
import { flattenArrays } from '../transforms/trees.ts';
import { isRecord } from '../tree/tree.ts';
import { structuralKey } from '../util/key.ts';
import type { FixedCall } from './fixed.ts';
import { fixedCallOf } from './fixed.ts';
import type { Step } from './steps.ts';

/** Tests as text, to be pasted. */

/** A number as source text. */
const numberText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** An array as source text: `np.array([1, 2], { dtype: 'f64' })`. */
export async function arrayText(x: NDArray): Promise<string> {
  const shape = `[${x.shape.join(', ')}]`;
  if (x.size === 0) return `np.zeros(${shape}, { dtype: '${x.dtype}' })`;
  const values = Array.from(await x.data(), (v) => (x.dtype === 'bool' ? String(v !== 0) : numberText(v)));
  return `np.array(${nested(values, x.shape)}, { dtype: '${x.dtype}' })`;
}

function nested(values: readonly string[], [length, ...rest]: Shape): string {
  if (length === undefined) return values[0] ?? '';
  const size = values.length / length;
  const rows = Array.from({ length }, (_, i) => nested(values.slice(i * size, (i + 1) * size), rest));
  return `[${rows.join(', ')}]`;
}

/** A tree as source text, its arrays replaced by these, in order. */
export async function treeText(tree: unknown, leaves: Iterator<NDArray>): Promise<string> {
  if (tree instanceof NDArray || typeof tree === 'number' || typeof tree === 'boolean') {
    const next = leaves.next();
    return next.done === true ? 'undefined' : arrayText(next.value);
  }
  const parts: string[] = [];
  if (Array.isArray(tree)) {
    for (const child of tree) parts.push(await treeText(child, leaves));
    return `[${parts.join(', ')}]`;
  }
  if (isRecord(tree)) {
    for (const key of Object.keys(tree).sort()) parts.push(`${keyText(key)}: ${await treeText(tree[key], leaves)}`);
    return `{ ${parts.join(', ')} }`;
  }
  return String(tree);
}

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

/** A plain value as source text; null where it has none. */
function plainText(value: unknown): string | null {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return allText(value, (parts) => `[${parts.join(', ')}]`);
  if (!isRecord(value)) return null;
  const keys = Object.keys(value);
  return allText(
    Object.values(value),
    (parts) => `{ ${parts.map((p, i) => `${keyText(keys[i] ?? '')}: ${p}`).join(', ')} }`,
  );
}

function allText(values: readonly unknown[], join: (parts: readonly string[]) => string): string | null {
  const parts = values.map(plainText);
  return parts.every((p) => p !== null) ? join(parts) : null;
}

const operandName = (i: number, count: number): string => (count <= 3 ? (['x', 'y', 'z'][i] ?? '') : `x${i}`);

/**
 * A call that is this one operation, `lax.dotGeneral(x, y, …)`, as a function of its operands; null where it has none.
 * Ways to write it are tried until one is traced to the same equation.
 */
export function callText({ equation, inputs }: Step): string | null {
  const { primitive, params } = equation;
  const f = (lax as unknown as Readonly<Record<string, unknown>>)[primitive.name];
  if (typeof f !== 'function' || !isRecord(params)) return null;
  const names = inputs.map((_, i) => operandName(i, inputs.length));
  const values = Object.values(params);
  for (const extra of [[], values, [params]]) {
    for (const listed of [false, true]) {
      const text = extra.map(plainText);
      const apply: Apply = (...xs) => (f as Apply)(...(listed ? [xs] : xs), ...extra);
      if (text.includes(null) || !givesOnly(apply, primitive, params, inputs)) continue;
      const operands = listed ? [`[${names.join(', ')}]`] : names;
      return `(${names.join(', ')}) => lax.${primitive.name}(${[...operands, ...text].join(', ')})`;
    }
  }
  return null;
}

type Apply = (...args: readonly unknown[]) => unknown;

/** Is a function traced to one equation, of this primitive with these parameters? */
function givesOnly(apply: Apply, primitive: unknown, params: unknown, inputs: readonly NDArray[]): boolean {
  try {
    const run = (...xs: readonly NDArray[]): readonly NDArray[] => flattenArrays(apply(...xs), 'a result').leaves;
    const { equations } = stage('a call', run, inputs.map((x) => x.aval)).jaxpr; // prettier-ignore
    const [only, ...more] = equations;
    return only?.primitive === primitive && more.length === 0 && structuralKey(only?.params) === structuralKey(params);
  } catch {
    // Not this way.
    return false;
  }
}

/** A function for a test to paste. */
export interface FunctionText {
  /** An expression. */
  readonly of: string;
  /** What it uses of `pullback`, besides `lax` and `np`. */
  readonly uses: readonly string[];
  /** What is to be done for it; empty where there is nothing. */
  readonly note: string;
}

type AnyFunction = (...args: never[]) => unknown;

/**
 * A user's function as text: what it was made of, if a transformation made it, or its name where that takes more than its text,
 * as rules of its own.
 */
export function functionText(f: AnyFunction, name: string): FunctionText {
  const call = fixedCallOf(f);
  if (call !== null) return fixedText(call, functionText(call.of, name));
  const library = libraryName(f);
  if (library !== null) return { of: library, uses: [], note: '' };
  const source = sourceOf(f);
  if (source !== null) return { ...source, note: 'bring along what the function reads from outside' };
  const of = /^[A-Za-z_$][\w$]*$/.test(name) ? name : 'theFunction';
  return {
    of,
    uses: [],
    note: `import ${of === name ? name : `the function that was checked as ${of}`} from where it is`,
  };
}

/** A call with some arguments fixed: `(x) => power(x, 2)`. */
function fixedText({ all, open }: FixedCall, { of, uses, note }: FunctionText): FunctionText {
  const names = open.map((_, i) => operandName(i, open.length));
  const given = all.map((a, i) => (open.includes(i) ? names[open.indexOf(i)] : fixedValueText(a)));
  const args = given.map((text, i) => text ?? `argument${i}`);
  const missing = given.includes(undefined) ? ', and the arguments that are no arrays' : '';
  return { of: `(${names.join(', ')}) => ${of}(${args.join(', ')})`, uses, note: `${note}${missing}` };
}

const fixedValueText = (value: unknown): string | undefined =>
  (typeof value === 'function' ? plainSource(value as AnyFunction) : plainText(value)) ?? undefined;

const modules: readonly (readonly [prefix: string, module: object])[] = [
  ['np', numpy],
  ['lax', lax],
];

/** What `numpy` and `lax` call a function of theirs. */
function libraryName(f: AnyFunction): string | null {
  for (const [prefix, module] of modules) {
    const found = Object.entries(module).find(([, value]) => value === f);
    if (found !== undefined) return `${prefix}.${found[0]}`;
  }
  return null;
}

/** A function's own text, as far as it can be pasted: what it reads from outside has to be brought along. */
function sourceOf(f: AnyFunction): Omit<FunctionText, 'note'> | null {
  const making = makingOf(f);
  if (making !== null) {
    const { of, call } = making;
    if (call === null) return null;
    const library = libraryName(of);
    const inner = library === null ? sourceOf(of) : { of: library, uses: [] };
    return inner && { of: `${call}(${inner.of})`, uses: [call, ...inner.uses] };
  }
  const text = plainSource(f);
  return text === null ? null : { of: text, uses: [] };
}

function plainSource(f: AnyFunction): string | null {
  const text = String(f)
    // How test runners write what modules import.
    .replaceAll(/\(0,\s*__vi_import_\d+__\.(\w+)\)/g, '$1')
    .replaceAll(/__vi_import_\d+__\./g, '');
  // Methods have no text that is an expression.
  const isExpression = /^(async\s+)?(function\b|\(|[\w$]+\s*=>)/.test(text);
  return !isExpression || text.includes('[native code]') || text.length > 1000 ? null : text;
}

/** A whole test. */
export function testText(
  title: string,
  check: string,
  of: string,
  args: string,
  options: string,
  note: string,
  uses: readonly string[] = [],
): string {
  const names = [...new Set([...uses, 'lax', 'numpy as np'])].sort();
  const imports = [`import { ${names.join(', ')} } from 'pullback';`, `import { ${check} } from 'pullback/testing';`, "import { test } from 'vitest';"]; // prettier-ignore
  return [
    ...imports,
    '',
    `test(${JSON.stringify(title)}, async () => {`,
    ...(note === '' ? [] : [`  // ${note}`]),
    ...(of === 'f' ? [] : [`  const f = ${of.split('\n').join('\n  ')};`]),
    `  await ${check}(f, ${args}${options === '' ? '' : `, ${options}`});`,
    '});',
  ].join('\n');
}
