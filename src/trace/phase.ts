/**
 * What the operations of a differentiated function are for, so that a search for NaN can say it: the function's values, the
 * derivative of one operation, tangents, or cotangents.
 */
export type Phase =
  | { readonly kind: 'forward' | 'tangent' | 'backward' }
  /** The factor that an operation's tangent is multiplied by. */
  | { readonly kind: 'derivative'; readonly of: string };

const forward: Phase = { kind: 'forward' };
let current: Phase = forward;

/** What is being computed now; only `inPhase` changes it. */
export const currentPhase = (): Phase => current;

/** Runs `body` as part of `phase`, then restores what was before. */
export function inPhase<T>(phase: Phase, body: () => T): T {
  const before = current;
  current = phase;
  try {
    return body();
  } finally {
    current = before;
  }
}
