import { expect, expectTypeOf, test } from 'vitest';
import { nn } from '../../../src/index.ts';
import { checkRows } from './check.ts';
import type { LayerName } from './contract.ts';
import { layerRows } from './rows.ts';

/** The laws of layers, for every layer that is exported. */

test('every exported layer has rows', () => {
  // The compiler names a layer that has none.
  expectTypeOf<Exclude<LayerName, keyof typeof layerRows>>().toEqualTypeOf<never>();
  for (const name of Object.keys(layerRows)) expect(nn).toHaveProperty(name);
});

checkRows(layerRows);
