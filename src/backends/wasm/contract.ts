import type { Expr } from '../../kernel/expr.ts';
import type { ContractKernel, Store } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { collapse } from './collapse.ts';
import { Evaluator, storageBytes } from './evaluator.ts';
import { withRoots } from './map.ts';
import { microFunc } from './micro.ts';
import type { Value } from './module/code.ts';
import { Func, get, i32, loadOp, op } from './module/code.ts';
import { packFunc } from './pack.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { phaseFunc, phaseParams, pointerParams, pointersOf } from './rows.ts';
import { coordinatesOf, lastAxis, minimum, runsOver } from './runs.ts';
import { lanes } from './vector-ops.ts';
import { canVectorize, chooseLaneAxis, laneCost } from './vectorize.ts';

/** A contraction with the roles chosen: lanes run along `columns`. */
interface Contraction {
  readonly batch: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  readonly depth: readonly Axis[];
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly stores: readonly Store[];
}

/** How a contraction is cut into blocks that stay in the caches. */
interface Blocking {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Register tile. */
  readonly height: number;
  readonly width: number;
  /** Rows, columns and depths of a block: the first two are multiples of the tile's. */
  readonly mc: number;
  readonly nc: number;
  readonly kc: number;
  readonly rowBlocks: number;
  /** Row blocks whose results wait in scratch memory until the last depth block; 1 where the depth is not split. */
  readonly group: number;
}

/** Depths up to here are not split: a panel of the right operand still fits into the first cache. */
const wholeDepth = 1024;
const depthBlock = 768;
const panelsPerBlock = 16;
const rightBytes = 1 << 21;
const widestBlock = 512;
const groupRows = 4096;

/** A contract kernel: packed panels, a register-tiled micro-kernel, and the stores once a block's depth is done. */
export function emitContract(m: ModuleBuilder, kernel: ContractKernel): KernelCode {
  const c = arrange(kernel);
  const b = blocking(kernel, c, m.relaxed);
  const bytes = storageBytes[kernel.dtype];
  const micro = microFunc(`${kernel.name}_micro`, {
    dtype: kernel.dtype,
    height: b.height,
    width: b.width,
    pitch: b.nc,
    relaxed: m.relaxed,
  });
  const left = packFunc(m, kernel, {
    name: 'left',
    value: c.lhs,
    batch: c.batch,
    axes: c.rows,
    depth: c.depth,
    height: b.height,
  });
  const right = packFunc(m, kernel, {
    name: 'right',
    value: c.rhs,
    batch: c.batch,
    axes: c.columns,
    depth: c.depth,
    height: b.width,
  });
  const finish = finishFunc(m, kernel, c);
  m.funcs.push(micro, finish);
  const rightSize = roundUp(b.kc * b.nc * bytes, 64);
  const leftSize = roundUp(b.mc * b.kc * bytes, 64);
  const f = phaseFunc(kernel);
  m.funcs.push(f);
  const scratch = f.param(2);
  const areas: Areas = {
    right: scratch,
    left: f.let(op('i32.add', scratch, i32(rightSize))),
    result: f.let(op('i32.add', scratch, i32(rightSize + leftSize))),
  };
  writeLoops(f, kernel, c, b, areas, { micro, left, right, finish });
  return {
    phases: [{ func: f, units: product(c.batch.map((a) => a.extent)) * b.rowBlocks }],
    scratchBytes: rightSize + leftSize + b.group * b.mc * b.nc * bytes,
    sharedBytes: 0,
  };
}

interface Areas {
  readonly left: Value;
  readonly right: Value;
  readonly result: Value;
}

interface Parts {
  readonly micro: Func;
  readonly left: Func;
  readonly right: Func;
  readonly finish: Func;
}

