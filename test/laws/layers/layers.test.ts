import { expect, expectTypeOf, test } from 'vitest';
import { nn } from '../../../src/index.ts';
import { attending } from './attention.ts';
import { checkRows } from './check.ts';
import { combinators } from './combinators.ts';
import type { LayerName } from './contract.ts';
import { conv } from './conv.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import { norm } from './norm.ts';
import { pool } from './pool.ts';
import { recurrent } from './recurrent.ts';
import { regularization } from './regularization.ts';

/** The laws of layers, for every layer that is exported. */

const rows = {
  ...dense,
  ...conv,
  ...pool,
  ...norm,
  ...regularization,
  ...combinators,
  ...recurrent,
  ...embedding,
  ...attending,
};

test('every exported layer has rows', () => {
  // The compiler names a layer that has none.
  expectTypeOf<Exclude<LayerName, keyof typeof rows>>().toEqualTypeOf<never>();
  for (const name of Object.keys(rows)) expect(nn).toHaveProperty(name);
});

checkRows(rows);
