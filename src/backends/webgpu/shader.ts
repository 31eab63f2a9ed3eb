import type { Expr } from '../../kernel/expr.ts';
import { loadsOf } from '../../kernel/expr.ts';
import type { ContractKernel, Kernel, Operand, Store } from '../../kernel/kernel.ts';
import { expressionsOf, storedBy } from '../../kernel/kernel.ts';
import { at } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import type { Helper } from './math.ts';
import { helperNames, helperText } from './math.ts';
import type { ContractSchedule, Schedule } from './schedule.ts';
import type { Code } from './scalar.ts';
import { binding, elementOf, elementType, within } from './scalar.ts';
import type { Quad } from './wide.ts';
import { components, vectorAt } from './wide.ts';
import type { Names } from './writer.ts';
import type { Writer } from './writer.ts';

/** What the emitter needs to know of a device. */
export interface WgslTarget {
  readonly maxWorkgroupsPerDimension: number;
  readonly schedule: Schedule;
  /** The schedule of a product that has been chosen by measurement, if one has. */
  readonly chosen?: (kernel: ContractKernel) => ContractSchedule | null;
}

/** A compute shader, ready for the device. */
export interface Shader {
  /** For labels and messages: what a person needs to find it. */
  readonly label: string;
  /** The name of the entry point. */
  readonly entry: string;
  readonly wgsl: string;
  /** What the device makes of the text: equal where shaders differ in comments and the entry point's name only. */
  readonly key: string;
  /** How each buffer of group 0 is used, by binding. */
  readonly bindings: readonly ('read-only-storage' | 'storage')[];
  /** Does it do nothing where the flag that is bound to group 1 is 0? */
  readonly guarded: boolean;
  /** Workgroups along x and y; null for a kernel with nothing to do. */
  readonly dispatch: readonly [x: number, y: number] | null;
}

/** How a shader accesses the operands that it does access. */
export interface Access {
  readonly wide: ReadonlySet<number>;
  readonly narrow: ReadonlySet<number>;
}

/** How a kernel accesses its operands, of which some are wide. */
export function accessOf(kernel: Kernel, wide: ReadonlySet<number> = none): Access {
  const accessed = [...loadsOf(expressionsOf(kernel)).map((l) => l.operand), ...storedBy(kernel)];
  return { wide, narrow: new Set(accessed.filter((i) => !wide.has(i))) };
}

/** What an emitter makes of a kernel. */
export interface ShaderParts {
  /** One line on how the work is laid out. */
  readonly about: string;
  readonly helpers: ReadonlySet<Helper>;
  /** Operands that are accessed as vectors of four, and those that are not. */
  readonly access: Access;
  readonly globals?: readonly string[];
  /** Functions that the entry point calls, each followed by an empty line. */
  readonly functions?: readonly string[];
  readonly main: {
    readonly workgroup: string;
    readonly parameters: readonly string[];
    readonly body: readonly string[];
  };
  readonly dispatch: readonly [x: number, y: number];
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

const none: ReadonlySet<number> = new Set();

/** The WGSL names of a kernel's operands, which say how they are used. */
export function operandNames(kernel: Kernel, wide: ReadonlySet<number> = none): Names {
  const prefix = { read: 'in', write: 'out', readwrite: 'inout' } as const;
  return {
    operands: kernel.operands.map((o, i) => `${prefix[o.access]}${i}`),
    lengths: kernel.operands.map((o) => o.length),
    wide,
  };
}

function bindingLine(operand: Operand, name: string, i: number, wide: boolean): string {
  const access = operand.access === 'read' ? 'read' : 'read_write';
  const element = elementType(operand.dtype);
  const type = wide ? `vec4<${element}>, ${operand.length / 4}` : `${element}, ${Math.max(operand.length, 1)}`;
  return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}>;`;
}

/** The flag of a guarded shader: uniform, so that it takes none of the storage bindings and barriers may follow. */
const guardBinding = '@group(1) @binding(0) var<uniform> running: u32;';
const guard = ['if (running == 0u) {', '  return;', '}'];

/** A shader's parts, put together; null is a kernel with nothing to do. */
export function assemble(kernel: Kernel, parts: ShaderParts | null, guarded: boolean): Shader {
  const shader = {
    label: `${kernel.name} (${kernel.source})`,
    entry: entryName(kernel),
    bindings: kernel.operands.map((o) => (o.access === 'read' ? ('read-only-storage' as const) : ('storage' as const))),
    guarded,
  };
  const about = parts === null ? 'nothing to do' : parts.about;
  const comment = [...commentLines(kernel.source), ...commentLines(about)];
  if (parts === null) return { ...shader, key: '', wgsl: [...comment, ''].join('\n'), dispatch: null };
  const names = operandNames(kernel).operands;
  const bindings = [
    ...kernel.operands.map((o, i) => bindingLine(o, names[i] ?? '', i, parts.access.wide.has(i))),
    ...(guarded ? [guardBinding] : []),
  ];
  const globals = parts.globals === undefined || parts.globals.length === 0 ? [] : ['', ...parts.globals];
  const before = [...bindings, ...globals, helperText(parts.helpers), ...(parts.functions ?? [])].join('\n');
  const { workgroup, parameters, body } = parts.main;
  const main = [
    `@compute @workgroup_size(${workgroup})`,
    ...signature(`fn ${shader.entry}`, parameters),
    ...[...(guarded ? guard : []), ...body].map((l) => `  ${l}`),
    '}',
    '',
  ].join('\n');
  const enabled = kernel.operands.some((o) => o.dtype === 'f16') ? ['enable f16;', ''] : [];
  const wgsl = [...comment, '', ...enabled, before, main].join('\n');
  return { ...shader, key: [before, workgroup, ...parameters, ...body].join('\n'), wgsl, dispatch: parts.dispatch };
}

/** A text as comments: a line for each thing that it lists, if one is too short. */
function commentLines(text: string): readonly string[] {
  const line = `// ${text.replace(/\s+/g, ' ')}`;
  return line.length <= 120 ? [line] : line.split(/(?<=;| \|) /).map((l, i) => (i === 0 ? l : `// ${l}`));
}

