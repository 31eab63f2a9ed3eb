import { expect, test } from 'vitest';
import '../../../src/index.ts';
import { add, mul } from '../../../src/lax/elementwise.ts';
import { broadcastInDim } from '../../../src/lax/structural.ts';
import { aval } from '../../../src/trace/aval.ts';
import { interned } from '../../../src/trace/intern.ts';
import { stage } from '../../../src/trace/stage.ts';
import type { Jaxpr } from '../../../src/trace/jaxpr.ts';
import type { NDArray } from '../../../src/trace/value.ts';

const of = (f: (x: NDArray, y: NDArray) => NDArray): Jaxpr =>
  interned(stage('f', (x, y) => [f(x, y)], [aval([3], 'f32'), aval([3], 'f32')]).jaxpr);

test('equal Jaxprs are one object', () => {
  expect(of((x, y) => add(mul(x, y), x))).toBe(of((a, b) => add(mul(a, b), a)));
});

test('Jaxprs that differ in wiring, operation, type or parameters are not', () => {
  const different = [
    of((x, y) => add(mul(x, y), x)),
    of((x, y) => add(mul(x, y), y)),
    of((x, y) => add(mul(y, x), x)),
    of((x, y) => mul(add(x, y), x)),
    of((x) => add(x, x)),
    of((x) => x),
    of((_, y) => y),
    of((x) => broadcastInDim(x, [2, 3], [1])),
    of((x) => broadcastInDim(x, [4, 3], [1])),
    interned(stage('f', (x, y) => [mul(x, y)], [aval([3], 'f64'), aval([3], 'f64')]).jaxpr),
  ];
  expect(new Set(different).size).toBe(different.length);
});
