import { expect, test } from 'vitest';
import { jit, numpy as np } from '../../src/index.ts';

test('a synchronous loop of jitted steps that frees nothing stays small', () => {
  const step = jit((x: np.ArrayLike) => np.add(np.multiply(x, 0.5), 1));
  let x = np.ones([512, 512]);
  let [first, most] = [0, 0];
  for (let i = 0; i < 4000; i++) {
    x = step(x);
    if (i === 400) first = process.memoryUsage().rss;
    if (i > 400 && i % 100 === 0) most = Math.max(most, process.memoryUsage().rss);
  }
  expect(most - first).toBeLessThan(700 * 2 ** 20);
}, 60_000);
