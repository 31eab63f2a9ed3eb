import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mnist } from '../../../src/data/mnist.ts';
import { idxBytes } from './bytes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-mnist-'));
  await put({});
});
afterEach(() => rm(folder, { recursive: true }));

const good = {
  'train-images-idx3-ubyte': idxBytes([3, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
  'train-labels-idx1-ubyte': idxBytes([3], [7, 8, 9]),
  't10k-images-idx3-ubyte': idxBytes([1, 2, 2], [0, 0, 0, 255]),
  't10k-labels-idx1-ubyte': idxBytes([1], [4]),
};

/** Writes a small data set into the folder, with some files replaced. */
async function put(replaced: Partial<Record<keyof typeof good, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries({ ...good, ...replaced })) await writeFile(join(folder, name), bytes);
}

const rejects = (code: string, message: string): Promise<void> =>
  expect(mnist({ folder })).rejects.toThrow(expect.objectContaining({ code, message }) as Error);

describe('mnist', () => {
  test('has 60,000 and 10,000 images in the npm package', async () => {
    const { train, test } = await mnist();
    expect(train.images.shape).toEqual([60_000, 28, 28, 1]);
    expect(test.images.shape).toEqual([10_000, 28, 28, 1]);
    expect([...train.labels.data.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels.data.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    const mean = train.images.data.reduce((sum, pixel) => sum + pixel, 0) / train.images.data.length / 255;
    expect(mean).toBeCloseTo(0.1307, 4);
  });

  test('reads a folder of IDX files', async () => {
    const { train, test } = await mnist({ folder });
    expect(train.images).toEqual({ data: Uint8Array.from({ length: 12 }, (_, i) => i), shape: [3, 2, 2, 1] });
    expect(train.labels).toEqual({ data: Uint8Array.of(7, 8, 9), shape: [3] });
    expect(test.labels.data).toEqual(Uint8Array.of(4));
  });

  test('says which file is missing', async () => {
    const path = join(folder, 't10k-labels-idx1-ubyte');
    await rm(path);
    await rejects('file-unreadable', `cannot read ${path}: no such file or folder`);
  });

  test('says which file is truncated', async () => {
    await put({ 'train-images-idx3-ubyte': good['train-images-idx3-ubyte'].slice(0, 20) });
    const path = join(folder, 'train-images-idx3-ubyte');
    await rejects('idx-truncated', `${path}: u8[3,2,2] takes 28 bytes, the file has 20: it is truncated`);
  });

  test('says when labels stand where images should', async () => {
    await put({ 'train-images-idx3-ubyte': good['train-labels-idx1-ubyte'] });
    const path = join(folder, 'train-images-idx3-ubyte');
    await rejects('idx-rank', `${path}: images are u8 of rank 3, this file holds u8 of rank 1`);
  });

  test('says when images and labels do not belong together', async () => {
    await put({ 'train-labels-idx1-ubyte': idxBytes([2], [7, 8]) });
    const [images, labels] = [join(folder, 'train-images-idx3-ubyte'), join(folder, 'train-labels-idx1-ubyte')];
    await rejects('dataset-mismatch', `${images} has 3 images, ${labels} has 2 labels: they must be as many`);
  });

  test('says which label is no digit', async () => {
    await put({ 'train-labels-idx1-ubyte': idxBytes([3], [7, 10, 9]) });
    const path = join(folder, 'train-labels-idx1-ubyte');
    await rejects('dataset-labels', `${path}: label 1 is 10, labels are 0 to 9`);
  });

  test('says when training and test images differ in size', async () => {
    await put({ 't10k-images-idx3-ubyte': idxBytes([1, 1, 4], [1, 2, 3, 4]) });
    await rejects('dataset-mismatch', 'training images are 2×2×1, test images are 1×4×1');
  });
});
