import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import type { ContractKernel } from '../../kernel/kernel.ts';
import { range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { shifted } from './collapse.ts';
import { Evaluator, storageBytes } from './evaluator.ts';
import type { Local, Value } from './module/code.ts';
import { Func, get, i32, op, storeOp } from './module/code.ts';
import type { ModuleBuilder } from './rows.ts';
import { pointerParams, pointersOf } from './rows.ts';
import { coordinatesOf, lastAxis, runsOver } from './runs.ts';
import { scalarConst } from './scalar-ops.ts';
import { lanes } from './vector-ops.ts';
import { canVectorize, laneCost } from './vectorize.ts';

/** One operand of a contraction: `value` over batch, its own axes and depth, in panels of `height` positions. */
export interface Side {
  readonly name: string;
  readonly value: Expr;
  readonly batch: readonly Axis[];
  readonly axes: readonly Axis[];
  readonly depth: readonly Axis[];
  readonly height: number;
}

/** Reading single elements costs about this; dearer than that, lanes do not pay. */
const worthLanes = 6;

/**
 * A function `pack(batch coordinates…, first, count, k0, k1, to, operands…)` that evaluates an operand at `count`
 * positions from `first` and depths `[k0, k1)`, and writes them to `to` as the micro-kernel reads them: for each depth
 * `height` neighbours, zero where the panel reaches past the end. Everything fused into the operand runs here, four
 * positions at once where memory is contiguous along them, four depths at once where it is along the depth.
 */
export function packFunc(m: ModuleBuilder, kernel: ContractKernel, side: Side): Func {
  const { batch, axes, depth, height } = side;
  const f = new Func(
    `${kernel.name}_pack_${side.name}`,
    [
      ...batch.map((a) => [`i${a.axis}`, 'i32'] as const),
      ['first', 'i32'],
      ['count', 'i32'],
      ['k0', 'i32'],
      ['k1', 'i32'],
      ['into', 'i32'],
      ...pointerParams(kernel),
    ],
    [],
  );
  const [first, count] = [f.param(batch.length), f.param(batch.length + 1)];
  const e = new Evaluator(f, m.library, pointersOf(f, kernel, batch.length + 5));
  const inner = lastAxis(axes);
  const vector = canVectorize([side.value]);
  const acrossCost = laneCost([side.value], [], inner);
  const alongCost = laneCost([side.value], [], lastAxis(depth));
  const across =
    vector && height >= lanes && inner.extent >= height && acrossCost < worthLanes && acrossCost <= alongCost;
  const along = vector && alongCost < worthLanes && lastAxis(depth).extent >= lanes;
  e.within(
    batch.map((a, i) => [a.axis, f.param(i)]),
    () => {
      const single = (): void => packOneByOne(e, kernel.dtype, side, along);
      if (!across) return single();
      const coordinates = coordinatesOf(f, axes, first);
      const start = coordinates[coordinates.length - 1]?.[1] ?? i32(0);
      const whole = op('i32.eq', count, i32(height));
      const fits = op('i32.le_u', op('i32.add', start, i32(height)), i32(inner.extent));
      f.if(op('i32.and', whole, fits), () => packAcross(e, side, coordinates), single);
    },
  );
  m.funcs.push(f);
  return f;
}

const depthRange = (f: Func, side: Side): readonly [Value, Value, Value] => [
  f.param(side.batch.length + 2),
  f.param(side.batch.length + 3),
  f.param(side.batch.length + 4),
];

/** A panel that lies along its innermost axis: vectors of neighbours for each depth. */
function packAcross(e: Evaluator, side: Side, coordinates: readonly (readonly [number, Value])[]): void {
  const { f } = e;
  const [k0, k1, into] = depthRange(f, side);
  const inner = lastAxis(side.axes);
  const size = side.height * 4;
  // Heights that are no multiple of four take a last vector that overlaps the one before.
  const starts = range(Math.ceil(side.height / lanes)).map((i) => Math.min(i * lanes, side.height - lanes));
  const values = starts.map((s) => shifted(inner, s)(side.value));
  const to = f.variable(into, 'to');
  e.within(coordinates, () =>
    e.withLanes(inner.axis, () =>
      runsOver(e, side.depth, k0, k1, (axis, start, stop) => {
        e.loop(axis.axis, start, stop, 1, () => {
          values.forEach((v, i) => f.emit(storeOp('v128.store', (starts[i] as number) * 4, get(to), e.vector(v))));
          f.set(to, op('i32.add', get(to), i32(size)));
        });
      }),
    ),
  );
}

/** The positions of a panel one after the other, each over all depths. */
function packOneByOne(e: Evaluator, dtype: DType, side: Side, along: boolean): void {
  const { f } = e;
  const [k0, k1, into] = depthRange(f, side);
  const [first, count] = [f.param(side.batch.length), f.param(side.batch.length + 1)];
  const bytes = storageBytes[dtype];
  const step = side.height * bytes;
  const store = dtype === 'f32' ? 'f32.store' : dtype === 'f64' ? 'f64.store' : 'i32.store';
  const lane = f.variable(i32(0), 'lane');
  const start = (): Local => f.variable(op('i32.add', into, op('i32.mul', get(lane), i32(bytes))), 'to');
  const advance = (to: Local, by: number): void => f.set(to, op('i32.add', get(to), i32(by)));
  f.count(lane, count, 1, () => {
    const to = start();
    const coordinates = coordinatesOf(f, side.axes, f.let(op('i32.add', first, get(lane))));
    e.within(coordinates, () =>
      runsOver(e, side.depth, k0, k1, (axis, from, stop) => {
        const k = f.variable(from, 'k');
        if (along) {
          const whole = f.let(op('i32.add', from, op('i32.and', op('i32.sub', stop, from), i32(-lanes))));
          e.loopOn(k, axis.axis, whole, lanes, () => {
            e.withLanes(axis.axis, () => {
              const value = e.vector(side.value);
              range(lanes).forEach((i) => f.emit(storeOp('v128.store32_lane', i * step, get(to), value, [i])));
            });
            advance(to, lanes * step);
          });
        }
        e.loopOn(k, axis.axis, stop, 1, () => {
          f.emit(storeOp(store, 0, get(to), e.scalar(side.value)));
          advance(to, step);
        });
      }),
    );
  });
  f.count(lane, i32(side.height), 1, () => {
    const to = start();
    const k = f.variable(k0, 'k');
    f.count(k, k1, 1, () => {
      f.emit(storeOp(store, 0, get(to), scalarConst(dtype, 0)));
      advance(to, step);
    });
  });
}
