import type { HostArray } from '../kernel/dtype.ts';
import { bits, split } from '../random/index.ts';
import type { NDArray } from '../trace/value.ts';

/** A computation on the host that reads arrays of a device as it goes: written once, run with waiting or without. */
export type Reading<A> = Generator<NDArray, A, HostArray>;

/** Runs a computation, waiting for each array. */
export async function read<A>(reading: Reading<A>): Promise<A> {
  let step = reading.next();
  while (step.done !== true) step = reading.next(await step.value.data());
  return step.value;
}

/** Runs a computation at once, on a device whose arrays can be read so. */
export function readSync<A>(reading: Reading<A>): A {
  let step = reading.next();
  while (step.done !== true) step = reading.next(step.value.dataSync());
  return step.value;
}

/**
 * The numbers 0 to `count` − 1 in a random order that follows from the key alone: the numbers that
 * `jax.random.permutation(key, count)` gives. Random bits come from the device, the sorting by them happens on the host.
 *
 * @example
 * const order = await data.shuffledOrder(random.key(0), 1000); // each number below 1000 once
 */
export const shuffledOrder = (key: NDArray, count: number): Promise<Uint32Array<ArrayBuffer>> =>
  read(shuffling(key, count));

/** What {@link shuffledOrder} computes. */
export function* shuffling(key: NDArray, count: number): Reading<Uint32Array<ArrayBuffer>> {
  // Sorting by 32 random bits ties now and then; as many rounds as JAX takes make that harmless.
  const rounds = Math.ceil((3 * Math.log(Math.max(1, count))) / Math.log(2 ** 32 - 1));
  let order = Uint32Array.from({ length: count }, (_, i) => i);
  let rest = key;
  for (let round = 0; round < rounds; round++) {
    const [next, own] = split(rest) as unknown as readonly [NDArray, NDArray];
    rest = next;
    const sortBy = yield bits(own, [count]);
    const positions = Uint32Array.from({ length: count }, (_, i) => i);
    positions.sort((a, b) => {
      const difference = (sortBy[a] ?? 0) - (sortBy[b] ?? 0);
      return difference === 0 ? a - b : difference;
    });
    const before = order;
    order = positions.map((position) => before[position] ?? 0);
  }
  return order;
}
