import type { Shape } from '../trace/aval.ts';
import type { OutOfBounds, WindowsAt } from './windows-at.ts';
import { windowsShape } from './windows-at.ts';

/** Windows that the laws of gather and of the scatters are tested on. */
export interface WindowCase {
  readonly label: string;
  readonly operand: Shape;
  readonly indices: Shape;
  readonly windows: WindowsAt;
  readonly sizes: Shape;
  /** Of all windows together. */
  readonly shape: Shape;
  readonly mode: OutOfBounds;
}

const windowCase = (
  label: string,
  mode: OutOfBounds,
  operand: Shape,
  indices: Shape,
  sizes: Shape,
  [offsetDims, collapsedDims, indexMap]: readonly (readonly number[])[],
  [operandBatchingDims, indicesBatchingDims]: readonly (readonly number[])[] = [],
): WindowCase => {
  const windows: WindowsAt = {
    offsetDims: offsetDims ?? [],
    collapsedDims: collapsedDims ?? [],
    indexMap: indexMap ?? [],
    operandBatchingDims: operandBatchingDims ?? [],
    indicesBatchingDims: indicesBatchingDims ?? [],
  };
  return { label, operand, indices, windows, sizes, shape: windowsShape(windows, sizes, indices), mode };
};

export const windowCases: readonly [WindowCase, ...WindowCase[]] = [
  windowCase('rows', 'clip', [5, 3], [4, 1], [1, 3], [[1], [0], [0]]),
  windowCase('elements, some outside', 'fill', [6], [2, 3, 1], [1], [[], [0], [0]]),
  windowCase('overlapping windows', 'fill', [5, 4], [3, 2], [2, 3], [[0, 2], [], [1, 0]]),
  windowCase('clipped windows', 'clip', [5, 4], [2, 1], [5, 2], [[0, 1], [], [1]]),
  windowCase('one window', 'clip', [4, 2], [1], [1, 2], [[0], [0], [0]]),
  windowCase('a batch of rows', 'clip', [2, 5, 3], [2, 4, 1], [1, 1, 3], [[2], [1], [1]], [[0], [0]]),
  windowCase('a crossed batch', 'fill', [4, 3], [2, 3, 1], [1, 1], [[], [0], [0]], [[1], [1]]),
  windowCase('no windows', 'clip', [4, 2], [0, 1], [1, 2], [[1], [0], [0]]),
  windowCase('empty windows', 'fill', [3, 0], [2, 1], [1, 0], [[1], [0], [0]]),
];
