import type { BufferSpec, LoopStep, Place, Program, RunStep, Step } from '../kernel/program.ts';
import { withInner } from '../kernel/program.ts';
import { pointsOf } from '../kernel/kernel.ts';
import { sizeOf } from '../trace/aval.ts';
import { present } from '../util/assert.ts';
import { at } from '../util/array.ts';
import type { FusedBlock, Group, TaskGroup } from './fuse.ts';
import { resultsOf } from './fuse.ts';
import { InPlace, readsOf } from './in-place.ts';
import type { LoweredJaxpr, Root, Value } from './lower.ts';
import { Slots } from './slots.ts';
import type { Bindings } from './steps.ts';
import { copyStep, kernelStep, procedureStep } from './steps.ts';

/**
 * From groups to a program: an order, and a place for every value. Results get storage of their own, or that of a
 * donated input; what lives only inside the program shares slots; what is updated stays where it is.
 */
export function planProgram(
  name: string,
  lowered: LoweredJaxpr,
  fused: FusedBlock,
  donated: readonly boolean[],
): Program {
  const planner = new Planner();
  lowered.inputs.forEach((v) => planner.place(v, { kind: 'input' }));
  const free = lowered.inputs.filter((_, i) => donated[i] === true);
  const steps = planner.program(fused, lowered.outputs, free);
  const bufferOf = (v: Value): number => planner.bufferOf(v.id);
  const { bytes, slotOf } = planner.slots.assign();
  return {
    name,
    buffers: planner.buffers.map(({ place, ...rest }): BufferSpec => {
      return { ...rest, place: place.kind === 'temporary' ? { ...place, slot: at(slotOf, place.slot) } : place };
    }),
    steps: uniquelyNamed(steps),
    inputs: lowered.inputs.map(bufferOf),
    outputs: lowered.outputs.map(bufferOf),
    donated: free.map(bufferOf),
    slots: bytes,
  };
}

class Planner implements Bindings {
  /** The slot of a temporary is the number of its stay, until stays are assigned to slots. */
  readonly buffers: BufferSpec[] = [];
  readonly slots = new Slots();
  /** The buffer of each value, by id. */
  private readonly numbering = new Map<number, number>();

  bufferOf = (id: number): number => present(this.numbering.get(id), `value ${id}`);

  place(v: Value, where: Place): void {
    this.numbering.set(v.id, this.buffers.length);
    this.buffers.push({ dtype: v.aval.dtype, length: sizeOf(v.aval.shape), place: where });
  }

  /** The outermost block: results are placed as outputs, or over donated inputs. */
  program(block: FusedBlock, outputs: readonly Value[], donated: readonly Value[]): readonly Step[] {
    const groups = live(block);
    const inPlace = new InPlace(block, groups);
    inPlace.claimStarts((v) => donated.includes(v));
    for (const out of outputs) donated.some((v) => inPlace.claimRead(v, out));
    for (const out of outputs) donated.some((v) => inPlace.claimElementwise(v, out));
    for (const out of outputs) {
      const origin = inPlace.origin(out);
      if (!this.numbering.has(origin.id)) this.place(origin, { kind: 'output' });
    }
    return this.steps(block, groups, inPlace, new Set());
  }

  /** What a loop repeats: results are written over what is carried, or copied there at the end. */
  private loopBody(block: FusedBlock, carried: readonly Value[]): readonly Step[] {
    const groups = live(block);
    const inPlace = new InPlace(block, groups);
    const next = new Map(block.outputs.flatMap((v, i) => (v === null ? [] : [[v, at(carried, i)] as const])));
    // What is carried on in one place can be updated there any number of times.
    const renewed = new Set(next.values());
    inPlace.claimStarts((v, result) => renewed.has(v) && (!next.has(result) || next.get(result) === v));
    for (const [v, over] of next) inPlace.claimElementwise(over, v);
    const copied = [...next].filter(([v, over]) => inPlace.origin(v) !== over);
    const kept = new Set(copied.map(([v]) => inPlace.origin(v)));
    const steps = this.steps(block, groups, inPlace, kept);
    const copies = copied.map(([v, over]) => copyStep(v, over, this));
    kept.forEach((v) => this.giveBack(v));
    return [...steps, ...copies];
  }

  /** One branch: its results are written where the branch's results go. */
  private branch(block: FusedBlock, results: readonly Value[]): readonly Step[] {
    const groups = live(block);
    const inPlace = new InPlace(block, groups);
    inPlace.claimStarts(() => false);
    block.outputs.forEach((v, i) => {
      const origin = inPlace.origin(present(v, 'a result of a branch'));
      this.numbering.set(origin.id, this.bufferOf(at(results, i).id));
    });
    return this.steps(block, groups, inPlace, new Set());
  }

