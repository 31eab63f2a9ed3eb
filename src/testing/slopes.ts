import { add } from '../lax/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import type { Device } from '../kernel/device.ts';
import type { Flat } from './subject.ts';
import { on, scaled } from './subject.ts';

/** How a function changes along a direction, by its values alone. */

/** How closely numbers are compared, and where. */
export interface Precision {
  /** Largest error relative to max(1, |derivative|). */
  readonly tolerance: number;
  /** Step of the differences. */
  readonly step: number;
  /** The relative rounding error of one operation. */
  readonly epsilon: number;
  readonly device: Device;
}

/** The change of one element of a result. */
export interface Slope {
  /** The central difference. */
  readonly value: number;
  /**
   * False at a kink: where slopes to the left and to the right differ by more than those of a smooth function would, and
   * where the function is not finite.
   */
  readonly smooth: boolean;
  /** What rounding may add to the central difference. */
  readonly noise: number;
}

/** A kink is told from curvature by a second, smaller step: the difference of slopes of a smooth function shrinks with it. */
const finer = 8;

/** The slopes of all elements of all results of `g` at `xs` along `ts`. */
export async function slopesAlong(
  g: Flat,
  xs: readonly NDArray[],
  ts: readonly NDArray[],
  precision: Precision,
): Promise<readonly (readonly Slope[])[]> {
  const { step, device } = precision;
  const moved = (by: number): readonly NDArray[] => g(...xs.map((x, i) => add(x, scaled(at(ts, i), by))));
  const runs = on(device, () => [g(...xs), moved(step), moved(-step), moved(step / finer), moved(-step / finer)]);
  const [center = [], ...around] = await Promise.all(
    runs.map((outs) => Promise.all(outs.map(async (o) => Array.from(await o.data())))),
  );
  return center.map((values, o) =>
    values.map((value, i) => {
      const [p, m, near, nearer] = around.map((r) => at(at(r, o), i)) as [number, number, number, number];
      return slopeOf([value, p, m, near, nearer], precision);
    }),
  );
}

/** The slope of an element from its values in the middle, far to the right and left, and near to the right and left. */
function slopeOf(
  [middle, right, left, nearRight, nearLeft]: readonly [number, number, number, number, number],
  { step, tolerance, epsilon }: Precision,
): Slope {
  const near = step / finer;
  const [toRight, toLeft] = [(right - middle) / step, (middle - left) / step];
  const [toNearRight, toNearLeft] = [(nearRight - middle) / near, (middle - nearLeft) / near];
  const noise = (4 * epsilon * Math.max(Math.abs(middle), Math.abs(right), Math.abs(left))) / near;
  // Of a smooth function h · f″ + O(h³).
  const [bend, nearBend] = [toRight - toLeft, toNearRight - toNearLeft];
  const scale = Math.max(1, Math.abs(toRight), Math.abs(toLeft));
  return {
    value: (right - left) / (2 * step),
    // False for what is not finite, too.
    smooth: Math.abs(nearBend - bend / finer) <= tolerance * scale + noise,
    noise,
  };
}
