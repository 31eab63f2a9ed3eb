import { hostBytes } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { loadsOf, rewriter, load } from '../kernel/expr.ts';
import type { Kernel, Operand, Store } from '../kernel/kernel.ts';
import { storeDomain } from '../kernel/kernel.ts';
import type { BufferSpec, Place, Program, RunStep } from '../kernel/program.ts';
import { sizeOf } from '../trace/aval.ts';
import { present } from '../util/assert.ts';
import { at, product } from '../util/array.ts';
import type { Group, Loops } from './fuse.ts';
import type { LoweredJaxpr, Root, Value } from './lower.ts';
import { describeRoot } from './lower.ts';

/**
 * From kernels to a program: an order, and a place for every value. Results get storage of their own, or that of a
 * donated input; what lives only inside the program shares slots.
 */
export function planProgram(
  name: string,
  lowered: LoweredJaxpr,
  groups: readonly Group[],
  donated: readonly boolean[],
): Program {
  const ordered = inOrder(groups.filter((g) => storedMembers(g, groups, lowered).length > 0));
  const steps = ordered.map((group): Scheduled => ({ group, stores: storedMembers(group, groups, lowered) }));
  const takenOver = takeOver(lowered, steps, donated);
  const numbering = new Map<number, number>();
  const buffers: BufferSpec[] = [];
  const slots = new Slots(lastReads(steps));
  const place = (v: Value, where: Place): void => {
    numbering.set(v.id, buffers.length);
    buffers.push({ dtype: v.aval.dtype, length: sizeOf(v.aval.shape), place: where });
  };
  lowered.inputs.forEach((v) => place(v, { kind: 'input' }));
  for (const v of lowered.outputs) {
    const input = takenOver.get(v.id);
    if (input === undefined) place(v, { kind: 'output' });
    else numbering.set(v.id, present(numbering.get(input), 'an input'));
  }
  const runs = steps.map((step, i): RunStep => {
    slots.freeBefore(i);
    for (const root of step.stores) {
      if (!numbering.has(root.id)) place(root, { kind: 'temporary', slot: slots.take(root) });
    }
    return makeStep(step, buffers, (id) => present(numbering.get(id), `value ${id}`));
  });
  const bufferOf = (v: Value): number => present(numbering.get(v.id), 'a buffer');
  return {
    name,
    buffers,
    steps: uniquelyNamed(runs.filter((s) => product(storeDomain(s.kernel)) > 0)),
    inputs: lowered.inputs.map(bufferOf),
    outputs: lowered.outputs.map(bufferOf),
    donated: lowered.inputs.filter((_, i) => donated[i] === true).map(bufferOf),
    slots: slots.bytes,
  };
}

interface Scheduled {
  readonly group: Group;
  readonly stores: readonly Root[];
}

/** The members of a kernel that something outside it needs. */
function storedMembers(group: Group, groups: readonly Group[], lowered: LoweredJaxpr): readonly Root[] {
  return group.members
    .map((m) => m.root)
    .filter((r) => lowered.outputs.includes(r) || groups.some((g) => g !== group && g.reads.has(r.id)));
}

/** Kernels after those that they read, otherwise in the order given. */
function inOrder(groups: readonly Group[]): readonly Group[] {
  const done = new Set<Group>();
  const wanted = new Set(groups);
  const order: Group[] = [];
  const visit = (g: Group): void => {
    if (done.has(g) || !wanted.has(g)) return;
    done.add(g);
    g.dependencies.forEach(visit);
    order.push(g);
  };
  groups.forEach(visit);
  return order;
}

/** The last step that reads each value. */
function lastReads(steps: readonly Scheduled[]): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  steps.forEach(({ group }, i) => group.reads.forEach((id) => last.set(id, i)));
  return last;
}

// -------------------------------------------------------------------------------------------------------- slots

/** Storage for temporaries: a slot is free again after the last step that reads what is in it. */
class Slots {
  readonly bytes: number[] = [];
  private readonly last: ReadonlyMap<number, number>;
  private readonly busyUntil: number[] = [];

  constructor(last: ReadonlyMap<number, number>) {
    this.last = last;
  }

  private free: number[] = [];

  freeBefore(step: number): void {
    this.busyUntil.forEach((until, slot) => {
      if (until < step && !this.free.includes(slot)) this.free.push(slot);
    });
  }

  /** The free slot that fits best, grown if none is large enough, or a new one. */
  take(root: Root): number {
    const bytes = sizeOf(root.aval.shape) * Math.max(4, hostBytes[root.aval.dtype]);
    const waste = (slot: number): number => Math.abs((this.bytes[slot] as number) - bytes);
    const best = [...this.free].sort((a, b) => waste(a) - waste(b))[0];
    const slot = best ?? this.bytes.length;
    this.free = this.free.filter((s) => s !== slot);
    this.bytes[slot] = Math.max(this.bytes[slot] ?? 0, bytes);
    this.busyUntil[slot] = this.last.get(root.id) ?? -1;
    return slot;
  }
}

