import { PullbackError } from '../util/error.ts';
import type { Counts } from './derivatives.ts';

/** A check of derivatives that has compared none, and so says nothing. */
export class NothingCheckedError extends PullbackError {
  constructor(check: string, name: string, counts: Counts) {
    super('nothing-checked', `${check} of ${name} has compared no derivative: ${reason(counts)}`);
  }
}

function reason({ kinks, unresolved }: Counts): string {
  const reasons = [
    ...(kinks === 0 ? [] : [`${kinks} are at kinks, or where the function is not finite`]),
    ...(unresolved === 0 ? [] : [`${unresolved} are lost in the rounding of the function’s values`]),
  ];
  return reasons.length === 0
    ? 'there is none. Give it float arguments with elements, and a function with float results'
    : `${reasons.join(', ')}. Check it at other arguments`;
}
