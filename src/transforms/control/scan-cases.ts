import { add, mul, sin, tanh } from '../../lax/elementwise.ts';
import { dotGeneral } from '../../lax/dot.ts';
import { scalarOf } from '../../lax/rules.ts';
import { convertElementType } from '../../lax/casts.ts';
import type { DType } from '../../kernel/dtype.ts';
import type { Shape } from '../../trace/aval.ts';
import { aval } from '../../trace/aval.ts';
import type { Case, Cases } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import type { ScanParams } from './scan-loop.ts';

/** Scans that the laws are tested on, each in f32 and in f64. */

type Body = (...inputs: readonly NDArray[]) => readonly NDArray[];
type Input = readonly [shape: Shape, dtype: DType];

function caseOf(
  label: string,
  body: (...inputs: never[]) => readonly NDArray[],
  [constants, carries, slices]: readonly [readonly Input[], readonly Input[], readonly Input[]],
  options: Pick<ScanParams, 'length'> & Partial<Pick<ScanParams, 'reverse' | 'unroll'>>,
): Case<ScanParams, number> {
  const inputs = [...constants, ...carries, ...slices];
  const { jaxpr } = stage(
    label,
    body as Body,
    inputs.map(([shape, dtype]) => aval(shape, dtype)),
  );
  const { length } = options;
  return {
    ins: [
      ...[...constants, ...carries].map(([shape, dtype]) => ({ shape, dtype })),
      ...slices.map(([shape, dtype]) => ({ shape: [length, ...shape], dtype })),
    ],
    params: {
      body: jaxpr,
      reverse: false,
      unroll: 1,
      ...options,
      constants: constants.length,
      carries: carries.length,
    },
    label,
  };
}

const matvec = (w: NDArray, x: NDArray): NDArray => dotGeneral(w, x, { contracting: [[1], [0]], batch: [[], []] });

/** A recurrent network's cell. */
const cell = (w: NDArray, h: NDArray, x: NDArray): readonly NDArray[] => {
  const next = tanh(add(matvec(w, h), x));
  return [next, sin(next)];
};

const casesIn = (f: DType): readonly Case<ScanParams, number>[] => [
  caseOf(`a cell in ${f}`, cell, [[[[3, 3], f]], [[[3], f]], [[[3], f]]], { length: 4 }),
  caseOf(`backwards in ${f}`, cell, [[[[2, 2], f]], [[[2], f]], [[[2], f]]], { length: 3, reverse: true }),
  caseOf(
    `unrolled, two carried in ${f}`,
    (a: NDArray, b: NDArray, x: NDArray) => [mul(b, x), add(a, sin(x)), mul(a, b)],
    [
      [],
      [
        [[], f],
        [[], f],
      ],
      [[[], f]],
    ],
    { length: 5, unroll: 2 },
  ),
  caseOf(`backwards, unrolled in ${f}`, (c: NDArray, x: NDArray) => [mul(c, sin(x)), c], [[], [[[], f]], [[[], f]]], {
    length: 5,
    unroll: 3,
    reverse: true,
  }),
  caseOf(`no trips in ${f}`, cell, [[[[2, 2], f]], [[[2], f]], [[[2], f]]], { length: 0 }),
  caseOf(`one trip in ${f}`, cell, [[[[2, 2], f]], [[[2], f]], [[[2], f]]], { length: 1 }),
  caseOf(`a plain loop in ${f}`, (w: NDArray, h: NDArray) => [sin(matvec(w, h))], [[[[2, 2], f]], [[[2], f]], []], {
    length: 3,
  }),
  caseOf(`only a map in ${f}`, (x: NDArray) => [sin(x)], [[], [], [[[2], f]]], { length: 3 }),
];

export const scanCases: Cases<ScanParams, number> = [
  caseOf(
    'a counter along',
    (i: NDArray, c: NDArray, x: NDArray) => [
      add(i, scalarOf('i32', 1)),
      mul(c, add(x, convertElementType(i, 'f32'))),
      i,
    ],
    [
      [],
      [
        [[], 'i32'],
        [[], 'f32'],
      ],
      [[[], 'f32']],
    ],
    { length: 4 },
  ),
  ...casesIn('f32'),
  ...casesIn('f64'),
];
