import { shown } from '../util/shown.ts';
import { ShardingError } from './errors.ts';
import { requireMesh } from './mesh.ts';
import type { Mesh } from './mesh.ts';

/** Marks an axis of an array whose sharding is left to the compiler. */
export const unconstrained: unique symbol = Symbol.for('pullback.unconstrained');

/** How one axis of an array is spread: over an axis of the mesh, over several, over none (null), or as the compiler likes. */
export type SpecEntry = string | readonly string[] | null | typeof unconstrained;

/**
 * How the axes of an array are spread over the axes of a mesh, the first entry for the first axis; axes without an entry are
 * not spread, so that each device along has all of them.
 */
export class PartitionSpec {
  readonly entries: readonly SpecEntry[];

  constructor(...entries: readonly SpecEntry[]) {
    for (const entry of entries as readonly unknown[]) {
      if (isEntry(entry)) continue;
      throw new ShardingError(
        'value',
        `[P] an entry is the name of a mesh axis, a list of names, or null, not ${shown(entry)}`,
      );
    }
    const names = entries.flatMap(namesOf);
    const twice = names.find((n, i) => names.indexOf(n) !== i);
    if (twice !== undefined) {
      throw new ShardingError('axis', `[P] ${showEntries(entries)} uses the mesh axis ${JSON.stringify(twice)} twice`);
    }
    this.entries = entries;
  }

  /** `P("data", null)`. */
  toString(): string {
    return showEntries(this.entries);
  }
}

const isEntry = (e: unknown): e is SpecEntry =>
  e === null ||
  e === unconstrained ||
  typeof e === 'string' ||
  (Array.isArray(e) && e.every((name) => typeof name === 'string'));

/** The mesh axes that an entry names. */
export const namesOf = (entry: SpecEntry): readonly string[] =>
  entry === null || typeof entry === 'symbol' ? [] : typeof entry === 'string' ? [entry] : entry;

const showEntries = (entries: readonly SpecEntry[]): string =>
  `P(${entries.map((e) => (typeof e === 'symbol' ? 'P.unconstrained' : JSON.stringify(e))).join(', ')})`;

/**
 * A {@link PartitionSpec}, as JAX's `P`: `P("data", null)` spreads the first axis of an array over the mesh axis `data`,
 * `P(["data", "model"])` over both, `P()` gives every device the whole array, and `P.unconstrained` leaves an axis to the
 * compiler.
 *
 * @throws ShardingError for a mesh axis that is used twice, and for what is no entry.
 */
export function P(...entries: readonly SpecEntry[]): PartitionSpec {
  return new PartitionSpec(...entries);
}

/** An entry that leaves an axis to the compiler. */
P.unconstrained = unconstrained;

/**
 * A {@link PartitionSpec} with the mesh that it is about.
 *
 * @throws ShardingError for an axis that the mesh has not, and for what is no mesh or no spec.
 * @example
 * new NamedSharding(makeMesh({ data: 8 }), P('data'));
 */
export class NamedSharding {
  readonly mesh: Mesh;
  readonly spec: PartitionSpec;

  constructor(mesh: Mesh, spec: PartitionSpec) {
    requireMesh('NamedSharding', mesh);
    if (!((spec as unknown) instanceof PartitionSpec)) {
      throw new ShardingError('value', `[NamedSharding] needs a spec like P('data', null), got ${shown(spec)}`);
    }
    requireAxes('NamedSharding', spec, mesh);
    this.mesh = mesh;
    this.spec = spec;
  }

  /** `P("data", null) over data=8`. */
  toString(): string {
    return `${String(this.spec)} over ${String(this.mesh)}`;
  }
}

/** A sharding as users write it: alone, for the mesh that it is used with, or with a mesh of its own. */
export type Sharding = PartitionSpec | NamedSharding;

export const isSharding = (x: unknown): x is Sharding => x instanceof PartitionSpec || x instanceof NamedSharding;

/** Refuses a spec that names an axis which the mesh has not. */
export function requireAxes(what: string, spec: PartitionSpec, mesh: Mesh): void {
  const unknown = spec.entries.flatMap(namesOf).find((name) => !mesh.axisNames.includes(name));
  if (unknown === undefined) return;
  throw new ShardingError(
    'axis',
    `[${what}] ${String(spec)} names the axis ${JSON.stringify(unknown)}, which the mesh has not: it has ${String(mesh)}`,
  );
}
