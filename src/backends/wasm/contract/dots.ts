import { storedBytes } from '../../../kernel/dtype.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { range } from '../../../util/array.ts';
import { shifted } from '../collapse.ts';
import { Evaluator } from '../evaluator.ts';
import type { Local, Value } from '../module/code.ts';
import { Func, get, loadOp, storeOp } from '../module/code.ts';
import type { ModuleBuilder } from '../rows.ts';
import { phaseParams, pointerParams, pointersOf } from '../rows.ts';
import { runsOver, wholeSteps } from '../runs.ts';
import type { CodeContext } from '../scalar-ops.ts';
import { foldLanes, lanes } from '../vector-ops.ts';
import { canVectorize } from '../vectorize.ts';
import type { Contraction } from './operands.ts';
import { batchParams, elementLoad, elementStore, multiply, multiplyAdd, neighbours, sizeOf, sum } from './operands.ts';
import type { Blocking } from './schedule.ts';
import type { Tiles } from './tiles.ts';
import { add, byHeight, firstRow, forPieces, forWhole, minus, times } from './tiles.ts';

/** Sums that one step adds to: a multiply-add takes four cycles, and two can start in each. */
const independentSums = (fused: boolean): number => (fused ? 8 : 4);

/**
 * `dots(batch…, row, column, k0, k1, into, more, operands…)`: `height` by `width` sums over `[k0, k1)`, written to (or added to)
 * rows of `pitch` elements. Both operands are read where they are, four depths at once.
 */
export function dotsFunc(
  m: ModuleBuilder,
  kernel: ContractKernel,
  c: Contraction,
  tile: { readonly height: number; readonly width: number; readonly pitch: number },
): Func {
  const { height, width, pitch } = tile;
  const first = c.batch.length;
  const names = ['row', 'column', 'k0', 'k1', 'into', 'more'] as const;
  const f = new Func(
    `${kernel.name}_dots${height}x${width}`,
    [...batchParams(c), ...names.map((n) => [n, 'i32'] as const), ...pointerParams(kernel)],
    [],
  );
  const [row, column, into, more] = [f.param(first), f.param(first + 1), f.param(first + 4), f.param(first + 5)];
  const e = new Evaluator(f, m.library, kernel, pointersOf(f, kernel, first + names.length));
  const sums = new DotSums(e, c, m, height, width);
  e.within(
    c.batch.map((a, i) => [a.axis, f.param(i)] as const),
    () => {
      const left = neighbours(e, c.rows, c.lhs, row, height, 0);
      const right = neighbours(e, c.columns, c.rhs, column, width, 1);
      e.within([...left.coordinates, ...right.coordinates], () =>
        runsOver(e, c.depth, f.param(first + 2), f.param(first + 3), (axis, start, stop) => {
          const k = f.variable(start, 'k');
          for (const times of sums.steps) {
            const whole = wholeSteps(f, start, stop, lanes * times);
            e.loopOn(k, axis.axis, whole, lanes * times, () =>
              e.withLanes(axis.axis, () =>
                range(times).forEach((u) => {
                  const move = shifted(axis, u * lanes);
                  sums.step(u, left.values.map(move), right.values.map(move));
                }),
              ),
            );
          }
          e.loopOn(k, axis.axis, stop, 1, () => sums.rest(left.values, right.values));
        }),
      );
    },
  );
  const bytes = storedBytes(c.dtype);
  const write = (adding: boolean): void =>
    sums.totals.forEach((total, i) => {
      const offset = (Math.floor(i / width) * pitch + (i % width)) * bytes;
      const value = adding ? sum(c.dtype, loadOp(elementLoad(c.dtype), offset, [into]), total()) : total();
      f.emit(storeOp(elementStore(c.dtype), offset, into, value));
    });
  f.if(
    more,
    () => write(true),
    () => write(false),
  );
  m.funcs.push(f);
  return f;
}

/** The sums of a tile in registers: for each product some vectors, and a scalar for what does not fill a vector. */
class DotSums {
  /** How many vectors of depths a step takes, in loops one after the other; none where scalars do it all. */
  readonly steps: readonly number[];
  private readonly e: Evaluator;
  private readonly c: Contraction;
  private readonly context: CodeContext;
  private readonly relaxed: boolean;
  private readonly width: number;
  /** By copy, then by product. */
  private readonly vectors: readonly (readonly Local[])[];
  private readonly scalars: readonly Local[];

