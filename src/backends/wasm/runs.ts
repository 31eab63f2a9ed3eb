import { at, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import type { Evaluator } from './evaluator.ts';
import type { Func, Value } from './module/code.ts';
import { get, i32, op, selectOp } from './module/code.ts';
import { Odometer } from './rows.ts';
import { lanes } from './vector-ops.ts';

/** An axis that stands for having none: it has one point, and no expression mentions it. */
export const noAxis: Axis = { axis: -1, extent: 1 };

export const minimum = (f: Func, a: Value, b: Value): Value => {
  const [x, y] = [f.let(a), f.let(b)];
  return f.let(selectOp(op('i32.lt_u', x, y), x, y));
};

/** The coordinates of a linear position over `axes`, the last of which runs fastest. */
export function coordinatesOf(f: Func, axes: readonly Axis[], position: Value): readonly (readonly [number, Value])[] {
  const found: (readonly [number, Value])[] = [];
  let rest = position;
  for (const i of range(axes.length).reverse()) {
    const { axis, extent } = at(axes, i);
    if (i === 0) found.unshift([axis, rest]);
    else {
      found.unshift([axis, f.let(op('i32.rem_u', rest, i32(extent)))]);
      rest = f.let(op('i32.div_u', rest, i32(extent)));
    }
  }
  return found;
}

/** The last axis of a group: the one along which runs go. */
export const lastAxis = (axes: readonly Axis[]): Axis => axes[axes.length - 1] ?? noAxis;

/**
 * Visits the linear positions `[from, to)` over `axes` as runs along the last axis: `body` writes the code for the
 * points `[start, stop)` of it, the others being fixed.
 */
export function runsOver(
  e: Evaluator,
  axes: readonly Axis[],
  from: Value,
  to: Value,
  body: (axis: Axis, start: Value, stop: Value) => void,
): void {
  const { f } = e;
  const inner = lastAxis(axes);
  if (axes.length <= 1) return body(inner, from, to);
  const last = axes.length - 1;
  const odometer = new Odometer(
    f,
    axes.map((a) => a.extent),
    from,
  );
  const left = f.variable(op('i32.sub', to, from), 'left');
  f.while(op('i32.gt_s', get(left), i32(0)), () => {
    const start = odometer.value(last);
    const run = minimum(f, get(left), op('i32.sub', i32(inner.extent), start));
    const outer = axes.slice(0, last).map((a, i) => [a.axis, odometer.value(i)] as const);
    e.within(outer, () => body(inner, f.let(start), f.let(op('i32.add', start, run))));
    odometer.advance(last, run);
    f.set(left, op('i32.sub', get(left), run));
  });
}

/** The end of the whole steps of `step` between two positions. */
export function wholeSteps(f: Func, from: Value, to: Value, step: number): Value {
  if (step === 1) return to;
  const length = op('i32.sub', to, from);
  const power = (step & (step - 1)) === 0;
  const whole = power
    ? op('i32.and', length, i32(-step))
    : op('i32.mul', op('i32.div_u', length, i32(step)), i32(step));
  return f.let(op('i32.add', from, whole), 'whole');
}

/** Points of an axis from `from` to `to`: where they can be, `lanes` at once as long as there are so many; then one by one. */
export function inLanes(
  e: Evaluator,
  { axis, extent }: Axis,
  [from, to]: readonly [Value, Value],
  vector: boolean,
  body: (vector: boolean) => void,
): void {
  const at = e.f.variable(from, 'i');
  if (vector) e.loopOn(at, axis, wholeSteps(e.f, from, to, lanes), lanes, () => e.withLanes(axis, () => body(true)));
  if (!vector || extent % lanes !== 0) e.loopOn(at, axis, to, 1, () => body(false));
}
