import { visit } from '../../kernel/expr.ts';
import type { Accumulator } from '../../kernel/kernel.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { at, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { shifted } from './collapse.ts';
import type { Evaluator } from './evaluator.ts';
import type { Value } from './module/code.ts';
import { get, i32, loadOp, op, storeOp } from './module/code.ts';
import { combineVectors, fastExtremum, loopsOver, nanMask, oneResult, treeFold } from './partials.ts';
import type { Reduction } from './reduction.ts';
import { boundsOf } from './reduction.ts';
import type { ModuleBuilder } from './rows.ts';
import { wholeSteps } from './runs.ts';
import { lanes, vectorConst } from './vector-ops.ts';

/** Bytes of partial results that stay in the innermost cache while rows stream by. */
const cachedBytes = 1 << 14;
const vectorBytes = 16;

/** Columns that are summed together: as many as the cache holds, so that what is read lies together. */
export const columnsPerRow = (r: Reduction): number =>
  Math.max(256, Math.floor(cachedBytes / (4 * r.accumulators.length) / 64) * 64);

/** Rows that are added up before they are added to the partial results. */
function rowsAtOnce(r: Reduction): number {
  let operations = 0;
  visit(
    r.accumulators.map((a) => a.value),
    (e) => {
      if (e.kind === 'op') operations += 1;
    },
  );
  return operations <= 4 ? 8 : 4;
}

/** A row of columns, and where working memory for their partial results is. */
interface Columns {
  readonly inner: Axis;
  readonly from: Value;
  readonly to: Value;
  readonly scratch: Value;
}

/**
 * Sums of long columns: the partial results of many neighbouring ones are in memory, and the rows stream by, each read
 * along its length. (With the partial results in registers, a few columns at a time, every access would be to another
 * page.) Returns the bytes of working memory that it needs.
 */
export function alongColumns(m: ModuleBuilder, e: Evaluator, r: Reduction, columns: Columns): number {
  const { f } = e;
  const { inner, from, to, scratch } = columns;
  const whole = wholeSteps(f, from, to, lanes);
  const base = f.let(op('i32.sub', scratch, op('i32.shl', from, i32(2))), 'base');
  const bytesEach = columnsPerRow(r) * 4;
  const address = (): Value => op('i32.add', base, op('i32.shl', e.coordinate(inner.axis), i32(2)));
  const across = (body: (partials: Value) => void): void => {
    e.loop(inner.axis, from, whole, lanes, () => e.withLanes(inner.axis, () => body(f.let(address(), 'partials'))));
  };
  across((partials) =>
    r.accumulators.forEach(({ monoid, dtype }, i) =>
      f.emit(storeOp('v128.store', i * bytesEach, partials, vectorConst(dtype, monoidIdentity[monoid](dtype)))),
    ),
  );
  const rowsOf = (axis: Axis, start: Value, stop: Value): void => {
    const row = f.variable(start, 'row');
    const steps = (count: number): void => {
      const end = wholeSteps(f, get(row), stop, count);
      e.loopOn(row, axis.axis, end, count, () =>
        across((partials) =>
          r.accumulators.forEach((a, i) => {
            const old = loadOp('v128.load', i * bytesEach, [partials]);
            const next = combineVectors(f, m.library, a)(old, rowsTogether(m, e, a, axis, count));
            f.emit(storeOp('v128.store', i * bytesEach, partials, next));
          }),
        ),
      );
    };
    steps(rowsAtOnce(r));
    steps(1);
  };
  loopsOver(e, r, r.reduced, boundsOf(e, r, at(r.reduced, 0)), rowsOf);
  across((partials) => {
    const results = r.accumulators.map((_, i) => f.let(loadOp('v128.load', i * bytesEach, [partials])));
    e.bindAccumulators([], results);
    e.store(r.stores);
  });
  if (inner.extent % lanes !== 0) e.loop(inner.axis, whole, to, 1, () => oneResult(m, e, r));
  return r.accumulators.length * bytesEach + vectorBytes;
}

/** The combination of `count` rows from the current one on. */
function rowsTogether(m: ModuleBuilder, e: Evaluator, a: Accumulator, axis: Axis, count: number): Value {
  const { f } = e;
  const values = range(count).map((k) => f.let(e.vector(shifted(axis, k)(a.value))));
  const fast = fastExtremum(a);
  if (fast === null || count === 1) return treeFold(values, combineVectors(f, m.library, a));
  const nan = treeFold(values.map(nanMask), (x, y) => op('v128.or', x, y));
  return op(
    'v128.or',
    treeFold(values, (x, y) => op(fast, x, y)),
    nan,
  );
}
