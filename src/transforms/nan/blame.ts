import type { HostArray } from '../../kernel/dtype.ts';
import { isFloat } from '../../kernel/dtype.ts';
import type { ConcreteArray } from '../../trace/concrete.ts';
import { at } from '../../util/array.ts';
import type { ElementRead } from './elements.ts';
import { elementsRead } from './elements.ts';
import type { Operation, Value } from './watch.ts';

/** The way of a NaN or an infinity from where it was made to a result. */

/** One element on that way. */
export interface Station {
  readonly of: Value;
  readonly position: number;
  readonly value: number;
  /** What the operation that made it read for this element; null where that can't be told, or nothing made it. */
  readonly reads: readonly ElementRead[] | null;
}

/** The elements of arrays, each read once. */
export class Elements {
  private readonly known = new Map<ConcreteArray, HostArray>();

  async of({ array }: Value): Promise<HostArray> {
    let data = this.known.get(array);
    if (data === undefined) this.known.set(array, (data = await array.read()));
    return data;
  }

  /** What an operation read for one element of a result. */
  async readBy(operation: Operation, output: number, position: number): Promise<readonly ElementRead[] | null> {
    const data: HostArray[] = [];
    for (const x of operation.inputs) data.push(await this.of(x));
    return elementsRead(operation, data, output, position);
  }
}

/** The first NaN of an array, or else the first infinity; -1 if there is neither. */
export function firstBad(data: HostArray): number {
  const nan = data.findIndex((v) => Number.isNaN(v));
  return nan >= 0 ? nan : data.findIndex((v) => Math.abs(v) === Infinity);
}

const isBad = ({ value }: ElementRead): boolean => !Number.isFinite(value);

/** Follows one element back to where it was made: the stations, the first of all first. */
export async function wayOf(value: Value, position: number, elements: Elements): Promise<readonly Station[]> {
  const way: Station[] = [];
  let next: { readonly of: Value; readonly position: number } | null = { of: value, position };
  while (next !== null) {
    const here: Station = await stationAt(next.of, next.position, elements);
    way.unshift(here);
    next = await before(here, elements);
  }
  return fromFirstMade(way);
}

/** An infinity that was given, as by a mask, is where a way begins only if nothing made a NaN of it. */
function fromFirstMade(way: readonly Station[]): readonly Station[] {
  const [first] = way;
  const nan = way.findIndex((s) => Number.isNaN(s.value));
  return first !== undefined && operationOf(first.of) === null && nan > 0 ? way.slice(nan) : way;
}

async function stationAt(of: Value, position: number, elements: Elements): Promise<Station> {
  const value = Number((await elements.of(of))[position]);
  const made = operationOf(of);
  return { of, position, value, reads: made && (await elements.readBy(made.operation, made.output, position)) };
}

/** The operation that made a value; null for arguments and constants. */
export const operationOf = ({ source }: Value): { readonly operation: Operation; readonly output: number } | null =>
  source !== null && 'operation' in source ? source : null;

/** The element that brought a NaN or an infinity into an operation, if it was not made there. */
async function before({ of, reads }: Station, elements: Elements): Promise<{ of: Value; position: number } | null> {
  const made = operationOf(of);
  if (made === null) return null;
  const { inputs } = made.operation;
  if (reads !== null) {
    const bad = reads.filter(isBad);
    const read = bad.find((r) => Number.isNaN(r.value)) ?? bad[0];
    return read === undefined ? null : { of: at(inputs, read.operand), position: read.position };
  }
  const found: { of: Value; position: number; isNan: boolean }[] = [];
  for (const x of inputs.filter((v) => isFloat(v.array.dtype))) {
    const data = await elements.of(x);
    const position = firstBad(data);
    if (position >= 0) found.push({ of: x, position, isNan: Number.isNaN(data[position]) });
  }
  return found.find((f) => f.isNan) ?? found[0] ?? null;
}

/**
 * The `where` (or another selection) that made a cotangent zero, if the NaN came of multiplying or dividing that zero: the
 * branch that was not taken is differentiated too, and 0 · ∞ is NaN.
 */
export async function selectionBehind(way: readonly Station[], elements: Elements): Promise<Operation | null> {
  for (const { of, value, reads } of way) {
    const made = operationOf(of);
    if (made?.operation.phase.kind !== 'backward' || !Number.isNaN(value) || reads === null) continue;
    for (const read of reads.filter((r) => r.value === 0)) {
      const found = await selectionOf(at(made.operation.inputs, read.operand), read.position, elements);
      if (found !== null) return found;
    }
  }
  return null;
}

/** The selection of which a zero cotangent came. */
async function selectionOf(value: Value, position: number, elements: Elements): Promise<Operation | null> {
  const made = operationOf(value);
  if (made?.operation.phase.kind !== 'backward') return null;
  const { operation, output } = made;
  if (operation.primitive.name === 'select') return operation;
  const reads = await elements.readBy(operation, output, position);
  for (const read of (reads ?? []).filter((r) => r.value === 0)) {
    const found = await selectionOf(at(operation.inputs, read.operand), read.position, elements);
    if (found !== null) return found;
  }
  return null;
}
