import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import '../../src/index.ts';
import { primitives } from '../../src/lax/registry.ts';
import type { Primitive } from '../../src/trace/primitive.ts';
import { casesOf } from '../../src/trace/primitive.ts';
import { structuralPrimitives } from '../../src/transforms/registry.ts';

/** A primitive that is not registered would have no laws, and nobody would notice. */

const registered: readonly Primitive[] = [...primitives, ...structuralPrimitives];
const source = fileURLToPath(new URL('../../src', import.meta.url));

const isPrimitive = (x: unknown): x is Primitive =>
  typeof x === 'object' && x !== null && 'derivative' in x && 'lower' in x && 'batch' in x;

/** Every primitive that a module of these folders exports, under the name of the export. */
async function exported(folder: string): Promise<readonly (readonly [string, Primitive])[]> {
  const files = readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.ts'),
  );
  const modules = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(join(source, folder, file)).href)) as object),
  );
  return modules.flatMap((m) => Object.entries(m).filter((e): e is [string, Primitive] => isPrimitive(e[1])));
}

describe.each(['lax', 'transforms', 'numpy', 'random', 'nn'])('%s', (folder) => {
  test('has no primitive that is not registered', async () => {
    const missing = (await exported(folder)).flatMap(([name, p]) => (registered.includes(p) ? [] : [name]));
    expect(missing).toEqual([]);
  });
});

test('the search finds primitives', async () => {
  const names = (await exported('lax')).map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['addP', 'psumP', 'sortP', 'choleskyP', 'gatherP']));
});

test('names are unique', () => {
  const names = registered.map((p) => p.name);
  expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
});

test('only collectives have no cases: their laws are in collectives.test.ts', () => {
  const without = registered.filter((p) => casesOf(p).length === 0);
  expect(without.map((p) => p.name).sort()).toEqual(['allGather', 'axisIndex', 'ppermute', 'psum', 'psumScatter']);
});
