/** A place on the pad, from 0 to 1. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The line of a pen from where it was set down to where it was lifted. */
export type Stroke = readonly Place[];

/** How thick a line is on the pad, whose side is 1. */
export const penWidth = 0.075;

const size = 28;
/** The digits of MNIST fit into a square of this side, and have their centre of mass in the middle. */
const inner = 20;
/** As thick as the lines of MNIST's digits are. */
const lineWidth = 2.3;

/** Draws strokes, scaled and then moved. */
export function drawStrokes(
  context: CanvasRenderingContext2D,
  strokes: readonly Stroke[],
  { scale, x, y, width }: { readonly scale: number; readonly x: number; readonly y: number; readonly width: number },
): void {
  context.lineWidth = width;
  context.lineCap = context.lineJoin = 'round';
  for (const stroke of strokes) {
    context.beginPath();
    // A line to where it begins makes a dot of a single place.
    for (const place of [...stroke.slice(0, 1), ...stroke]) context.lineTo(place.x * scale + x, place.y * scale + y);
    context.stroke();
  }
}

/** Strokes as an image like those of MNIST: 28×28, as large and as thick as theirs, with the centre of mass in the middle. */
export function pixelsOf(strokes: readonly Stroke[]): Float32Array {
  const places = strokes.flat();
  const [left, right] = extent(places.map(({ x }) => x));
  const [top, bottom] = extent(places.map(({ y }) => y));
  const scale = (inner - lineWidth) / Math.max(right - left, bottom - top, 0.15);
  const middle = { x: size / 2 - (scale * (left + right)) / 2, y: size / 2 - (scale * (top + bottom)) / 2 };
  const first = rendered(strokes, scale, middle);
  const mass = centreOfMass(first);
  return rendered(strokes, scale, { x: middle.x + size / 2 - mass.x, y: middle.y + size / 2 - mass.y });
}

function rendered(strokes: readonly Stroke[], scale: number, { x, y }: Place): Float32Array {
  const context = new OffscreenCanvas(size, size).getContext('2d');
  if (context === null) throw new Error('this browser gives no context to draw with');
  drawStrokes(context as unknown as CanvasRenderingContext2D, strokes, { scale, x, y, width: lineWidth });
  const { data } = context.getImageData(0, 0, size, size);
  return Float32Array.from({ length: size * size }, (_, i) => (data[4 * i + 3] ?? 0) / 255);
}

function centreOfMass(pixels: Float32Array): Place {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % size) + 0.5);
    y += ink * (Math.floor(i / size) + 0.5);
  });
  return mass === 0 ? { x: size / 2, y: size / 2 } : { x: x / mass, y: y / mass };
}

const extent = (values: readonly number[]): readonly [number, number] => [Math.min(...values), Math.max(...values)];
