import type { Target } from '../kernel/device.ts';
import type { Operand, SingleKernel } from '../kernel/kernel.ts';
import type { BufferSpec, Program, RunStep, Step } from '../kernel/program.ts';
import { runSteps, slotBytes, withInner } from '../kernel/program.ts';
import { present } from '../util/assert.ts';
import { at, roundUp } from '../util/array.ts';
import { fewBindings, smallEnoughToPack } from './cost.ts';
import { withOperands } from './renumber.ts';

/**
 * Small temporaries that one kernel writes live side by side in one buffer where a device can bind few of them: the scales
 * of an optimizer's update, the statistics of a loss. So they are one binding of that kernel and of each that reads them.
 */
export function packTemporaries(program: Program, target: Target): Program {
  const packs = fewBindings(target.maxOperands) ? packsOf(program) : [];
  if (packs.length === 0) return program;
  const packing = new Packing(program, packs);
  return {
    ...program,
    buffers: packing.buffers,
    slots: packing.slots,
    steps: program.steps.map((s) => packing.step(s)),
    inputs: program.inputs.map(packing.numberOf),
    outputs: program.outputs.map(packing.numberOf),
    donated: program.donated.map(packing.numberOf),
  };
}

/** Buffers that become one. */
interface Pack {
  readonly members: readonly number[];
  readonly offsets: readonly number[];
  readonly length: number;
}

/** Offsets are multiples of this, so that what is read four at a time still is. */
const alignment = 4;

function packsOf(program: Program): readonly Pack[] {
  const packable = packableBuffers(program);
  return runSteps(program.steps).flatMap(({ args }) => {
    const byType = new Map<string, number[]>();
    for (const b of args.filter((x) => packable.has(x) && packable.get(x) === args)) {
      const { dtype } = at(program.buffers, b);
      byType.set(dtype, [...(byType.get(dtype) ?? []), b]);
    }
    return [...byType.values()].flatMap((members) => (members.length > 1 ? [packOf(program, members)] : []));
  });
}

function packOf(program: Program, members: readonly number[]): Pack {
  const offsets: number[] = [];
  let length = 0;
  for (const m of members) {
    offsets.push(length);
    length = roundUp(length + at(program.buffers, m).length, alignment);
  }
  return { members, offsets, length };
}

/** Small temporaries that one run of a kernel writes and others only read: the arguments of that run. */
function packableBuffers(program: Program): ReadonlyMap<number, readonly number[]> {
  const writers = new Map<number, readonly number[]>();
  const others = new Set(program.steps.flatMap(deciding));
  for (const { kernel, args } of runSteps(program.steps)) {
    args.forEach((b, i) => {
      const { access } = at(kernel.operands, i);
      if (access === 'readwrite' || (access === 'write' && writers.has(b))) others.add(b);
      if (access === 'write') writers.set(b, args);
    });
  }
  const small = (b: number): boolean => {
    const { dtype, length, place } = at(program.buffers, b);
    return place.kind === 'temporary' && length > 0 && smallEnoughToPack(slotBytes(dtype, length));
  };
  return new Map([...writers].filter(([b]) => small(b) && !others.has(b)));
}

/** The buffers by which steps decide how to go on. */
function deciding(s: Step): readonly number[] {
  if (s.kind === 'run') return [];
  if (s.kind === 'branch') return [s.index, ...s.branches.flat().flatMap(deciding)];
  return s.trips === null ? [s.condition, ...[...s.test, ...s.body].flatMap(deciding)] : s.body.flatMap(deciding);
}

/** A program's storage after packing: each pack has a slot of its own, since it lives as long as any member. */
class Packing {
  readonly buffers: readonly BufferSpec[];
  readonly slots: readonly number[];
  private readonly numbers = new Map<number, number>();
  private readonly offsets = new Map<number, number>();

  constructor(program: Program, packs: readonly Pack[]) {
    const packOfMember = new Map(packs.flatMap((p) => p.members.map((m) => [m, p] as const)));
    const usedSlots = new Set(
      program.buffers.flatMap((b, i) => (b.place.kind === 'temporary' && !packOfMember.has(i) ? [b.place.slot] : [])),
    );
    const kept = [...usedSlots].sort((a, b) => a - b);
    const slots = kept.map((s) => at(program.slots, s));
    const buffers: BufferSpec[] = [];
    const made = new Map<Pack, number>();
    program.buffers.forEach((spec, i) => {
      const pack = packOfMember.get(i);
      if (pack === undefined) {
        const { place } = spec;
        const moved = place.kind === 'temporary' ? { ...place, slot: kept.indexOf(place.slot) } : place;
        this.numbers.set(i, buffers.push({ ...spec, place: moved }) - 1);
        return;
      }
      let number = made.get(pack);
      if (number === undefined) {
        const slot = slots.push(slotBytes(spec.dtype, pack.length)) - 1;
        number = buffers.push({ ...spec, length: pack.length, place: { kind: 'temporary', slot } }) - 1;
        made.set(pack, number);
      }
      this.numbers.set(i, number);
      this.offsets.set(i, at(pack.offsets, pack.members.indexOf(i)));
    });
    this.buffers = buffers;
    this.slots = slots;
  }

  readonly numberOf = (buffer: number): number => present(this.numbers.get(buffer), `buffer ${buffer}`);

  step(s: Step): Step {
    const moved = withInner(s, (steps) => steps.map((x) => this.step(x)));
    if (moved.kind === 'run') return this.run(moved);
    if (moved.kind === 'branch') return { ...moved, index: this.numberOf(moved.index) };
    return moved.trips === null ? { ...moved, condition: this.numberOf(moved.condition) } : moved;
  }

  private run({ kernel, args: before }: RunStep): RunStep {
    const numbers = before.map(this.numberOf);
    if (!before.some((b) => this.offsets.has(b))) return { kind: 'run', kernel, args: numbers };
    const args = [...new Set(numbers)];
    const operands = args.map((b): Operand => {
      const { dtype, length } = at(this.buffers, b);
      return { dtype, length, access: at(kernel.operands, numbers.indexOf(b)).access };
    });
    const numberOf = (n: number): number => args.indexOf(at(numbers, n));
    const offsetOf = (n: number): number => this.offsets.get(at(before, n)) ?? 0;
    const moved = (k: SingleKernel): SingleKernel => withOperands(k, operands, numberOf, offsetOf);
    if (kernel.kind !== 'parallel') return { kind: 'run', kernel: moved(kernel), args };
    return { kind: 'run', kernel: { ...kernel, operands, parts: kernel.parts.map(moved) }, args };
  }
}
