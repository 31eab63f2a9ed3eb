import type { Expr } from '../../kernel/expr.ts';
import { index } from '../../kernel/expr.ts';
import { delinearize, iadd, imul, lit } from '../../kernel/index-algebra.ts';
import type { ContractKernel } from '../../kernel/kernel.ts';
import { product, roundUp } from '../../util/array.ts';
import type { Helper } from './math.ts';
import { gpuDType, valueType } from './scalar.ts';
import type { BlockShape, ContractSchedule, TileSize } from './schedule.ts';
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
  /** Invocations along columns and rows. */
  readonly workgroup: readonly [wide: number, high: number];
  /** In how many parts the depth of a slice is shared out, each for `wide × high` invocations. */
  readonly parts: number;
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
  const shape = shapeFor(p, schedule);
  const [wide, high] = shape.workgroup;
  const { tile, columns, rows, acrossRows, acrossColumns, blocks } = cut(p, shape);
  const parts = partsFor(p.depth, shape, blocks, schedule);
  const b = index(0, p.batches);
  const [rowBlock, columnBlock] = [index(1, acrossRows), index(2, acrossColumns)];
  const [x, y, lane] = [index(3, wide), index(4, high), index(5, wide * high * parts)];
  return {
    workgroup: shape.workgroup,
    parts,
    invocations: wide * high * parts,
    rows,
    columns,
    tile,
    alongDepth: schedule.alongDepth,
    storesInLoop: schedule.storesInLoop,
    acrossRows,
    acrossColumns,
    staged: shape.staged === null ? null : stagedDepth(p.depth, shape.staged, parts),
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

/** How a shape cuts a product into blocks. */
interface Cut {
  readonly tile: TileSize;
  readonly columns: number;
  readonly rows: number;
  readonly acrossRows: number;
  readonly acrossColumns: number;
  readonly blocks: number;
}

/** Tiles are halved as long as the block is twice as large as the product. */
function cut(p: Product, { workgroup: [wide, high], tile }: BlockShape): Cut {
  const fitted = (own: number, along: number, length: number): number => {
    let size = own;
    while (size % 8 === 0 && (along * size) / 2 >= length) size /= 2;
    return size;
  };
  const fit = [fitted(tile[0], wide, p.columns), fitted(tile[1], high, p.rows)] as const;
  const [columns, rows] = [wide * fit[0], high * fit[1]];
  const [acrossRows, acrossColumns] = [Math.ceil(p.rows / rows), Math.ceil(p.columns / columns)];
  return { tile: fit, columns, rows, acrossRows, acrossColumns, blocks: p.batches * acrossRows * acrossColumns };
}

/** Blocks of which a smaller part is results are not worth what they save. */
const leastFilled = 0.7;

/** The first shape that gives enough blocks without much overhang, else the last one. */
function shapeFor(p: Product, { shapes, blocks: enough }: ContractSchedule): BlockShape {
  const results = p.batches * p.rows * p.columns;
  const suits = (shape: BlockShape): boolean => {
    const { blocks, rows, columns } = cut(p, shape);
    return blocks >= enough && results >= leastFilled * blocks * rows * columns;
  };
  return shapes.find(suits) ?? (shapes.at(-1) as BlockShape);
}

/** As many parts as give enough invocations, each with some depth of every slice. */
function partsFor(
  depth: number,
  { workgroup, staged, parts: most = 1 }: BlockShape,
  blocks: number,
  { invocations }: ContractSchedule,
): number {
  let parts = 1;
  const divides = (n: number): boolean => n <= most && 16 * n <= depth && staged !== null && staged % (4 * n) === 0;
  while (divides(2 * parts) && blocks * product(workgroup) * parts < invocations) parts *= 2;
  return parts;
}

/** A depth in slices of at most `most`, as equal as multiples of four for each part can be. */
const stagedDepth = (depth: number, most: number, parts: number): number =>
  Math.min(most, roundUp(Math.ceil(depth / Math.ceil(depth / most)), 4 * parts));

/** The first row and column of an invocation's tile. */
export const tileRow = ({ m0, y, tile }: Block): Expr => iadd(m0, imul(y, tile[1]));
export const tileColumn = ({ n0, x, tile }: Block): Expr => iadd(n0, imul(x, tile[0]));
