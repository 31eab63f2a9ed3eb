import { movePermutation } from '../../lax/rules.ts';
import { reduceSum, toFront, transpose } from '../../lax/structural.ts';
import type { BatchMapper } from '../../trace/context.ts';
import { CustomRuleError } from '../../trace/errors.ts';
import type { Batched } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import { zipExact } from '../../util/array.ts';

/** Values with the axes that hold their batch. */
export const withAxes = (xs: readonly NDArray[], axes: readonly (number | null)[]): readonly Batched[] =>
  zipExact(xs, axes).map(([value, axis]) => ({ value, axis }));

/**
 * Where a batched function with rules of its own has the batch in its results. The function and its rules must agree, and
 * only one of them runs at first: with a batched operand all results are batched, in front; with none, whichever runs
 * first shows whether what it captured is batched.
 */
export class BatchedResults {
  private readonly name: string;
  private readonly size: number;
  private batched: boolean | null;

  constructor(name: string, mapper: BatchMapper, ins: readonly Batched[]) {
    this.name = name;
    this.size = mapper.size;
    this.batched = ins.some((b) => b.axis !== null) ? true : null;
  }

  /** Results as the outside sees them. */
  place(outs: readonly Batched[]): readonly NDArray[] {
    const any = outs.some((o) => o.axis !== null);
    this.batched ??= any;
    if (this.batched) return outs.map((o) => toFront(o, this.size));
    if (!any) return outs.map((o) => o.value);
    throw new CustomRuleError(
      `the derivative rule of ${this.name} captures a batched value, but the function itself does not depend on the batch: ` +
        'pass the value as an argument',
    );
  }

  /** The batch axis of every result. */
  get axis(): 0 | null {
    return this.batched === true ? 0 : null;
  }

  /** The cotangent of an operand with its batch at `axis`: a sum over the batch for one that all examples share. */
  placeCotangent(ct: Batched, axis: number | null): NDArray {
    if (this.axis === null) return ct.value;
    const front = toFront(ct, this.size);
    return axis === null ? reduceSum(front, [0]) : transpose(front, movePermutation(front.ndim, 0, axis));
  }
}
