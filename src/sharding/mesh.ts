import { product } from '../util/array.ts';
import { shown } from '../util/shown.ts';
import { ShardingError } from './errors.ts';

/** One axis of a mesh: its name, and over how many devices it goes. */
export interface MeshAxis {
  readonly name: string;
  readonly size: number;
}

/** Names that are sound in every text they get into; numbers would lose their place in an object, too. */
const axisName = /^[A-Za-z_]\w*$/;

/**
 * Devices in a grid whose axes have names. It says how many devices there are and how they are called, not which ones they
 * are: those are found where a program runs.
 */
export class Mesh {
  /** In order: devices that are neighbours along the last axis have neighbouring numbers. */
  readonly axes: readonly MeshAxis[];

  /** @throws ShardingError for what is no list of axes, and as {@link makeMesh}. */
  constructor(axes: readonly MeshAxis[]) {
    requireAxisList('Mesh', axes);
    this.axes = axes.map(({ name, size }) => ({ name, size }));
  }

  /** How many devices. */
  get size(): number {
    return product(this.axes.map((a) => a.size));
  }

  get axisNames(): readonly string[] {
    return this.axes.map((a) => a.name);
  }

  /** The sizes by name: `{ data: 4, model: 2 }`. */
  get shape(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.axes.map((a) => [a.name, a.size]));
  }

  /** `data=4, model=2`. */
  toString(): string {
    return this.axes.map((a) => `${a.name}=${a.size}`).join(', ');
  }
}

/** Refuses what is no list of axes that a mesh can have. */
function requireAxisList(caller: string, axes: unknown): void {
  const refuse = (text: string): never => {
    throw new ShardingError('mesh', `[${caller}] ${text}`);
  };
  if (!Array.isArray(axes)) return refuse(`needs a list of axes, got ${shown(axes)}: makeMesh({ data: 8 })`);
  if (axes.length === 0) return refuse('a mesh needs an axis: makeMesh({ data: 8 })');
  const seen = new Set<unknown>();
  for (const axis of axes as readonly (Partial<MeshAxis> | null)[]) {
    if (typeof axis !== 'object' || axis === null)
      return refuse(`an axis is like { name: 'data', size: 8 }, not ${shown(axis)}`);
    const { name, size } = axis;
    if (typeof name !== 'string' || !axisName.test(name)) {
      return refuse(`an axis is named by letters, digits and _, not ${shown(name)}`);
    }
    if (!(Number.isSafeInteger(size) && Number(size) >= 1)) {
      return refuse(`the size of ${name} must be a whole number from 1, got ${shown(size)}`);
    }
    if (seen.has(name)) return refuse(`there are two axes called ${name}`);
    seen.add(name);
  }
}

/** Refuses what is no mesh. */
export function requireMesh(caller: string, mesh: unknown): void {
  if (mesh instanceof Mesh) return;
  throw new ShardingError('mesh', `[${caller}] the mesh must be one of makeMesh({ data: 8 }), got ${shown(mesh)}`);
}

/**
 * A mesh of devices, as `jax.make_mesh`: the axes in the order in which they are written.
 *
 * @throws ShardingError for a mesh without axes, a size that is no whole number from 1, and a name that is no identifier.
 * @example
 * const mesh = makeMesh({ data: 4, model: 2 }); // 8 devices
 */
export function makeMesh(axes: Readonly<Record<string, number>>): Mesh {
  const given: unknown = axes;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ShardingError(
      'mesh',
      `[makeMesh] needs the sizes of axes by name, makeMesh({ data: 8 }), got ${shown(given)}`,
    );
  }
  const listed = Object.entries(axes).map(([name, size]) => ({ name, size }));
  requireAxisList('makeMesh', listed);
  return new Mesh(listed);
}

/** Are these meshes of the same axes in the same order? */
export const sameMesh = (a: Mesh, b: Mesh): boolean => a.toString() === b.toString();
