import { constant, load } from '../kernel/expr.ts';
import { linearize, lit } from '../kernel/index-algebra.ts';
import { at, product, range } from '../util/array.ts';
import { userLine } from '../util/origin.ts';
import type { Shape } from './aval.ts';
import { showAval } from './aval.ts';
import type { Trace } from './context.ts';
import { KeyReuseError } from './errors.ts';
import type { Element, Primitive } from './primitive.ts';
import type { NDArray } from './value.ts';
import { Tracer } from './value.ts';

/**
 * Which random keys have been used, while `debugKeyReuse` is on.
 *
 * A key is known by where it comes from, not by its value: each array of keys has a root, and each of its elements is a
 * place there. Operations that only move elements (slices, reshapes, stacking) carry places along, whichever arrays hold
 * them in between, so that an element of what `split` gave is one key however it was taken out. Everything else, and a
 * selection by a traced index, makes an array with a root of its own: then a reuse may go unnoticed, but none is reported
 * that is not one.
 */

/** Where keys are made. */
interface Root {
  /** Grows with time. */
  readonly id: number;
  readonly uses: Map<number, Use>;
  /** Keys folded out of these, by the number folded in. */
  readonly folded: Map<string, Root>;
}

/** One word of a key. */
interface Place {
  readonly root: Root;
  readonly offset: number;
}

/** The places that an element stands for: one, or a whole batch of them; none where it is no known key. */
type Cell = readonly Place[];
/** The cells of an array's elements, in row-major order. */
export type Region = readonly Cell[];

/** What a key was used for, and where. */
interface Use {
  readonly what: string;
  readonly line: string;
}

/** Larger arrays are not followed element by element. */
const maxFollowed = 1 << 14;
const regions = new WeakMap<NDArray, Region>();
let nextRoot = 0;

function newRoot(owner: NDArray | null = null): Root {
  const root: Root = { id: nextRoot++, uses: new Map(), folded: new Map() };
  if (owner instanceof Tracer) {
    for (const r of recordings) if (isAround(owner.trace, r.around)) r.outside.add(root);
  }
  return root;
}

/** Is `trace` the interpreter `inner`, or one around it? */
function isAround(trace: Trace, inner: Trace | null): boolean {
  for (let t = inner; t !== null; t = t.parent) if (t === trace) return true;
  return false;
}

const ofRoot = (root: Root, size: number): Region => range(size).map((offset) => [{ root, offset }]);

/** Gives an array of new keys its root. */
export function noteNewKeys(keys: NDArray): void {
  regions.set(keys, ofRoot(newRoot(), keys.size));
}

/** The cells of an array; those of its own root if nothing is known of it. */
export function regionOf(x: NDArray): Region {
  let region = regions.get(x);
  if (region === undefined) {
    const batch = x instanceof Tracer ? x.batch() : null;
    region =
      batch === null ? ofRoot(newRoot(x), x.size) : examples(regionOf(batch.value), batch.value.shape, batch.axis);
    regions.set(x, region);
  }
  return region;
}

export const setRegion = (x: NDArray, region: Region): void => void regions.set(x, region);

/** What one example stands for: the same element of each in the batch. */
export function examples(region: Region, shape: Shape, axis: number): Region {
  const inner = product(shape.slice(axis + 1));
  const extent = at(shape, axis);
  const size = product(shape.filter((_, i) => i !== axis));
  return range(size).map((k) =>
    range(extent).flatMap((i) => at(region, (Math.floor(k / inner) * extent + i) * inner + (k % inner))),
  );
}

/** The cells of a slice along the first axis. */
export function sliceOf(region: Region, shape: Shape, i: number): Region {
  const size = product(shape.slice(1));
  return region.slice(i * size, (i + 1) * size);
}

// ------------------------------------------------------------------------------------------------------ movement

