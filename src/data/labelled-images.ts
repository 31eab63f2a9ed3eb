import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PullbackError } from '../util/error.ts';
import type { Column } from './columns.ts';
import { DatasetError } from './errors.ts';
import { parseIdxAs } from './idx.ts';
import type { Platform } from './platform.ts';

/** Images with the class that each shows, in four IDX files, as MNIST and what came after it are distributed. */

/** Images with the class that each shows. */
export type LabelledImages = {
  /** `u8[n, height, width, 1]`: 0 is background, 255 ink. */
  readonly images: Column<Uint8Array<ArrayBuffer>>;
  /** `u8[n]`: the class, from 0. */
  readonly labels: Column<Uint8Array<ArrayBuffer>>;
};

/** A data set of images, split as its authors split it. */
export interface ImageSplits {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/** Where to find a data set. */
export interface ImageSource {
  /** A folder that holds the four IDX files under their usual names. By default they come from the npm package. */
  readonly folder?: string | undefined;
}

/** The names of the files. */
export const imageFiles = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;
const classes = 10;

/** Where a file is, by its name. */
export type Locate = (file: string) => E.Either<DatasetError, string>;

/** The files of a folder. */
export const inFolder =
  (platform: Platform, folder: string): Locate =>
  (file) =>
    E.right(platform.join(folder, file));

const read =
  (platform: Platform, locate: Locate, file: string) =>
  <A>(
    parse: (bytes: Uint8Array<ArrayBuffer>, path: string) => E.Either<PullbackError, A>,
  ): TE.TaskEither<PullbackError, { readonly path: string; readonly array: A }> =>
    pipe(
      TE.fromEither<PullbackError, string>(locate(file)),
      TE.flatMap((path) =>
        pipe(
          platform.readFile(path),
          TE.flatMapEither((bytes) => parse(bytes, path)),
          TE.map((array) => ({ path, array })),
        ),
      ),
    );

const readSplit =
  (platform: Platform, locate: Locate) =>
  (names: { readonly images: string; readonly labels: string }): TE.TaskEither<PullbackError, LabelledImages> =>
    pipe(
      TE.Do,
      TE.bind('images', () =>
        read(platform, locate, names.images)((b, p) => parseIdxAs(b, p, { type: 'u8', rank: 3, what: 'images' })),
      ),
      TE.bind('labels', () =>
        read(platform, locate, names.labels)((b, p) => parseIdxAs(b, p, { type: 'u8', rank: 1, what: 'labels' })),
      ),
      TE.flatMapEither(({ images, labels }) => {
        const [count = 0] = images.array.shape;
        const [labelCount = 0] = labels.array.shape;
        if (count !== labelCount) {
          const text = `${images.path} has ${count} images, ${labels.path} has ${labelCount} labels: they must be as many`;
          return E.left(new DatasetError('dataset-mismatch', text));
        }
        const wrong = labels.array.data.findIndex((label) => label >= classes);
        if (wrong >= 0) {
          const text = `${labels.path}: label ${wrong} is ${labels.array.data[wrong] ?? ''}, labels are 0 to ${classes - 1}`;
          return E.left(new DatasetError('dataset-labels', text));
        }
        return E.right({
          images: { data: images.array.data, shape: [...images.array.shape, 1] },
          labels: { data: labels.array.data, shape: labels.array.shape },
        });
      }),
    );

/** Reads the four IDX files of a data set. */
export const readImageSplits = (platform: Platform, locate: Locate): TE.TaskEither<PullbackError, ImageSplits> =>
  pipe(
    TE.Do,
    TE.bind('train', () => readSplit(platform, locate)(imageFiles.train)),
    TE.bind('test', () => readSplit(platform, locate)(imageFiles.test)),
    TE.flatMapEither((splits) => {
      const [train, test] = [splits.train, splits.test].map(({ images }) => images.shape.slice(1).join('×'));
      if (train === test) return E.right(splits);
      return E.left(new DatasetError('dataset-mismatch', `training images are ${train}, test images are ${test}`));
    }),
  );
