import type { ScalarType } from '../../kernel/dtype.ts';
import { storedBytes } from '../../kernel/dtype.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { roundUp } from '../../util/array.ts';
import type { Value } from './module/code.ts';
import { i32, op } from './module/code.ts';
import type { Rows } from './rows.ts';
import { pointersOf } from './rows.ts';

/** Arrays in the shared working memory: where each begins, and how many bytes they take together. */
export interface Working {
  readonly offsets: readonly number[];
  readonly bytes: number;
}

export const noWorking: Working = { offsets: [], bytes: 0 };

/** More arrays of so many elements. */
export function withArrays(before: Working, dtypes: readonly ScalarType[], length: number): Working {
  const offsets = [...before.offsets];
  let { bytes } = before;
  for (const dtype of dtypes) {
    offsets.push(bytes);
    bytes += roundUp(length * storedBytes(dtype), 16);
  }
  return { offsets, bytes };
}

/** The operands' addresses in a row function, the ones in working memory included. */
export function addressesOf(
  { row, shared }: Rows,
  kernel: Kernel,
  working: Working,
  first: number,
): Map<number, Value> {
  const addresses = new Map(pointersOf(row, kernel, first));
  working.offsets.forEach((offset, i) =>
    addresses.set(kernel.operands.length + i, row.let(op('i32.add', shared, i32(offset)), 'partial')),
  );
  return addresses;
}
