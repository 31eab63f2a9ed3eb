import type { FusedBlock, Group } from './fuse.ts';
import { resultsOf } from './fuse.ts';
import { dependsOn, writesElementwise } from './join.ts';
import type { Value } from './lower.ts';

/**
 * Updates in place: a result takes over the storage of a value that nothing needs afterwards. Every other reader of
 * that value is put before the kernel that writes the result; where one depends on that kernel, the value is copied instead.
 */
export class InPlace {
  private readonly block: FusedBlock;
  private readonly groups: readonly Group[];
  /** By id: the value whose storage a result takes over. */
  private readonly over = new Map<number, Value>();
  /** Ids of the values whose storage is taken. */
  private readonly taken = new Set<number>();

  constructor(block: FusedBlock, groups: readonly Group[]) {
    this.block = block;
    this.groups = groups;
  }

  /** The value whose storage `result` lives in, if it is another one's: the first of a chain of updates. */
  origin(result: Value): Value {
    const before = this.over.get(result.id);
    return before === undefined ? result : this.origin(before);
  }

  /**
   * What the results of tasks start as: taken over where they are temporaries of this block, or `mine` says that they
   * may be written.
   */
  claimStarts(mine: (v: Value, result: Value) => boolean): void {
    const outputs = new Set(this.block.outputs);
    const temporaries = new Set(this.groups.flatMap(resultsOf).filter((v) => !outputs.has(v)));
    for (const g of this.groups) {
      if (g.kind !== 'task') continue;
      g.task.starts.forEach((v, i) => {
        const result = g.task.results[i];
        if (v === null || result === undefined) return;
        if (temporaries.has(v) || mine(v, result)) this.claim(g, v, result);
      });
    }
  }

  /** Lets `result` be written over `v`, elementwise, if that is safe. */
  claimElementwise(v: Value, result: Value): boolean {
    const g = this.groups.find((x) => resultsOf(x).includes(result));
    return g?.kind === 'kernel' && writesElementwise(g, v, result) && this.claim(g, v, result);
  }

  /** The same if the kernel that writes `result` reads `v`: then they are one binding of it. */
  claimRead(v: Value, result: Value): boolean {
    const g = this.groups.find((x) => resultsOf(x).includes(result));
    return g !== undefined && readsOf(g).has(v.id) && this.claimElementwise(v, result);
  }

  private claim(writer: Group, v: Value, result: Value): boolean {
    if (this.taken.has(v.id) || this.over.has(result.id)) return false;
    if (writer.kind === 'task' && writer.reads.has(v.id)) return false;
    const readers = this.groups.filter((g) => g !== writer && readsOf(g).has(v.id));
    if (readers.some((g) => dependsOn(g, writer))) return false;
    readers.forEach((g) => writer.dependencies.add(g));
    this.over.set(result.id, v);
    this.taken.add(v.id);
    return true;
  }
}

/** Ids of all that must still be there when a group runs. */
export const readsOf = (g: Group): ReadonlySet<number> =>
  g.kind === 'kernel' ? g.reads : new Set([...g.reads, ...g.task.starts.flatMap((v) => (v === null ? [] : [v.id]))]);