  /** The steps of a block's groups; storage in `kept` is not given back at its last use. */
  private steps(
    block: FusedBlock,
    groups: readonly Group[],
    inPlace: InPlace,
    kept: ReadonlySet<Value>,
  ): readonly Step[] {
    const needed = neededOutside(block, groups);
    const order = inOrder(groups);
    const origins = new Map(groups.flatMap(resultsOf).map((v) => [v.id, inPlace.origin(v)]));
    const lastUse = new Map<Value, number>();
    order.forEach((g, i) => {
      for (const v of resultsOf(g)) lastUse.set(inPlace.origin(v), i);
      for (const id of readsOf(g)) {
        const origin = origins.get(id);
        if (origin !== undefined) lastUse.set(origin, i);
      }
    });
    const own = new Set<Value>();
    return order.flatMap((g, i) => {
      const results = g.kind === 'kernel' ? resultsOf(g).filter((v) => needed.has(v)) : resultsOf(g);
      for (const v of results) {
        const origin = inPlace.origin(v);
        if (!this.numbering.has(origin.id)) {
          this.place(origin, { kind: 'temporary', slot: this.slots.take(origin.aval) });
          own.add(origin);
        }
        this.numbering.set(v.id, this.bufferOf(origin.id));
      }
      const made = g.kind === 'kernel' ? [kernelStep(g, results as readonly Root[], this)] : this.task(g);
      for (const v of own) {
        if (lastUse.get(v) !== i || kept.has(v)) continue;
        this.giveBack(v);
        own.delete(v);
      }
      return made.filter((s) => s.kind !== 'run' || pointsOf(s.kernel) > 0);
    });
  }

  private task(g: TaskGroup): readonly Step[] {
    const { task, work } = g;
    const copies = task.starts.flatMap((v, i): readonly RunStep[] => {
      const result = at(task.results, i);
      return v === null || this.bufferOf(v.id) === this.bufferOf(result.id) ? [] : [copyStep(v, result, this)];
    });
    const name = task.operations.at(-1) ?? work.kind;
    switch (work.kind) {
      case 'procedure': {
        work.scratch.forEach((v) => this.place(v, { kind: 'temporary', slot: this.slots.take(v.aval) }));
        const step = present(procedureStep(g, this), 'a procedure');
        work.scratch.forEach((v) => this.giveBack(v));
        return [...copies, step];
      }
      case 'branch': {
        const branches = work.branches.map((b) => this.branch(b, task.results));
        return [{ kind: 'branch', name, index: this.bufferOf(work.index.id), branches }];
      }
      case 'loop':
        return [...copies, this.loop(name, work, task.results)];
    }
  }

  private loop(name: string, work: Extract<TaskGroup['work'], { kind: 'loop' }>, carried: readonly Value[]): LoopStep {
    if (work.test === null) {
      const trips = present(work.trips, 'a number of trips');
      return { kind: 'loop', name, trips, body: this.loopBody(work.body, carried) };
    }
    const test = this.test(work.test);
    const body = this.loopBody(work.body, carried);
    this.giveBack(test.origin);
    return { kind: 'loop', name, trips: null, test: test.steps, condition: this.bufferOf(test.origin.id), body };
  }

  private test(block: FusedBlock): { readonly steps: readonly Step[]; readonly origin: Value } {
    const groups = live(block);
    const inPlace = new InPlace(block, groups);
    inPlace.claimStarts(() => false);
    const origin = inPlace.origin(present(block.outputs[0], 'a condition'));
    return { steps: this.steps(block, groups, inPlace, new Set([origin])), origin };
  }

  private giveBack(v: Value): void {
    const { place } = at(this.buffers, this.bufferOf(v.id));
    if (place.kind === 'temporary') this.slots.release(place.slot);
  }
}

/** The results that something outside their own group needs. */
function neededOutside(block: FusedBlock, groups: readonly Group[]): ReadonlySet<Value> {
  const readers = new Map<number, Set<Group>>();
  for (const g of groups) {
    for (const id of readsOf(g)) {
      const known = readers.get(id);
      if (known === undefined) readers.set(id, new Set([g]));
      else known.add(g);
    }
  }
  const outputs = new Set(block.outputs);
  const needed = new Set<Value>();
  for (const g of groups) {
    for (const v of resultsOf(g)) {
      const by = readers.get(v.id);
      if (outputs.has(v) || (by !== undefined && [...by].some((r) => r !== g))) needed.add(v);
    }
  }
  return needed;
}

/** The groups without those that compute nothing that is needed. */
function live(block: FusedBlock): readonly Group[] {
  const needed = neededOutside(block, block.groups);
  return block.groups.filter((g) => resultsOf(g).some((v) => needed.has(v)));
}

/** Groups after those that they depend on, otherwise in the order given. */
function inOrder(groups: readonly Group[]): readonly Group[] {
  const done = new Set<Group>();
  const wanted = new Set(groups);
  const order: Group[] = [];
  const visit = (g: Group): void => {
    if (done.has(g) || !wanted.has(g)) return;
    done.add(g);
    g.dependencies.forEach(visit);
    order.push(g);
  };
  groups.forEach(visit);
  return order;
}

/** Makes kernel names unique within a program by numbering repeated ones. */
function uniquelyNamed(steps: readonly Step[]): readonly Step[] {
  const counts = new Map<string, number>();
  const named = (s: Step): Step => {
    if (s.kind !== 'run') return withInner(s, (inner) => inner.map(named));
    const seen = counts.get(s.kernel.name) ?? 0;
    counts.set(s.kernel.name, seen + 1);
    return seen === 0 ? s : { ...s, kernel: { ...s.kernel, name: `${s.kernel.name}_${seen + 1}` } };
  };
  return steps.map(named);
}
