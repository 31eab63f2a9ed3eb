import type { Func, Local, Value } from '../module/code.ts';
import { get, i32, op } from '../module/code.ts';
import type { Phase } from '../rows.ts';
import { minimum } from '../runs.ts';
import type { Pieces } from './schedule.ts';
import { heightsOf } from './schedule.ts';

export const add = (x: Value, y: Value): Value => op('i32.add', x, y);
export const minus = (x: Value, y: Value): Value => op('i32.sub', x, y);
export const times = (x: Value, y: number): Value => (y === 1 ? x : op('i32.mul', x, i32(y)));
export const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;

/** A range: the first one, and the one after the last. */
export type Span = readonly [from: Value, to: Value];

/** Some columns and depths, at one point of the batch. */
export interface Slab {
  /** The linear position in the batch, and its coordinates. */
  readonly point: Value;
  readonly batch: readonly Value[];
  readonly columns: Span;
  readonly depth: Span;
}

/** A part of the result that is computed at once, and the depths. */
export interface Block extends Slab {
  readonly rows: Span;
  /** The pieces that the rows are. */
  readonly pieces: Span;
  /** Where the sums go, row by row. */
  readonly result: Value;
  /** Add to what stands there already? */
  readonly more: Value;
}

/** Writes how the tiles of a block are computed, into the function of a phase. */
export interface Tiles {
  /** A phase before all others, and the bytes of shared memory that it fills. */
  readonly shared: { readonly phase: Phase; readonly bytes: number } | null;
  /** Bytes of scratch memory, from its start on. */
  readonly scratchBytes: number;
  /** What comes before the blocks of a slab. */
  readonly before: (f: Func, slab: Slab) => void;
  readonly block: (f: Func, block: Block) => void;
}

/** The first row of a piece. */
export function firstRow(f: Func, { height, tall, run, perRun, count }: Pieces, piece: Value): Value {
  const within = count === perRun ? piece : f.let(op('i32.rem_u', piece, i32(perRun)));
  const start = tall === perRun ? times(within, height) : add(times(within, height - 1), minimum(f, within, i32(tall)));
  return f.let(count === perRun ? start : add(times(op('i32.div_u', piece, i32(perRun)), run), start));
}

/** Calls `body` for each piece of a span, with code for each height that occurs. */
export function forPieces(f: Func, p: Pieces, [from, to]: Span, body: (height: number, piece: Value) => void): void {
  const piece = f.variable(from, 'piece');
  f.count(piece, to, 1, () => {
    if (p.tall === p.perRun) return body(p.height, get(piece));
    const within = p.count === p.perRun ? get(piece) : op('i32.rem_u', get(piece), i32(p.perRun));
    f.if(
      op('i32.lt_u', within, i32(p.tall)),
      () => body(p.height, get(piece)),
      () => body(p.height - 1, get(piece)),
    );
  });
}

/** Calls `body` for as many whole steps as fit into what is left of a span. */
export function forWhole(f: Func, at: Local, to: Value, step: number, body: () => void): void {
  f.while(op('i32.le_u', add(get(at), i32(step)), to), () => {
    body();
    f.set(at, add(get(at), i32(step)));
  });
}

/** Something for each height of pieces. */
export function byHeight<T>(p: Pieces, make: (height: number) => T): (height: number) => T {
  const made = new Map(heightsOf(p).map((h) => [h, make(h)]));
  return (height) => made.get(height) as T;
}
