import type { KeyUses, Region } from '../../trace/key-uses.ts';
import { applyKeyUses, applyOneOf, examples, keyRegions, setRegion, sliceOf } from '../../trace/key-uses.ts';
import type { NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';

/**
 * What loops and branches do with random keys, while `debugKeyReuse` is on. A loop's body is traced once and runs often:
 * two runs in a row are enough to see a key that is used again, since the second one gets what the first one gave.
 */

/** Notes the keys that a scan uses; its last carried values are the first of `outs`. */
export function noteScan(
  name: string,
  body: KeyUses,
  init: readonly NDArray[],
  xs: readonly NDArray[],
  length: number,
  outs: readonly NDArray[],
): void {
  if (length === 0) return;
  const stacks = keyRegions(xs);
  const slices = (which: (region: Region, x: NDArray) => Region): readonly Region[] =>
    stacks.map((region, i) => (region.length === 0 ? [] : which(region, at(xs, i))));
  let carry = applyKeyUses(body, [...keyRegions(init), ...slices((r, x) => sliceOf(r, x.shape, 0))], name);
  if (length > 1) {
    const others = slices((r, x) => {
      const size = r.length / length;
      return examples(r.slice(size), [length - 1, ...x.shape.slice(1)], 0);
    });
    carry = applyKeyUses(body, [...carry.slice(0, init.length), ...others], name);
  }
  giveBack(carry.slice(0, init.length), outs);
}

/** Notes the keys that a while loop uses. */
export function noteWhile(
  name: string,
  condition: KeyUses,
  body: KeyUses,
  init: readonly NDArray[],
  outs: readonly NDArray[],
): void {
  let carry = keyRegions(init);
  for (let run = 0; run < 2; run++) {
    applyKeyUses(condition, carry, name);
    carry = applyKeyUses(body, carry, name);
  }
  giveBack(carry, outs);
}

/** Notes the keys that a conditional uses: those of any branch. */
export function noteBranches(name: string, branches: readonly KeyUses[], operands: readonly NDArray[]): void {
  const given = keyRegions(operands);
  applyOneOf(branches.map((uses) => () => applyKeyUses(uses, given, name)));
}

function giveBack(regions: readonly Region[], outs: readonly NDArray[]): void {
  regions.forEach((region, i) => {
    if (region.length > 0) setRegion(at(outs, i), region);
  });
}
