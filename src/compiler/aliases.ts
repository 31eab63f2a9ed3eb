import type { Expr } from '../kernel/expr.ts';
import { mapStatements } from '../kernel/procedure.ts';
import type { FusedBlock, Group, Loops, TaskWork } from './fuse.ts';
import type { Value } from './lower.ts';
import { loadsFrom } from './renumber.ts';

/**
 * Other names for values, behind a barrier. What is computed from them is another computation than the one before the
 * barrier, so the two are never merged, and it can begin only when all that the barrier waits for is there. Lowering
 * makes the names, fusion keeps to them, and then they give way to the values: the plan never sees one.
 */
export interface Alias {
  readonly of: Value;
  /** Ids of the values that must be there before, the value itself among them. */
  readonly after: readonly number[];
}

/** By the id that is the name. */
export type Aliases = ReadonlyMap<number, Alias>;

/** Ids of the values that must be there for `id` to be read. */
export const behind = (aliases: Aliases, id: number): readonly number[] => aliases.get(id)?.after ?? [id];

/** The id of the value that `id` is a name of. */
export const unaliased = (aliases: Aliases, id: number): number => aliases.get(id)?.of.id ?? id;

/** The block with values in the place of their other names. */
export function withoutAliases(block: FusedBlock, aliases: Aliases): FusedBlock {
  if (aliases.size === 0) return block;
  const rename = loadsFrom((id) => unaliased(aliases, id));
  return renamed(block, { aliases, rename, valueOf: (v) => aliases.get(v.id)?.of ?? v });
}

interface Renaming {
  readonly aliases: Aliases;
  readonly rename: (e: Expr) => Expr;
  readonly valueOf: (v: Value) => Value;
}

function renamed({ groups, outputs }: FusedBlock, by: Renaming): FusedBlock {
  const made = new Map(groups.map((g) => [g, renamedGroup(g, by)]));
  for (const [g, copy] of made) g.dependencies.forEach((d) => copy.dependencies.add(made.get(d) ?? d));
  return { groups: [...made.values()], outputs };
}

function renamedGroup(g: Group, by: Renaming): Group {
  const reads = new Set([...g.reads].map((id) => unaliased(by.aliases, id)));
  const dependencies = new Set<Group>();
  if (g.kind === 'task') {
    const starts = g.task.starts.map((v) => (v === null ? null : by.valueOf(v)));
    return { ...g, task: { ...g.task, starts }, work: renamedWork(g.work, by), reads, dependencies };
  }
  const members = g.members.map((m) => ({ ...m, value: by.rename(m.value) }));
  return { ...g, loops: renamedLoops(g.loops, by), members, reads, dependencies };
}

function renamedLoops(loops: Loops, { rename }: Renaming): Loops {
  switch (loops.kind) {
    case 'map':
      return loops;
    case 'reduce':
      return { ...loops, accumulators: loops.accumulators.map((a) => ({ ...a, value: rename(a.value) })) };
    case 'contract':
      return { ...loops, lhs: rename(loops.lhs), rhs: rename(loops.rhs) };
  }
}

function renamedWork(work: TaskWork, by: Renaming): TaskWork {
  switch (work.kind) {
    case 'procedure':
      return { ...work, body: mapStatements(work.body, by.rename, (id) => id) };
    case 'loop':
      return { ...work, test: work.test === null ? null : renamed(work.test, by), body: renamed(work.body, by) };
    case 'branch':
      return { ...work, index: by.valueOf(work.index), branches: work.branches.map((b) => renamed(b, by)) };
  }
}
