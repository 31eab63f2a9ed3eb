import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { explainNan, grad, init, numpy as np } from '../../../src/index.ts';

beforeAll(() => init({ device: 'webgpu' }));
afterAll(() => init());

test('values are read where they can be read later only', async () => {
  const loss = (v: NDArray): NDArray => np.where(v.gt(0), np.sqrt(v), 0).sum();
  const report = await explainNan(grad(loss))(np.array([4, 0, 1]));
  expect(report.result).toBe('the result at [1]');
  expect(report.first).toMatchObject({ operation: 'div', phase: 'derivative', position: [1], operands: [0.5, 0] });
  expect(report.hint).toContain('double where');
});
