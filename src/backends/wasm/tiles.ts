import { storedBytes } from '../../kernel/dtype.ts';
import type { Expr, LoadExpr } from '../../kernel/expr.ts';
import { index, load, loadsOf, rewriter } from '../../kernel/expr.ts';
import { iadd, imul } from '../../kernel/index-algebra.ts';
import type { MapKernel, Store } from '../../kernel/kernel.ts';
import { product, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { shifted } from './collapse.ts';
import { Evaluator } from './evaluator.ts';
import type { Value } from './module/code.ts';
import { i32, laneOp, op, storeOp } from './module/code.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { pointersOf, rows } from './rows.ts';
import { inLanes, minimum, wholeSteps } from './runs.ts';
import { lanes } from './vector-ops.ts';
import { canVectorize, laneStride } from './vectorize.ts';

/**
 * Points of a tile along the axis that is contiguous where the kernel stores, and along the one where it loads: whole lines
 * of the cache are written, and long runs read, which the hardware foresees.
 */
const tileAlong = 16;
const tileAcross = 256;
/** Axes shorter than this, and domains of fewer points, are not worth tiles. */
const shortAxis = 8;
const fewPoints = 1024;
/** More loads than this do not fit the cache together. */
const mostStaged = 3;

/** A map that stores along one axis what it loads along another. */
export interface Transposition {
  /** Stores are contiguous along this axis, */
  readonly along: Axis;
  /** and these loads along this one. */
  readonly across: Axis;
  readonly loads: readonly LoadExpr[];
}

/** Finds loads that run along another axis than the stores do. */
export function transposition(domain: readonly Axis[], stores: readonly Store[]): Transposition | null {
  if (product(domain.map((a) => a.extent)) < fewPoints) return null;
  const long = domain.filter((a) => a.extent >= shortAxis);
  const along = long.find((a) => stores.every((s) => laneStride(s.index, a.axis) === 1));
  if (along === undefined) return null;
  const strided = loadsOf(stores.map((s) => s.value)).filter((l) => {
    const stride = laneStride(l.index, along.axis);
    return l.guard === null && stride !== null && Math.abs(stride) > 1;
  });
  for (const across of long) {
    if (across === along) continue;
    const loads = strided.filter((l) => laneStride(l.index, across.axis) === 1).slice(0, mostStaged);
    if (loads.length > 0) return { along, across, loads };
  }
  return null;
}

/**
 * A map tile by tile: what is loaded along the other axis goes, transposed in registers, into working memory, from where the
 * rows of the tile read it in their own direction.
 */
export function emitTiles(
  m: ModuleBuilder,
  kernel: MapKernel,
  domain: readonly Axis[],
  stores: readonly Store[],
  { along, across, loads }: Transposition,
): KernelCode {
  const others = domain.filter((a) => a !== along && a !== across);
  const chunk: Axis = {
    axis: 1 + Math.max(...domain.map((a) => a.axis)),
    extent: Math.ceil(across.extent / tileAcross),
  };
  const { code, row, coordinates, scratch } = rows(m, kernel, [...others, chunk], along, tileAlong);
  const [from, to] = [row.param(others.length + 1), row.param(others.length + 2)];
  const start = row.let(op('i32.mul', row.param(others.length), i32(tileAcross)), 'start');
  const stop = minimum(row, op('i32.add', start, i32(tileAcross)), i32(across.extent));
  const position = iadd(imul(index(across.axis, across.extent), tileAlong), index(along.axis, along.extent));
  const origin = row.let(op('i32.add', op('i32.mul', start, i32(tileAlong)), from), 'origin');
  const pointers = new Map(pointersOf(row, kernel, others.length + 3));
  let bytes = 0;
  const staged = new Map<Expr, Expr>();
  loads.forEach((l, i) => {
    const operand = kernel.operands.length + i;
    const size = storedBytes(l.dtype);
    pointers.set(operand, row.let(op('i32.sub', op('i32.add', scratch, i32(bytes)), op('i32.mul', origin, i32(size)))));
    staged.set(l, load(operand, l.dtype, position));
    bytes += tileAlong * tileAcross * size;
  });
  const tile: Tile = { along, across, from, to, start, stop, position };
  const e = new Evaluator(row, m.library, kernel, pointers);
  const rest = rewriter((x) => staged.get(x) ?? x);
  e.within(coordinates, () => {
    loads.forEach((l, i) => stage(e, tile, l, { operand: kernel.operands.length + i, pointers }));
    const replaced = stores.map((s) => ({ ...s, value: rest(s.value) }));
    e.loop(across.axis, start, stop, 1, () => storeRow(e, tile, replaced));
  });
  return { ...code, scratchBytes: bytes };
}

/** The part of the domain that a row function is called for, and where a point of it is in working memory. */
interface Tile {
  readonly along: Axis;
  readonly across: Axis;
  readonly from: Value;
  readonly to: Value;
  readonly start: Value;
  readonly stop: Value;
  readonly position: Expr;
}

const storeRow = (e: Evaluator, { along, from, to }: Tile, stores: readonly Store[]): void =>
  inLanes(e, along, [from, to], canVectorize(stores.flatMap((s) => [s.index, s.value])), () => e.store(stores));

/** Copies a tile of what `l` loads to working memory; four by four points where elements have four bytes. */
function stage(
  e: Evaluator,
  tile: Tile,
  l: LoadExpr,
  { operand, pointers }: { readonly operand: number; readonly pointers: ReadonlyMap<number, Value> },
): void {
  const { f } = e;
  const { along, across, from, to, start, stop, position } = tile;
  const onePoint = (): void => e.store([{ operand, index: position, value: l }]);
  const at = f.variable(from, 's');
  if (storedBytes(l.dtype) === 4) {
    const wholeAcross = wholeSteps(f, start, stop, lanes);
    e.loopOn(at, along.axis, wholeSteps(f, from, to, lanes), lanes, () => {
      const inner = f.variable(start, 'r');
      e.loopOn(inner, across.axis, wholeAcross, lanes, () => {
        const rows = range(lanes).map((j) => shifted(along, j)(l));
        let vectors: readonly Value[] = [];
        e.withLanes(across.axis, () => (vectors = rows.map((r) => e.vector(r))));
        const base = pointers.get(operand) as Value;
        const address = f.let(op('i32.add', base, op('i32.shl', e.scalar(position), i32(2))));
        transposed(e, vectors).forEach((v, k) => f.emit(storeOp('v128.store', k * tileAlong * 4, address, v)));
      });
      if (across.extent % lanes === 0) return;
      e.loopOn(inner, across.axis, stop, 1, () =>
        e.store(
          range(lanes).map((j) => ({ operand, index: shifted(along, j)(position), value: shifted(along, j)(l) })),
        ),
      );
    });
    if (along.extent % lanes === 0) return;
  }
  e.loopOn(at, along.axis, to, 1, () => e.loop(across.axis, start, stop, 1, onePoint));
}

/** Four vectors of four as the columns of what they are the rows of. */
function transposed({ f }: Evaluator, [a, b, c, d]: readonly Value[]): readonly Value[] {
  const words = (order: readonly number[]): number[] => order.flatMap((w) => range(4).map((i) => 4 * w + i));
  const pick = (order: readonly number[], x: Value, y: Value): Value =>
    f.let(laneOp('i8x16.shuffle', words(order), x, y));
  const [low, high] = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ] as const;
  const [v, w, x, y] = [a, b, c, d] as [Value, Value, Value, Value];
  const [p, q, r, s] = [pick(low, v, w), pick(high, v, w), pick(low, x, y), pick(high, x, y)];
  const [first, second] = [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
  ] as const;
  return [pick(first, p, r), pick(second, p, r), pick(first, q, s), pick(second, q, s)];
}
