import type { Target } from '../kernel/device.ts';
import type { Expr } from '../kernel/expr.ts';
import { acc, loadsOf, rewriter } from '../kernel/expr.ts';
import { delinearize, indices, linearize } from '../kernel/index-algebra.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Accumulator } from '../kernel/kernel.ts';
import type { Statement } from '../kernel/procedure.ts';
import { statementExpressions } from '../kernel/procedure.ts';
import type { Shape } from '../trace/aval.ts';
import { sameShape, sizeOf } from '../trace/aval.ts';
import { at } from '../util/array.ts';
import type { Aliases } from './aliases.ts';
import { behind, unaliased, withoutAliases } from './aliases.ts';
import type { Block, LoweredJaxpr, Root, Task, Value } from './lower.ts';
import { contractIndices } from './lower.ts';

/**
 * From nodes to kernels and steps: roots that run over one domain share a kernel. A map joins the kernel whose results it reads
 * element by element (an epilogue, or an optimizer's update after the moments it needs), or one over the same domain
 * that reads the same values. Tasks stay by themselves; the blocks inside them are grouped likewise.
 */

/** A root inside a kernel: where it is stored, and its value there. */
interface Member {
  readonly root: Root;
  readonly coordinate: readonly Expr[];
  readonly position: Expr;
  readonly value: Expr;
}

/** The loops that a kernel's stores sit in. */
export type Loops =
  | { readonly kind: 'map'; readonly domain: readonly number[] }
  | {
      readonly kind: 'reduce';
      readonly domain: readonly number[];
      readonly reduced: readonly number[];
      readonly accumulators: readonly Accumulator[];
    }
  | {
      readonly kind: 'contract';
      readonly batch: readonly number[];
      readonly rows: readonly number[];
      readonly columns: readonly number[];
      readonly depth: readonly number[];
      readonly lhs: Expr;
      readonly rhs: Expr;
    };

/** A kernel or step in the making. */
export type Group = KernelGroup | TaskGroup;

interface GroupBase {
  /** Groups of the same block whose results it reads, or that must come before it for another reason. */
  readonly dependencies: Set<Group>;
  /** Ids of the values that it reads from memory, in blocks inside it too. */
  readonly reads: Set<number>;
}

/** Roots that share one loop nest. */
export interface KernelGroup extends GroupBase {
  readonly kind: 'kernel';
  loops: Loops;
  readonly members: Member[];
}

/** A task by itself. Its `reads` are without the values that its results start as. */
export interface TaskGroup extends GroupBase {
  readonly kind: 'task';
  readonly task: Task;
  readonly work: TaskWork;
}