/** Simplifies the loops and decides which side the lanes run along: the one whose results lie side by side. */
function arrange(kernel: ContractKernel): Contraction {
  let next = 0;
  const number = (extents: readonly number[]): readonly Axis[] => extents.map((extent) => ({ axis: next++, extent }));
  const groups = [kernel.batch, kernel.rows, kernel.columns, kernel.depth].map(number);
  const nest = collapse(groups, [kernel.lhs, kernel.rhs, ...kernel.stores.flatMap((s) => [s.index, s.value])]);
  const [batch = [], rows = [], columns = [], depth = []] = nest.groups;
  const [lhs = kernel.lhs, rhs = kernel.rhs, ...roots] = nest.roots;
  const stores = withRoots(kernel.stores, roots);
  const positions = stores.map((s) => s.index);
  const values = stores.map((s) => s.value);
  const best = (axes: readonly Axis[], operand: Expr): { readonly axes: readonly Axis[]; readonly cost: number } => {
    const chosen = chooseLaneAxis(axes, [...values, operand], positions);
    if (chosen === null) return { axes, cost: 1000 };
    // Few positions leave most of a tile idle.
    const total = product(axes.map((a) => a.extent));
    const waste = (Math.ceil(total / 8) * 8) / total;
    return { axes: [...axes.filter((a) => a !== chosen.axis), chosen.axis], cost: chosen.cost * waste };
  };
  const [asRows, asColumns] = [best(rows, lhs), best(columns, rhs)];
  const shared = { batch, depth, stores };
  return asRows.cost < asColumns.cost
    ? { ...shared, rows: packingOrder(columns, rhs), columns: asRows.axes, lhs: rhs, rhs: lhs }
    : { ...shared, rows: packingOrder(rows, lhs), columns: asColumns.axes, lhs, rhs };
}

/** Puts last the axis along which the left operand is cheapest to pack. */
function packingOrder(axes: readonly Axis[], value: Expr): readonly Axis[] {
  const chosen = chooseLaneAxis(axes, [value], [])?.axis;
  return chosen === undefined || laneCost([value], [], chosen) > 5
    ? axes
    : [...axes.filter((a) => a !== chosen), chosen];
}

function blocking(kernel: ContractKernel, c: Contraction, relaxed: boolean): Blocking {
  const size = (axes: readonly Axis[]): number => product(axes.map((a) => a.extent));
  const [m, n, k] = [size(c.rows), size(c.columns), size(c.depth)];
  const bytes = storageBytes[kernel.dtype];
  const float = kernel.dtype === 'f32' || kernel.dtype === 'f64';
  const height = Math.max(1, Math.min(m, relaxed && float ? 6 : 4));
  const width = 32 / bytes;
  const kc = Math.max(1, k <= wholeDepth ? k : Math.ceil(k / Math.ceil(k / depthBlock)));
  const mc = height * Math.max(1, Math.min(panelsPerBlock, Math.ceil(m / height)));
  const widest = Math.max(1, Math.min(widestBlock / width, Math.floor(rightBytes / (kc * width * bytes))));
  const nc = width * Math.max(1, Math.min(widest, Math.ceil(n / width)));
  const rowBlocks = Math.ceil(m / mc);
  const group = k <= kc ? 1 : Math.max(1, Math.min(rowBlocks, Math.floor(groupRows / mc)));
  return { m, n, k, height, width, mc, nc, kc, rowBlocks, group };
}

const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;

