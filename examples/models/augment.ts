import type { NDArray } from '../../src/index.ts';
import { data, random } from '../../src/index.ts';
import { choice } from '../training/flags.ts';

/** Changes the images of a training step at random. */
export type Augment = (key: NDArray, images: NDArray) => NDArray;

const shift: Augment = (key, images) => data.image.shift(random.foldIn(key, 0), images, 2);
const mirror: Augment = (key, images) => data.image.flip(random.foldIn(key, 1), images);

/** By name. Clothes may be mirrored, digits may not. */
export const augmentations = {
  none: (_, images) => images,
  shift,
  'shift-and-mirror': (key, images) => mirror(key, shift(key, images)),
} as const satisfies Readonly<Record<string, Augment>>;

export const augment = choice('random changes of the training images', ['none', 'shift', 'shift-and-mirror']);
