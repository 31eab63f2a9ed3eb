import { withOperands } from '../../src/compiler/renumber.ts';
import type { HostArray } from '../../src/kernel/dtype.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { partsOf } from '../../src/kernel/kernel.ts';
import { range } from '../../src/util/array.ts';
import type { Source } from './random.ts';
import { Random } from './random.ts';
import type { Case } from './random-kernels.ts';
import { randomContract, randomLargeReduce, randomMap, randomReduce, randomRowwise } from './random-kernels.ts';

/** Kernels with contents, side by side as one. */
export function sideBySide<Data extends HostArray | null>(
  cases: readonly { readonly kernel: Kernel; readonly data: readonly Data[] }[],
): { readonly kernel: Kernel; readonly data: readonly Data[] } {
  const operands = cases.flatMap((c) => c.kernel.operands);
  let first = 0;
  const parts = cases.flatMap(({ kernel }) => {
    const offset = first;
    first += kernel.operands.length;
    return partsOf(kernel).map((part) => withOperands(part, operands, (n) => offset + n));
  });
  const kernel: Kernel = { kind: 'parallel', name: 'several', source: 'random', operands, stores: [], parts };
  return { kernel, data: cases.flatMap((c) => c.data) };
}

/** Two or three random kernels side by side, of which at most one is a product. */
export function randomParallel(source: Source): Case {
  const r = new Random(source);
  const small = [randomMap, randomReduce, (s: Source) => randomRowwise(s, false)];
  // A reduction in two phases, which have working memory.
  const others = [...small, ...small, randomLargeReduce];
  const made = range(1 + r.below(2)).map(() => r.pick(others)(r.below(1 << 30)));
  const last = r.pick([randomMap, randomContract])(r.below(1 << 30));
  return sideBySide(r.chance(0.5) ? [...made, last] : [last, ...made]);
}