function signature(name: string, parameters: readonly string[]): readonly string[] {
  const line = `${name}(${parameters.join(', ')}) {`;
  return line.length <= 120 ? [line] : [`${name}(`, ...parameters.map((p) => `  ${p},`), ') {'];
}

/** Workgroups as a grid: one row where that is allowed, else as few rows as it takes. */
export function grid(groups: number, target: WgslTarget): readonly [x: number, y: number] {
  const max = target.maxWorkgroupsPerDimension;
  const rows = Math.ceil(groups / max);
  if (rows > max) throw new InternalError(`a dispatch of ${groups} workgroups`);
  return [Math.ceil(groups / rows), rows];
}

/** Invocations beyond which workgroups are the larger ones. */
const many = 2 ** 14;

/** Invocations of a workgroup where each point has one. */
export const workgroupFor = (total: number, { invocations, manyInvocations }: Schedule): number =>
  Math.min(total, total >= many ? manyInvocations : invocations);

/** One invocation for each of `total` points: how they are laid out, and the lines that find an invocation's own. */
export function perPoint(
  total: number,
  target: WgslTarget,
  invocations = workgroupFor(total, target.schedule),
): {
  readonly workgroup: string;
  readonly parameters: readonly string[];
  readonly dispatch: readonly [x: number, y: number];
  readonly lines: readonly string[];
} {
  const workgroup = Math.min(invocations, total);
  const dispatch = grid(Math.ceil(total / workgroup), target);
  const row = dispatch[0] * workgroup;
  const lines: string[] = [];
  if (total > 1) lines.push(`let i = i32(id.x${dispatch[1] > 1 ? ` + id.y * ${row}u` : ''});`);
  if (row * dispatch[1] > total) lines.push(`if (i >= ${total}) {`, '  return;', '}');
  return {
    workgroup: String(workgroup),
    parameters: ['@builtin(global_invocation_id) id: vec3<u32>'],
    dispatch,
    lines,
  };
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
    const { dtype } = at(kernel.operands, s.operand);
    writer.line(`${operand}[${position.text}] = ${elementOf(dtype, value.text)};`);
  });
}

/** Writes stores to neighbouring elements: as vectors where the operand is wide. Values come first, as in {@link writeStores}. */
export function writeQuads(
  kernel: Kernel,
  quads: readonly Quad<Store>[],
  wide: ReadonlySet<number>,
  writer: Writer,
): void {
  const names = operandNames(kernel).operands;
  const inPlace = kernel.operands.some((o) => o.access === 'readwrite');
  const spell = (e: Expr): Code => (inPlace ? writer.named(e) : writer.code(e));
  const whole = quads.filter(([s]) => s !== undefined && wide.has(s.operand));
  const ready = whole.map((stores) => {
    const [first] = stores as readonly [Store];
    const values = stores.map((s) => spell(s.value).text);
    const vector = first.value.dtype === 'bool' ? `vec4<u32>(${values.map((v) => `u32(${v})`).join(', ')})` : vectorOf(values); // prettier-ignore
    return `${names[first.operand] ?? ''}[${spell(vectorAt(first.index)).text}] = ${vector};`;
  });
  const others = quads.filter((q) => !whole.includes(q)).flat();
  if (others.length > 0) writeStores(kernel, others, writer);
  ready.forEach((line) => writer.line(line));
}

/** A vector of four values: itself, where they are its components. */
function vectorOf(values: readonly string[]): string {
  const [, name] = /^(\w+)\.x$/.exec(values[0] ?? '') ?? [];
  const whole = name !== undefined && values.every((v, c) => v === `${name}.${components[c] ?? ''}`);
  return whole ? name : `vec4(${values.join(', ')})`;
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
