import { expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { defaultDevice, jit, numpy as np, random, tree, valueAndGrad } from '../../src/index.ts';

/** Arrays are values: a plain training loop that awaits its loss needs no dispose and no donation. */

type Params = { readonly hidden: NDArray; readonly out: NDArray };

test('2,000 jitted steps that await the loss hold memory flat', async () => {
  const [k1, k2, k3] = [...random.split(random.key(0), 3)] as [NDArray, NDArray, NDArray];
  const x = random.normal(k3, [32, 784]);
  const loss = (p: Params): NDArray => np.tanh(x.matmul(p.hidden)).matmul(p.out).pow(2).mean();
  const step = jit((p: Params): [Params, NDArray] => {
    const [value, gradient] = valueAndGrad(loss)(p);
    return [tree.map((w: NDArray, g: NDArray) => w.sub(g.mul(0.01)), p, gradient), value];
  });
  let params: Params = {
    hidden: random.normal(k1, [784, 256]).mul(0.03),
    out: random.normal(k2, [256, 10]).mul(0.05),
  };
  const losses: number[] = [];
  let highest = 0;
  let half = { rss: 0, reserved: 0 };
  const memory = (): typeof half => ({
    rss: process.memoryUsage().rss,
    reserved: defaultDevice().memory().reservedBytes,
  });
  for (let i = 0; i < 2000; i++) {
    const [next, value] = step(params);
    params = next;
    losses.push(await value.item());
    highest = Math.max(highest, process.memoryUsage().rss);
    if (i === 999) half = { ...memory(), rss: highest };
  }
  const end = memory();
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
  // Each step makes 0.8 MB of new parameters: 1.6 GB in all, half of it after the middle. Memory grows by a quarter at a
  // time, and where the machine is busy the collector may be late once more; so one such step is allowed, not two.
  const step25 = half.reserved / 4 + 2 ** 20;
  expect(end.reserved).toBeLessThanOrEqual(half.reserved + step25);
  expect(highest).toBeLessThanOrEqual(half.rss * 1.05 + step25);
}, 60_000);
