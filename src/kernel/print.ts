import { assertNever } from '../util/assert.ts';
import type { Expr } from './expr.ts';
import { loadsOf, operandsOf } from './expr.ts';
import type { Kernel, RowwiseKernel, SingleKernel } from './kernel.ts';
import { expressionsOf, storedBy } from './kernel.ts';
import type { Statement } from './procedure.ts';
import { bytesAlive } from './liveness.ts';
import type { Program, Step } from './program.ts';

/** Expressions nested deeper than this, or used more than once, get a name of their own. */
const maxInlineDepth = 4;

const infix: Readonly<Record<string, string>> = {
  add: '+', sub: '-', mul: '*', div: '/', rem: '%', idiv: 'div', imod: 'mod', and: '&', or: '|', xor: '^',
  shl: '<<', shr: '>>>', sar: '>>', eq: '==', ne: '!=', lt: '<', le: '<=',
}; // prettier-ignore

/** A kernel as text: its domain, named subexpressions, reductions and stores; one after the other if it is several. */
export const printKernel = (kernel: Kernel): string =>
  kernel.kind === 'parallel'
    ? [`parallel ${kernel.name}`, ...kernel.parts.flatMap((p) => printSingle(p).split('\n'))].join('\n  ')
    : printSingle(kernel);

function printSingle(kernel: SingleKernel): string {
  const { define, show } = expressionPrinter(expressionsOf(kernel));
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(`  ${line}`);
  const shown = (e: Expr): string => {
    define(e).forEach(say);
    return show(e);
  };
  switch (kernel.kind) {
    case 'map':
      break;
    case 'reduce':
      kernel.accumulators.forEach((a, i) =>
        say(`acc${i} = ${a.monoid}[${kernel.reduced.join(', ')}] ${shown(a.value)}`),
      );
      break;
    case 'rowwise':
      rowLines(kernel, shown, say);
      break;
    case 'contract': {
      const [lhs, rhs] = [shown(kernel.lhs), shown(kernel.rhs)];
      say(`acc0 = add[${kernel.depth.join(', ')}] ${lhs} · ${rhs}`);
      break;
    }
    case 'procedure':
      statementLines(kernel, kernel.body, '').forEach(say);
      break;
    default:
      assertNever(kernel);
  }
  for (const s of kernel.stores) {
    const value = shown(s.value);
    say(`${operandName(kernel, s.operand)}[${shown(s.index)}] = ${value}`);
  }
  const used = new Set([...loadsOf(expressionsOf(kernel)).map((l) => l.operand), ...storedBy(kernel)]);
  const operands = kernel.operands.flatMap((o, i) =>
    used.has(i) ? [`${operandName(kernel, i)}: ${o.dtype}[${o.length}]`] : [],
  );
  return [
    `${kernel.kind} ${kernel.name}(${operands.join(', ')}) over ${domainText(kernel)}  // ${kernel.source}`,
    ...lines,
  ].join('\n');
}

/** The passes of a row-wise kernel; `shown` may say lines of its own first. */
function rowLines(kernel: RowwiseKernel, shown: (e: Expr) => string, say: (line: string) => void): void {
  let slot = 0;
  for (const { accumulators, stores } of kernel.passes) {
    say(`for each of [${kernel.row.join(', ')}]`);
    for (const a of accumulators) {
      const value = shown(a.value);
      say(`acc${slot++} = ${a.monoid} ${value}`);
    }
    for (const s of stores) {
      const value = shown(s.value);
      say(`${operandName(kernel, s.operand)}[${shown(s.index)}] = ${value}`);
    }
  }
  if (kernel.stores.length > 0) say('then');
}

/** Statements as indented text. Each prints its expressions by itself, as it reads them by itself. */
function statementLines(kernel: Kernel, body: readonly Statement[], indent: string): string[] {
  return body.flatMap((s): string[] => {
    const lines: string[] = [];
    const shown = (...expressions: readonly Expr[]): readonly string[] => {
      const { define, show } = expressionPrinter(expressions);
      expressions.forEach((e) => define(e).forEach((l) => lines.push(`${indent}${l}`)));
      return expressions.map(show);
    };
    const block = (inner: readonly Statement[]): string[] => statementLines(kernel, inner, `${indent}  `);
    switch (s.kind) {
      case 'set': {
        const [value] = shown(s.value);
        return [...lines, `${indent}v${s.local} = ${value ?? ''}`];
      }
      case 'store': {
        const [index, value] = shown(s.index, s.value);
        return [...lines, `${indent}${operandName(kernel, s.operand)}[${index ?? ''}] = ${value ?? ''}`];
      }
      case 'for': {
        const [from, to] = shown(s.from, s.to);
        return [...lines, `${indent}for v${s.local} in ${from ?? ''} … ${to ?? ''}`, ...block(s.body)];
      }
      case 'while': {
        const [condition] = shown(s.condition);
        return [...lines, `${indent}while ${condition ?? ''}`, ...block(s.body)];
      }
      case 'if': {
        const [condition] = shown(s.condition);
        const otherwise = s.otherwise.length === 0 ? [] : [`${indent}else`, ...block(s.otherwise)];
        return [...lines, `${indent}if ${condition ?? ''}`, ...block(s.then), ...otherwise];
      }
    }
  });
}

