import { expectTypeOf, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { lax, numpy as np } from '../../src/index.ts';

/** Control flow infers through users' own types, without a cast. Only checked, never run. */

interface State {
  readonly h: NDArray;
  readonly c: NDArray;
}
type Step = { readonly input: NDArray; readonly mask: readonly [NDArray, NDArray] };
interface Out {
  readonly logits: NDArray;
}
const checked = (_: () => unknown): void => undefined;
const state: State = { h: np.zeros(2), c: np.zeros(2) };
const steps: Step = { input: np.zeros([3, 2]), mask: [np.zeros(3), np.zeros(3)] };

test('scan', () => {
  const cell = (s: State, x: Step): [State, Out] => [{ h: s.c, c: x.input }, { logits: s.h }];
  checked(() => {
    const [last, outs] = lax.scan(cell, state, steps, { reverse: true, unroll: 2 });
    expectTypeOf(last).toEqualTypeOf<State>();
    expectTypeOf(outs).toEqualTypeOf<Out>();
    const [sum, nothing] = lax.scan((c: NDArray, x: NDArray) => [c.add(x), null], np.zeros([]), np.zeros(3));
    expectTypeOf(sum).toEqualTypeOf<NDArray>();
    expectTypeOf(nothing).toEqualTypeOf<null>();
    // Parameters without types have those of init and xs.
    const [s, ys] = lax.scan((c, x) => [{ h: c.c, c: x.input }, x.mask[0]], state, steps);
    expectTypeOf(s).toEqualTypeOf<State>();
    expectTypeOf(ys).toEqualTypeOf<NDArray>();
    expectTypeOf(lax.scan((c) => [c, c.h], state, null, { length: 3 })).toEqualTypeOf<[carry: State, ys: NDArray]>();
    // @ts-expect-error the carry must keep its type
    lax.scan((c: State, x: Step): [Out, NDArray] => [{ logits: c.h }, x.input], state, steps);
    // @ts-expect-error the body must return a pair
    lax.scan((c: State) => c, state, null);
    // @ts-expect-error xs must be what the body takes
    lax.scan(cell, state, state);
  });
});

test('loops', () => {
  checked(() => {
    const end = lax.whileLoop((s) => s.h.sum().lt(1), (s) => ({ h: s.h.mul(2), c: s.c }), state); // prettier-ignore
    expectTypeOf(end).toEqualTypeOf<State>();
    expectTypeOf(lax.foriLoop(0, 3, (i, s) => ({ ...s, h: s.h.add(i) }), state)).toEqualTypeOf<State>();
    expectTypeOf(lax.map((x: Step) => ({ logits: x.input }), steps)).toEqualTypeOf<{ logits: NDArray }>();
    expectTypeOf(lax.associativeScan((a: State, b: State) => ({ h: a.h.add(b.h), c: a.c }), state)).toEqualTypeOf<State>(); // prettier-ignore
    // @ts-expect-error the condition is a bool scalar
    lax.whileLoop((s: State) => s, (s: State) => s, state); // prettier-ignore
    // @ts-expect-error the body must give back the state
    lax.foriLoop(0, 3, (i: NDArray, s: State) => s.h.add(i), state);
  });
});

test('conditionals', () => {
  checked(() => {
    const grow = (s: State, by: NDArray): State => ({ h: s.h.mul(by), c: s.c });
    expectTypeOf(lax.cond(state.h.sum().gt(0), grow, (s) => s, state, np.ones(2))).toEqualTypeOf<State>();
    expectTypeOf(lax.switchCase(1, [grow, grow], state, np.ones(2))).toEqualTypeOf<State>();
    expectTypeOf(lax.cond(true, () => state.h, () => state.c)).toEqualTypeOf<NDArray>(); // prettier-ignore
    // @ts-expect-error an operand is missing
    lax.cond(true, grow, grow, state);
    // @ts-expect-error branches must return one type
    lax.cond(true, (s: State) => s, (s: State) => s.h, state); // prettier-ignore
  });
});
