/**
 * How a contraction is cut into tiles, blocks and units: pure functions of its sizes and of what the engine and the
 * operands allow. All numbers that were tuned are here.
 */

/** The extents of a contraction. */
export interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** A length cut into pieces whose sizes differ by one at most, so that no tile computes rows that are not there. */
export interface Pieces {
  readonly count: number;
  /** Of the first `tall` pieces of each run; the others have one less. */
  readonly height: number;
  readonly tall: number;
  /** No piece crosses a multiple of this, which divides the length. */
  readonly run: number;
  readonly perRun: number;
}

/** Cuts `length` into pieces of at most `most`. */
export function pieces(length: number, most: number, run = length): Pieces {
  const perRun = Math.max(1, Math.ceil(run / most));
  const height = Math.max(1, Math.ceil(run / perRun));
  return { count: perRun * (length / run), height, tall: run - perRun * (height - 1), run, perRun };
}

/** The heights that occur among pieces. */
export const heightsOf = ({ height, tall, perRun }: Pieces): readonly number[] =>
  tall === perRun ? [height] : [height, height - 1];

/**
 * How tiles of the result are computed.
 *
 * - `panels`: both operands are packed into panels, and a micro-kernel keeps a tile of sums in registers.
 * - `dots`: vectors run along the depth of both operands, which are read where they are. For a few rows or columns, whose
 *   packing would take as long as the products.
 * - `stream`: vectors run along the columns of the right operand, which is read once, row after row, and added to a few
 *   rows of results that stay in the first cache.
 */
export type TileKind = 'panels' | 'dots' | 'stream';

/** What decides the tile. */
export interface TileTraits {
  /** Bytes of an element. */
  readonly bytes: number;
  /** Is there a fused multiply-add? */
  readonly fused: boolean;
}

