import { product } from '../util/array.ts';
import { ShardingError } from './errors.ts';

/** One axis of a mesh: its name, and over how many devices it goes. */
export interface MeshAxis {
  readonly name: string;
  readonly size: number;
}

/**
 * Devices in a grid whose axes have names. It says how many devices there are and how they are called, not which ones they
 * are: those are found where a program runs.
 */
export class Mesh {
  /** In order: devices that are neighbours along the last axis have neighbouring numbers. */
  readonly axes: readonly MeshAxis[];

  constructor(axes: readonly MeshAxis[]) {
    this.axes = axes;
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

/** Names that are sound in every text they get into; numbers would lose their place in an object, too. */
const axisName = /^[A-Za-z_]\w*$/;

/**
 * A mesh of devices, as `jax.make_mesh`: the axes in the order in which they are written.
 *
 * @throws ShardingError for a mesh without axes, a size that is no whole number from 1, and a name that is no identifier.
 * @example
 * const mesh = makeMesh({ data: 4, model: 2 }); // 8 devices
 */
export function makeMesh(axes: Readonly<Record<string, number>>): Mesh {
  const entries = Object.entries(axes);
  if (entries.length === 0) throw new ShardingError('mesh', '[makeMesh] a mesh needs an axis: makeMesh({ data: 8 })');
  for (const [name, size] of entries) {
    if (!axisName.test(name)) {
      throw new ShardingError(
        'mesh',
        `[makeMesh] an axis is named by letters, digits and _, not ${JSON.stringify(name)}`,
      );
    }
    if (!(Number.isSafeInteger(size) && size >= 1)) {
      throw new ShardingError('mesh', `[makeMesh] the size of ${name} must be a whole number from 1, got ${size}`);
    }
  }
  return new Mesh(entries.map(([name, size]) => ({ name, size })));
}

/** Are these meshes of the same axes in the same order? */
export const sameMesh = (a: Mesh, b: Mesh): boolean => a.toString() === b.toString();
