import type { NDArray } from '../../src/index.ts';
import { grad, jit, numpy as np, random } from '../../src/index.ts';
import type { Prepared } from './library.ts';
import { unchecked } from './library.ts';

/** Loops whose arrays are left to the collector. None of them ever waits, so that no finalizer runs. */

const loop = (run: () => void): Prepared => ({ run, check: unchecked, release: () => undefined });

/** Operations on arrays of 1 MB, none of them compiled by the user. */
export function eagerLoop(times: number): Prepared {
  const x = np.ones([512, 512]);
  return loop(() => {
    let y: NDArray = x;
    for (let i = 0; i < times; i++) y = i % 2 === 0 ? y.mul(0.5) : y.add(1);
    if (!Number.isFinite(y.sum().itemSync())) throw new Error('the loop went wrong');
  });
}

/** Steps of gradient descent whose old parameters are not donated. */
export function jittedLoop(times: number): Prepared {
  const target = random.normal(random.key(0), [256, 256]);
  const slope = grad((w: NDArray) => w.sub(target).mul(w.sub(target)).mean());
  const step = jit((w: NDArray) => w.sub(slope(w).mul(100)));
  return loop(() => {
    let w: NDArray = np.zeros([256, 256]);
    for (let i = 0; i < times; i++) w = step(w);
    if (!(np.max(np.abs(w.sub(target))).itemSync() < 0.01)) throw new Error('the loop did not converge');
  });
}
