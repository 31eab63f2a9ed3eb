import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensors } from '../../src/data/index.ts';
import { loadNpy, loadNpz, loadSafetensors, saveNpy, saveNpz, saveSafetensors } from '../../src/data/index.ts';
import { dtypes, storedBytes } from '../../src/kernel/dtype.ts';
import { bytesInMemory, fromMemory } from '../../src/kernel/half.ts';

/**
 * Files of every dtype: written here, read by Python, written there and read here again. `PYTHON` names an interpreter that
 * has numpy and safetensors.
 */

const shapes = [[], [0, 3], [1], [5, 7], [2, 3, 4]];

/** Elements of many bit patterns; of floats no NaN, whose bits not every program keeps. */
function arrays(): Tensors {
  let state = 1;
  const byte = (): number => (state = (state * 48271) % 2147483647) & 0xff;
  const make = (dtype: (typeof dtypes)[number], shape: readonly number[]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const bytes = Uint8Array.from({ length: length * storedBytes(dtype) }, () =>
      dtype === 'bool' ? byte() & 1 : byte(),
    );
    const data = fromMemory(dtype, bytes, length);
    data.forEach((x, i) => (data[i] = Number.isNaN(x) ? i : x));
    return { dtype, shape, data };
  };
  return Object.fromEntries(
    dtypes.flatMap((dtype) => shapes.map((shape) => [`${dtype}_${shape.join('x')}`, make(dtype, shape)])),
  );
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const told = (tensors: Tensors): unknown =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, hex: hex(bytesInMemory(dtype, data)) },
    ]),
  );

const folder = await mkdtemp(join(tmpdir(), 'pullback-interchange-'));
try {
  const path = (name: string): string => join(folder, name);
  const tensors = arrays();
  await writeFile(path('expected.json'), JSON.stringify(told(tensors)));
  await saveSafetensors(path('ours.safetensors'), { tensors, metadata: { 'made by': 'pullback' } });
  await saveNpz(path('ours.npz'), tensors);
  await saveNpz(path('ours-packed.npz'), tensors, { compress: true });
  for (const [name, tensor] of Object.entries(tensors)) await saveNpy(path(`${name}.npy`), tensor);

  const script = fileURLToPath(new URL('./check.py', import.meta.url));
  process.stdout.write(execFileSync(process.env['PYTHON'] ?? 'python3', [script, folder], { encoding: 'utf8' }));

  assert.deepEqual(told((await loadSafetensors(path('theirs.safetensors'))).tensors), told(tensors));
  assert.deepEqual(told(await loadNpz(path('theirs.npz'))), told(tensors));
  assert.deepEqual(told(await loadNpz(path('theirs-packed.npz'))), told(tensors));
  for (const [name, tensor] of Object.entries(tensors)) {
    assert.deepEqual(told({ tensor: await loadNpy(path(`${name}-theirs.npy`)) }), told({ tensor }));
  }
  console.log('pullback reads what they write');
} finally {
  await rm(folder, { recursive: true });
}
