import { expect } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { tree } from '../../../src/index.ts';
import { isFloat } from '../../../src/kernel/dtype.ts';
import { showAval } from '../../../src/trace/aval.ts';

/** Two trees of arrays are equal in structure and types, and close in values. */
export async function expectClose(actual: unknown, expected: unknown, tolerance = 1e-9): Promise<void> {
  expect(tree.structure(actual)).toEqual(tree.structure(expected));
  const [as, es] = [tree.leaves(actual), tree.leaves(expected)] as [NDArray[], NDArray[]];
  expect(as.map((a) => showAval(a.aval))).toEqual(es.map((e) => showAval(e.aval)));
  for (const [k, a] of as.entries()) {
    const [x, y] = [await a.data(), await (es[k] as NDArray).data()];
    const allowed = isFloat(a.dtype) ? tolerance : 0;
    x.forEach((v, i) => {
      const w = y[i] as number;
      if (Object.is(v, w) || v === w) return;
      const error = Math.abs(v - w) / Math.max(1, Math.abs(v), Math.abs(w));
      if (!(error <= allowed)) expect(v, `leaf ${k}, element ${i}`).toBe(w);
    });
  }
}
