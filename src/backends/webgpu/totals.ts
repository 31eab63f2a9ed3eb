import { acc, index } from '../../kernel/expr.ts';
import type { Accumulator } from '../../kernel/kernel.ts';
import type { Monoid } from '../../kernel/ops.ts';
import { atom, combined, gpuDType, identityOf, storageType, valueType } from './scalar.ts';
import { assignment } from './shader.ts';
import type { Writer } from './writer.ts';

/** A sum over this many values is taken in two levels, so that rounding errors do not pile up. */
const longChain = 256;

/** Workgroup memory in which the invocations' totals meet, for accumulators in the order of their numbers. */
export const sharedPartials = (accumulators: readonly Accumulator[], lanes: number): readonly string[] =>
  accumulators.map((a, i) => `var<workgroup> partial${i}: array<${storageType[gpuDType(a.dtype)]}, ${lanes}>;`);

/** The running totals of some accumulators, numbered from `first` on. */
export class Totals {
  readonly #accumulators: readonly Accumulator[];
  readonly #first: number;
  readonly #writer: Writer;

  constructor(accumulators: readonly Accumulator[], first: number, writer: Writer) {
    this.#accumulators = accumulators;
    this.#first = first;
    this.#writer = writer;
  }

  get count(): number {
    return this.#accumulators.length;
  }

  /** Variables for them, each the value of reducing nothing. `name` is of a part of them, by number. */
  declare(name = totalName): void {
    this.#each((a, i) => {
      const dtype = gpuDType(a.dtype);
      this.#line(`var ${name(a, i)}: ${valueType[dtype]} = ${identityOf(a.monoid, dtype, this.#writer.use).text};`);
    });
  }

  /** Adds the values at the current point. */
  accumulate(name = totalName): void {
    this.#each((a, i) => this.#join(a, name(a, i), this.#writer.code(a.value)));
  }

  /** Adds the totals of a part. */
  addPart(): void {
    this.#each((a, i) => this.#join(a, totalName(a, i), atom(partName(a, i))));
  }

  /** The results are an invocation's own totals. */
  bindOwn(): void {
    this.#bind(totalName);
  }

  /** The results are where the invocations of the workgroup have met. */
  bindShared(): void {
    this.#bind((a, i) => partialAt(a, i, '0'));
  }

  /** All invocations of the workgroup put their totals together, always in the same order: each step halves their number. */
  meet(lanes: number): void {
    this.#each((a, i) =>
      this.#line(`partial${i}[lane] = ${a.dtype === 'bool' ? `u32(${totalName(a, i)})` : totalName(a, i)};`),
    );
    this.#line('workgroupBarrier();');
    this.#writer.repeated(`for (var width = ${lanes / 2}; width > 0; width /= 2)`, [], () => {
      this.#writer.nested('if (lane < width)', () => {
        this.#each((a, i) => {
          const [x, y] = [partialAt(a, i, 'lane'), partialAt(a, i, 'lane + width')];
          const code = combined(a.monoid, gpuDType(a.dtype), atom(x), atom(y), this.#writer.use);
          this.#line(a.dtype === 'bool' ? `partial${i}[lane] = u32(${code.text});` : assignment(x, code));
        });
      });
      this.#line('workgroupBarrier();');
    });
  }

  #join(a: Accumulator, total: string, value: ReturnType<Writer['code']>): void {
    this.#line(assignment(total, combined(a.monoid, gpuDType(a.dtype), atom(total), value, this.#writer.use)));
  }

  #bind(name: (a: Accumulator, i: number) => string): void {
    const names: (readonly [ReturnType<typeof acc>, string])[] = [];
    this.#each((a, i) => names.push([acc(i, a.dtype), name(a, i)]));
    this.#writer.declare(names);
  }

  #each(body: (a: Accumulator, i: number) => void): void {
    this.#accumulators.forEach((a, i) => body(a, this.#first + i));
  }

  #line(text: string): void {
    this.#writer.line(text);
  }
}

const totalWords: { readonly [M in Monoid]: string } = {
  add: 'sum',
  mul: 'product',
  max: 'greatest',
  min: 'least',
  and: 'all',
  or: 'any',
};
const totalName = (a: Accumulator, i: number): string => `${totalWords[a.monoid]}${i}`;
const partName = (a: Accumulator, i: number): string => `part_${totalName(a, i)}`;

const partialAt = (a: Accumulator, i: number, at: string): string =>
  a.dtype === 'bool' ? `(partial${i}[${at}] != 0u)` : `partial${i}[${at}]`;

/** What is done at a point of a row before and after its values are added up. */
export interface Point {
  readonly begin: () => void;
  readonly store: () => void;
}

/**
 * Each lane's own share of `depth` points, `index(1, depth)`: every `lanes`-th, in chunks when there are many. `point`
 * writes what else is done at each point, before and after its values are added up.
 */
export function stridedLoop(totals: Totals, writer: Writer, depth: number, lanes: number, point: Point): void {
  const r = index(1, depth);
  totals.declare();
  const walk = (from: string, to: string, name?: typeof totalName): void =>
    writer.repeated(`for (var r = ${from}; r < ${to}; r += ${lanes})`, [[r, 'r']], () => {
      point.begin();
      totals.accumulate(name);
      point.store();
    });
  if (depth <= lanes * longChain) return walk('lane', String(depth));
  const chunk = lanes * longChain;
  writer.repeated(`for (var start = lane; start < ${depth}; start += ${chunk})`, [], () => {
    totals.declare(partName);
    walk('start', `min(start + ${chunk}, ${depth})`, partName);
    totals.addPart();
  });
}