/** Carries places along where an operation moves elements of u32 arrays. */
export function followMovement(
  primitive: Primitive,
  inputs: readonly NDArray[],
  params: unknown,
  outputs: readonly NDArray[],
): void {
  outputs.forEach((out, i) => {
    if (out.dtype !== 'u32' || out.ndim === 0 || out.size > maxFollowed) return;
    const moved = primitive.derivative.kind === 'linear' ? movedCells(primitive, inputs, params, outputs, i) : null;
    if (moved !== null) regions.set(out, moved);
    else if (!regions.has(out) && !(out instanceof Tracer && out.batch() !== null)) noteNewKeys(out);
  });
}

/** The cells of a result whose elements all are elements of operands; null where one is computed. */
function movedCells(
  primitive: Primitive,
  inputs: readonly NDArray[],
  params: unknown,
  outputs: readonly NDArray[],
  result: number,
): Region | null {
  const operands = inputs.map((x, i) => {
    const value = x instanceof Tracer ? null : (x.concrete()?.literal() ?? null);
    const element: Element = (c) =>
      value === null ? load(i, x.dtype, linearize(c, x.shape)) : constant(x.dtype, value);
    return { aval: x.aval, at: element };
  });
  const lowered = primitive.lower(
    operands,
    params,
    outputs.map((o) => o.aval),
  );
  if (lowered.kind !== 'map') return null;
  const element = at(lowered.outputs, result);
  const cells: Cell[] = [];
  for (const c of coordinates(at(outputs, result).shape)) {
    const e = element(c.map(lit));
    if (e.kind !== 'load' || e.index.kind !== 'const' || e.guard !== null) return null;
    cells.push(at(regionOf(at(inputs, e.operand)), e.index.value));
  }
  return cells;
}

/** All positions in an array, in row-major order. */
function coordinates(shape: Shape): readonly (readonly number[])[] {
  return shape.reduce<readonly (readonly number[])[]>(
    (before, n) => before.flatMap((c) => range(n).map((i) => [...c, i])),
    [[]],
  );
}

/** The key that `data` folded into a key gives is the same each time. */
export function followFolding(key: NDArray, data: NDArray, folded: NDArray): void {
  const number = data instanceof Tracer ? null : (data.concrete()?.literal() ?? null);
  const [place] = regionOf(key)[0] ?? [];
  if (number === null || place === undefined) return noteNewKeys(folded);
  const name = `${place.offset}:${number}`;
  let root = place.root.folded.get(name);
  if (root === undefined) place.root.folded.set(name, (root = newRoot()));
  regions.set(folded, ofRoot(root, folded.size));
}

// ---------------------------------------------------------------------------------------------------------- uses

interface NotedUse {
  readonly place: Place;
  readonly use: Use;
}

/** What is recorded of a function while it is traced. */
interface Recording {
  readonly uses: NotedUse[];
  /** The interpreter around the trace. */
  readonly around: Trace | null;
  /** Roots of arrays from outside that were not known before. */
  readonly outside: Set<Root>;
}

/** Those under way, innermost last. */
const recordings: Recording[] = [];

/** Runs `body` and takes back all uses that it notes. */
function record<T>(around: Trace | null, body: () => T): { readonly result: T; readonly recorded: Recording } {
  const recorded: Recording = { uses: [], around, outside: new Set() };
  recordings.push(recorded);
  try {
    return { result: body(), recorded };
  } finally {
    recordings.pop();
    for (const { place } of recorded.uses) place.root.uses.delete(place.offset);
  }
}

/**
 * Notes that a key is used.
 *
 * @throws KeyReuseError when it was used before.
 */
export function noteUse(key: NDArray, what: string): void {
  const line = userLine() ?? 'at an unknown line';
  useCells(regionOf(key), { what, line }, (earlier) => {
    throw new KeyReuseError(
      `a random key (${showAval(key.aval)}) is used again, for ${what}; it was used for ${earlier.what} ${earlier.line}. ` +
        'Two draws from one key give the same numbers: use each key once, and make more with random.split ' +
        '(const [k1, k2] = random.split(key)), or fold different numbers in with random.foldIn.',
    );
  });
}

