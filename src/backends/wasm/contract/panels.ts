import { storedBytes } from '../../../kernel/dtype.ts';
import type { Expr } from '../../../kernel/expr.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import type { Axis } from '../collapse.ts';
import type { Func, Value } from '../module/code.ts';
import { get, i32, op } from '../module/code.ts';
import type { ModuleBuilder } from '../rows.ts';
import { phaseFunc, phaseParams, pointersOf } from '../rows.ts';
import { coordinatesOf, minimum } from '../runs.ts';
import { microFunc } from './micro.ts';
import type { Contraction } from './operands.ts';
import { sizeOf } from './operands.ts';
import { packFunc, readingOf } from './pack.ts';
import type { Blocking } from './schedule.ts';
import { heightsOf } from './schedule.ts';
import type { Block, Slab, Span, Tiles } from './tiles.ts';
import { add, byHeight, firstRow, forPieces, forWhole, minus, roundUp, times } from './tiles.ts';

/** Panels that one call packs of a right operand whose neighbours lie side by side: whole cache lines of it. */
const panelsAtOnce = 4;

/** Both operands packed into panels, which a micro-kernel multiplies. */
export function panelTiles(
  m: ModuleBuilder,
  kernel: ContractKernel,
  c: Contraction,
  b: Blocking,
  pitch: number,
): Tiles {
  const writer = new PanelWriter(m, kernel, c, b, pitch);
  return {
    shared: b.shareRight ? writer.sharedPhase() : null,
    scratchBytes: writer.rightBytes + writer.leftBytes,
    before: (f, slab) => (b.shareRight ? undefined : writer.packRight(f, slab)),
    block: (f, block) => {
      writer.packLeft(f, block);
      writer.multiply(f, block);
    },
  };
}

/** Can several panels be packed at once, from rows of memory that go through all of them? */
function lieTogether(value: Expr, axes: readonly Axis[], depth: readonly Axis[]): boolean {
  const { across, vectors } = readingOf(value, axes, depth);
  return axes.length <= 1 && across && vectors;
}

class PanelWriter {
  /** Bytes of the panels in scratch memory, the right ones first. */
  readonly rightBytes: number;
  readonly leftBytes: number;
  private readonly m: ModuleBuilder;
  private readonly kernel: ContractKernel;
  private readonly c: Contraction;
  private readonly b: Blocking;
  private readonly pitch: number;
  private readonly bytes: number;
  /** Columns with those of zeros that fill the last panel. */
  private readonly wide: number;
  private readonly micro: (height: number) => Func;
  private readonly left: (height: number) => Func;
  /** Packs several panels of the first height at once, where the rows lie side by side. */
  private readonly leftSeveral: Func | null;
  /** Packers of the right operand and the columns that a call of each packs: the most first. */
  private readonly right: readonly { readonly func: Func; readonly columns: number }[];

  constructor(m: ModuleBuilder, kernel: ContractKernel, c: Contraction, b: Blocking, pitch: number) {
    this.m = m;
    this.kernel = kernel;
    this.c = c;
    this.b = b;
    this.pitch = pitch;
    this.bytes = storedBytes(c.dtype);
    const width = b.tile.columns;
    const columns = sizeOf(c.columns);
    this.wide = roundUp(columns, width);
    this.rightBytes = b.shareRight ? 0 : roundUp(b.blockDepth * b.blockColumns * this.bytes, 64);
    this.leftBytes = roundUp(b.blockRows * b.blockDepth * this.bytes, 64);
    this.micro = byHeight(b.rows, (height) =>
      microFunc(`${kernel.name}_micro${height}`, { dtype: c.dtype, height, pitch, relaxed: m.relaxed }),
    );
    this.left = byHeight(b.rows, (height) =>
      packFunc(m, kernel, c, { side: 'left', height, valid: height, panels: 1 }),
    );
    const { height, tall } = b.rows;
    const several = tall >= panelsAtOnce && lieTogether(c.lhs, c.rows, c.depth);
    this.leftSeveral = several
      ? packFunc(m, kernel, c, { side: 'left', height, valid: height, panels: panelsAtOnce })
      : null;
    heightsOf(b.rows).forEach((h) => m.funcs.push(this.micro(h)));
    const packer = (valid: number, panels: number): PanelWriter['right'][number] => ({
      func: packFunc(m, kernel, c, { side: 'right', height: width, valid, panels }),
      columns: valid * panels,
    });
    const rest = columns % width;
    const group = panelsAtOnce * width;
    const together = lieTogether(c.rhs, c.columns, c.depth) && columns >= group;
    const single = columns >= width && !(together && columns % group === 0 && (b.shareRight || b.blockColumns % group === 0)); // prettier-ignore
    this.right = [
      ...(together ? [packer(width, panelsAtOnce)] : []),
      ...(single ? [packer(width, 1)] : []),
      ...(rest > 0 ? [packer(rest, 1)] : []),
    ];
  }