// ----------------------------------------------------------------------------------------------------- donation

/**
 * Which results are written over which donated inputs: those of equal dtype and size where nothing reads the input
 * after the result's kernel, and that kernel reads only the element that it writes.
 */
function takeOver(
  lowered: LoweredJaxpr,
  steps: readonly Scheduled[],
  donated: readonly boolean[],
): ReadonlyMap<number, number> {
  const last = lastReads(steps);
  const taken = new Map<number, number>();
  const free = lowered.inputs.filter((_, i) => donated[i] === true);
  for (const out of lowered.outputs) {
    const step = steps.findIndex((s) => s.stores.some((r) => r === out));
    const fits = free.findIndex(
      (v) =>
        v.aval.dtype === out.aval.dtype &&
        sizeOf(v.aval.shape) === sizeOf(out.aval.shape) &&
        (last.get(v.id) ?? -1) <= step &&
        writesInPlace(at(steps, step), v, out),
    );
    if (fits < 0) continue;
    taken.set(out.id, at(free, fits).id);
    free.splice(fits, 1);
  }
  return taken;
}

/** Does the kernel read of `input` only the element that it then writes for `out`? */
function writesInPlace({ group, stores }: Scheduled, input: Value, out: Value): boolean {
  const own = group.members.find((m) => m.root === out);
  if (loadsOf(loopExpressions(group.loops)).some((l) => l.operand === input.id)) return false;
  const values = group.members.filter((m) => stores.includes(m.root)).map((m) => m.value);
  return loadsOf(values)
    .filter((l) => l.operand === input.id)
    .every((l) => l.index === own?.position && l.guard === null);
}

// ------------------------------------------------------------------------------------------------------ kernels

/** A kernel with its own operand numbers, and the buffers they are bound to. */
function makeStep(
  { group, stores }: Scheduled,
  buffers: readonly BufferSpec[],
  bufferOf: (id: number) => number,
): RunStep {
  const stored = group.members.filter((m) => stores.includes(m.root));
  const expressions = [...loopExpressions(group.loops), ...stored.map((m) => m.value)];
  const reads = new Set(loadsOf(expressions).map((l) => bufferOf(l.operand)));
  const writes = stored.map((m) => bufferOf(m.root.id));
  const args = [...[...reads].filter((b) => !writes.includes(b)), ...writes];
  const operandOf = (id: number): number => args.indexOf(bufferOf(id));
  const rename = rewriter((e) => (e.kind === 'load' ? load(operandOf(e.operand), e.dtype, e.index, e.guard) : e));
  const operands = args.map((b): Operand => {
    const { dtype, length } = at(buffers, b);
    return { dtype, length, access: !writes.includes(b) ? 'read' : reads.has(b) ? 'readwrite' : 'write' };
  });
  const base = {
    name: identifier([...new Set(group.members.flatMap((m) => m.root.operations))]),
    source: group.members.map((m) => describeRoot(m.root)).join('; '),
    operands,
    stores: stored.map((m): Store => ({
      operand: operandOf(m.root.id),
      index: rename(m.position),
      value: rename(m.value),
    })),
  };
  return { kind: 'run', kernel: withLoops(base, group.loops, rename), args };
}

const loopExpressions = (loops: Loops): readonly Expr[] =>
  loops.kind === 'map' ? [] : loops.kind === 'reduce' ? loops.accumulators.map((a) => a.value) : [loops.lhs, loops.rhs];

type KernelBase = Pick<Kernel, 'name' | 'source' | 'operands' | 'stores'>;

function withLoops(base: KernelBase, loops: Loops, rename: (e: Expr) => Expr): Kernel {
  switch (loops.kind) {
    case 'map':
      return { ...base, ...loops };
    case 'reduce':
      return { ...base, ...loops, accumulators: loops.accumulators.map((a) => ({ ...a, value: rename(a.value) })) };
    case 'contract':
      return { ...base, ...loops, dtype: loops.lhs.dtype, lhs: rename(loops.lhs), rhs: rename(loops.rhs) };
  }
}

/** `conv_add_max`: the first telling operation, and the last three. */
function identifier(operations: readonly string[]): string {
  const silent = new Set(['broadcastInDim', 'reshape', 'transpose', 'convertElementType', 'slice', 'select']);
  const telling = operations.filter((o) => !silent.has(o));
  const words = telling.length > 0 ? telling : operations;
  return [...words.slice(0, 1), ...words.slice(1).slice(-3)].join('_');
}

/** Makes kernel names unique within a program by numbering repeated ones. */
function uniquelyNamed(steps: readonly RunStep[]): readonly RunStep[] {
  const counts = new Map<string, number>();
  return steps.map((s) => {
    const seen = counts.get(s.kernel.name) ?? 0;
    counts.set(s.kernel.name, seen + 1);
    return seen === 0 ? s : { ...s, kernel: { ...s.kernel, name: `${s.kernel.name}_${seen + 1}` } };
  });
}
