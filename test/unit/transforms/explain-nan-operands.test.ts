import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainNan, numpy as np } from '../../../src/index.ts';
import { isFloat } from '../../../src/kernel/dtype.ts';
import { primitives } from '../../../src/lax/registry.ts';
import { bind } from '../../../src/trace/context.ts';
import { casesOf } from '../../../src/trace/primitive.ts';
import type { Case, Primitive } from '../../../src/trace/primitive.ts';
import type { NDArray } from '../../../src/trace/value.ts';
import { arrayOf, dtypesOf, values } from '../../laws/draw.ts';

/** An element of an operand. */
interface Place {
  readonly operand: number;
  readonly position: number;
}

const spoiled = async (xs: readonly NDArray[], places: readonly Place[]): Promise<readonly NDArray[]> =>
  Promise.all(
    xs.map(async (x, operand) => {
      const data = Array.from(await x.data());
      for (const p of places) if (p.operand === operand) data[p.position] = NaN;
      return arrayOf(x.shape, x.dtype, data);
    }),
  );

/** Operands of a case, and pairs of elements of them: each tells another one apart from one that has nothing to do with it. */
function drawn(
  c: Case<unknown, number>,
  seed: number,
): { readonly xs: readonly NDArray[]; readonly places: readonly Place[] } {
  // prettier-ignore
  const dtypes = dtypesOf(c.ins)[0] ?? [];
  const xs = c.ins.map((input, i) => {
    const dtype = dtypes[i] ?? 'f32';
    return arrayOf(input.shape, dtype, fc.sample(values(input, dtype, i), { seed, numRuns: 1 })[0] ?? []);
  });
  // Of each operand the first, the last, and some in between.
  const places = xs.flatMap((x, operand) =>
    isFloat(x.dtype)
      ? [...new Set([0, 0.4, 0.7, 1].map((part) => Math.round(part * (x.size - 1))))]
          .filter((position) => position >= 0)
          .map((position) => ({ operand, position }))
      : [],
  );
  return { xs, places };
}

const whichAreNan = async (outs: readonly NDArray[]): Promise<readonly (readonly boolean[])[]> =>
  Promise.all(outs.map(async (o) => Array.from(await o.data(), (v) => Number.isNaN(v))));

/** Of two NaNs among its operands, the one that a result is NaN because of. */
async function blamed(primitive: Primitive, c: Case<unknown, number>, seed: number): Promise<number> {
  const { xs, places } = drawn(c, seed);
  let checked = 0;
  const apply = (ys: readonly NDArray[]): readonly NDArray[] => bind(primitive, ys, c.params);
  for (const a of places) {
    for (const b of places.filter((p) => p !== a)) {
      const both = await spoiled(xs, [a, b]);
      const [ofA, ofB, ofBoth] = await Promise.all([
        whichAreNan(apply(await spoiled(xs, [a]))),
        whichAreNan(apply(await spoiled(xs, [b]))),
        whichAreNan(apply(both)),
      ]);
      for (const [o, nan] of ofBoth.entries()) {
        const position = nan.findIndex((is, k) => is && ofA[o]?.[k] === true && ofB[o]?.[k] === false);
        if (position < 0) continue;
        const one = (...ys: readonly NDArray[]): NDArray => np.reshape(apply(ys)[o] as NDArray, [-1]).slice(position);
        const { first } = await explainNan(one)(...both);
        const size = both[a.operand]?.shape ?? [];
        const found = first?.position.reduce((n, k, axis) => n * (size[axis] ?? 1) + k, 0);
        expect([first?.operation, first?.text.split(' of ')[0], found]).toEqual(['argument', `argument ${a.operand}`, a.position]); // prettier-ignore
        checked += 1;
      }
    }
  }
  return checked;
}

/** These have results that depend on some elements only, and operands that are not looked into element by element by others. */
const telling = ['dotGeneral', 'convGeneralDilated', 'reduceSum', 'fold', 'gather', 'cumsum', 'linearRecurrence', 'scatterAdd', 'triangularSolve']; // prettier-ignore

test.each(primitives.filter((p) => casesOf(p).length > 0))(
  'the operand and the element that made a result NaN: $name',
  async (primitive) => {
    let checked = 0;
    for (const [n, c] of casesOf(primitive).entries()) checked += await blamed(primitive, c, n + 1);
    if (telling.includes(primitive.name)) expect(checked).toBeGreaterThan(0);
  },
);
