import type { DType, HostArray } from '../../src/kernel/dtype.ts';
import { storedBytes } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { acc, binary, index, load } from '../../src/kernel/expr.ts';
import { iadd, imod, isub, lit } from '../../src/kernel/index-algebra.ts';
import type { Kernel, Operand } from '../../src/kernel/kernel.ts';
import { ProcedureWriter } from '../../src/kernel/procedure.ts';
import type { BufferSpec, Place, Program, RunStep, Step } from '../../src/kernel/program.ts';
import { at, range } from '../../src/util/array.ts';
import type { Source } from './random.ts';
import { Random } from './random.ts';
import { randomData } from './random-kernels.ts';

/** A program with contents for its inputs. */
export interface ProgramCase {
  readonly program: Program;
  readonly inputs: readonly HostArray[];
}

const vocabulary = { dtypes: ['i32'], special: false, exact: true } as const;

/** A kernel's operands and the buffers that they are bound to, while its expressions are written. */
class Binding {
  readonly operands: Operand[] = [];
  readonly args: number[] = [];
  private readonly buffers: readonly BufferSpec[];

  constructor(buffers: readonly BufferSpec[]) {
    this.buffers = buffers;
  }

  operand(buffer: number, access: Operand['access']): number {
    const { dtype, length } = at(this.buffers, buffer);
    this.args.push(buffer);
    return this.operands.push({ dtype, length, access }) - 1;
  }

  load(buffer: number, position: Expr): Expr {
    return load(this.operand(buffer, 'read'), at(this.buffers, buffer).dtype, position);
  }
}

type Body =
  | Omit<Extract<Kernel, { kind: 'map' }>, 'name' | 'source' | 'operands'>
  | Omit<Extract<Kernel, { kind: 'reduce' }>, 'name' | 'source' | 'operands'>
  | Omit<Extract<Kernel, { kind: 'procedure' }>, 'name' | 'source' | 'operands'>;

/**
 * Builds the buffers and steps of a random program. All its data are i32 vectors of one length, which every device
 * computes exactly: what is random here is where they are, and the control flow.
 */
class ProgramMaker {
  readonly buffers: BufferSpec[] = [];
  readonly slots: number[] = [];
  /** Data buffers that steps may write, and all that they may read. */
  readonly writable: readonly number[];
  readonly readable: readonly number[];
  private readonly r: Random;
  private readonly length: number;
  /** Steps that compute data, for repeating. */
  private readonly made: RunStep[] = [];
  private kernels = 0;
  /** Steps yet to be made at most. */
  private left = 18;

  constructor(r: Random) {
    this.r = r;
    this.length = r.pick([1, 2, 5, 8, 19]);
    const data = (place: Place): number => this.buffer('i32', this.length, place);
    const contents = randomData(r, 'i32', this.length, vocabulary);
    const fixed = [data({ kind: 'input' }), data({ kind: 'constant', data: contents })];
    this.writable = [data({ kind: 'input' }), data({ kind: 'output' }), data({ kind: 'output' })].concat(
      range(2).map(() => data(this.temporary('i32', this.length))),
    );
    this.readable = [...fixed, ...this.writable];
  }

  private buffer(dtype: DType, length: number, place: Place): number {
    return this.buffers.push({ dtype, length, place }) - 1;
  }

  private temporary(dtype: DType, length: number): Place {
    return { kind: 'temporary', slot: this.slots.push(length * storedBytes(dtype)) - 1 };
  }

  private scalar(dtype: DType): number {
    return this.buffer(dtype, 1, this.temporary(dtype, 1));
  }

  private run(body: Body, { operands, args }: Binding): RunStep {
    return { kind: 'run', kernel: { ...body, name: `kernel_${this.kernels++}`, source: 'random', operands }, args };
  }

  /** Sets the only element of a buffer. */
  private setScalar(buffer: number, value: (b: Binding) => Expr): RunStep {
    const b = new Binding(this.buffers);
    const stored = value(b);
    const operand = b.operand(buffer, 'write');
    return this.run({ kind: 'map', domain: [], stores: [{ operand, index: lit(0), value: stored }] }, b);
  }

  /** First values for what the program does not get as inputs. */
  begin(): readonly Step[] {
    const sources = this.readable.filter((b) => at(this.buffers, b).place.kind === 'constant');
    const unset = this.writable.filter((b) => at(this.buffers, b).place.kind !== 'input');
    this.made.push(...unset.map((b) => this.map(b, false, sources)));
    return [...this.made];
  }

  /** Some steps, of those that hold others in turn only so deep. */
  steps(depth: number): readonly Step[] {
    const steps: Step[] = [];
    for (let n = this.r.below(depth === 0 ? 6 : 4); n >= 0 && this.left > 0; n--) steps.push(...this.step(depth));
    return steps;
  }