function writeLoops(f: Func, kernel: ContractKernel, c: Contraction, b: Blocking, areas: Areas, parts: Parts): void {
  const bytes = storageBytes[kernel.dtype];
  const pointers = pointersOf(f, kernel, phaseParams);
  const add = (x: Value, y: Value): Value => op('i32.add', x, y);
  const times = (x: Value, y: number): Value => op('i32.mul', x, i32(y));
  const panels = (x: Value, size: number): Value => op('i32.div_u', add(x, i32(size - 1)), i32(size));
  const unit = f.variable(f.param(0), 'unit');
  const together = b.k <= b.kc ? b.rowBlocks : b.group;
  f.while(op('i32.lt_u', get(unit), f.param(1)), () => {
    const block = f.let(op('i32.rem_u', get(unit), i32(b.rowBlocks)), 'block');
    const batch = coordinatesOf(f, c.batch, f.let(op('i32.div_u', get(unit), i32(b.rowBlocks)))).map(([, v]) => v);
    const left = op('i32.sub', f.param(1), get(unit));
    const count = minimum(f, minimum(f, i32(together), op('i32.sub', i32(b.rowBlocks), block)), left);
    const n0 = f.variable(i32(0), 'n');
    f.count(n0, i32(b.n), b.nc, () => {
      const columns = minimum(f, i32(b.nc), op('i32.sub', i32(b.n), get(n0)));
      const columnPanels = f.let(panels(columns, b.width));
      const k0 = f.variable(i32(0), 'k');
      f.count(k0, i32(Math.max(1, b.k)), b.kc, () => {
        const depth = minimum(f, i32(b.kc), op('i32.sub', i32(b.k), get(k0)));
        const k1 = f.let(add(get(k0), depth));
        const pack = (target: Func, from: Value, total: Value, size: number, into: Value, howMany: Value): void => {
          const p = f.variable(i32(0), 'p');
          f.count(p, howMany, 1, () => {
            const done = f.let(times(get(p), size));
            const valid = minimum(f, i32(size), op('i32.sub', total, done));
            const to = add(into, op('i32.mul', times(done, bytes), depth));
            f.run(target, ...batch, add(from, done), valid, get(k0), k1, to, ...pointers.values());
          });
        };
        pack(parts.right, get(n0), columns, b.width, areas.right, columnPanels);
        const g = f.variable(i32(0), 'g');
        f.count(g, count, 1, () => {
          const m0 = f.let(times(add(block, get(g)), b.mc));
          const rows = minimum(f, i32(b.mc), op('i32.sub', i32(b.m), m0));
          const rowPanels = f.let(panels(rows, b.height));
          pack(parts.left, m0, rows, b.height, areas.left, rowPanels);
          const result =
            b.group === 1 ? areas.result : f.let(add(areas.result, times(get(g), b.mc * b.nc * bytes)), 'result');
          const [j, i] = [f.variable(i32(0), 'j'), f.local('i32', 'i')];
          f.count(j, columnPanels, 1, () => {
            const right = f.let(add(areas.right, op('i32.mul', times(get(j), b.width * bytes), depth)));
            const column = f.let(add(result, times(get(j), b.width * bytes)));
            f.set(i, i32(0));
            f.count(i, rowPanels, 1, () => {
              const leftPanel = add(areas.left, op('i32.mul', times(get(i), b.height * bytes), depth));
              const into = add(column, times(get(i), b.height * b.nc * bytes));
              f.run(parts.micro, depth, leftPanel, right, into, get(k0));
            });
          });
          f.if(op('i32.ge_u', k1, i32(b.k)), () => {
            const row = f.variable(i32(0), 'row');
            f.count(row, rows, 1, () => {
              const from = add(result, times(get(row), b.nc * bytes));
              f.run(
                parts.finish,
                ...batch,
                add(m0, get(row)),
                get(n0),
                add(get(n0), columns),
                from,
                ...pointers.values(),
              );
            });
          });
        });
      });
    });
    f.set(unit, add(get(unit), count));
  });
}

/** `finish(batch…, row, n0, n1, sums, operands…)`: the kernel's stores for a part of a row whose sums are complete. */
function finishFunc(m: ModuleBuilder, kernel: ContractKernel, c: Contraction): Func {
  const first = c.batch.length;
  const f = new Func(
    `${kernel.name}_finish`,
    [
      ...c.batch.map((a) => [`i${a.axis}`, 'i32'] as const),
      ['row', 'i32'],
      ['n0', 'i32'],
      ['n1', 'i32'],
      ['sums', 'i32'],
      ...pointerParams(kernel),
    ],
    [],
  );
  const e = new Evaluator(f, m.library, pointersOf(f, kernel, first + 4));
  const vector = kernel.dtype !== 'f64' && canVectorize(c.stores.flatMap((s) => [s.index, s.value]));
  const bytes = storageBytes[kernel.dtype];
  const sums = f.variable(f.param(first + 3), 'sums');
  const scalarLoad = kernel.dtype === 'f32' ? 'f32.load' : kernel.dtype === 'f64' ? 'f64.load' : 'i32.load';
  const outer = [...c.batch.map((a, i) => [a.axis, f.param(i)] as const), ...coordinatesOf(f, c.rows, f.param(first))];
  e.within(outer, () =>
    runsOver(e, c.columns, f.param(first + 1), f.param(first + 2), (axis, start, stop) => {
      const at = f.variable(start, 'n');
      if (vector && lastAxis(c.columns).extent >= lanes) {
        const whole = f.let(op('i32.add', start, op('i32.and', op('i32.sub', stop, start), i32(-lanes))));
        e.loopOn(at, axis.axis, whole, lanes, () =>
          e.withLanes(axis.axis, () => {
            e.bindAccumulators([], [f.let(loadOp('v128.load', 0, [get(sums)]))]);
            e.store(c.stores);
            f.set(sums, op('i32.add', get(sums), i32(16)));
          }),
        );
      }
      e.loopOn(at, axis.axis, stop, 1, () => {
        e.bindAccumulators([f.let(loadOp(scalarLoad, 0, [get(sums)]))], []);
        e.store(c.stores);
        f.set(sums, op('i32.add', get(sums), i32(bytes)));
      });
    }),
  );
  return f;
}
