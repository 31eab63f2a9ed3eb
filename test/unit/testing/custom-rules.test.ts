import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { customJvp, customVjp, jit, numpy as np } from '../../../src/index.ts';
import { checkCustomRule, checkGrads, checkTransposed, checkVjp, checkVmap } from '../../../src/testing/index.ts';
import { broken } from './broken.ts';

/** Functions with rules of their own in checks that are not about rules alone, and with arguments that are no arrays. */

const x = np.array([0.3, -0.7, 1.2]);

/** n · y, with a rule that is right for `factor` = 1. */
const times = (factor: number) =>
  customVjp(
    function times({ n }: { readonly n: number }, y: NDArray, of: (z: NDArray) => NDArray) {
      return of(y).mul(n);
    },
    { nondiffArgnums: [0, 2] },
  ).defvjp(
    ({ n }, y, of) => [of(y).mul(n), null],
    ({ n }, _of, _residuals, ct) => [ct.mul(n * factor)],
  );
const itself = (z: NDArray): NDArray => z;

test('arguments that are not differentiated stay as they are', async () => {
  const args: [{ n: number }, NDArray, (z: NDArray) => NDArray] = [{ n: 2 }, x, itself];
  expect((await checkCustomRule(times(1), args)).checked).toBeGreaterThan(5);
  await checkGrads(times(1), args, { modes: ['rev'] });
  await checkVmap(times(1), args);
  const error = await broken(checkCustomRule(times(3), args));
  expect(error.message).toMatch(/^checkCustomRule of times: reverse mode/);
  expect(error.message).toContain(
    '\n  argument 1 = f64[3] [0.3, -0.7, 1.2]\n  to blame: the backward rule (defvjp) of times',
  );
  expect(error.test.replaceAll('(z)', 'z').replaceAll(' ', '')).toContain('constf=(x)=>times({n:2},x,z=>z);');
  expect(error.test).toContain('await checkCustomRule(f, [np.array([0.3');
  const power = customJvp((y: NDArray, n: number) => y.pow(n), { nondiffArgnums: 1 }).defjvp((n, [y], [t]) => [
    y.pow(n),
    t.mul(y.pow(n - 1)).mul(n),
  ]);
  await checkCustomRule(power, [x, 3]);
  const jitted = jit(times(1), { staticArgnums: [0, -1] });
  await checkGrads(jitted, args, { modes: ['rev'] });
  const { test: pasted } = await broken(checkVjp(jit(times(3), { staticArgnums: [0, 2] }), args));
  expect(pasted).toContain('// import times from where it is');
  expect(pasted.replaceAll('(z)', 'z').replaceAll(' ', '')).toContain('constf=(x)=>times({n:2},x,z=>z);');
});

test('a linear function’s own rules are its transpose', async () => {
  const twice = (factor: number) =>
    customVjp(function twice(y: NDArray) {
      return y.mul(2);
    }).defvjp(
      (y) => [y.mul(2), null],
      (_, ct) => [ct.mul(2 * factor)],
    );
  await checkTransposed((y: NDArray) => twice(1)(y).add(y), [x]);
  const wrong = await broken(checkTransposed((y: NDArray) => twice(1.5)(y).add(y), [x]));
  expect(wrong.message).toContain('reverse mode: ⟨ct, J t⟩ is ');
  expect(wrong.blame).toMatchObject({ rule: 'transpose', primitive: 'customVjp', custom: 'twice' });
  const forward = customJvp((y: NDArray) => y.mul(2)).defjvp(([y], [t]) => [y.mul(2), t.mul(3)]);
  expect((await broken(checkTransposed(forward, [x]))).blame).toMatchObject({ primitive: 'customJvp' });
});
