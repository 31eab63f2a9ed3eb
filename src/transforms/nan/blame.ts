import type { HostArray } from '../../kernel/dtype.ts';
import type { ConcreteArray } from '../../trace/concrete.ts';
import { at } from '../../util/array.ts';
import type { ElementRead, Reading } from './elements.ts';
import { readingOf, readsOf } from './elements.ts';
import { culpritByTrial } from './trial.ts';
import type { Operation, Value } from './watch.ts';

/** The way of a NaN or an infinity from where it was made to a result. */

/** One element on that way. */
export interface Station {
  readonly of: Value;
  readonly position: number;
  readonly value: number;
  /** How the operation that made it computed this element; null where that can't be told, or nothing made it. */
  readonly reading: Reading | null;
}

/** The elements of arrays, each read once. */
export class Elements {
  private readonly known = new Map<ConcreteArray, HostArray>();

  async of({ array }: Value): Promise<HostArray> {
    let data = this.known.get(array);
    if (data === undefined) this.known.set(array, (data = await array.read()));
    return data;
  }

  /** How an operation computed one element of a result; null where that can't be told. */
  async readingOf(operation: Operation, output: number, position: number, result: number): Promise<Reading | null> {
    return readingOf(operation, await this.ofInputs(operation), output, position, result);
  }

  /** The elements of each operand. */
  async ofInputs({ inputs }: Operation): Promise<readonly HostArray[]> {
    const data: HostArray[] = [];
    for (const x of inputs) data.push(await this.of(x));
    return data;
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
  return {
    of,
    position,
    value,
    reading: made && (await elements.readingOf(made.operation, made.output, position, value)),
  };
}

/** The operation that made a value; null for arguments and constants. */
export const operationOf = ({ source }: Value): { readonly operation: Operation; readonly output: number } | null =>
  source !== null && 'operation' in source ? source : null;

/** The element that brought a NaN or an infinity into an operation, if it was not made there. */
async function before(
  { of, position, value, reading }: Station,
  elements: Elements,
): Promise<{ of: Value; position: number } | null> {
  const made = operationOf(of);
  if (made === null) return null;
  const { operation, output } = made;
  const read =
    reading === null
      ? await culpritByTrial(operation, await elements.ofInputs(operation), output, position, value)
      : worstOf(reading.decisive.flatMap((n) => reading.term(n).reads));
  return read === null ? null : { of: at(operation.inputs, read.operand), position: read.position };
}

/** The first NaN, or else the first infinity. */
function worstOf(reads: readonly ElementRead[]): ElementRead | null {
  const bad = reads.filter(isBad);
  return bad.find((r) => Number.isNaN(r.value)) ?? bad[0] ?? null;
}

/** More elements than this are not searched for a selection. */
const manyElements = 1 << 14;

/** The search for a selection: what it has seen of each array. */
class Search {
  private readonly elements: Elements;
  private readonly seen = new Map<ConcreteArray, Set<number>>();
  private left = manyElements;

  constructor(elements: Elements) {
    this.elements = elements;
  }

  /** The user's selection that made a cotangent zero. */
  async selectionOf(value: Value, position: number): Promise<Operation | null> {
    const made = operationOf(value);
    if (made?.operation.phase.kind !== 'backward' || !this.isNew(value, position)) return null;
    const { operation, output } = made;
    if (await this.hides(operation, position)) return operation;
    const reading = await this.elements.readingOf(operation, output, position, 0);
    return reading === null ? null : this.behindZeros(operation, readsOf(reading));
  }

  /** The selection of which one of the zeros that an operation read came. */
  async behindZeros({ inputs }: Operation, reads: readonly ElementRead[]): Promise<Operation | null> {
    for (const read of reads.filter((r) => r.value === 0)) {
      const found = await this.selectionOf(at(inputs, read.operand), read.position);
      if (found !== null) return found;
    }
    return null;
  }

  /** Is it a choice of the user's, which put a zero in the place of something else? */
  private async hides({ primitive, origin, inputs }: Operation, position: number): Promise<boolean> {
    if (primitive.name !== 'select' || origin?.isChoice !== true) return false;
    const [, x, y] = inputs;
    for (const of of [x, y]) if (of !== undefined && (await this.elements.of(of))[position] !== 0) return true;
    return false;
  }

  private isNew({ array }: Value, position: number): boolean {
    let seen = this.seen.get(array);
    if (seen === undefined) this.seen.set(array, (seen = new Set()));
    if (seen.has(position) || this.left === 0) return false;
    this.left -= 1;
    seen.add(position);
    return true;
  }
}

/**
 * The `where` of the user's (or `lax.select`) that made a cotangent zero, if the NaN came of multiplying or dividing that zero:
 * the branch that was not taken is differentiated too, and 0 · ∞ is NaN.
 */
export async function selectionBehind(way: readonly Station[], elements: Elements): Promise<Operation | null> {
  const search = new Search(elements);
  for (const { of, value, reading } of way) {
    const made = operationOf(of);
    if (made?.operation.phase.kind !== 'backward' || !Number.isNaN(value) || reading === null) continue;
    const reads = reading.decisive.flatMap((n) => reading.term(n).reads);
    const found = await search.behindZeros(made.operation, reads);
    if (found !== null) return found;
  }
  return null;
}
