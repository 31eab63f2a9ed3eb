import { expect, test } from 'vitest';
import { binary, load } from '../../../src/kernel/expr.ts';
import { iadd, imul, linearForm, lit } from '../../../src/kernel/index-algebra.ts';

test('linear forms wrap around as i32 arithmetic does', () => {
  const x = load(0, 'i32', lit(0));
  const twice = binary('mul', binary('mul', x, lit(123456789)), lit(987654321));
  expect(linearForm(twice).terms.get(x)).toBe(Math.imul(123456789, 987654321));
  expect(linearForm(iadd(twice, twice)).terms.get(x)).toBe(Math.imul(2, Math.imul(123456789, 987654321)));
  const offset = binary('mul', binary('add', x, lit(2 ** 31 - 1)), lit(3));
  expect(imul(offset, 5)).toBe(iadd(imul(x, 15), lit(Math.imul(15, 2 ** 31 - 1))));
});
