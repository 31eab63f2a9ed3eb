import type { Expr } from '../../kernel/expr.ts';
import { index } from '../../kernel/expr.ts';
import { delinearize, iadd, imul, lit } from '../../kernel/index-algebra.ts';
import type { ContractKernel } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Helper } from './math.ts';
import { gpuDType, valueType } from './scalar.ts';
import type { ContractSchedule, TileSize } from './schedule.ts';
import type { Substitution } from './substitute.ts';
import { substitution } from './substitute.ts';

/** A matrix product with each group of axes flattened to one: `b`, `m`, `n` and `k`. */
export interface Product {
  readonly kernel: ContractKernel;
  /** Of the sums. */
  readonly type: string;
  readonly batches: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly helpers: Set<Helper>;
}

export const productOf = (kernel: ContractKernel): Product => ({
  kernel,
  type: valueType[gpuDType(kernel.dtype)],
  batches: product(kernel.batch),
  rows: product(kernel.rows),
  columns: product(kernel.columns),
  depth: product(kernel.depth),
  helpers: new Set(),
});

/** Rewrites the kernel's expressions for a place in the product; `k`: a coordinate on each axis of the depth. */
export function atPlace(
  { kernel }: Product,
  {
    b,
    m = lit(0),
    n = lit(0),
    k = [],
  }: { readonly b: Expr; readonly m?: Expr; readonly n?: Expr; readonly k?: readonly Expr[] },
): { readonly value: Substitution; readonly position: Substitution } {
  return substitution([
    ...delinearize(b, kernel.batch),
    ...delinearize(m, kernel.rows),
    ...delinearize(n, kernel.columns),
    ...k,
  ]);
}

/** How the product is cut into blocks, one for each workgroup, and these into tiles, one for each invocation. */
export interface Block {
  readonly workgroup: readonly [wide: number, high: number];
  readonly invocations: number;
  /** Results of a workgroup. */
  readonly rows: number;
  readonly columns: number;
  /** Results of an invocation. */
  readonly tile: TileSize;
  readonly alongDepth: boolean;
  readonly storesInLoop: boolean;
  /** Blocks along each axis. */
  readonly acrossRows: number;
  readonly acrossColumns: number;
  /** The depth of what is staged in workgroup memory at a time; null where nothing is. */
  readonly staged: number | null;
  /** The batch element, and the first row and column of the block. */
  readonly b: Expr;
  readonly m0: Expr;
  readonly n0: Expr;
  /** The invocation's place in the workgroup, and its number. */
  readonly x: Expr;
  readonly y: Expr;
  readonly lane: Expr;
  /** What these are called in the shader. */
  readonly variables: readonly (readonly [Expr, string])[];
}

export function blockFor(p: Product, schedule: ContractSchedule): Block {
  const [wide, high] = schedule.workgroup;
  const tile = tileFor(p, schedule);
  const [columns, rows] = [wide * tile[0], high * tile[1]];
  const [acrossRows, acrossColumns] = [Math.ceil(p.rows / rows), Math.ceil(p.columns / columns)];
  const b = index(0, p.batches);
  const [rowBlock, columnBlock] = [index(1, acrossRows), index(2, acrossColumns)];
  const [x, y, lane] = [index(3, wide), index(4, high), index(5, wide * high)];
  return {
    workgroup: schedule.workgroup,
    invocations: wide * high,
    rows,
    columns,
    tile,
    alongDepth: schedule.alongDepth,
    storesInLoop: schedule.storesInLoop,
    acrossRows,
    acrossColumns,
    staged: schedule.staged === null ? null : stagedDepth(p.depth, schedule.staged),
    b,
    m0: imul(rowBlock, rows),
    n0: imul(columnBlock, columns),
    x,
    y,
    lane,
    variables: [
      [b, 'b'],
      [rowBlock, 'row_block'],
      [columnBlock, 'column_block'],
      [x, 'x'],
      [y, 'y'],
      [lane, 'lane'],
    ],
  };
}

/** The large tile where there are blocks enough of it; none that is twice as large as the product or more. */
function tileFor(p: Product, { workgroup, tile, large }: ContractSchedule): TileSize {
  const blocks = (t: TileSize): number =>
    p.batches * Math.ceil(p.columns / (workgroup[0] * t[0])) * Math.ceil(p.rows / (workgroup[1] * t[1]));
  const [columns, rows] = large !== null && blocks(large.tile) >= large.blocks ? large.tile : tile;
  const fitted = (own: number, along: number, length: number): number => {
    let size = own;
    while (size % 8 === 0 && (along * size) / 2 >= length) size /= 2;
    return size;
  };
  return [fitted(columns, workgroup[0], p.columns), fitted(rows, workgroup[1], p.rows)];
}

/** A depth in slices of at most `most`, as equal as multiples of four can be. */
const stagedDepth = (depth: number, most: number): number =>
  Math.min(most, 4 * Math.ceil(depth / Math.ceil(depth / most) / 4));

/** The first row and column of an invocation's tile. */
export const tileRow = ({ m0, y, tile }: Block): Expr => iadd(m0, imul(y, tile[1]));
export const tileColumn = ({ n0, x, tile }: Block): Expr => iadd(n0, imul(x, tile[0]));
