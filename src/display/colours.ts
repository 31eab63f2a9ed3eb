/** Red, green and blue, at equal distances along a scale. */
type Stops = readonly (readonly [red: number, green: number, blue: number])[];

// From dark blue over green to yellow, equally light steps that the colour-blind can tell apart (viridis, by nine of its colours).
const sequential: Stops = [
  [68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98], [173, 220, 48],
  [253, 231, 37],
]; // prettier-ignore
// Negative blue, zero white, positive red.
const diverging: Stops = [
  [33, 102, 172], [103, 169, 207], [209, 229, 240], [247, 247, 247], [253, 219, 199], [239, 138, 98], [178, 24, 43],
]; // prettier-ignore

/** Places in a palette; the last one is for what is no number. */
export const levels = 64;

/** The palette of a scale, and a place for what is no number: magenta. */
export function paletteOf(signed: boolean): Uint8Array<ArrayBuffer> {
  const stops = signed ? diverging : sequential;
  const palette = new Uint8Array(3 * (levels + 1));
  for (let i = 0; i < levels; i++) {
    const x = (i / (levels - 1)) * (stops.length - 1);
    const left = Math.min(stops.length - 2, Math.floor(x));
    for (let c = 0; c < 3; c++) {
      const [from, to] = [stops[left]?.[c] ?? 0, stops[left + 1]?.[c] ?? 0];
      palette[3 * i + c] = Math.round(from + (to - from) * (x - left));
    }
  }
  palette.set([255, 0, 255], 3 * levels);
  return palette;
}

/** What values the ends of a colour scale stand for. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Are values of both signs there? Then zero is in the middle, and has no colour. */
  readonly signed: boolean;
}

/** The scale for values between these. */
export function scaleOf(min: number, max: number): Scale {
  if (min >= 0 || max <= 0) return { low: min, high: max, signed: false };
  const size = Math.max(-min, max);
  return { low: -size, high: size, signed: true };
}

/** The place of a value in the palette. */
export function levelOf(x: number, { low, high }: Scale): number {
  if (Number.isNaN(x)) return levels;
  if (high <= low) return 0;
  return Math.max(0, Math.min(levels - 1, Math.round(((x - low) / (high - low)) * (levels - 1))));
}
