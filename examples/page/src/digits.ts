import { context2d, make } from './dom.ts';

/** Draws a digit as ink of that opacity: the style sheet makes the ink dark or light. */
export function drawDigit(canvas: HTMLCanvasElement, pixels: Float32Array, size: number): void {
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const image = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) image.data[4 * i + 3] = 255 * Math.min(1, Math.max(0, pixels[i] ?? 0));
  context2d(canvas).putImageData(image, 0, 0);
}

/** A canvas for a digit, which says by itself nothing: the text beside it does. */
export function digitCanvas(): HTMLCanvasElement {
  const canvas = make('canvas', 'digit');
  canvas.width = canvas.height = 28;
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}
