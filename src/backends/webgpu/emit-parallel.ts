import type { ParallelKernel, SingleKernel } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import { invocationsOf } from './emit-contract.ts';
import type { Helper } from './math.ts';
import type { Access, ShaderParts, WgslTarget } from './shader.ts';
import { grid } from './shader.ts';
import type { BlockShape } from './schedule.ts';

/**
 * Kernels side by side in one dispatch: each part is a function that some of the workgroups call. All parts are laid out
 * for workgroups of one size; which part a workgroup has depends on its number alone, so that barriers in it are uniform.
 */
export function emitParallel(
  kernel: ParallelKernel,
  target: WgslTarget,
  emit: (part: SingleKernel, target: WgslTarget, narrow: ReadonlySet<number>) => ShaderParts | null,
): ShaderParts | null {
  const alike = laidOutAlike(kernel, target);
  const size = alike.schedule.invocations;
  const make = (narrow: ReadonlySet<number>): readonly (ShaderParts | null)[] =>
    kernel.parts.map((part) => emit(part, alike, narrow));
  const first = make(new Set());
  // An operand has one type in the whole shader.
  const narrow = unionOf(first, ({ narrow }) => narrow);
  const torn = [...unionOf(first, ({ wide }) => wide)].some((i) => narrow.has(i));
  const made = torn ? make(narrow) : first;
  const parts = made.flatMap((p, i) => (p === null ? [] : [asFunction(p, i, size)]));
  if (parts.length === 0) return null;
  const dispatch = grid(
    parts.reduce((sum, p) => sum + p.groups, 0),
    target,
  );
  let begin = 0;
  const calls = parts.flatMap((p, i) => {
    const from = begin;
    begin += p.groups;
    const [across] = p.dispatch;
    const own = from === 0 ? 'number' : `number - ${from}u`;
    const position = p.dispatch[1] === 1 ? `${own}, 0u` : `(${own}) % ${across}u, (${own}) / ${across}u`;
    const head = `${i === 0 ? '' : '} else '}if (number < ${begin}u) {`;
    return [head, `  ${p.name}(vec3<u32>(${position}, 0u), lane);`];
  });
  const row = dispatch[1] > 1 ? ` + workgroup.y * ${dispatch[0]}u` : '';
  return {
    about: parts.map((p) => p.about).join('; '),
    helpers: new Set<Helper>(parts.flatMap((p) => [...p.helpers])),
    access: { wide: unionOf(made, ({ wide }) => wide), narrow: unionOf(made, ({ narrow }) => narrow) },
    globals: parts.flatMap((p) => p.globals),
    functions: parts.flatMap((p) => p.functions),
    main: {
      workgroup: String(size),
      parameters: ['@builtin(workgroup_id) workgroup: vec3<u32>', '@builtin(local_invocation_index) lane: u32'],
      body: [`let number = workgroup.x${row};`, ...calls, '}'],
    },
    dispatch,
  };
}

/** What some parts access in a way. */
const unionOf = (
  parts: readonly (ShaderParts | null)[],
  of: (access: Access) => ReadonlySet<number>,
): ReadonlySet<number> => new Set(parts.flatMap((p) => (p === null ? [] : [...of(p.access)])));

/** All workgroups have as many invocations as those of the only product do; several products are cut into blocks of one shape. */
function laidOutAlike({ parts }: ParallelKernel, target: WgslTarget): WgslTarget {
  const { schedule } = target;
  const withSize = (size: number, more: Partial<WgslTarget> = {}): WgslTarget => {
    const base = { ...target, ...more };
    return { ...base, schedule: { ...base.schedule, invocations: size, manyInvocations: size, lanes: size } };
  };
  const products = parts.filter((p) => p.kind === 'contract');
  const [only] = products;
  if (only === undefined) return withSize(parts.every((p) => p.kind === 'map') ? schedule.invocations : schedule.lanes);
  if (products.length === 1) return withSize(invocationsOf(only, target));
  const { contract } = schedule;
  const shape = { ...(contract.shapes.at(-1) as BlockShape), parts: 1 };
  const alike = { ...schedule, contract: { ...contract, shapes: [shape] } };
  return withSize(product(shape.workgroup), { schedule: alike, chosen: () => null });
}

/** A part as a function of the workgroup's position among those of the part, and the invocation's number in it. */
interface PartFunction {
  readonly name: string;
  readonly about: string;
  readonly helpers: ReadonlySet<Helper>;
  readonly globals: readonly string[];
  readonly functions: readonly string[];
  readonly dispatch: readonly [x: number, y: number];
  readonly groups: number;
}

function asFunction(made: ShaderParts, number: number, size: number): PartFunction {
  const sizes = made.main.workgroup.split(',').map(Number);
  const [wide = 1, high = 1] = sizes;
  const globals = made.globals ?? [];
  if (product(sizes) > size || (product(sizes) < size && globals.length > 0)) {
    throw new InternalError(`a part with workgroups of ${made.main.workgroup} among workgroups of ${size}`);
  }
  const name = `part_${number}`;
  const local = high === 1 ? 'vec3<u32>(own_lane, 0u, 0u)' : `vec3<u32>(own_lane % ${wide}u, own_lane / ${wide}u, 0u)`;
  const builtins: Readonly<Record<string, string>> = {
    workgroup_id: 'own_group',
    local_invocation_id: local,
    global_invocation_id: `own_group * vec3<u32>(${wide}u, ${high}u, 1u) + ${local}`,
    local_invocation_index: 'own_lane',
  };
  const given = made.main.parameters.flatMap((p) => {
    const [, builtin = '', variable = ''] = /@builtin\((\w+)\) (\w+):/.exec(p) ?? [];
    const value = builtins[builtin];
    if (value === undefined) throw new InternalError(`a part with the parameter ${p}`);
    return [`let ${variable} = ${value};`];
  });
  const idle = product(sizes) < size ? [`if (own_lane >= ${product(sizes)}u) {`, '  return;', '}'] : [];
  const body = [...idle, ...given, ...made.main.body].map((l) => `  ${l}`);
  const own = [...(made.functions ?? []), `fn ${name}(own_group: vec3<u32>, own_lane: u32) {`, ...body, '}', ''];
  const rename = renamer([...globals, ...own], number);
  const [x, y] = made.dispatch;
  return {
    name,
    about: made.about,
    helpers: made.helpers,
    globals: globals.map(rename),
    functions: own.map(rename),
    dispatch: made.dispatch,
    groups: x * y,
  };
}

/** Gives a part's variables in workgroup memory and its functions names that no other part has. */
function renamer(lines: readonly string[], number: number): (line: string) => string {
  const names = lines.flatMap((l) => {
    const [, name] = /^var<workgroup> (\w+)/.exec(l) ?? /^fn (\w+)/.exec(l) ?? [];
    return name === undefined || name === `part_${number}` ? [] : [name];
  });
  if (names.length === 0) return (line) => line;
  const pattern = new RegExp(`\\b(${names.join('|')})\\b`, 'g');
  return (line) => line.replace(pattern, (name) => `${name}_${number}`);
}
