import { storedBytes } from '../../../kernel/dtype.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { Evaluator } from '../evaluator.ts';
import type { Local, Value } from '../module/code.ts';
import { Func, get, i32, loadOp, op, storeOp } from '../module/code.ts';
import type { ModuleBuilder } from '../rows.ts';
import { phaseFunc, phaseParams, pointerParams, pointersOf } from '../rows.ts';
import { coordinatesOf, lastAxis, minimum, runsOver, wholeSteps } from '../runs.ts';
import { lanes } from '../vector-ops.ts';
import { canVectorize } from '../vectorize.ts';
import type { Contraction } from './operands.ts';
import { batchParams, elementLoad, sizeOf, sum } from './operands.ts';

/**
 * `finish(batch…, m0, m1, n0, n1, sums, operands…)`: the kernel's stores for rows `[m0, m1)` and columns `[n0, n1)`, whose
 * complete sums stand in rows of `pitch` elements.
 */
export function finishFunc(m: ModuleBuilder, kernel: ContractKernel, c: Contraction, pitch: number): Func {
  const first = c.batch.length;
  const names = ['m0', 'm1', 'n0', 'n1', 'sums'] as const;
  const f = new Func(
    `${kernel.name}_finish`,
    [...batchParams(c), ...names.map((n) => [n, 'i32'] as const), ...pointerParams(kernel)],
    [],
  );
  const [m0, m1, n0, n1] = [f.param(first), f.param(first + 1), f.param(first + 2), f.param(first + 3)];
  const e = new Evaluator(f, m.library, kernel, pointersOf(f, kernel, first + names.length));
  const row = f.variable(f.param(first + 4), 'row');
  e.within(
    c.batch.map((a, i) => [a.axis, f.param(i)] as const),
    () =>
      runsOver(e, c.rows, m0, m1, (axis, start, stop) => {
        e.loop(axis.axis, start, stop, 1, () => {
          finishRow(e, c, f.variable(get(row), 'sums'), n0, n1);
          f.set(row, op('i32.add', get(row), i32(pitch * storedBytes(c.dtype))));
        });
      }),
  );
  m.funcs.push(f);
  return f;
}

function finishRow(e: Evaluator, c: Contraction, sums: Local, n0: Value, n1: Value): void {
  const { f } = e;
  const bytes = storedBytes(c.dtype);
  const vector =
    canVectorize(c.stores.flatMap((s) => [s.index, s.value])) &&
    c.dtype !== 'f64' &&
    lastAxis(c.columns).extent >= lanes;
  runsOver(e, c.columns, n0, n1, (axis, start, stop) => {
    const at = f.variable(start, 'n');
    if (vector) {
      e.loopOn(at, axis.axis, wholeSteps(f, start, stop, lanes), lanes, () =>
        e.withLanes(axis.axis, () => {
          e.bindAccumulators([], [f.let(loadOp('v128.load', 0, [get(sums)]))]);
          e.store(c.stores);
          f.set(sums, op('i32.add', get(sums), i32(16)));
        }),
      );
    }
    e.loopOn(at, axis.axis, stop, 1, () => {
      e.bindAccumulators([f.let(loadOp(elementLoad(c.dtype), 0, [get(sums)]))], []);
      e.store(c.stores);
      f.set(sums, op('i32.add', get(sums), i32(bytes)));
    });
  });
}

/** Rows that one unit of the last phase adds up. */
const rowsPerUnit = 8;

/**
 * The phase that adds up the parts of a depth that was split: `splits` results of rows of `pitch` elements, one after the
 * other from `partials` bytes on in the shared memory. Each row's sum replaces its first part.
 */
export function joinPhase(
  m: ModuleBuilder,
  kernel: ContractKernel,
  c: Contraction,
  parts: { readonly finish: Func; readonly splits: number; readonly pitch: number; readonly partials: number },
): { readonly func: Func; readonly units: number } {
  const { finish, splits, pitch, partials } = parts;
  const [rows, columns] = [sizeOf(c.rows), sizeOf(c.columns)];
  const bytes = storedBytes(c.dtype);
  const f = phaseFunc(kernel, `${kernel.name}_join`);
  const perBatch = Math.ceil(rows / rowsPerUnit);
  const unit = f.variable(f.param(0), 'unit');
  f.count(unit, f.param(1), 1, () => {
    const batch = f.let(op('i32.div_u', get(unit), i32(perBatch)), 'batch');
    const m0 = f.let(op('i32.mul', op('i32.rem_u', get(unit), i32(perBatch)), i32(rowsPerUnit)), 'm');
    const m1 = minimum(f, op('i32.add', m0, i32(rowsPerUnit)), i32(rows));
    const before = op('i32.add', op('i32.mul', batch, i32(splits * rows)), m0);
    const from = f.let(
      op('i32.add', op('i32.add', f.param(3), i32(partials)), op('i32.mul', before, i32(pitch * bytes))),
      'from',
    );
    const end = f.let(op('i32.add', from, op('i32.mul', op('i32.sub', m1, m0), i32(pitch * bytes))), 'end');
    const add = joinFunc(m, kernel, c, splits, rows * pitch * bytes);
    f.run(add, from, end);
    const outer = coordinatesOf(f, c.batch, batch).map(([, v]) => v);
    f.run(finish, ...outer, m0, m1, i32(0), i32(columns), from, ...pointersOf(f, kernel, phaseParams).values());
  });
  m.funcs.push(f);
  return { func: f, units: sizeOf(c.batch) * perBatch };
}

/** `add(from, end)`: adds to the vectors there those of the other parts, `apart` bytes from each other. */
function joinFunc(m: ModuleBuilder, kernel: ContractKernel, c: Contraction, splits: number, apart: number): Func {
  const f = new Func(`${kernel.name}_add`, [['from', 'i32'], ['end', 'i32']], []); // prettier-ignore
  const at = f.variable(f.param(0), 'at');
  f.count(at, f.param(1), 16, () => {
    const total = f.variable(loadOp('v128.load', 0, [get(at)]), 'total');
    const part = f.variable(op('i32.add', get(at), i32(apart)), 'part');
    const left = f.variable(i32(1), 'split');
    f.count(left, i32(splits), 1, () => {
      f.set(total, sum(c.dtype, get(total), loadOp('v128.load', 0, [get(part)])));
      f.set(part, op('i32.add', get(part), i32(apart)));
    });
    f.emit(storeOp('v128.store', 0, get(at), get(total)));
  });
  m.funcs.push(f);
  return f;
}