  constructor(e: Evaluator, c: Contraction, m: ModuleBuilder, height: number, width: number) {
    this.e = e;
    this.context = { f: e.f, lib: m.library };
    this.c = c;
    this.relaxed = m.relaxed;
    this.width = width;
    const products = range(height * width);
    const unrolled = Math.max(1, Math.floor(independentSums(m.relaxed) / products.length));
    this.steps = !canVectorize([c.lhs, c.rhs]) ? [] : unrolled > 1 ? [unrolled, 1] : [1];
    const scalar = c.dtype === 'f32' || c.dtype === 'f64' ? c.dtype : 'i32';
    this.vectors = range(Math.max(0, ...this.steps)).map(() => products.map(() => e.f.local('v128', 'sum')));
    this.scalars = products.map(() => e.f.local(scalar, 'rest'));
  }

  step(copy: number, left: readonly Contraction['lhs'][], right: readonly Contraction['rhs'][]): void {
    const { e, c, relaxed, width } = this;
    const ys = right.map((y) => e.vector(y));
    left.forEach((x, i) => {
      const value = e.vector(x);
      ys.forEach((y, j) => {
        const total = this.vectors[copy]?.[i * width + j] as Local;
        e.f.set(total, multiplyAdd(c.dtype, relaxed, value, y, get(total)));
      });
    });
  }

  rest(left: readonly Contraction['lhs'][], right: readonly Contraction['rhs'][]): void {
    const { e, c, width } = this;
    left.forEach((x, i) =>
      right.forEach((y, j) => {
        const total = this.scalars[i * width + j] as Local;
        e.f.set(total, sum(c.dtype, get(total), multiply(c.dtype, e.scalar(x), e.scalar(y))));
      }),
    );
  }

  /** Writers of the code for each product's whole sum. */
  get totals(): readonly (() => Value)[] {
    const { c } = this;
    const plus = (x: Value, y: Value): Value => sum(c.dtype, x, y);
    return this.scalars.map((rest, i) => () => {
      if (this.vectors.length === 0) return get(rest);
      const all = this.vectors.map((copy) => get(copy[i] as Local)).reduce(plus);
      const folded = foldLanes(this.context, c.dtype, all, plus);
      return plus(folded, get(rest));
    });
  }
}

/** Tiles of dot products. */
export function dotTiles(m: ModuleBuilder, kernel: ContractKernel, c: Contraction, b: Blocking, pitch: number): Tiles {
  const [rows, columns] = [sizeOf(c.rows), sizeOf(c.columns)];
  const rest = columns % b.tile.columns;
  const widths = [...(columns >= b.tile.columns ? [b.tile.columns] : []), ...(rest > 0 ? [rest] : [])];
  const made = byHeight(
    b.rows,
    (height) => new Map(widths.map((width) => [width, dotsFunc(m, kernel, c, { height, width, pitch })])),
  );
  const bytes = storedBytes(c.dtype);
  return {
    shared: null,
    scratchBytes: 0,
    before: () => undefined,
    block(f, block) {
      const operands = [...pointersOf(f, kernel, phaseParams).values()];
      const tile = (height: number, width: number, piece: Value, column: Value): void => {
        const row = firstRow(f, b.rows, piece);
        const at = add(times(minus(row, block.rows[0]), pitch), minus(column, block.columns[0]));
        const into = add(block.result, times(at, bytes));
        const target = made(height).get(width) as Func;
        f.run(target, ...block.batch, row, column, ...block.depth, into, block.more, ...operands);
      };
      const forColumns = (body: (width: number, column: Value) => void): void => {
        const n = f.variable(block.columns[0], 'n');
        widths.forEach((width) => forWhole(f, n, block.columns[1], width, () => body(width, get(n))));
      };
      // The shorter side runs inside and stays in the cache, so that the longer one is read once.
      if (rows < columns) {
        forColumns((width, column) =>
          forPieces(f, b.rows, block.pieces, (height, piece) => tile(height, width, piece, column)),
        );
      } else {
        forPieces(f, b.rows, block.pieces, (height, piece) =>
          forColumns((width, column) => tile(height, width, piece, column)),
        );
      }
    },
  };
}
