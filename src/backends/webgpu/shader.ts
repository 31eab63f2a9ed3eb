import type { Kernel, Operand, Store } from '../../kernel/kernel.ts';
import type { Expr } from '../../kernel/expr.ts';
import { InternalError } from '../../util/error.ts';
import type { Helper } from './math.ts';
import { helperNames, helperText } from './math.ts';
import type { Schedule } from './schedule.ts';
import type { Code } from './scalar.ts';
import { binding, gpuDType, storageType, within } from './scalar.ts';
import type { Names } from './writer.ts';
import type { Writer } from './writer.ts';

/** What the emitter needs to know of a device. */
export interface WgslTarget {
  readonly maxWorkgroupsPerDimension: number;
  readonly schedule: Schedule;
}

/** One kernel as a compute shader. */
export interface Shader {
  readonly kernel: Kernel;
  /** The name of the entry point. */
  readonly entry: string;
  readonly wgsl: string;
  /** Workgroups along x and y; null for a kernel with nothing to do. */
  readonly dispatch: readonly [x: number, y: number] | null;
}

// WGSL words that a kernel of several words could be called; single words get a suffix anyway.
const taken: ReadonlySet<string> = new Set([
  'co_await', 'co_return', 'co_yield', 'const_assert', 'const_cast', 'dynamic_cast', 'reinterpret_cast', 'static_assert',
  'static_cast', 'thread_local', 'lhs_at', 'rhs_at', 'lhs_tile', 'rhs_tile',
]); // prettier-ignore

/** A name for the entry point: the kernel's own where that is free in WGSL. */
export function entryName(kernel: Kernel): string {
  const name = kernel.name.replace(/\W+/g, '_').replace(/^_+/, '');
  const free = /^[a-z]\w*_\w*$/i.test(name) && !taken.has(name) && !helperNames.has(name);
  return free && !/__|_$/.test(name) ? name : `${name === '' || /^\d/.test(name) ? `k${name}` : name}_kernel`;
}

/** The WGSL names of a kernel's operands, which say how they are used. */
export function operandNames(kernel: Kernel): Names {
  const prefix = { read: 'in', write: 'out', readwrite: 'inout' } as const;
  return {
    operands: kernel.operands.map((o, i) => `${prefix[o.access]}${i}`),
    lengths: kernel.operands.map((o) => o.length),
  };
}

function bindingLine(operand: Operand, name: string, i: number): string {
  const access = operand.access === 'read' ? 'read' : 'read_write';
  const type = storageType[gpuDType(operand.dtype)];
  return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}, ${Math.max(operand.length, 1)}>;`;
}

/** A shader's parts, put together. */
export function assemble(
  kernel: Kernel,
  parts: {
    readonly about: string;
    readonly helpers: ReadonlySet<Helper>;
    readonly globals?: readonly string[];
    readonly functions: readonly string[];
  },
): string {
  const names = operandNames(kernel).operands;
  const bindings = kernel.operands.map((o, i) => bindingLine(o, names[i] ?? '', i));
  const comment = [kernel.source, parts.about].map((text) => `// ${text.replace(/\s+/g, ' ')}`);
  const globals = parts.globals === undefined || parts.globals.length === 0 ? [] : ['', ...parts.globals];
  return [...comment, '', ...bindings, ...globals, helperText(parts.helpers), ...parts.functions].join('\n') + '\n';
}

/** Workgroups as a grid: one row where that is allowed, else as few rows as it takes. */
export function grid(groups: number, target: WgslTarget): readonly [x: number, y: number] {
  const max = target.maxWorkgroupsPerDimension;
  const rows = Math.ceil(groups / max);
  if (rows > max) throw new InternalError(`a dispatch of ${groups} workgroups`);
  return [Math.ceil(groups / rows), rows];
}

/** One invocation for each of `total` points: how they are laid out, and the lines that find an invocation's own. */
export function perPoint(
  total: number,
  target: WgslTarget,
): {
  readonly workgroup: number;
  readonly dispatch: readonly [x: number, y: number];
  readonly lines: readonly string[];
} {
  const workgroup = Math.min(target.schedule.invocations, total);
  const dispatch = grid(Math.ceil(total / workgroup), target);
  const row = dispatch[0] * workgroup;
  const lines: string[] = [];
  if (total > 1) lines.push(`let i = i32(id.x${dispatch[1] > 1 ? ` + id.y * ${row}u` : ''});`);
  if (row * dispatch[1] > total) lines.push(`if (i >= ${total}) {`, '  return;', '}');
  return { workgroup, dispatch, lines };
}

/** Writes a kernel's stores: all values first where the kernel updates in place, as a store may change what they read. */
export function writeStores(kernel: Kernel, stores: readonly Store[], writer: Writer): void {
  const names = operandNames(kernel).operands;
  const inPlace = stores.length > 1 && kernel.operands.some((o) => o.access === 'readwrite');
  const spell = (e: Expr): Code => (inPlace ? writer.named(e) : writer.code(e));
  const ready = stores.map((s) => [spell(s.index), spell(s.value)] as const);
  stores.forEach((s, i) => {
    const [position, value] = ready[i] as readonly [Code, Code];
    const operand = names[s.operand] ?? '';
    writer.line(`${operand}[${position.text}] = ${s.value.dtype === 'bool' ? `u32(${value.text})` : value.text};`);
  });
}

/** A total joined with a value, as an assignment. */
export const assignment = (name: string, code: Code): string => {
  const sum = `${name} + `;
  return code.text.startsWith(sum) && code.level === binding.add
    ? `${name} += ${code.text.slice(sum.length)};`
    : `${name} = ${within(code, 0)};`;
};

/** A domain for people: `[32, 26, 26]`. */
export const domainText = (extents: readonly number[]): string => `[${extents.join(', ')}]`;
