import { expect, test, vi } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { init, jit, liveArrays, numpy as np } from '../../src/index.ts';
import { collectGarbage } from '../../src/util/collect.ts';

/** Shapes that no other array has. */
const [rows, columns] = [37, 41];
const find = (device: string): unknown =>
  liveArrays().find((l) => l.device === device && l.shape[0] === rows && l.shape[1] === columns);

test.each(['wasm', 'reference'] as const)(
  'arrays on %s count until they are disposed of, donated or collected',
  async (device) => {
    await init({ device });
    expect(find(device)).toBeUndefined();
    const make = (): NDArray => np.zeros([rows, columns]);
    const kept = [make(), make(), make()];
    const bytes = 4 * rows * columns;
    expect(find(device)).toEqual({ shape: [rows, columns], dtype: 'f32', device, count: 3, bytes: 3 * bytes });
    (kept[0] as unknown as { dispose(): void }).dispose();
    expect(find(device)).toMatchObject({ count: 2 });
    const doubled = jit((x: NDArray) => x.mul(2), { donateArgnums: 0 })(kept[1] as NDArray);
    expect(find(device)).toMatchObject({ count: 2, bytes: 2 * bytes });
    kept.length = 0;
    // Finalizers run when the engine has time for them.
    await vi.waitFor(async () => {
      await collectGarbage();
      expect(find(device)).toMatchObject({ count: 1 });
    }, 10_000);
    expect(doubled.shape).toEqual([rows, columns]);
    await init();
  },
);
