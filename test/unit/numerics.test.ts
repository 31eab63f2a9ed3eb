import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { unaryOps, binaryOps } from '../../src/kernel/ops.ts';
import { applyBinary, applyUnary, convert } from '../../src/kernel/semantics.ts';
import { castContract, floatContract, integerContract } from '../numerics/contract.ts';
import { withTables } from '../numerics/tables.ts';

const file = join(import.meta.dirname, '../../docs/numerics.md');

test('the page on numerics has the tables that devices are held to', async () => {
  const page = await readFile(file, 'utf8');
  expect(page.match(/<!-- table: /g)).toHaveLength(3);
  const formatted = await format(withTables(page), { ...(await resolveConfig(file)), parser: 'markdown' });
  // Written anew by `npx vitest run -u test/unit/numerics.test.ts`.
  await expect(formatted).toMatchFileSnapshot(file);
});

test('every operation has a row', () => {
  const rows = new Set([...Object.keys(floatContract), ...Object.keys(integerContract)]);
  // Divisions of positions by constants, which no function of the library computes of values.
  const internal = ['idiv', 'imod'];
  expect([...unaryOps, ...binaryOps].filter((op) => !rows.has(op) && !internal.includes(op))).toEqual([]);
});

test('the edges are what operations mean', () => {
  const apply = (op: string, dtype: 'f32' | 'i32' | 'u32', [x = 0, y]: readonly number[]): number =>
    y === undefined
      ? applyUnary(op as (typeof unaryOps)[number], dtype, x)
      : applyBinary(op as (typeof binaryOps)[number], dtype, x, y);
  for (const [op, { edges }] of Object.entries(floatContract))
    for (const [operands, result] of edges) expect([op, operands, apply(op, 'f32', operands)]).toEqual([op, operands, result]);
  for (const [op, row] of Object.entries(integerContract))
    for (const dtype of ['i32', 'u32'] as const)
      for (const [operands, result] of row[dtype]) expect([op, operands, apply(op, dtype, operands)]).toEqual([op, operands, result]);
  for (const { from, to, edges } of castContract)
    for (const [[x = 0], result] of edges) expect([from, to, x, convert(from, to, x)]).toEqual([from, to, x, result]);
}); // prettier-ignore
