/**
 * Augmentation and resizing of batches of images, [n, height, width, channels]: pure functions, random ones by key, with
 * draws of its own for each image. All can be compiled, batched and differentiated.
 */
export type { Pair } from './images.ts';
export { mixup } from './mixup.ts';
export { cutout, flip, noise, normalize } from './pixels.ts';
export type { FlipOptions } from './pixels.ts';
export { resize, rotate, rotateBy } from './sampling.ts';
export type { ResizeOptions } from './sampling.ts';
export { crop, shift } from './windows.ts';
export type { CropOptions } from './windows.ts';
