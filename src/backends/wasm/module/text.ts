import type { Func, Instruction, Module, Statement, Value } from './code.ts';
import { opcodes } from './opcodes.ts';

/** The module in the text format, folded, with the notes of functions as comments. */
export function printModule(module: Module): string {
  return [
    '(module',
    ...module.notes.map((n) => `  ;; ${n}`),
    `  (import "env" "memory" (memory 0 65536${module.shared ? ' shared' : ''}))`,
    ...module.funcs.flatMap(printFunction),
    `  (export "run" (func $${module.exported.name})))`,
    '',
  ].join('\n');
}

function printFunction(f: Func): string[] {
  const params = f.params.map((p) => ` (param $${p.name} ${p.type})`).join('');
  const result = f.results.length === 0 ? '' : ` (result ${f.results.join(' ')})`;
  return [
    ...f.notes.map((n) => `  ;; ${n}`),
    `  (func $${f.name}${params}${result}`,
    ...f.locals.map((l) => `    (local $${l.name} ${l.type})`),
    ...f.body.flatMap((s) => printStatement(s, '    ')),
    ...f.returns.map((v) => `    ${printValue(v)}`),
    '  )',
  ];
}

function printStatement(s: Statement, indent: string): string[] {
  const deeper = `${indent}  `;
  switch (s.kind) {
    case 'set':
      return [`${indent}(local.set $${s.local.name} ${printValue(s.value)})`];
    case 'store':
      return [`${indent}${printInstruction(s.instruction)}`];
    case 'run': {
      const call = `(call $${s.target.name}${s.args.map((a) => ` ${printValue(a)}`).join('')})`;
      const { results } = s.target;
      if (results.length <= 1 && s.into.length <= 1) {
        const [into] = s.into;
        if (into !== undefined) return [`${indent}(local.set $${into.name} ${call})`];
        return [indent + (results.length === 0 ? call : `(drop ${call})`)];
      }
      const taken = s.into.length === 0 ? results.map(() => 'drop') : s.into.map((l) => `local.set $${l.name}`);
      return [indent + call, ...taken.reverse().map((t) => indent + t)];
    }
    case 'if': {
      const otherwise =
        s.otherwise.length === 0
          ? []
          : [`${deeper}(else`, ...s.otherwise.flatMap((t) => printStatement(t, `${deeper}  `)), `${deeper})`];
      return [
        `${indent}(if ${printValue(s.test)} (then`,
        ...s.then.flatMap((t) => printStatement(t, deeper)),
        `${indent})${otherwise.length === 0 ? ')' : ''}`,
        ...otherwise,
        ...(otherwise.length === 0 ? [] : [`${indent})`]),
      ];
    }
    case 'loop':
      return [
        `${indent}(loop`,
        ...s.body.flatMap((t) => printStatement(t, deeper)),
        `${deeper}(br_if 0 ${printValue(s.again)}))`,
      ];
    case 'trap':
      return [`${indent}(unreachable)`];
    case 'comment':
      return [`${indent};; ${s.text}`];
  }
}

const literal = (value: number): string =>
  Number.isNaN(value)
    ? 'nan'
    : value === Infinity
      ? 'inf'
      : value === -Infinity
        ? '-inf'
        : Object.is(value, -0)
          ? '-0'
          : String(value);

function printValue(v: Value): string {
  switch (v.kind) {
    case 'const':
      return `(${v.type}.const ${literal(v.value)})`;
    case 'const64':
      return `(i64.const ${v.value})`;
    case 'const128':
      return `(v128.const i32x4 ${v.words.map((x) => `0x${(x >>> 0).toString(16)}`).join(' ')})`;
    case 'get':
      return `$${v.local.name}`.replace(/^/, '(local.get ') + ')';
    case 'select':
      return `(select${v.type === 'v128' ? ' (result v128)' : ''} ${v.args.map(printValue).join(' ')})`;
    case 'call':
      return `(call $${v.target.name}${v.args.map((a) => ` ${printValue(a)}`).join('')})`;
    case 'op':
      return printInstruction(v);
  }
}

function printInstruction({ op, args, offset, lanes }: Instruction): string {
  const { immediate } = opcodes[op];
  const place = (immediate === 'memory' || immediate === 'memoryLane') && offset !== 0 ? ` offset=${offset}` : '';
  const numbers = immediate === 'none' || immediate === 'memory' ? '' : ` ${lanes.join(' ')}`;
  return `(${op}${place}${numbers}${args.map((a) => ` ${printValue(a)}`).join('')})`;
}
