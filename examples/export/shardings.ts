import type { Mesh, NDArray, PartitionSpec, Shardings } from '../../src/index.ts';
import { P, tree } from '../../src/index.ts';

/** The axis of a mesh over which the images of a batch are spread: the first one. */
export const batchAxis = (mesh: Mesh): string => mesh.axisNames[0] ?? 'data';

/**
 * How the state of a training is spread over a mesh. Over the axis of the batch every device has all of it. Over another axis
 * the outputs of layers are spread: the last axis of weights and biases, with what the optimizer remembers of them, where the
 * axis divides it. Keys and counters are no floats, and are everywhere.
 */
export function stateShardings(state: unknown, mesh: Mesh): Shardings {
  const [, model] = mesh.axes;
  if (model === undefined) return P();
  const spread = ({ shape, dtype }: NDArray): PartitionSpec => {
    const outputs = shape.at(-1) ?? 0;
    const divides = dtype === 'f32' && outputs > 0 && outputs % model.size === 0;
    return divides ? P(...shape.slice(1).map(() => null), model.name) : P();
  };
  return tree.map(spread, state) as Shardings;
}
