import { concatenate, sliceAlong } from '../../lax/pieces.ts';
import { reshape } from '../../lax/structural.ts';
import { aval } from '../../trace/aval.ts';
import type { NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import { checkpoint } from '../checkpoint/checkpoint.ts';
import type { Callable } from '../jaxpr-rules.ts';
import { stageBody } from './body.ts';
import { cut } from './edit.ts';
import type { FlatScan } from './scan-flat.ts';
import { scanFlat } from './scan-flat.ts';

type Arrays = readonly NDArray[];

/**
 * A scan over blocks of iterations, each of which is a checkpoint and, if it is long, again a scan over blocks: reverse
 * mode keeps the carried values at the blocks' starts, and runs one block at a time once more.
 *
 * @param every how many blocks there are at most at each level, and iterations in the innermost ones.
 */
export function checkpointedScan(body: Callable, init: Arrays, xs: Arrays, settings: FlatScan, every: number): Arrays {
  const { length, reverse } = settings;
  if (length <= every) return scanFlat(body, init, xs, settings);
  let size = every;
  while (size * every < length) size *= every;
  const blocks = Math.floor(length / size);
  const whole = blocks * size;
  const n = init.length;
  // Inside of a loop there is nothing that what is computed again could be merged with.
  const block = (count: number, preventCse: boolean): ((c: Arrays, k: Arrays, x: Arrays) => Arrays) =>
    checkpoint(
      (constants: Arrays, k: Arrays, x: Arrays) =>
        checkpointedScan({ jaxpr: body.jaxpr, constants }, k, x, { ...settings, length: count }, every),
      { preventCse },
    );
  const inBlocks = (k: Arrays): Arrays => {
    const run = block(size, false);
    const types = [
      ...init.map((x) => x.aval),
      ...xs.map((x) => aval([size, ...x.shape.slice(1)], x.dtype, x.weakType)),
    ];
    const { callable } = stageBody(
      'blocks of a scan',
      (inputs): readonly [Arrays, null] => {
        const [carried, slices] = cut(inputs, n);
        return [run(body.constants, carried, slices), null];
      },
      types,
    );
    const stacks = xs.map((x) => reshape(sliceAlong(x, 0, 0, whole), [blocks, size, ...x.shape.slice(1)]));
    const [last, ys] = cut(scanFlat(callable, k, stacks, { length: blocks, reverse, unroll: 1 }), n);
    return [...last, ...ys.map((y) => reshape(y, [whole, ...y.shape.slice(2)]))];
  };
  if (whole === length) return inBlocks(init);
  const rest = (k: Arrays): Arrays =>
    block(length - whole, true)(
      body.constants,
      k,
      xs.map((x) => sliceAlong(x, 0, whole, length)),
    );
  const [first, second] = reverse ? [rest, inBlocks] : [inBlocks, rest];
  const [middle, before] = cut(first(init), n);
  const [last, after] = cut(second(middle), n);
  const [low, high] = reverse ? [after, before] : [before, after];
  return [...last, ...low.map((y, i) => concatenate([y, at(high, i)], 0))];
}
