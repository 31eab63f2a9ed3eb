import type { Expr } from '../kernel/expr.ts';
import { binary, constant } from '../kernel/expr.ts';
import { aval, sameShape, showAval } from '../trace/aval.ts';
import { bind } from '../trace/context.ts';
import type { NoParams, Primitive } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { pointwiseFunction } from '../trace/stablehlo/rules.ts';
import { alignBatch } from './elementwise.ts';

/**
 * The Threefry-2x32 block cipher with 20 rounds: the source of all random bits.
 * Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).
 */
export const threefry2x32P: Primitive<NoParams, 4> = primitive<NoParams, 4>({
  name: 'threefry2x32',
  type: (ins) =>
    ins.every((a) => a.dtype === 'u32' && sameShape(a.shape, ins[0].shape))
      ? typed(aval(ins[0].shape, 'u32'), aval(ins[0].shape, 'u32'))
      : mistyped(`[threefry2x32] needs four u32 arrays of one shape, got ${ins.map(showAval).join(', ')}`),
  derivative: { kind: 'zero', because: 'random bits are not a smooth function of the key' },
  batch: (ins, _, size) => {
    const { values, axis } = alignBatch(ins, size);
    const [k0, k1, x0, x1] = values as readonly [NDArray, NDArray, NDArray, NDArray];
    return { values: threefry2x32(k0, k1, x0, x1), axes: [axis, axis] };
  },
  lower: ([k0, k1, x0, x1]) => ({
    kind: 'map',
    outputs: [0, 1].map((half) => (c) => rounds(k0.at(c), k1.at(c), x0.at(c), x1.at(c))[half as 0 | 1]),
  }),
  stablehlo: pointwiseFunction(() => threefry2x32P),
  cases: [
    {
      ins: [
        { shape: [3, 2], dtype: 'u32' },
        { shape: [3, 2], dtype: 'u32' },
        { shape: [3, 2], dtype: 'u32' },
        { shape: [3, 2], dtype: 'u32' },
      ],
      params: {},
    },
  ],
});

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

function rounds(k0: Expr, k1: Expr, c0: Expr, c1: Expr): readonly [Expr, Expr] {
  const word = (n: number): Expr => constant('u32', n);
  const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
  const rotate = (x: Expr, n: number): Expr => binary('or', binary('shl', x, word(n)), binary('shr', x, word(32 - n)));
  const keys = [k0, k1, binary('xor', binary('xor', k0, k1), word(0x1bd11bda))] as const;
  let x0 = plus(c0, k0);
  let x1 = plus(c1, k1);
  for (let i = 0; i < 5; i++) {
    for (const r of rotations[(i % 2) as 0 | 1]) {
      x0 = plus(x0, x1);
      x1 = binary('xor', rotate(x1, r), x0);
    }
    x0 = plus(x0, keys[((i + 1) % 3) as 0 | 1 | 2]);
    x1 = plus(plus(x1, keys[((i + 2) % 3) as 0 | 1 | 2]), word(i + 1));
  }
  return [x0, x1];
}

/** Encrypts the counters (x0, x1) under the keys (k0, k1), elementwise on u32. */
export function threefry2x32(k0: NDArray, k1: NDArray, x0: NDArray, x1: NDArray): readonly [NDArray, NDArray] {
  return bind(threefry2x32P, [k0, k1, x0, x1], {}) as unknown as readonly [NDArray, NDArray];
}
