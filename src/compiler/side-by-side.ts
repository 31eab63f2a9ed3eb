import type { Accesses } from '../kernel/accesses.ts';
import { accessesOf } from '../kernel/accesses.ts';
import type { Target } from '../kernel/device.ts';
import { storedBytes } from '../kernel/dtype.ts';
import type { Kernel, Operand } from '../kernel/kernel.ts';
import { partsOf } from '../kernel/kernel.ts';
import type { Program, RunStep, Step } from '../kernel/program.ts';
import { withInner } from '../kernel/program.ts';
import { at, range } from '../util/array.ts';
import { fewBindings, worthALaunchTogether } from './cost.ts';
import { withOperands } from './renumber.ts';

/**
 * Kernels that have nothing to do with each other share a launch: the updates of an optimizer's parameters, a bias's gradient
 * and its weights'. It is storage that must not be in common, so that nothing lives longer than it did.
 */
export function sideBySide(program: Program, target: Target): Program {
  return { ...program, steps: new Packing(program, target).pack(program.steps) };
}

/** Steps further apart are left alone; looking at all would make compilation quadratic. */
const furthest = 24;
/** Among so many partners the best one is chosen. */
const mostCompared = 4;

class Packing {
  private readonly program: Program;
  private readonly target: Target;
  private readonly known = new Map<Step, Accesses>();

  constructor(program: Program, target: Target) {
    this.program = program;
    this.target = target;
  }

  pack(steps: readonly Step[]): readonly Step[] {
    const list = steps.map((s) => withInner(s, (inner) => this.pack(inner)));
    for (let i = 0; i < list.length; i++) {
      // Where a step has gone to a later one, the next one has its number.
      while (this.packFrom(list, i)) continue;
    }
    return list;
  }

  /** Puts step `i` together with one after it, where the one or the other stands. Has anything changed? */
  private packFrom(list: Step[], i: number): boolean {
    const partners = this.partners(list, i);
    // Where bindings are short, the one that has the fewest others to go with.
    const [partner] = fewBindings(this.target.maxOperands)
      ? partners
          .slice(0, mostCompared)
          .sort((a, b) => this.partners(list, a.j).length - this.partners(list, b.j).length)
      : partners;
    if (partner === undefined) return false;
    const { j, earlier } = partner;
    const both = together(at(list, i) as RunStep, at(list, j) as RunStep);
    list[earlier ? i : j] = both;
    list.splice(earlier ? j : i, 1);
    return true;
  }

  /** The steps after step `i` that it can share a launch with, and whether that can be where step `i` stands. */
  private partners(list: readonly Step[], i: number): readonly { readonly j: number; readonly earlier: boolean }[] {
    const first = list[i];
    if (first?.kind !== 'run') return [];
    const end = Math.min(list.length, i + furthest);
    return range(end - i - 1).flatMap((n) => {
      const j = i + 1 + n;
      const other = at(list, j);
      if (other.kind !== 'run' || !this.fit(first, other)) return [];
      const between = list.slice(i + 1, j);
      const earlier = !between.some((s) => this.conflict(s, other));
      return earlier || !between.some((s) => this.conflict(s, first)) ? [{ j, earlier }] : [];
    });
  }

  private fit(a: RunStep, b: RunStep): boolean {
    const parts = [...partsOf(a.kernel), ...partsOf(b.kernel)];
    // What takes statements, and a second product with its working memory, is better by itself.
    if (parts.some((p) => p.kind === 'procedure') || parts.filter((p) => p.kind === 'contract').length > 1)
      return false;
    if (new Set([...a.args, ...b.args]).size > this.target.maxOperands) return false;
    return worthALaunchTogether(bytesOf(a.kernel), bytesOf(b.kernel)) && !this.conflict(a, b);
  }

  private conflict(a: Step, b: Step): boolean {
    const [x, y] = [this.accesses(a), this.accesses(b)];
    const meets = (s: ReadonlySet<string>, t: ReadonlySet<string>): boolean => [...s].some((e) => t.has(e));
    return meets(x.writes, y.writes) || meets(x.writes, y.reads) || meets(x.reads, y.writes);
  }

  private accesses(step: Step): Accesses {
    let found = this.known.get(step);
    if (found === undefined) this.known.set(step, (found = accessesOf(this.program, step)));
    return found;
  }
}

const bytesOf = ({ operands }: Kernel): number => operands.reduce((n, o) => n + o.length * storedBytes(o.dtype), 0);

/** Two steps as one, of kernels that bind what both bind. */
function together(a: RunStep, b: RunStep): RunStep {
  const args = [...new Set([...a.args, ...b.args])];
  const operands = args.map((buffer): Operand => {
    const [x, y] = [a, b].map((s) => s.kernel.operands[s.args.indexOf(buffer)]);
    return (x ?? y) as Operand;
  });
  const parts = [a, b].flatMap((s) =>
    partsOf(s.kernel).map((part) => withOperands(part, operands, (n) => args.indexOf(at(s.args, n)))),
  );
  const names = parts.map((p) => p.name);
  const kernel: Kernel = {
    kind: 'parallel',
    name: [...names.slice(0, 3), ...(names.length > 3 ? [`${names.length - 3}_more`] : [])].join('_and_'),
    source: parts.map((p) => p.source).join(' | '),
    operands,
    stores: [],
    parts,
  };
  return { kind: 'run', kernel, args };
}