  private step(depth: number): readonly Step[] {
    const { r } = this;
    this.left -= 1;
    switch (r.below(depth < 3 ? 9 : 6)) {
      case 0:
        return [r.pick(this.made)];
      case 6:
        return [{ kind: 'loop', name: 'times', trips: r.below(4), body: this.steps(depth + 1) }];
      case 7:
        return this.loopWhile(depth);
      case 8:
        return this.branch(depth);
      default: {
        const step = this.compute(r.pick(this.writable));
        this.made.push(step);
        return [step];
      }
    }
  }

  private compute(target: number): RunStep {
    const { r } = this;
    const kind = r.below(5);
    if (kind === 0) return this.total(target);
    return kind === 1 ? this.runningTotal(target) : this.map(target, r.chance(0.5), this.readable);
  }

  /** Computes the elements of a buffer from those of another, and in place from its own. */
  private map(target: number, inPlace: boolean, sources: readonly number[]): RunStep {
    const { r, length } = this;
    const b = new Binding(this.buffers);
    const i = index(0, length);
    const source = r.pick(sources.filter((s) => s !== target));
    const x = b.load(source, r.chance(0.3) ? isub(lit(length - 1), i) : i);
    const operand = b.operand(target, inPlace ? 'readwrite' : 'write');
    const y = inPlace ? load(operand, 'i32', i) : iadd(i, lit(r.below(5)));
    const value = binary(r.pick(['add', 'sub', 'mul', 'xor', 'max'] as const), x, y);
    return this.run({ kind: 'map', domain: [length], stores: [{ operand, index: i, value }] }, b);
  }

  private total(target: number): RunStep {
    const { r, length } = this;
    const b = new Binding(this.buffers);
    const [i, k] = [index(0, length), index(1, length)];
    const source = r.pick(this.readable.filter((s) => s !== target));
    const value = binary('mul', b.load(source, k), iadd(i, lit(1)));
    const store = { operand: b.operand(target, 'write'), index: i, value: acc(0, 'i32') };
    const accumulators = [{ monoid: r.pick(['add', 'max'] as const), dtype: 'i32', value }] as const;
    return this.run({ kind: 'reduce', domain: [length], reduced: [length], accumulators, stores: [store] }, b);
  }

  private runningTotal(target: number): RunStep {
    const b = new Binding(this.buffers);
    const operand = b.operand(target, 'readwrite');
    const w = new ProcedureWriter();
    const sum = w.variable(lit(0));
    w.for(0, this.length, (i) => {
      sum.set(binary('add', sum.value, load(operand, 'i32', i)));
      w.store(operand, i, sum.value);
    });
    return this.run({ kind: 'procedure', domain: [], locals: w.locals, body: w.body, stores: [] }, b);
  }

  /** A loop that ends when its counter has run out, if not before. */
  private loopWhile(depth: number): readonly Step[] {
    const { r } = this;
    const [counter, condition] = [this.scalar('i32'), this.scalar('bool')];
    const trips = r.below(4);
    const watched = r.pick(this.readable);
    const start = this.setScalar(counter, () => lit(0));
    const test = this.setScalar(condition, (b) => {
      const more = binary('lt', b.load(counter, lit(0)), lit(trips));
      return r.chance(0.5) ? more : binary('and', more, binary('ne', imod(b.load(watched, lit(0)), 5), lit(2)));
    });
    const before = this.left > 2 && r.chance(0.3) ? this.steps(depth + 1) : [];
    const b = new Binding(this.buffers);
    const operand = b.operand(counter, 'readwrite');
    const next = iadd(load(operand, 'i32', lit(0)), lit(1));
    const count = this.run({ kind: 'map', domain: [], stores: [{ operand, index: lit(0), value: next }] }, b);
    const body = [...this.steps(depth + 1), count];
    return [start, { kind: 'loop', name: 'while', trips: null, test: [...before, test], condition, body }];
  }

  private branch(depth: number): readonly Step[] {
    const { r } = this;
    const count = 1 + r.below(4);
    const chosen = this.scalar('i32');
    const [source, position] = [r.pick(this.readable), r.below(this.length)];
    const choose = this.setScalar(chosen, (b) => imod(b.load(source, lit(position)), count));
    const branches = range(count).map(() => (r.chance(0.2) ? [] : this.steps(depth + 1)));
    return [choose, { kind: 'branch', name: 'switch', index: chosen, branches }];
  }
}

/** A random program: kernels of several kinds in nested loops and branches, over buffers in all kinds of places. */
export function randomProgram(source: Source): ProgramCase {
  const r = new Random(source);
  const m = new ProgramMaker(r);
  const steps = [...m.begin(), ...m.steps(0)];
  const numbers = (kind: Place['kind']): readonly number[] =>
    range(m.buffers.length).filter((b) => at(m.buffers, b).place.kind === kind);
  const inputs = numbers('input');
  // The second input is one that steps write.
  const donated = inputs.slice(1);
  const program: Program = {
    name: 'random',
    buffers: m.buffers,
    steps,
    inputs,
    outputs: [...donated, ...numbers('output')],
    donated,
    slots: m.slots,
  };
  const data = inputs.map((b) => randomData(r, 'i32', at(m.buffers, b).length, vocabulary));
  return { program, inputs: data };
}