function useCells(region: Region, use: Use, again: (earlier: Use) => never): void {
  const places = region.flat();
  for (const { root, offset } of places) {
    const earlier = root.uses.get(offset);
    if (earlier !== undefined) again(earlier);
  }
  for (const place of places) mark({ place, use });
}

function mark(noted: NotedUse): void {
  noted.place.root.uses.set(noted.place.offset, noted.use);
  recordings.at(-1)?.uses.push(noted);
}

// ------------------------------------------------------------------------------- functions traced once, run often

/** What a traced function does with keys, each time that it runs. */
export interface KeyUses {
  /** The roots of the inputs that stand for them in the trace. */
  readonly inputs: readonly Region[];
  readonly outputs: readonly Region[];
  readonly uses: readonly NotedUse[];
  /** Was this root made in the trace? */
  readonly isInner: (root: Root) => boolean;
}

/**
 * Records what a function does with keys while it is traced. Nothing counts as used afterwards: that is for the runs, by
 * {@link applyKeyUses}.
 *
 * @param around the interpreter that is current outside of the trace.
 * @param io gives the inputs and results, as tracers.
 */
export function recordKeyUses<T>(
  around: Trace | null,
  trace: () => T,
  io: (result: T) => { readonly inputs: readonly NDArray[]; readonly outputs: readonly NDArray[] },
): { readonly result: T; readonly keyUses: KeyUses } {
  const first = nextRoot;
  const {
    result: [result, inputs, outputs],
    recorded: { uses, outside },
  } = record(around, () => {
    const traced = trace();
    const ends = io(traced);
    return [traced, keyRegions(ends.inputs), keyRegions(ends.outputs)] as const;
  });
  const isInner = (root: Root): boolean => root.id >= first && !outside.has(root);
  return { result, keyUses: { inputs, outputs, uses, isInner } };
}

/** Only u32 arrays can hold keys. */
const keyRegion = (x: NDArray): Region => (x.dtype === 'u32' && x.size <= maxFollowed ? regionOf(x) : []);

/**
 * Notes the uses of one run of a traced function.
 *
 * @param inputs the cells of what it is given; {@link keyRegions} makes them.
 * @param run how error messages call the run: `a call of jit of step`.
 * @returns the cells of what it gives back.
 * @throws KeyReuseError when one of the keys was used before.
 */
export function applyKeyUses(keyUses: KeyUses, inputs: readonly Region[], run: string): readonly Region[] {
  const { uses, outputs, isInner } = keyUses;
  const given = new Map<Root, Region>();
  keyUses.inputs.forEach((region, i) => {
    const [place] = region[0] ?? [];
    if (place !== undefined) given.set(place.root, inputs[i] ?? []);
  });
  const made = new Map<Root, Root>();
  const translate = ({ root, offset }: Place): Cell => {
    const region = given.get(root);
    if (region !== undefined) return region[offset] ?? [];
    if (!isInner(root)) return [{ root, offset }];
    let own = made.get(root);
    if (own === undefined) made.set(root, (own = newRoot()));
    return [{ root: own, offset }];
  };
  const line = userLine() ?? 'at an unknown line';
  for (const { place, use } of uses) {
    useCells([translate(place)], { what: use.what, line: `${use.line}, in ${run} ${line}` }, (earlier) => {
      throw new KeyReuseError(
        `a random key is used again in ${run}, for ${use.what} ${use.line}; it was used for ${earlier.what} ${earlier.line}. ` +
          'Every run draws the same numbers from the same key: pass a new key to each (random.split, random.foldIn).',
      );
    });
  }
  return outputs.map((region) => region.map((cell) => cell.flatMap(translate)));
}

/** The cells of arrays that may hold keys. */
export const keyRegions = (xs: readonly NDArray[]): readonly Region[] => xs.map(keyRegion);

/** Notes uses of which only one run happens: those of the branches of a conditional. */
export function applyOneOf(branches: readonly (() => readonly Region[])[]): void {
  branches.flatMap((branch) => record(null, branch).recorded.uses).forEach(mark);
}