/** What a task's step does. */
export type TaskWork =
  | {
      readonly kind: 'procedure';
      readonly domain: Shape;
      readonly scratch: readonly Value[];
      readonly locals: readonly DType[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'loop';
      readonly trips: number | null;
      readonly test: FusedBlock | null;
      readonly body: FusedBlock;
    }
  | { readonly kind: 'branch'; readonly index: Value; readonly branches: readonly FusedBlock[] };

/** A block as groups. */
export interface FusedBlock {
  readonly groups: readonly Group[];
  readonly outputs: readonly (Value | null)[];
}

/** The values that a group computes. */
export const resultsOf = (g: Group): readonly Value[] =>
  g.kind === 'kernel' ? g.members.map((m) => m.root) : g.task.results;

/** Groups the nodes of a program and of the blocks in it. */
export const fuse = (lowered: LoweredJaxpr, target: Target): FusedBlock =>
  withoutAliases(fuseBlock(lowered, target, lowered.aliases), lowered.aliases);

/** The groups that compute values so far, by the values' ids and other names. */
class Producers {
  readonly aliases: Aliases;
  private readonly groups = new Map<number, Group>();

  constructor(aliases: Aliases) {
    this.aliases = aliases;
  }

  set(id: number, group: Group): void {
    this.groups.set(id, group);
  }

  /** The groups that must have run for `id` to be read. */
  of(id: number): readonly Group[] {
    return behind(this.aliases, id).flatMap((i) => this.groups.get(i) ?? []);
  }
}

/** Groups the nodes of a block, in the order of their first ones. */
function fuseBlock({ nodes, outputs }: Block, target: Target, aliases: Aliases): FusedBlock {
  const groups: Group[] = [];
  const producers = new Producers(aliases);
  for (const node of nodes) {
    if (node.kind === 'task') {
      const group = taskGroup(node, producers, target);
      groups.push(group);
      node.results.forEach((v) => producers.set(v.id, group));
      continue;
    }
    const candidates = groups
      .slice(-maxCandidates)
      .reverse()
      .flatMap((g) => (g.kind === 'kernel' ? [g] : []));
    const joined = candidates.find((g) => join(g, node, producers, target)) ?? start(node, producers);
    if (!groups.includes(joined)) groups.push(joined);
    producers.set(node.id, joined);
  }
  return { groups, outputs };
}

/** Kernels further back are rarely over the same data; looking at all would make compilation quadratic. */
const maxCandidates = 48;

function taskGroup(task: Task, producers: Producers, target: Target): TaskGroup {
  const work = workOf(task, target, producers.aliases);
  const group: TaskGroup = { kind: 'task', task, work, dependencies: new Set(), reads: workReads(work) };
  task.results.forEach((v) => group.reads.delete(v.id));
  const starts = task.starts.flatMap((v) => (v === null ? [] : [v.id]));
  for (const id of [...group.reads, ...starts]) {
    producers.of(id).forEach((g) => group.dependencies.add(g));
  }
  return group;
}

function workOf({ body }: Task, target: Target, aliases: Aliases): TaskWork {
  switch (body.kind) {
    case 'procedure': {
      const written = body.write();
      return {
        kind: 'procedure',
        domain: body.domain,
        scratch: body.scratch,
        locals: written.locals,
        body: written.body,
      };
    }
    case 'loop': {
      const test = body.test === null ? null : fuseBlock(body.test, target, aliases);
      return { kind: 'loop', trips: body.trips, test, body: fuseBlock(body.body, target, aliases) };
    }
    case 'branch':
      return { kind: 'branch', index: body.index, branches: body.branches.map((b) => fuseBlock(b, target, aliases)) };
  }
}

function workReads(work: TaskWork): Set<number> {
  const blockReads = ({ groups }: FusedBlock): readonly number[] =>
    groups.flatMap((g) => [
      ...g.reads,
      ...(g.kind === 'task' ? g.task.starts.flatMap((v) => (v === null ? [] : [v.id])) : []),
    ]);
  switch (work.kind) {
    case 'procedure': {
      const reads = new Set(loadsOf(statementExpressions(work.body)).map((l) => l.operand));
      work.scratch.forEach((v) => reads.delete(v.id));
      return reads;
    }
    case 'loop':
      return new Set([...(work.test === null ? [] : blockReads(work.test)), ...blockReads(work.body)]);
    case 'branch':
      return new Set([work.index.id, ...work.branches.flatMap(blockReads)]);
  }
}

function start(root: Root, producers: Producers): KernelGroup {
  const { loops, coordinate, value } = open(root);
  const group: KernelGroup = { kind: 'kernel', loops, members: [], dependencies: new Set(), reads: new Set() };
  addMember(group, root, coordinate, value, loopReads(loops), producers);
  return group;
}

/** The loops of a root by itself. */
function open(root: Root): { readonly loops: Loops; readonly coordinate: readonly Expr[]; readonly value: Expr } {
  const { body, aval } = root;
  const coordinate = indices(aval.shape);
  switch (body.kind) {
    case 'map':
      return { loops: { kind: 'map', domain: aval.shape }, coordinate, value: body.at(coordinate) };
    case 'reduce': {
      const value = body.value(coordinate, indices(body.reduced, aval.shape.length));
      const accumulators = [{ monoid: body.monoid, dtype: aval.dtype, value }];
      const { reduced } = body;
      return {
        loops: { kind: 'reduce', domain: aval.shape, reduced, accumulators },
        coordinate,
        value: acc(0, aval.dtype),
      };
    }
    case 'contract': {
      const i = contractIndices(body);
      const { batch, rows, columns, depth } = body;
      const lhs = body.lhs(i.batch, i.rows, i.depth);
      const rhs = body.rhs(i.batch, i.columns, i.depth);
      return {
        loops: { kind: 'contract', batch, rows, columns, depth, lhs, rhs },
        coordinate: body.coordinate(i.batch, i.rows, i.columns),
        value: acc(0, aval.dtype),
      };
    }
  }
}

/** What the loops evaluate besides the stores. */
export function loopReads(loops: Loops): readonly Expr[] {
  if (loops.kind === 'map') return [];
  return loops.kind === 'reduce' ? loops.accumulators.map((a) => a.value) : [loops.lhs, loops.rhs];
}

function addMember(
  group: KernelGroup,
  root: Root,
  coordinate: readonly Expr[],
  value: Expr,
  more: readonly Expr[],
  producers: Producers,
): void {
  group.members.push({ root, coordinate, position: linearize(coordinate, root.aval.shape), value });
  for (const { operand } of loadsOf([value, ...more])) {
    group.reads.add(operand);
    producers.of(operand).forEach((g) => group.dependencies.add(g));
  }
}

/** Adds `root` to `group` if it fits there. */
function join(group: KernelGroup, root: Root, producers: Producers, target: Target): boolean {
  if (root.body.kind === 'map') return joinMap(group, root, root.body.at, producers, target);
  return root.body.kind === 'reduce' && joinReduce(group, root, producers, target);
}

function joinMap(
  group: KernelGroup,
  root: Root,
  element: (c: readonly Expr[]) => Expr,
  producers: Producers,
  target: Target,
): boolean {
  const first = at(group.members, 0);
  if (sizeOf(first.root.aval.shape) !== sizeOf(root.aval.shape)) return false;
  const coordinate = sameShape(first.root.aval.shape, root.aval.shape)
    ? first.coordinate
    : delinearize(first.position, root.aval.shape);
  const outside = element(coordinate);
  const own = new Map(group.members.map((m) => [m.root.id, m]));
  const loads = loadsOf([outside]);
  const vertical = loads.filter((l) => own.has(l.operand));
  if (!vertical.every((l) => l.guard === null && l.index === own.get(l.operand)?.position)) return false;
  const shared = loads.some((l) => group.reads.has(l.operand));
  const sibling = group.loops.kind === 'map' && shared && sameShape(first.root.aval.shape, root.aval.shape);
  // Values of one element (learning rates, bias corrections) share a kernel whatever they read.
  const scalars = group.loops.kind === 'map' && sizeOf(root.aval.shape) === 1;
  if (vertical.length === 0 && !sibling && !scalars) return false;
  const value = rewriter((e) => (e.kind === 'load' ? (own.get(e.operand)?.value ?? e) : e))(outside);
  return admit(group, root, coordinate, value, [], producers, target);
}

function joinReduce(group: KernelGroup, root: Root, producers: Producers, target: Target): boolean {
  const { loops } = group;
  const alone = open(root);
  if (loops.kind !== 'reduce' || alone.loops.kind !== 'reduce') return false;
  if (!sameShape(loops.domain, alone.loops.domain) || !sameShape(loops.reduced, alone.loops.reduced)) return false;
  const added = alone.loops.accumulators;
  const loads = loadsOf(added.map((a) => a.value));
  if (loads.some((l) => producers.of(l.operand).includes(group)) || !loads.some((l) => group.reads.has(l.operand)))
    return false;
  const slot = loops.accumulators.length;
  const value = acc(slot, root.aval.dtype);
  if (
    !admit(
      group,
      root,
      at(group.members, 0).coordinate,
      value,
      added.map((a) => a.value),
      producers,
      target,
    )
  ) {
    return false;
  }
  group.loops = { ...loops, accumulators: [...loops.accumulators, ...added] };
  return true;
}

/** The last checks: no cycle among kernels or within one, and no more operands than the target can bind. */
function admit(
  group: KernelGroup,
  root: Root,
  coordinate: readonly Expr[],
  value: Expr,
  more: readonly Expr[],
  producers: Producers,
  target: Target,
): boolean {
  // What the kernel reads already was written before it.
  if (group.reads.has(root.id)) return false;
  const ids = new Set(loadsOf([value, ...more]).map((l) => l.operand));
  const from = [...ids].flatMap((id) => producers.of(id));
  if (from.some((g) => dependsOn(g, group))) return false;
  const buffers = new Set([...group.reads, ...ids].map((id) => unaliased(producers.aliases, id)));
  if (buffers.size + group.members.length + 1 > target.maxOperands) return false;
  addMember(group, root, coordinate, value, more, producers);
  return true;
}

/** Does `a` read, directly or through others, what `b` computes? */
export function dependsOn(a: Group, b: Group): boolean {
  const seen = new Set<Group>();
  const go = (g: Group): boolean => {
    if (g === b) return true;
    if (seen.has(g)) return false;
    seen.add(g);
    return [...g.dependencies].some(go);
  };
  return go(a);
}
