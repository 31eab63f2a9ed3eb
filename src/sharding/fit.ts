import { product } from '../util/array.ts';
import { ShardingError } from './errors.ts';
import type { Mesh } from './mesh.ts';
import { sameMesh } from './mesh.ts';
import type { Sharding } from './spec.ts';
import { NamedSharding, namesOf, PartitionSpec, requireAxes, unconstrained } from './spec.ts';

/**
 * A sharding that fits an array, as plain data: for each axis of the array the mesh axes that it is spread over, outermost
 * first, or null where that is left to the compiler.
 */
export type Dims = readonly (readonly string[] | null)[];

/** What a sharding is for. */
export interface Target {
  /** For errors: the function. */
  readonly name: string;
  /** For errors: the array. */
  readonly what: string;
  /** For errors: the array's type, as in `f32[8,4]`. */
  readonly type: string;
  readonly shape: readonly number[];
}

/**
 * The sharding of an array, without regard to a mesh.
 *
 * @throws ShardingError when the spec has more entries than the array has axes.
 */
export function dimsOf({ name, what, type, shape }: Target, spec: PartitionSpec): Dims {
  const { entries } = spec;
  if (entries.length > shape.length) {
    throw new ShardingError(
      'rank',
      `[${name}] ${String(spec)} has ${counted(entries.length, 'entry', 'entries')}, ` +
        `but ${what}, ${type}, has ${counted(shape.length, 'axis', 'axes')}`,
    );
  }
  return shape.map((_, i) => {
    const entry = entries[i] ?? null;
    return typeof entry === 'symbol' ? null : namesOf(entry);
  });
}

/**
 * The sharding of an argument or a result on a mesh.
 *
 * @throws ShardingError for a sharding of another rank or another mesh, an axis that the mesh has not, and an extent that the
 *   mesh does not divide.
 */
export function fitted(target: Target, sharding: Sharding, mesh: Mesh): Dims {
  const dims = placed(target, sharding, mesh);
  requireDivisible(target, dims, mesh);
  return dims;
}

/**
 * The sharding on a mesh of an array inside of a program, which the mesh need not divide: XLA pads its parts.
 *
 * @throws ShardingError for a sharding of another rank or another mesh, and an axis that the mesh has not.
 */
export function placed(target: Target, sharding: Sharding, mesh: Mesh): Dims {
  const { name, what } = target;
  if (sharding instanceof NamedSharding && !sameMesh(sharding.mesh, mesh)) {
    throw new ShardingError(
      'mesh',
      `[${name}] ${what} is sharded as ${String(sharding)}, but the mesh is ${String(mesh)}`,
    );
  }
  const spec = sharding instanceof NamedSharding ? sharding.spec : sharding;
  const dims = dimsOf(target, spec);
  requireAxes(name, spec, mesh);
  return dims;
}

/** The spec that gives these {@link Dims}. */
export const specOf = (dims: Dims): PartitionSpec =>
  new PartitionSpec(
    ...dims.map((names) => (names === null ? unconstrained : names.length > 1 ? names : (names[0] ?? null))),
  );

/** Refuses an extent that is no multiple of the number of parts that it is cut into. */
function requireDivisible({ name, what, type, shape }: Target, dims: Dims, mesh: Mesh): void {
  dims.forEach((names, axis) => {
    const parts = product((names ?? []).map((n) => mesh.shape[n] ?? 1));
    if ((shape[axis] ?? 0) % parts === 0) return;
    const over = (names ?? []).map((n) => `${n}=${mesh.shape[n] ?? 1}`).join(', ');
    throw new ShardingError(
      'indivisible',
      `[${name}] axis ${axis} of ${what}, ${type}, can't be spread over ${over}: ${shape[axis] ?? 0} is no multiple of ${parts}`,
    );
  });
}

const counted = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