function domainText(kernel: SingleKernel): string {
  if (kernel.kind !== 'contract') return `[${kernel.domain.join(', ')}]`;
  const part = (name: string, extents: readonly number[]): string => `${name}[${extents.join(', ')}]`;
  return [part('batch', kernel.batch), part('rows', kernel.rows), part('columns', kernel.columns)].join(' ');
}

const operandName = (kernel: Kernel, i: number): string => {
  const access = kernel.operands[i]?.access;
  return `${access === 'read' ? 'in' : access === 'write' ? 'out' : 'inout'}${i}`;
};

/** Prints expressions, giving names to those that are shared or deep; `define` lists the names that one needs. */
function expressionPrinter(roots: readonly Expr[]): { define: (e: Expr) => string[]; show: (e: Expr) => string } {
  const uses = new Map<Expr, number>();
  const depth = new Map<Expr, number>();
  const measure = (e: Expr): number => {
    uses.set(e, (uses.get(e) ?? 0) + 1);
    let d = depth.get(e);
    if (d === undefined) depth.set(e, (d = 1 + Math.max(-1, ...operandsOf(e).map(measure))));
    return d;
  };
  roots.forEach(measure);
  const names = new Map<Expr, string>();
  const wantsName = (e: Expr): boolean =>
    (e.kind === 'op' || e.kind === 'load') &&
    ((uses.get(e) ?? 0) > 1 || (depth.get(e) ?? 0) % maxInlineDepth === 0) &&
    depth.get(e) !== 0;
  const show = (e: Expr): string => names.get(e) ?? spell(e);
  const spell = (e: Expr): string => {
    switch (e.kind) {
      case 'const':
        return e.dtype === 'bool' ? (e.value === 0 ? 'false' : 'true') : String(e.value);
      case 'index':
        return `i${e.axis}`;
      case 'acc':
        return `acc${e.slot}`;
      case 'local':
        return `v${e.slot}`;
      case 'load':
        return `in${e.operand}[${show(e.index)}]${e.guard === null ? '' : ` if ${show(e.guard)}`}`;
      case 'op': {
        const args = e.args.map(show);
        const symbol = infix[e.op];
        if (symbol !== undefined) return `(${args.join(` ${symbol} `)})`;
        if (e.op === 'cast' || e.op === 'bitcast') return `${e.op}<${e.dtype}>(${args.join(', ')})`;
        return `${e.op}(${args.join(', ')})`;
      }
      default:
        return assertNever(e);
    }
  };
  const define = (root: Expr): string[] => {
    const lines: string[] = [];
    const go = (e: Expr): void => {
      if (names.has(e)) return;
      operandsOf(e).forEach(go);
      if (!wantsName(e) || e === root) return;
      lines.push(`t${names.size} = ${spell(e)}`);
      names.set(e, `t${names.size}`);
    };
    go(root);
    return lines;
  };
  return { define, show };
}

/** A program as text: its buffers with their places, then its steps. */
export function printProgram(program: Program): string {
  const buffers = program.buffers.map((b, i) => {
    const place = b.place.kind === 'temporary' ? `slot ${b.place.slot}` : b.place.kind;
    return `  %${i}: ${b.dtype}[${b.length}] ${place}`;
  });
  const total = program.slots.reduce((a, b) => a + b, 0);
  return [
    `program ${program.name}(${list(program.inputs)}) -> (${list(program.outputs)})` +
      (program.donated.length === 0 ? '' : ` donating ${list(program.donated)}`),
    ...buffers,
    `  temporaries: ${program.slots.length} slots, ${total} bytes, of which at most ${bytesAlive(program)} are alive at once`,
    ...stepLines(program.steps, ''),
    '',
  ].join('\n');
}

const list = (numbers: readonly number[]): string => numbers.map((n) => `%${n}`).join(', ');

function stepLines(steps: readonly Step[], indent: string): readonly string[] {
  const block = (inner: readonly Step[]): readonly string[] => stepLines(inner, `${indent}  `);
  return steps.flatMap((s): readonly string[] => {
    switch (s.kind) {
      case 'run':
        return `${printKernel(s.kernel)}\n  @ ${list(s.args)}`.split('\n').map((line) => `${indent}${line}`);
      case 'loop':
        return s.trips === null
          ? [`${indent}loop ${s.name}: while %${s.condition}`, ...block(s.test), `${indent}do`, ...block(s.body)]
          : [`${indent}loop ${s.name}: ${s.trips} times`, ...block(s.body)];
      case 'branch':
        return [
          `${indent}branch ${s.name}: %${s.index}`,
          ...s.branches.flatMap((b, i) => [`${indent}case ${i}`, ...block(b)]),
        ];
    }
  });
}
