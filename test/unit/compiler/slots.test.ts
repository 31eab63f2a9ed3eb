import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Slots } from '../../../src/compiler/slots.ts';
import type { NDArray } from '../../../src/index.ts';
import { jit, lax, numpy as np } from '../../../src/index.ts';
import { aval } from '../../../src/trace/aval.ts';
import { at, range } from '../../../src/util/array.ts';

const bytes = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('slots', () => {
  test('values that are there at the same time never share one, and each fits', () => {
    const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 6 })), { maxLength: 40 });
    fc.assert(
      fc.property(plan, (values) => {
        const slots = new Slots();
        const held: { readonly taken: number; left: number }[] = [];
        const together: (readonly number[])[] = [];
        for (const [size, stay] of values) {
          held.push({ taken: slots.take(aval([size], 'f32')), left: stay });
          together.push(held.map((h) => h.taken));
          for (const h of [...held]) {
            h.left -= 1;
            if (h.left >= 0) continue;
            slots.release(h.taken);
            held.splice(held.indexOf(h), 1);
          }
        }
        const { bytes: sizes, slotOf } = slots.assign();
        for (const now of together) expect(new Set(now.map((t) => slotOf[t])).size).toBe(now.length);
        values.forEach(([size], i) => expect(sizes[at(slotOf, i)]).toBeGreaterThanOrEqual(4 * size));
      }),
    );
  });

  test('small values of one time and a large one of another share', () => {
    const slots = new Slots();
    const [first, small, other] = [slots.take(aval([100], 'f32')), slots.take(aval([40], 'f32')), slots.take(aval([40], 'f32'))]; // prettier-ignore
    [small, other].forEach((t) => slots.release(t));
    const large = slots.take(aval([100], 'f32'));
    [first, large].forEach((t) => slots.release(t));
    expect(bytes(slots.assign().bytes)).toBe(4 * 240);
  });
});

describe('what is alive', () => {
  test('the report says what the values of the worst moment need, and the plan prints it', () => {
    const f = jit((x: NDArray) => range(4).reduce((y) => y.matmul(y), x));
    const lowered = f.lower(np.ones([10, 10]));
    const cost = lowered.costAnalysis();
    // Argument and result; of the three products between, two at a time.
    expect(cost.liveBytes).toBe(400 * 4);
    expect(cost.peakBytes).toBe(400 * 4);
    expect(lowered.asText('kernels')).toContain('2 slots, 800 bytes, of which at most 800 are alive at once');
  });

  test('what a loop uses from before it lives through the whole loop', () => {
    const f = jit((x: NDArray) => lax.foriLoop(0, 5, (_, y: NDArray) => y.matmul(x.matmul(x)), x));
    const { liveBytes, peakBytes } = f.lower(np.ones([10, 10])).costAnalysis();
    expect(liveBytes).toBeGreaterThanOrEqual(400 * 3);
    expect(peakBytes).toBeGreaterThanOrEqual(liveBytes);
  });
});
