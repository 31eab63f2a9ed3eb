import type { HostInput } from '../inputs.ts';
import type { Shape } from '../task.ts';

/** Inputs in the layouts of libraries that have channels first. */

/** A host array with its axes in another order. */
export function transposed({ data, shape }: HostInput, axes: Shape): HostInput {
  const out = axes.map((a) => shape[a] ?? 1);
  const strides = axes.map((a) => shape.slice(a + 1).reduce((x, y) => x * y, 1));
  const moved = new Float32Array(data.length);
  const index = axes.map(() => 0);
  for (let i = 0, from = 0; i < moved.length; i++) {
    moved[i] = data[from] ?? NaN;
    // The next position, the last axis fastest.
    for (let a = axes.length - 1; a >= 0; a--) {
      const [stride, extent] = [strides[a] ?? 0, out[a] ?? 1];
      from += stride;
      index[a] = (index[a] ?? 0) + 1;
      if ((index[a] ?? 0) < extent) break;
      from -= stride * extent;
      index[a] = 0;
    }
  }
  return { shape: out, data: moved };
}

/** Images `[n, height, width, channels]` as `[n, channels, height, width]`. */
export const channelsFirst = (x: HostInput): HostInput => transposed(x, [0, 3, 1, 2]);

/** Kernels `[height, width, in, out]` as `[out, in, height, width]`. */
export const kernelsFirst = (x: HostInput): HostInput => transposed(x, [3, 2, 0, 1]);

/** The weights `[height·width·channels, n]` of what follows a flattened image, for channels that come first. */
export function flattenedFirst(x: HostInput, [height, width, channels]: readonly [number, number, number]): HostInput {
  const n = x.shape[1] ?? 1;
  const moved = transposed({ data: x.data, shape: [height, width, channels, n] }, [2, 0, 1, 3]);
  return { data: moved.data, shape: x.shape };
}