  /** Packs the whole right operand, some panels a unit. */
  sharedPhase(): Tiles['shared'] {
    const { kernel, c, b } = this;
    const f = phaseFunc(kernel, `${kernel.name}_share`);
    const columns = panelsAtOnce * b.tile.columns;
    const groups = Math.ceil(this.wide / columns);
    const unit = f.variable(f.param(0), 'unit');
    f.count(unit, f.param(1), 1, () => {
      const n0 = f.let(times(op('i32.rem_u', get(unit), i32(groups)), columns));
      const n1 = minimum(f, add(n0, i32(columns)), i32(sizeOf(c.columns)));
      const rest = f.let(op('i32.div_u', get(unit), i32(groups)));
      const k0 = f.let(times(op('i32.rem_u', rest, i32(b.depthBlocks)), b.blockDepth));
      const k1 = minimum(f, add(k0, i32(b.blockDepth)), i32(sizeOf(c.depth)));
      const point = f.let(op('i32.div_u', rest, i32(b.depthBlocks)));
      const batch = coordinatesOf(f, c.batch, point).map(([, v]) => v);
      this.packRight(f, { point, batch, columns: [n0, n1], depth: [k0, k1] });
    });
    this.m.funcs.push(f);
    const points = sizeOf(c.batch);
    const bytes = points * sizeOf(c.depth) * this.wide * this.bytes;
    return { phase: { func: f, units: points * b.depthBlocks * groups }, bytes };
  }

  packRight(f: Func, slab: Slab): void {
    const [n0, n1] = slab.columns;
    const n = f.variable(n0, 'n');
    for (const { func, columns } of this.right) {
      forWhole(f, n, n1, columns, () => {
        const into = this.rightPanel(f, slab, get(n));
        f.run(func, ...slab.batch, get(n), ...slab.depth, into, ...this.operands(f));
      });
    }
  }

  packLeft(f: Func, block: Block): void {
    const { rows } = this.b;
    const pack = (target: Func, piece: Value): void => {
      const row = firstRow(f, rows, piece);
      f.run(target, ...block.batch, row, ...block.depth, this.leftPanel(f, block, row), ...this.operands(f));
    };
    const { leftSeveral } = this;
    const [first, last] = block.pieces;
    const next = f.variable(first, 'next');
    if (leftSeveral !== null)
      forWhole(f, next, minimum(f, last, i32(rows.tall)), panelsAtOnce, () => pack(leftSeveral, get(next)));
    forPieces(f, rows, [get(next), last], (height, piece) => pack(this.left(height), piece));
  }

  /** The micro-kernel for each pair of panels: one of the right operand, and all of the left that are in the second cache. */
  multiply(f: Func, block: Block): void {
    const [n0, n1] = block.columns;
    const depth = f.let(minus(block.depth[1], block.depth[0]), 'depth');
    const n = f.variable(n0, 'n');
    f.count(n, n1, this.b.tile.columns, () => {
      const right = this.rightPanel(f, block, get(n));
      const column = f.let(add(block.result, times(minus(get(n), n0), this.bytes)), 'column');
      forPieces(f, this.b.rows, block.pieces, (height, piece) => {
        const row = firstRow(f, this.b.rows, piece);
        const into = add(column, times(minus(row, block.rows[0]), this.pitch * this.bytes));
        f.run(this.micro(height), depth, this.leftPanel(f, block, row), right, into, block.more);
      });
    });
  }

  private operands(f: Func): readonly Value[] {
    return [...pointersOf(f, this.kernel, phaseParams).values()];
  }

  private leftPanel(f: Func, { rows, depth }: Block, row: Value): Value {
    const position = op('i32.mul', minus(row, rows[0]), minus(depth[1], depth[0]));
    return f.let(add(add(f.param(2), i32(this.rightBytes)), times(position, this.bytes)), 'left');
  }

  /** Where the panel of a column stands. Shared panels are in the order of batch, depth blocks and columns. */
  private rightPanel(f: Func, { point, columns, depth }: Slab, column: Value): Value {
    const { b, c, bytes } = this;
    const [k0, k1]: Span = depth;
    if (!b.shareRight) {
      const position = op('i32.mul', minus(column, columns[0]), minus(k1, k0));
      return f.let(add(f.param(2), times(position, bytes)), 'right');
    }
    const before = times(add(times(point, sizeOf(c.depth)), k0), this.wide);
    return f.let(add(f.param(3), times(add(before, op('i32.mul', column, minus(k1, k0))), bytes)), 'right');
  }
}
