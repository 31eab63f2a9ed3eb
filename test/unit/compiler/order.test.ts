import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { jit, numpy as np } from '../../../src/index.ts';

/** Small programs whose results are also read by other results, in every order. */
test('a result that others read is computed before them, whatever the order of the results', () => {
  const operations: readonly ((x: NDArray, y: NDArray) => NDArray)[] = [
    (x, y) => x.add(y),
    (x, y) => x.mul(0.5).sub(y),
    (x, y) => x.sum(0, { keepdims: true }).add(y),
    (x, y) => x.matmul(y).mul(0.25),
    (x) => np.exp(np.tanh(x)).add(1),
  ];
  const step = fc.record({ op: fc.nat(operations.length - 1), x: fc.nat(20), y: fc.nat(20) });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(20), { minLength: 1 }),
      (steps, picks) => {
        const program = (x: NDArray): NDArray[] => {
          const values = [x];
          for (const { op, x: i, y: j } of steps) {
            const [a, b] = [values[i % values.length] ?? x, values[j % values.length] ?? x];
            values.push((operations[op] ?? ((v: NDArray) => v))(a, b));
          }
          return picks.map((i) => values[i % values.length] ?? x);
        };
        const input = np.array([[0.1, -0.2], [0.3, 0.4]]); // prettier-ignore
        const [eager, jitted] = [program(input), jit(program)(input)];
        jitted.forEach((y, i) => {
          const wanted = eager[i]?.dataSync() ?? [];
          y.dataSync().forEach((v, k) => {
            expect(v).toBeCloseTo(wanted[k] ?? NaN, 4);
          });
        });
      },
    ),
    { numRuns: 300 },
  );
});
