import { storedBytes } from '../../../kernel/dtype.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { range } from '../../../util/array.ts';
import { shifted } from '../collapse.ts';
import { Evaluator } from '../evaluator.ts';
import type { Value } from '../module/code.ts';
import { Func, get, i32, loadOp, op, storeOp } from '../module/code.ts';
import type { ModuleBuilder } from '../rows.ts';
import { phaseParams, pointerParams, pointersOf } from '../rows.ts';
import { runsOver, wholeSteps } from '../runs.ts';
import { scalarConst } from '../scalar-ops.ts';
import { lanes } from '../vector-ops.ts';
import { canVectorize } from '../vectorize.ts';
import type { Contraction } from './operands.ts';
import { batchParams, elementLoad, elementStore, multiply, multiplyAdd, neighbours, sum } from './operands.ts';
import type { Blocking } from './schedule.ts';
import { streamDepth } from './schedule.ts';
import type { Tiles } from './tiles.ts';
import { add, byHeight, firstRow, forPieces, minus, times } from './tiles.ts';

/**
 * `stream(batch…, row, n0, n1, k0, k1, into, more, operands…)`: the sums over `[k0, k1)` of `height` rows at columns
 * `[n0, n1)`, written to (or added to) rows of `pitch` elements. Some depths at a time are added up in registers; the results between wait in memory.
 */
export function streamFunc(
  m: ModuleBuilder,
  kernel: ContractKernel,
  c: Contraction,
  { height, pitch }: { readonly height: number; readonly pitch: number },
): Func {
  const first = c.batch.length;
  const names = ['row', 'n0', 'n1', 'k0', 'k1', 'into', 'more'] as const;
  const f = new Func(
    `${kernel.name}_stream${height}`,
    [...batchParams(c), ...names.map((n) => [n, 'i32'] as const), ...pointerParams(kernel)],
    [],
  );
  const [row, n0, n1, into] = [f.param(first), f.param(first + 1), f.param(first + 2), f.param(first + 5)];
  const e = new Evaluator(f, m.library, kernel, pointersOf(f, kernel, first + names.length));
  const bytes = storedBytes(c.dtype);
  const offsets = range(height).map((i) => i * pitch * bytes);
  f.if(op('i32.eqz', f.param(first + 6)), () => clear(f, c, op('i32.sub', n1, n0), into, offsets));
  e.within(
    c.batch.map((a, i) => [a.axis, f.param(i)] as const),
    () => {
      const left = neighbours(e, c.rows, c.lhs, row, height);
      e.within(left.coordinates, () =>
        runsOver(e, c.depth, f.param(first + 3), f.param(first + 4), (axis, start, stop) => {
          const k = f.variable(start, 'k');
          for (const depth of streamDepth(height) > 1 ? [streamDepth(height), 1] : [1]) {
            const whole = wholeSteps(f, start, stop, depth);
            e.loopOn(k, axis.axis, whole, depth, () => {
              const moves = range(depth).map((u) => shifted(axis, u));
              const step: Step = {
                lefts: left.values.map((x) => moves.map((move) => move(x))),
                rights: moves.map((move) => move(c.rhs)),
                offsets,
              };
              addAlong(e, c, m.relaxed, step, [n0, n1, into]);
            });
          }
        }),
      );
    },
  );
  m.funcs.push(f);
  return f;
}

/** Zeros for the results. */
function clear(f: Func, c: Contraction, columns: Value, into: Value, offsets: readonly number[]): void {
  const bytes = storedBytes(c.dtype);
  const at = f.variable(into, 'at');
  const end = f.let(op('i32.add', into, op('i32.mul', columns, i32(bytes))), 'end');
  f.count(at, end, bytes, () =>
    offsets.forEach((o) => f.emit(storeOp(elementStore(c.dtype), o, get(at), scalarConst(c.dtype, 0)))),
  );
}

/** What one step of a stream multiplies: the left operand by row and depth, the right one by depth. */
interface Step {
  readonly lefts: readonly (readonly Contraction['lhs'][])[];
  readonly rights: readonly Contraction['rhs'][];
  /** Bytes from the first row's results to each row's. */
  readonly offsets: readonly number[];
}

/** Adds the products of a step to the results, along the columns. */
function addAlong(
  e: Evaluator,
  c: Contraction,
  relaxed: boolean,
  { lefts, rights, offsets }: Step,
  [n0, n1, into]: readonly [Value, Value, Value],
): void {
  const { f } = e;
  const at = f.variable(into, 'at');
  const visit = (vector: boolean): void => {
    const read = (x: Contraction['lhs']): Value => (vector ? e.vector(x) : e.scalar(x));
    // One depth after the other, so that few values of the right operand are live at a time.
    let totals: readonly Value[] = [];
    rights.forEach((right, u) => {
      const y = read(right);
      totals = lefts.map((row, i) => {
        const x = read(row[u] as Contraction['lhs']);
        const before = totals[i];
        return f.let(before === undefined ? multiply(c.dtype, x, y) : multiplyAdd(c.dtype, relaxed, x, y, before));
      });
    });
    const load = vector ? 'v128.load' : elementLoad(c.dtype);
    totals.forEach((total, i) => {
      const offset = offsets[i] as number;
      const value = sum(c.dtype, loadOp(load, offset, [get(at)]), total);
      f.emit(storeOp(vector ? 'v128.store' : elementStore(c.dtype), offset, get(at), value));
    });
    f.set(at, op('i32.add', get(at), i32(vector ? 16 : storedBytes(c.dtype))));
  };
  runsOver(e, c.columns, n0, n1, (axis, start, stop) => {
    const n = f.variable(start, 'n');
    if (canVectorize([c.lhs, c.rhs])) {
      e.loopOn(n, axis.axis, wholeSteps(f, start, stop, lanes), lanes, () => e.withLanes(axis.axis, () => visit(true)));
    }
    e.loopOn(n, axis.axis, stop, 1, () => visit(false));
  });
}

/** Tiles of a few rows and many columns. */
export function streamTiles(
  m: ModuleBuilder,
  kernel: ContractKernel,
  c: Contraction,
  b: Blocking,
  pitch: number,
): Tiles {
  const bytes = storedBytes(c.dtype);
  const made = byHeight(b.rows, (height) => streamFunc(m, kernel, c, { height, pitch }));
  return {
    shared: null,
    scratchBytes: 0,
    before: () => undefined,
    block(f, block) {
      const operands = [...pointersOf(f, kernel, phaseParams).values()];
      forPieces(f, b.rows, block.pieces, (height, piece) => {
        const row = firstRow(f, b.rows, piece);
        const into = add(block.result, times(minus(row, block.rows[0]), pitch * bytes));
        f.run(made(height), ...block.batch, row, ...block.columns, ...block.depth, into, block.more, ...operands);
      });
    },
  };
}
