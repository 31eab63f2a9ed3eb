import type { Mesh, NDArray, PartitionSpec, Shardings } from '../../src/index.ts';
import { P, tree } from '../../src/index.ts';
import { UsageError } from '../training/errors.ts';

/** The axes that a mesh may have, and what is spread over them. */
export const meshAxes = { data: 'the images of a batch', model: 'the outputs of layers' } as const;

/** How the batches of a training are spread over a mesh: their images over its axis `data`. */
export const batchSharding = ({ shape }: Mesh): PartitionSpec => ('data' in shape ? P('data') : P());

/** How the state of a training is spread over a mesh. */
export interface StateShardings {
  readonly shardings: Shardings;
  /** How many of its arrays are spread at all. */
  readonly spread: number;
}

/**
 * Spreads the state of a training over a mesh's axis `model`: of weights and biases, and of what the optimizer remembers of
 * them, the last axis, where the outputs of layers are, if the mesh divides it. Everything else is on every device, as are keys
 * and counters, which are no floats.
 *
 * @throws UsageError where the mesh divides nothing.
 */
export function spreadState(state: unknown, mesh: Mesh): StateShardings {
  const { model } = mesh.shape;
  if (model === undefined) return { shardings: P(), spread: 0 };
  const divides = (x: NDArray): boolean => outputsOf(x) > 0 && outputsOf(x) % model === 0;
  const arrays = tree.leaves(state) as readonly NDArray[];
  const spread = arrays.filter(divides).length;
  if (spread === 0) {
    const counts = [...new Set(arrays.map(outputsOf))].filter((n) => n > 0).sort((a, b) => a - b);
    throw new UsageError(`model=${model} divides the outputs of no layer: there are layers of ${counts.join(', ')}`);
  }
  const spec = (x: NDArray): PartitionSpec => (divides(x) ? P(...x.shape.slice(1).map(() => null), 'model') : P());
  return { shardings: tree.map(spec, state) as Shardings, spread };
}

/** How many outputs the layer has whose weights these are; 0 for what is nobody's weights. */
const outputsOf = ({ shape, dtype }: NDArray): number => (dtype === 'f32' ? (shape.at(-1) ?? 0) : 0);
