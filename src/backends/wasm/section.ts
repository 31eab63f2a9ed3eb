import type { Accesses, Storage } from '../../kernel/accesses.ts';

/** Who does something: the calling thread alone, or all threads, each its part. */
export type Who = 'caller' | 'all';

/**
 * What was done since the last barrier. Threads are anywhere within it, so that what depends on any of it has to wait for
 * a barrier, unless the calling thread alone did it and is to go on.
 */
export class Section {
  /** Phases that were shared: how many counters are in use. */
  phases = 0;
  private readonly reads = new Map<Storage, Who>();
  private readonly writes = new Map<Storage, Who>();

  get empty(): boolean {
    return this.reads.size === 0 && this.writes.size === 0 && this.phases === 0;
  }

  /** Must there be a barrier before `who` does this? */
  conflicts({ reads, writes }: Accesses, who: Who): boolean {
    const apart = (other: Who | undefined): boolean => other === 'all' || (other === 'caller' && who === 'all');
    return (
      [...reads].some((s) => apart(this.writes.get(s))) ||
      [...writes].some((s) => apart(this.writes.get(s)) || apart(this.reads.get(s)))
    );
  }

  add({ reads, writes }: Accesses, who: Who): void {
    reads.forEach((s) => note(this.reads, s, who));
    writes.forEach((s) => note(this.writes, s, who));
  }

  /** Another way that the threads may have come here. */
  merge(other: Section): void {
    this.phases = Math.max(this.phases, other.phases);
    other.reads.forEach((who, s) => note(this.reads, s, who));
    other.writes.forEach((who, s) => note(this.writes, s, who));
  }

  copy(): Section {
    const section = new Section();
    section.merge(this);
    return section;
  }
}

/** Of two who did something to the same storage, `all` covers both. */
function note(known: Map<Storage, Who>, storage: Storage, who: Who): void {
  if (known.get(storage) !== 'all') known.set(storage, who);
}
