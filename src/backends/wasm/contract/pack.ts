import type { ScalarType } from '../../../kernel/dtype.ts';
import { storedBytes } from '../../../kernel/dtype.ts';
import type { Expr } from '../../../kernel/expr.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { range } from '../../../util/array.ts';
import type { Axis } from '../collapse.ts';
import { shifted } from '../collapse.ts';
import { Evaluator } from '../evaluator.ts';
import type { Local, Value } from '../module/code.ts';
import { Func, get, i32, laneOp, op, storeOp } from '../module/code.ts';
import type { ModuleBuilder } from '../rows.ts';
import { pointerParams, pointersOf } from '../rows.ts';
import { coordinatesOf, lastAxis, runsOver, wholeSteps } from '../runs.ts';
import { scalarConst } from '../scalar-ops.ts';
import { lanes } from '../vector-ops.ts';
import { canVectorize, laneCost } from '../vectorize.ts';
import type { Contraction } from './operands.ts';
import { advance, batchParams, elementStore, neighbours } from './operands.ts';
import type { Reading } from './schedule.ts';

/** Reading single elements costs about this; dearer than that, lanes do not pay. */
const worthLanes = 6;

/** How an operand can be read along the last of its own axes and the last of the depth's. */
export function readingOf(value: Expr, axes: readonly Axis[], depth: readonly Axis[]): Reading {
  const [inner, deep] = [lastAxis(axes), lastAxis(depth)];
  const [across, along] = [laneCost([value], [], inner), laneCost([value], [], deep)];
  return {
    across: across < worthLanes && across <= along && inner.extent >= lanes,
    along: along < worthLanes && deep.extent >= lanes,
    vectors: canVectorize([value]),
  };
}

/** Panels of one operand of a contraction. */
export interface Panel {
  readonly side: 'left' | 'right';
  /** Positions of a panel as the micro-kernel reads it, and how many of them there are: zeros stand for the others. */
  readonly height: number;
  readonly valid: number;
  /** Panels that one call packs, `height` positions apart. */
  readonly panels: number;
}

/**
 * A function `pack(batch coordinates…, first, k0, k1, to, operands…)` that evaluates an operand from position `first` on
 * at depths `[k0, k1)`, and writes it to `to` as the micro-kernel reads it: for each depth the neighbours of a panel.
 * Everything fused into the operand runs here, four positions at once where memory is contiguous along them, four
 * depths at once where it is along the depth.
 */
export function packFunc(m: ModuleBuilder, kernel: ContractKernel, c: Contraction, panel: Panel): Func {
  const { side, height, valid, panels } = panel;
  const f = new Func(
    `${kernel.name}_pack_${side}${valid}${panels > 1 ? `x${panels}` : ''}`,
    [...batchParams(c), ['first', 'i32'], ['k0', 'i32'], ['k1', 'i32'], ['into', 'i32'], ...pointerParams(kernel)],
    [],
  );
  const [axes, value] = side === 'left' ? [c.rows, c.lhs] : [c.columns, c.rhs];
  const at = c.batch.length;
  const e = new Evaluator(f, m.library, kernel, pointersOf(f, kernel, at + 4));
  const part: Part = { ...panel, dtype: c.dtype, axes, depth: c.depth, value, at };
  const reading = readingOf(value, axes, c.depth);
  m.funcs.push(f);
  e.within(
    c.batch.map((a, i) => [a.axis, f.param(i)]),
    () => {
      const across = reading.vectors && reading.across && valid === height && height <= lastAxis(axes).extent;
      const along = reading.vectors && reading.along && (!reading.across || axes.length > 1);
      const together = (): void => packTogether(e, part, along);
      if (!across) return together();
      const coordinates = coordinatesOf(f, axes, f.param(at));
      if (axes.length <= 1) return packAcross(e, part, coordinates);
      const start = coordinates[coordinates.length - 1]?.[1] ?? i32(0);
      const fits = op('i32.le_u', op('i32.add', start, i32(height * panels)), i32(lastAxis(axes).extent));
      f.if(fits, () => packAcross(e, part, coordinates), together);
    },
  );
  return f;
}

interface Part extends Panel {
  readonly dtype: ScalarType;
  readonly axes: readonly Axis[];
  readonly depth: readonly Axis[];
  readonly value: Expr;
  /** The number of the parameter `first`. */
  readonly at: number;
}

