import { isFloat } from '../kernel/dtype.ts';
import { showAval } from './aval.ts';
import type { Atom, Equation, Jaxpr, Var } from './jaxpr.ts';
import { isJaxpr, Literal } from './jaxpr.ts';

/** Names variables in the order in which it is first asked for them, which is that of a Jaxpr's text: a, b, c, … */
export function variableNames(): (v: Var) => string {
  const names = new Map<Var, string>();
  return (v) => {
    let n = names.get(v);
    if (n === undefined) names.set(v, (n = letters(names.size)));
    return n;
  };
}

/** A Jaxpr in JAX's notation: `{ lambda ; a:f32[3]. let b:f32[3] = sin a in (b,) }`. */
export function printJaxpr(jaxpr: Jaxpr, indent = ''): string {
  const name = variableNames();
  const binder = (v: Var): string => `${name(v)}:${showAval(v.aval)}`;
  const atom = (a: Atom): string => (a instanceof Literal ? printLiteral(a) : name(a));
  const head = `{ lambda ${jaxpr.constants.map(binder).join(' ')}; ${jaxpr.inputs.map(binder).join(' ')}. let`;
  const body = jaxpr.equations.map((e) => {
    const outs = e.outputs.map(binder).join(' ');
    const scope = e.origin === undefined || e.origin.scope === '' ? '' : `  # ${e.origin.scope}`;
    const ins = e.inputs.map((a) => ` ${atom(a)}`).join('');
    return `${indent}    ${outs}${outs === '' ? '' : ' = '}${e.primitive.name}${params(e, indent)}${ins}${scope}`;
  });
  const outs = jaxpr.outputs.map(atom);
  const tail = `${indent}  in (${outs.join(', ')}${outs.length === 1 ? ',' : ''}) }`;
  return [head, ...body, tail].join('\n');
}

/** `2.0:f32[]`. */
export const printLiteral = (a: Literal): string => {
  const text = a.aval.dtype === 'bool' ? String(a.value !== 0) : String(a.value);
  return `${isFloat(a.aval.dtype) && Number.isInteger(a.value) ? `${text}.0` : text}:${showAval(a.aval)}`;
};

function params(e: Equation, indent: string): string {
  if (typeof e.params !== 'object' || e.params === null) return '';
  const entries = Object.entries(e.params).filter(([, v]) => v !== undefined);
  if (entries.length === 0) return '';
  const lines = entries.map(([k, v]) => `${k}=${param(v, `${indent}      `)}`);
  return lines.some((l) => l.includes('\n'))
    ? `[\n${lines.map((l) => `${indent}      ${l}`).join('\n')}\n${indent}    ]`
    : `[${lines.join(' ')}]`;
}

function param(value: unknown, indent: string): string {
  if (typeof value === 'function') return `<${value.name === '' ? 'function' : value.name}>`;
  if (isJaxpr(value)) return printJaxpr(value, indent);
  if (Array.isArray(value)) return `(${value.map((v) => param(v, indent)).join(',')}${value.length === 1 ? ',' : ''})`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : value.name;
  if (isRecord(value)) {
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}:${param(v, indent)}`)
      .join(' ')}}`;
  }
  return String(value);
}

function isRecord(x: unknown): x is Readonly<Record<string, unknown>> {
  return typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;
}

/** a, b, …, z, ba, bb, … */
function letters(n: number): string {
  const last = String.fromCharCode(97 + (n % 26));
  return n < 26 ? last : letters(Math.floor(n / 26)) + last;
}
