import { take } from '../numpy/index.ts';
import * as tree from '../tree/tree.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { scan } from '../transforms/control/index.ts';
import type { Step } from './step.ts';

/** The rows of every array of a data set that a batch consists of. */
const rowsOf = <D>(data: D, rows: NDArray): D => tree.map((column: NDArray) => take(column, rows, 0), data);

/**
 * Many steps as one loop on the device, over data that is there: what a loop of `step` gives, without the host in
 * between. `data` is a tree of arrays with one first axis, the examples'.
 *
 * order: `i32[steps, batchSize]`, the examples of each step · losses: `f[steps]`
 *
 * @throws ArgumentError for an order of another rank.
 * @example
 * const order = random.permutation(key, 60000).slice([0, 59904]).reshape([234, 256]);
 * [state, losses] = jit(train.epoch(step), { donateArgnums: 0 })(state, { images, labels }, order);
 */
export const epoch =
  <T, B>(step: Step<T, B>) =>
  (state: T, data: B, order: NDArray): readonly [state: T, losses: NDArray] => {
    if (order.ndim !== 2) {
      throw new ArgumentError(
        `[train.epoch] the order needs shape [steps, batchSize], got [${order.shape.join(', ')}]: reshape it`,
      );
    }
    return scan((carried: T, rows: NDArray) => step(carried, rowsOf(data, rows)), state, order);
  };
