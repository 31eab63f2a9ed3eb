import { dilated } from '../lax/rules.ts';
import { resolvePadding } from '../lax/window.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import { at } from '../util/array.ts';

/** Windows that slide over the spatial axes of batches `[n, ...spatial, channels]`, for convolutions and pools. */

/** One number for all spatial axes, or one for each. */
export type Extents = number | readonly number[];

/**
 * Pads nothing, or as much as keeps the extents (divided by the strides), or that many zeros on each side, or [low, high]
 * for each spatial axis.
 */
export type Padding = 'VALID' | 'SAME' | number | readonly (readonly [low: number, high: number])[];

/** What the examples of so many spatial axes are called, and their axes. */
const kinds: readonly (readonly [plural: string, axes: string])[] = [
  ['inputs', '[...spatial, channels]'],
  ['sequences', '[length, channels]'],
  ['images', '[height, width, channels]'],
  ['volumes', '[depth, height, width, channels]'],
];
const kindOf = (rank: number | null): readonly [plural: string, axes: string] => kinds[rank ?? 0] ?? at(kinds, 0);

/** The shape of one example, taken apart. */
export interface SpatialShape {
  readonly spatial: Shape;
  readonly channels: number;
}

/** Takes the shape of an example apart; `rank` is the number of spatial axes that it must have, null for any from 1. */
export function spatialShape(name: string, shape: Shape, rank: number | null = null): SpatialShape {
  const channels = shape.at(-1);
  const spatial = shape.slice(0, -1);
  if (channels !== undefined && (rank === null ? spatial.length > 0 : spatial.length === rank)) {
    return { spatial, channels };
  }
  const [plural, axes] = kindOf(rank);
  throw new ArgumentError(`[nn.${name}] needs ${plural} ${axes}, got inputs of shape [${shape.join(', ')}]`);
}

/** One number for each spatial axis. */
export function perAxis(name: string, what: string, extents: Extents, rank: number): readonly number[] {
  const list = typeof extents === 'number' ? Array.from({ length: rank }, () => extents) : extents;
  if (list.length === rank && list.every((n) => Number.isInteger(n) && n >= 1)) return list;
  const got = typeof extents === 'number' ? String(extents) : `[${extents.join(', ')}]`;
  throw new ArgumentError(
    `[nn.${name}] ${what} must be a whole number from 1, or ${rank} of them, one for each spatial axis; got ${got}`,
  );
}

/** A window as it is written in names: `3×2`. */
export const showExtents = (extents: Extents): string =>
  typeof extents === 'number' ? `${extents}` : extents.join('×');

/** How a window slides. */
export interface WindowOptions {
  readonly strides: Extents;
  readonly padding: Padding;
  /** Distance of neighbours in the window; default 1. */
  readonly dilation?: Extents;
}

/** A window with a number for each spatial axis of an input of known extents. */
export interface Windows {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [low: number, high: number])[];
  /** How many windows there are. */
  readonly counts: Shape;
}

/** Lays windows over an input's spatial axes. */
export function windowsOver(name: string, spatial: Shape, window: Extents, options: WindowOptions): Windows {
  const rank = spatial.length;
  const size = perAxis(name, 'the window', window, rank);
  const strides = perAxis(name, 'strides', options.strides, rank);
  const dilation = perAxis(name, 'dilation', options.dilation ?? 1, rank);
  const spans = size.map((w, i) => dilated(w, at(dilation, i)));
  const padding = paddingOf(name, options.padding, spatial, spans, strides);
  const counts = spatial.map((n, i) => {
    const [low, high] = at(padding, i);
    return Math.floor((n + low + high - at(spans, i)) / at(strides, i)) + 1;
  });
  if (counts.every((n) => n >= 1)) return { size, strides, dilation, padding, counts };
  const [plural] = kindOf(rank);
  throw new ArgumentError(
    `[nn.${name}] a window of ${showExtents(spans)} does not fit ${plural} of ${spatial.join('×')}: pad them, or take a smaller window`,
  );
}

function paddingOf(
  name: string,
  padding: Padding,
  spatial: Shape,
  spans: readonly number[],
  strides: readonly number[],
): readonly (readonly [low: number, high: number])[] {
  if (typeof padding === 'string') return resolvePadding(padding, spatial, spans, strides);
  return explicitPadding(name, padding, spatial.length);
}

/** Numbers of padding as [low, high] for each spatial axis. */
export function explicitPadding(
  name: string,
  padding: number | readonly (readonly [low: number, high: number])[],
  rank: number,
): readonly (readonly [low: number, high: number])[] {
  if (typeof padding === 'number') return Array.from({ length: rank }, () => [padding, padding] as const);
  if (padding.length === rank) return padding;
  throw new ArgumentError(
    `[nn.${name}] padding must be 'VALID', 'SAME', a number, or ${rank} pairs [low, high], one for each spatial axis; got ${padding.length} pairs`,
  );
}