/** The most rows and columns of one tile. */
export interface Tile {
  readonly kind: TileKind;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The tile of each kind. V8 keeps 15 vectors in the registers of x64: a micro-kernel needs two for the right operand, one
 * for the left, and without fused multiply-add one for the product.
 */
export function tileOf(kind: TileKind, { rows, columns }: Sizes, { bytes, fused }: TileTraits): Tile {
  switch (kind) {
    case 'panels':
      return { kind, rows: fused ? 6 : 5, columns: 32 / bytes };
    case 'dots':
      if (rows <= 2) return { kind, rows, columns: 4 };
      if (columns <= 2) return { kind, rows: 4, columns };
      // Two loads are as fast as two multiplications: with three by three, as many are needed of either. Products that
      // need registers of their own do not leave enough for that.
      return fused && Math.min(rows, columns) % 3 !== 1 ? { kind, rows: 3, columns: 3 } : { kind, rows: 4, columns: 2 };
    case 'stream':
      return { kind, rows: streamRows, columns: 64 };
  }
}

/** More rows than that at a time would be stored and loaded again as often as they are multiplied. */
const streamRows = 4;
/** For more rows in all, packing the right operand pays. */
const mostStreamed = 24;

/** Depths that a stream adds up in registers before it adds the sum to the results in memory, by the rows. */
export const streamDepth = (rows: number): number => [8, 8, 5, 3, 2][rows] ?? 2;

/** Where an operand's elements lie in memory. */
export interface Reading {
  /** Side by side are the neighbours that a panel or a stream wants. */
  readonly across: boolean;
  /** Side by side are those that follow each other in the depth. */
  readonly along: boolean;
  /** Can it be computed in vectors? */
  readonly vectors: boolean;
}

/** One way to compute a contraction: a tile, and which operand is on the right. */
export interface Candidate {
  readonly kind: TileKind;
  readonly sizes: Sizes;
  readonly left: Reading;
  readonly right: Reading;
  /** Instructions for four stores of the results along the columns. */
  readonly storeCost: number;
}

/** Cycles for an element of a panel; more where it comes from beyond the second cache. */
const packing = ({ across, along, vectors }: Reading, bytes: number): number =>
  (!vectors ? 3 : across ? 0.4 : along ? 0.5 : 3) + (bytes > 1 << 18 ? 0.3 : 0);

/** Cycles that a candidate takes, roughly; infinite where it can't be used. */
export function estimate({ kind, sizes, left, right, storeCost }: Candidate, traits: TileTraits): number {
  const { batch, rows, columns, depth } = sizes;
  const perVector = 16 / traits.bytes;
  // Dots and streams multiply what they read; without vectors, one by one.
  const lanes = left.vectors && right.vectors ? perVector : 1;
  const finish = rows * columns * (storeCost / 4 + 0.5);
  const whole = (x: number, to: number): number => Math.ceil(x / to) * to;
  switch (kind) {
    case 'panels': {
      const tile = tileOf(kind, sizes, traits);
      // Two multiplications a cycle, each of which takes four: fewer than eight sums leave some idle.
      const height = pieces(rows, tile.rows).height;
      const idle = Math.max(1, 4 / height);
      const products = (rows * whole(columns, tile.columns) * depth * idle) / (2 * perVector);
      const packed = (length: number, reading: Reading): number =>
        length * depth * packing(reading, length * depth * traits.bytes);
      const packs = packed(rows, left) + packed(columns, right);
      return batch * (products + packs + finish + 60);
    }
    case 'dots': {
      // The sums in the lanes of a vector are short. A single one would add up more rounding errors than f32 can bear.
      if (!left.along || !right.along || (lanes === 1 && traits.bytes < 8)) return Infinity;
      const tile = tileOf(kind, sizes, traits);
      const [r, c] = [Math.min(rows, tile.rows), Math.min(columns, tile.columns)];
      const step = Math.max((r * c) / 2, (r + c) / 2);
      // Larger operands are read from farther away than the first cache, again for each tile.
      const far = Math.min(rows, columns) > 8 ? 1.3 : 1;
      const tiles = Math.ceil(rows / r) * Math.ceil(columns / c);
      return batch * (tiles * ((depth / lanes) * step * far + r * c * 6 + 20) + finish);
    }
    case 'stream': {
      if (!right.across || rows > mostStreamed) return Infinity;
      const { count, height } = pieces(rows, streamRows);
      const together = streamDepth(height);
      const step = Math.max((together * height) / 2, (together + height) / 2, height);
      const steps = (depth / together) * ((whole(columns, lanes) / lanes) * step + 12);
      return batch * (count * (steps + 40) + finish);
    }
  }
}

/** How a contraction is cut; see {@link cut}. */
export interface Blocking {
  readonly tile: Tile;
  /** The rows as tiles have them. */
  readonly rows: Pieces;
  /** Row blocks have the same number of tiles, or one more. */
  readonly rowBlocks: number;
  /** The most rows of a block. */
  readonly blockRows: number;
  /** Row blocks of a unit. */
  readonly group: number;
  /** Columns of a unit, a multiple of the tile's; fewer in the last one. */
  readonly blockColumns: number;
  readonly columnBlocks: number;
  /** Parts of the depth whose sums are computed apart and added up in the end. */
  readonly splits: number;
  /** Depth of a part, and of the blocks that it is computed in. */
  readonly splitDepth: number;
  readonly blockDepth: number;
  readonly depthBlocks: number;
  /** Is the right operand packed once, before everything else? Otherwise each unit packs what it needs. */
  readonly shareRight: boolean;
}

/** Depths up to here are not split: a panel of the right operand still fits into the first cache. */
const wholeDepth = 1024;
const depthBlock = 768;
/** Tiles of a row block: its packed left operand stays in the second cache. */
const panelsPerBlock = 16;
const widestBlock = 512;
const widestStream = 2048;
/** Depth that stays in the second cache while several pieces of the rows read it. */
const streamBlock = 48;
/** The part of a right operand that a unit packs by itself. */
const rightBytes = 1 << 21;
/** A right operand that is larger is not packed whole: it would need as much memory again. */
const sharedBytes = 1 << 23;
/** Rows that make up for packing the right operand once more. */
const rowsForRight = 512;
const groupRows = 4096;
/** Units: as many, so that two, three, four or six threads have the same number of them. */
const unitsWanted = 12;
/** Multiplications of a unit: some microseconds. */
const smallestUnit = 1 << 16;
/** Rows and columns of a unit, in tiles: fewer would load the other operand for little work. */
const fewestTiles = 3;
/** The least depth of a part. */
const shortestSplit = 128;
/** Results whose parts can be added up for little. */
const splitResults = 1 << 15;

const divisorUpTo = (most: number): number => [12, 6, 4, 3, 2].find((d) => d <= most) ?? 1;
const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;

/**
 * Cuts a contraction into units that threads can share. Rows are cut first, with the right operand packed once for all;
 * then columns; where both are short and the depth is long (a weight gradient), the depth.
 *
 * @param run rows that tiles must not cross the multiples of.
 */
export function cut(tile: Tile, sizes: Sizes, bytes: number, run: number): Blocking {
  const { batch, depth } = sizes;
  const rows = pieces(sizes.rows, tile.rows, run);
  const columnTiles = Math.ceil(sizes.columns / tile.columns);
  const work = batch * sizes.rows * sizes.columns * depth;
  const wanted = Math.min(unitsWanted, Math.max(1, Math.floor(work / smallestUnit)));
  const each = divisorUpTo(Math.ceil(wanted / batch));
  const shape: Shape = { tile, sizes, rows, columnTiles, bytes, each };
  const rowUnits = tile.kind === 'stream' ? 1 : divisorUpTo(Math.min(each, Math.floor(rows.count / fewestTiles)));
  const columnUnits = Math.min(Math.ceil(each / rowUnits), Math.max(1, Math.floor(columnTiles / fewestTiles)));
  const splits = splitsOf(shape, rowUnits * columnUnits);
  return blocks(shape, splits > 1 ? 1 : rowUnits, splits > 1 ? 1 : columnUnits, splits);
}

interface Shape {
  readonly tile: Tile;
  readonly sizes: Sizes;
  readonly rows: Pieces;
  readonly columnTiles: number;
  readonly bytes: number;
  /** Units wanted for each point of the batch. */
  readonly each: number;
}

function splitsOf({ tile, sizes, each }: Shape, units: number): number {
  const { batch, rows, columns, depth } = sizes;
  // A stream adds to its results as often as that; more additions in a row would add up their errors.
  const needed = tile.kind === 'stream' ? Math.max(1, Math.ceil(depth / (wholeDepth * streamDepth(rows)))) : 1;
  if (batch * rows * columns > splitResults) return needed;
  // Parts of whole depth blocks need no right operand that is packed for all.
  if (units >= each && (tile.kind !== 'panels' || depth < each * depthBlock)) return needed;
  return Math.max(needed, divisorUpTo(Math.min(each, Math.floor(depth / shortestSplit))));
}

function blocks(
  { tile, sizes, rows, columnTiles, bytes }: Shape,
  rowUnits: number,
  columnUnits: number,
  splits: number,
): Blocking {
  const splitDepth = Math.max(1, Math.ceil(sizes.depth / splits));
  const depthBlocks = depthBlocksOf(tile, splitDepth, rows.count);
  const blockDepth = Math.ceil(splitDepth / depthBlocks);
  const panels = tile.kind === 'panels';
  const size = sizes.batch * sizes.depth * roundUp(sizes.columns, tile.columns) * bytes;
  const shareRight = panels && rowUnits > 1 && size <= sharedBytes;
  const apart = panels && !shareRight;
  const widest = Math.floor((tile.kind === 'stream' ? widestStream : widestBlock) / tile.columns);
  const fitting = apart ? Math.max(1, Math.floor(rightBytes / (blockDepth * tile.columns * bytes))) : widest;
  const tilesPerBlock = Math.min(widest, fitting, Math.ceil(columnTiles / columnUnits));
  const rowBlocks = roundUp(Math.ceil(rows.count / panelsPerBlock), rowUnits);
  const blockRows = Math.ceil(rows.count / rowBlocks) * rows.height;
  const [least, most] = [Math.ceil(rowsForRight / blockRows), Math.floor(groupRows / blockRows)];
  return {
    tile,
    rows,
    rowBlocks,
    blockRows,
    group: apart ? Math.max(1, Math.min(rowBlocks, most, Math.max(least, rowBlocks / rowUnits))) : 1,
    blockColumns: tilesPerBlock * tile.columns,
    columnBlocks: Math.ceil(columnTiles / tilesPerBlock),
    splits: Math.max(1, Math.ceil(sizes.depth / splitDepth)),
    splitDepth,
    blockDepth,
    depthBlocks,
    shareRight,
  };
}

function depthBlocksOf({ kind }: Tile, depth: number, pieces: number): number {
  if (kind === 'stream') return pieces === 1 ? 1 : Math.max(1, Math.ceil(depth / streamBlock));
  // Each lane of a dot product adds up a part of the terms.
  if (kind === 'dots') return Math.max(1, Math.ceil(depth / (4 * wholeDepth)));
  return depth <= wholeDepth ? 1 : Math.ceil(depth / depthBlock);
}