/** Panels that lie along the innermost axis: vectors of neighbours for each depth. */
function packAcross(e: Evaluator, part: Part, coordinates: readonly (readonly [number, Value])[]): void {
  const { f } = e;
  const { height, at } = part;
  const [k0, k1, into] = [f.param(at + 1), f.param(at + 2), f.param(at + 3)];
  const inner = lastAxis(part.axes);
  // Heights that are no multiple of four take a last vector that overlaps the one before.
  const starts = range(Math.ceil(height / lanes)).map((i) => Math.max(0, Math.min(i * lanes, height - lanes)));
  const size = f.let(op('i32.mul', op('i32.sub', k1, k0), i32(height * 4)));
  const targets = range(part.panels).map((p) => f.variable(op('i32.add', into, op('i32.mul', size, i32(p))), 'to'));
  e.within(coordinates, () =>
    e.withLanes(inner.axis, () =>
      runsOver(e, part.depth, k0, k1, (axis, start, stop) => {
        e.loop(axis.axis, start, stop, 1, () => {
          targets.forEach((to, p) => {
            for (const s of starts) {
              const values = e.vector(shifted(inner, p * height + s)(part.value));
              if (height >= lanes) f.emit(storeOp('v128.store', s * 4, get(to), values));
              else storeLanes(f, to, 0, values, height);
            }
          });
          targets.forEach((to) => advance(e, to, height * 4));
        });
      }),
    ),
  );
}

/** Stores the first `count` (at most three) lanes. */
function storeLanes(f: Func, to: Local, offset: number, values: Value, count: number): void {
  const v = f.let(values);
  if (count >= 2) f.emit(storeOp('v128.store64_lane', offset, get(to), v, [0]));
  if (count % 2 === 1) f.emit(storeOp('v128.store32_lane', offset + (count - 1) * 4, get(to), v, [count - 1]));
}

/** The positions of a panel side by side, each a stream of depths of its own: four at once where `along`. */
function packTogether(e: Evaluator, part: Part, along: boolean): void {
  const { f } = e;
  const { height, valid, at, dtype } = part;
  const [first, k0, k1, into] = [f.param(at), f.param(at + 1), f.param(at + 2), f.param(at + 3)];
  const bytes = storedBytes(dtype);
  const to = f.variable(into, 'to');
  const { coordinates, values } = neighbours(e, part.axes, part.value, first, valid);
  e.within(coordinates, () =>
    runsOver(e, part.depth, k0, k1, (axis, start, stop) => {
      const k = f.variable(start, 'k');
      if (along) {
        e.loopOn(k, axis.axis, wholeSteps(f, start, stop, lanes), lanes, () => {
          e.withLanes(axis.axis, () => storeTransposed(f, to, values.map((v) => e.vector(v)), height)); // prettier-ignore
          advance(e, to, lanes * height * bytes);
        });
      }
      e.loopOn(k, axis.axis, stop, 1, () => {
        const elements = values.map((v) => e.scalar(v));
        range(height).forEach((i) =>
          f.emit(storeOp(elementStore(dtype), i * bytes, get(to), elements[i] ?? scalarConst(dtype, 0))),
        );
        advance(e, to, height * bytes);
      });
    }),
  );
}

const words = (chosen: readonly number[]): readonly number[] => chosen.flatMap((w) => range(4).map((b) => 4 * w + b));
const shuffle = (chosen: readonly number[], x: Value, y: Value): Value => laneOp('i8x16.shuffle', words(chosen), x, y);

/** Stores vectors of four depths each (one for each position) as four rows of `height` positions. */
function storeTransposed(f: Func, to: Local, vectors: readonly Value[], height: number): void {
  const zero: Value = { kind: 'const128', type: 'v128', words: [0, 0, 0, 0] };
  const row = (i: number): Value => vectors[i] ?? zero;
  for (let i = 0; i < height; i += lanes) {
    const [a, b, c, d] = [row(i), row(i + 1), row(i + 2), row(i + 3)].map((x) => f.let(x)) as [
      Value,
      Value,
      Value,
      Value,
    ];
    const pairs = (x: Value, y: Value): readonly [Value, Value] => [
      f.let(shuffle([0, 4, 1, 5], x, y)),
      f.let(shuffle([2, 6, 3, 7], x, y)),
    ];
    const count = Math.min(lanes, height - i);
    if (count === 1) {
      range(lanes).forEach((k) => f.emit(storeOp('v128.store32_lane', (k * height + i) * 4, get(to), a, [k])));
      continue;
    }
    const [ab, cd] = [pairs(a, b), count > 2 ? pairs(c, d) : null];
    range(lanes).forEach((k) => {
      const [low, offset] = [ab[k >> 1] as Value, (k * height + i) * 4];
      if (cd === null) return f.emit(storeOp('v128.store64_lane', offset, get(to), low, [k % 2]));
      const high = cd[k >> 1] as Value;
      const whole = f.let(shuffle(k % 2 === 0 ? [0, 1, 4, 5] : [2, 3, 6, 7], low, high));
      if (count === lanes) f.emit(storeOp('v128.store', offset, get(to), whole));
      else storeLanes(f, to, offset, whole, count);
    });
  }
}
