import { storedBytes } from '../../../kernel/dtype.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import type { Func, Value } from '../module/code.ts';
import { get, i32, op } from '../module/code.ts';
import type { KernelCode, ModuleBuilder, Phase } from '../rows.ts';
import { phaseFunc, phaseParams, pointersOf } from '../rows.ts';
import { coordinatesOf, minimum } from '../runs.ts';
import { dotTiles } from './dots.ts';
import { finishFunc, joinPhase } from './finish.ts';
import type { Contraction } from './operands.ts';
import { sizeOf } from './operands.ts';
import { panelTiles } from './panels.ts';
import type { Blocking } from './schedule.ts';
import { streamTiles } from './stream.ts';
import type { Slab, Span, Tiles } from './tiles.ts';
import { add, firstRow, minus, roundUp, times } from './tiles.ts';

const tilesOf = { panels: panelTiles, dots: dotTiles, stream: streamTiles };

/** Writes the phases of a contraction that is cut as `b` says. */
export function writeContraction(m: ModuleBuilder, kernel: ContractKernel, c: Contraction, b: Blocking): KernelCode {
  const bytes = storedBytes(c.dtype);
  const split = b.splits > 1;
  const pitch = split ? roundUp(sizeOf(c.columns), 8) : b.blockColumns;
  const tiles = tilesOf[b.tile.kind](m, kernel, c, b, pitch);
  const finish = finishFunc(m, kernel, c, pitch);
  const partials = roundUp(tiles.shared?.bytes ?? 0, 64);
  const f = phaseFunc(kernel);
  new UnitWriter(f, kernel, c, b, { tiles, finish, pitch, partials }).units();
  m.funcs.push(f);
  const batch = sizeOf(c.batch);
  const main: Phase = { func: f, units: batch * b.splits * Math.ceil(b.rowBlocks / b.group) * b.columnBlocks };
  const join = split ? [joinPhase(m, kernel, c, { finish, splits: b.splits, pitch, partials })] : [];
  const resultBytes = (b.depthBlocks > 1 ? b.group : 1) * b.blockRows * pitch * bytes;
  return {
    phases: [...(tiles.shared === null ? [] : [tiles.shared.phase]), main, ...join],
    scratchBytes: tiles.scratchBytes + (split ? 0 : resultBytes),
    sharedBytes: partials + (split ? batch * b.splits * sizeOf(c.rows) * pitch * bytes : 0),
  };
}

interface UnitParts {
  readonly tiles: Tiles;
  readonly finish: Func;
  /** Elements from row to row of the sums. */
  readonly pitch: number;
  /** Where the parts of split depths stand in the shared memory. */
  readonly partials: number;
}

/** A unit: which part of the depth, which row blocks, and the slab without its depth. */
interface Unit extends Omit<Slab, 'depth'> {
  readonly split: Value;
  readonly blocks: Span;
}

/** Writes the function of the phase that multiplies. */
class UnitWriter {
  private readonly f: Func;
  private readonly c: Contraction;
  private readonly b: Blocking;
  private readonly parts: UnitParts;
  private readonly operands: readonly Value[];
  private readonly bytes: number;

  constructor(f: Func, kernel: ContractKernel, c: Contraction, b: Blocking, parts: UnitParts) {
    this.f = f;
    this.c = c;
    this.b = b;
    this.parts = parts;
    this.operands = [...pointersOf(f, kernel, phaseParams).values()];
    this.bytes = storedBytes(c.dtype);
  }

  units(): void {
    const { f, b, c } = this;
    const unit = f.variable(f.param(0), 'unit');
    f.count(unit, f.param(1), 1, () => {
      let rest: Value = get(unit);
      const digit = (base: number, name: string): Value => {
        if (base === 1) return i32(0);
        const value = f.let(op('i32.rem_u', rest, i32(base)), name);
        rest = f.let(op('i32.div_u', rest, i32(base)));
        return value;
      };
      const n0 = f.let(times(digit(b.columnBlocks, 'column'), b.blockColumns), 'n');
      const n1 = minimum(f, add(n0, i32(b.blockColumns)), i32(sizeOf(c.columns)));
      const first = f.let(times(digit(Math.ceil(b.rowBlocks / b.group), 'group'), b.group), 'first');
      const last = minimum(f, add(first, i32(b.group)), i32(b.rowBlocks));
      const split = digit(b.splits, 'split');
      const batch = coordinatesOf(f, c.batch, rest).map(([, v]) => v);
      this.unit({ point: rest, batch, columns: [n0, n1], split, blocks: [first, last] });
    });
  }

  private unit(unit: Unit): void {
    const { f, b, c, parts } = this;
    const from = f.let(times(unit.split, b.splitDepth), 'from');
    const to = minimum(f, add(from, i32(b.splitDepth)), i32(sizeOf(c.depth)));
    const k = f.variable(from, 'k');
    // Once even where there is no depth: sums of nothing are zero.
    f.repeat(() => {
      const depth: Span = [get(k), minimum(f, add(get(k), i32(b.blockDepth)), to)];
      const more = b.depthBlocks === 1 ? i32(0) : f.let(op('i32.gt_u', get(k), from), 'more');
      parts.tiles.before(f, { ...unit, depth });
      const [first, last] = unit.blocks;
      const block = f.variable(first, 'block');
      f.count(block, last, 1, () => {
        const pieces: Span = [this.firstPiece(get(block)), this.firstPiece(add(get(block), i32(1)))];
        const rows: Span = [firstRow(f, b.rows, pieces[0]), firstRow(f, b.rows, pieces[1])];
        const result = this.result(unit, minus(get(block), first), rows[0]);
        parts.tiles.block(f, { ...unit, depth, rows, pieces, result, more });
        const finish = (): void =>
          f.run(parts.finish, ...unit.batch, ...rows, ...unit.columns, result, ...this.operands);
        if (b.splits > 1) return;
        if (b.depthBlocks === 1) finish();
        else f.if(op('i32.ge_u', depth[1], to), finish);
      });
      f.set(k, add(get(k), i32(b.blockDepth)));
      return op('i32.lt_u', get(k), to);
    });
  }

  /** The first piece of a row block: the first blocks have one more than the others. */
  private firstPiece(block: Value): Value {
    const { f, b } = this;
    const [each, more] = [Math.floor(b.rows.count / b.rowBlocks), b.rows.count % b.rowBlocks];
    const start = times(block, each);
    return f.let(more === 0 ? start : add(start, minimum(f, block, i32(more))));
  }

  private result(unit: Unit, waiting: Value, row: Value): Value {
    const { f, b, c, bytes, parts } = this;
    const rowBytes = parts.pitch * bytes;
    if (b.splits > 1) {
      const part = add(times(add(times(unit.point, b.splits), unit.split), sizeOf(c.rows)), row);
      const start = add(f.param(3), i32(parts.partials));
      return f.let(add(add(start, times(part, rowBytes)), times(unit.columns[0], bytes)), 'result');
    }
    const start = add(f.param(2), i32(parts.tiles.scratchBytes));
    if (b.depthBlocks === 1 || b.group === 1) return f.let(start, 'result');
    return f.let(add(start, times(waiting, b.blockRows * rowBytes)), 'result');
  }
}
