import { expect, test } from 'vitest';
import * as pullback from '../../src/index.ts';
import * as arb from '../../src/testing/arb/index.ts';
import * as testing from '../../src/testing/index.ts';
import * as matchers from '../../src/testing/vitest/index.ts';

/**
 * The names that users can import, one a line. What an index exports is listed by hand, so that nothing of the inside gets
 * out unseen; a new public function is a new line here (`vitest -u` writes it).
 */
const spaces: Readonly<Record<string, object>> = {
  pullback,
  'pullback/lax': pullback.lax,
  'pullback/lax/linalg': pullback.lax.linalg,
  'pullback/numpy': pullback.numpy,
  'pullback/numpy/linalg': pullback.numpy.linalg,
  'pullback/optim': pullback.optim,
  'pullback/random': pullback.random,
  'pullback/data': pullback.data,
  'pullback/data/image': pullback.data.image,
  'pullback/testing': testing,
  'pullback/testing/arb': arb,
  'pullback/testing/vitest': matchers,
};

test('the public names are those that are listed', async () => {
  const lines = Object.entries(spaces).flatMap(([space, names]) =>
    Object.keys(names)
      .sort()
      .map((name) => `${space} ${name}`),
  );
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('public-names.txt');
});

test('lax has no primitives, which are for the inside', () => {
  const primitive = (x: unknown): boolean => typeof x === 'object' && x !== null && 'derivative' in x;
  const found = Object.entries(spaces).flatMap(([space, names]) =>
    Object.entries(names).flatMap(([name, value]) => (primitive(value) ? [`${space} ${name}`] : [])),
  );
  expect(found).toEqual([]);
});
