import type { Device } from '../kernel/device.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { TracerConversionError } from '../trace/errors.ts';
import { showAval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { isNestedNumbers, asArray } from '../trace/asarray.ts';

/** Moving trees of arrays between host and devices. */

const isArray = (x: unknown): x is NDArray => typeof x === 'object' && x !== null && 'aval' in x && 'concrete' in x;

/**
 * Copies every array of a tree to a device; arrays that are there already stay as they are. Numbers become scalars.
 *
 * @throws UnsupportedOnDeviceError when the device does not have an array's dtype.
 */
export async function devicePut<T>(value: T, device: Device): Promise<T> {
  const { leaves, treedef } = tree.flatten(value);
  const moved = await Promise.all(
    leaves.map(async (leaf) => {
      const x = isNestedNumbers(leaf) ? asArray(leaf) : leaf;
      if (!isArray(x)) return x;
      const array = x.concrete();
      if (array === null) {
        throw new TracerConversionError(`devicePut of ${showAval(x.aval)}, which is being traced: move arrays before`);
      }
      if (array.device === device) return array;
      const copy = ConcreteArray.fromHost(array.aval, await array.read());
      copy.bufferOn(device);
      return copy;
    }),
  );
  return tree.unflatten<T>(treedef, moved);
}

/**
 * Reads every array of a tree: typed arrays in their places.
 *
 * @example
 * const host = await deviceGet({ w: np.ones([3]) }); // { w: Float32Array }
 */
export async function deviceGet(value: unknown): Promise<unknown> {
  const { leaves, treedef } = tree.flatten(value);
  const read = await Promise.all(leaves.map((leaf) => (isArray(leaf) ? leaf.data() : leaf)));
  return tree.unflatten(treedef, read);
}

/**
 * Waits until every array of a tree has been computed, and returns the tree.
 *
 * @example
 * const ready = await blockUntilReady(np.ones([3]).mul(2));
 */
export async function blockUntilReady<T>(value: T): Promise<T> {
  await Promise.all(tree.leaves(value).map((leaf) => (isArray(leaf) ? settled(leaf) : leaf)));
  return value;
}

async function settled(x: NDArray): Promise<void> {
  const array = x.concrete();
  // Reading is the one way to wait that every device has; devices run in order, so a small array would do as well.
  if (array !== null && array.device !== null && array.device.runsAhead) await array.read();
}
