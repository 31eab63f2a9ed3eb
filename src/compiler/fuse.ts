import type { Target } from '../kernel/device.ts';
import type { Expr } from '../kernel/expr.ts';
import { loadsOf } from '../kernel/expr.ts';
import type { ScalarType } from '../kernel/dtype.ts';
import type { Accumulator } from '../kernel/kernel.ts';
import type { Statement } from '../kernel/procedure.ts';
import { statementExpressions } from '../kernel/procedure.ts';
import type { Shape } from '../trace/aval.ts';
import type { Aliases } from './aliases.ts';
import { behind, withoutAliases } from './aliases.ts';
import { join, mergeForRow, start, storedIn } from './join.ts';
import type { Block, LoweredJaxpr, Node, Root, Task, Value } from './lower.ts';
import { present } from '../util/assert.ts';
import { nodeReads } from './lower.ts';

/**
 * From nodes to kernels and steps: roots that run over one domain share a kernel. A map joins the kernel whose results it reads
 * element by element (an epilogue, or an optimizer's update after the moments it needs), or one over the same domain
 * that reads the same values. Reductions over one row share a kernel with each other and with what is computed from
 * their results for each element of the row. Tasks stay by themselves; the blocks inside them are grouped likewise.
 */

/** A root inside a kernel: where it is stored, and its value there. */
export interface Member {
  readonly root: Root;
  readonly coordinate: readonly Expr[];
  readonly position: Expr;
  readonly value: Expr;
  /** Is it stored at every point of a reduction's row, and not once for the row? */
  readonly inRow: boolean;
}

/** The loops that a kernel's stores sit in. */
export type Loops =
  | { readonly kind: 'map'; readonly domain: readonly number[] }
  /** An accumulator may read those before it: then the row is walked more than once. */
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
      readonly locals: readonly ScalarType[];
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

/**
 * Groups the nodes of a program and of the blocks in it.
 *
 * @param donated inputs that results are counted on to be written over where that saves a kernel's bindings.
 */
export const fuse = (lowered: LoweredJaxpr, target: Target, donated: readonly Value[] = []): FusedBlock =>
  withoutAliases(fuseBlock(lowered, target, lowered.aliases, donated), lowered.aliases);

/** The groups that compute values so far, by the values' ids and other names. */
export class Producers {
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
function fuseBlock(block: Block, target: Target, aliases: Aliases, donated: readonly Value[] = []): FusedBlock {
  const { nodes, outputs } = block;
  const groups: Group[] = [];
  const producers = new Producers(aliases);
  const reads = new Map(nodes.map((n) => [n, nodeReads(n)]));
  const readsOf = (n: Node): ReadonlySet<number> => present(reads.get(n), 'a node of the block');
  const overwritten = { results: new Set(outputs.filter((v) => v !== null)), donated };
  const fusion = { target, producers, readsOf, isStored: storedIn(block, producers, readsOf), overwritten };
  for (const node of nodes) {
    if (node.kind === 'task') {
      const group = taskGroup(node, producers, target);
      groups.push(group);
      node.results.forEach((v) => producers.set(v.id, group));
      continue;
    }
    const merged = mergeForRow(node, fusion);
    if (merged !== null) replace(groups, ...merged);
    const candidates = groups
      .slice(-maxCandidates)
      .reverse()
      .flatMap((g) => (g.kind === 'kernel' ? [g] : []));
    // Rather an epilogue than beside something else.
    const read = new Set<Group>([...readsOf(node)].flatMap((id) => producers.of(id)));
    candidates.sort((a, b) => Number(read.has(b)) - Number(read.has(a)));
    const joined = candidates.find((g) => join(g, node, fusion)) ?? start(node, fusion);
    if (!groups.includes(joined)) groups.push(joined);
    producers.set(node.id, joined);
  }
  return { groups, outputs };
}

/** Puts one group in the place of another, which it has taken in. */
function replace(groups: Group[], gone: Group, into: Group): void {
  groups.splice(groups.indexOf(gone), 1);
  for (const g of groups) if (g.dependencies.delete(gone)) g.dependencies.add(into);
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
