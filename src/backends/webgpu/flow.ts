import type { Kernel } from '../../kernel/kernel.ts';
import type { BranchStep, LoopStep, Program, RunStep, Step } from '../../kernel/program.ts';
import { range } from '../../util/array.ts';
import { checkShader, chooseShader } from './control.ts';
import { emitKernel } from './emit-kernel.ts';
import { microsecondsOf } from './estimate.ts';
import type { Shader, WgslTarget } from './shader.ts';

/**
 * What a program does on the device, step by step.
 *
 * A loop of known trips is its body's dispatches, recorded again for each trip. Where data decides, the device decides:
 * the kernels of a branch, or of a loop with a condition, are guarded by a flag that a small shader sets before them,
 * and do nothing while it is down. The host only has to ask now and then whether such a loop has ended (`while`). What
 * holds a loop with a condition inside, at any depth, can't be recorded ahead in that way: there the host waits for
 * each decision before it goes on (`hostWhile`, `hostBranch`), which costs a round trip for each.
 */
export type FlowNode =
  | Dispatch
  | { readonly kind: 'repeat'; readonly trips: number; readonly body: readonly FlowNode[] }
  | While
  | {
      readonly kind: 'hostWhile';
      readonly name: string;
      readonly test: readonly FlowNode[];
      /** A bool's buffer. */
      readonly condition: number;
      readonly body: readonly FlowNode[];
    }
  | {
      readonly kind: 'hostBranch';
      readonly name: string;
      /** An i32's buffer. */
      readonly index: number;
      readonly branches: readonly (readonly FlowNode[])[];
    };

/** One dispatch of a shader. */
export interface Dispatch {
  readonly kind: 'dispatch';
  /** Its position in {@link Flow.dispatches}. */
  readonly id: number;
  readonly shader: Shader;
  readonly workgroups: readonly [x: number, y: number];
  readonly bindings: readonly Binding[];
  /** The flag that guards it. */
  readonly flag: number | null;
  /** A rough guess of how long it takes. */
  readonly microseconds: number;
  /** What it runs; null for what decides how control flow goes on. */
  readonly kernel: Kernel | null;
}

/** What a shader's binding is bound to: a buffer of the program, or some of its flags. */
export type Binding =
  | { readonly kind: 'buffer'; readonly buffer: number }
  | { readonly kind: 'flags'; readonly first: number; readonly count: number };

/** A loop that the device ends: each trip tests, lowers the flag if it is over, and runs the guarded body. */
export interface While {
  readonly kind: 'while';
  readonly name: string;
  readonly flag: number;
  readonly trip: readonly FlowNode[];
}

/** A program as the device runs it. */
export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly dispatches: readonly Dispatch[];
  /** Every shader once, also those of kernels with nothing to do. */
  readonly shaders: readonly Shader[];
  /** The number of flags. Flag 0 is always up. */
  readonly flags: number;
}

/** The flag that is always up: that of what no branch or loop guards. */
const always = 0;

/** Plans how a program runs on the device, and writes its shaders. */
export function flowOf(program: Program, target: WgslTarget): Flow {
  const planner = new Planner(target);
  const nodes = planner.steps(program.steps, null);
  return { nodes, dispatches: planner.dispatches, shaders: planner.shaders, flags: planner.flags };
}

class Planner {
  readonly dispatches: Dispatch[] = [];
  flags = 1;
  readonly #target: WgslTarget;
  readonly #shaders = new Map<Kernel | string, Map<boolean, Shader>>();

  constructor(target: WgslTarget) {
    this.#target = target;
  }

  get shaders(): readonly Shader[] {
    return [...this.#shaders.values()].flatMap((byGuard) => [...byGuard.values()]);
  }

  /** `flag`: what guards the steps, if anything does. */
  steps(steps: readonly Step[], flag: number | null): readonly FlowNode[] {
    return steps.flatMap((s): readonly FlowNode[] => {
      switch (s.kind) {
        case 'run':
          return this.#run(s, flag);
        case 'loop':
          return this.#loop(s, flag);
        case 'branch':
          return this.#branch(s, flag);
      }
    });
  }

  #run({ kernel, args }: RunStep, flag: number | null): readonly FlowNode[] {
    const guarded = flag !== null;
    const shader = this.#shader(kernel, guarded, () => emitKernel(kernel, this.#target, guarded));
    const bindings = args.map((buffer) => ({ kind: 'buffer', buffer }) as const);
    return this.#dispatch(shader, bindings, flag, microsecondsOf(kernel, this.#target.schedule), kernel);
  }

  #loop(step: LoopStep, flag: number | null): readonly FlowNode[] {
    const { name } = step;
    if (step.trips !== null) {
      const body = this.steps(step.body, flag);
      return step.trips === 0 || body.length === 0 ? [] : [{ kind: 'repeat', trips: step.trips, body }];
    }
    const { condition } = step;
    if (hasConditions([...step.test, ...step.body])) {
      const [test, body] = [this.steps(step.test, null), this.steps(step.body, null)];
      return [{ kind: 'hostWhile', name, test, condition, body }];
    }
    const own = this.#takeFlags(1);
    const test = this.steps(step.test, own);
    const check = this.#control(checkShader, [
      { kind: 'flags', first: own, count: 1 },
      { kind: 'buffer', buffer: condition },
    ]);
    return [{ kind: 'while', name, flag: own, trip: [...test, ...check, ...this.steps(step.body, own)] }];
  }

  #branch({ name, index, branches }: BranchStep, flag: number | null): readonly FlowNode[] {
    const [only, ...others] = branches;
    if (only === undefined) return [];
    if (others.length === 0) return this.steps(only, flag);
    if (branches.some(hasConditions)) {
      return [{ kind: 'hostBranch', name, index, branches: branches.map((b) => this.steps(b, null)) }];
    }
    const first = this.#takeFlags(branches.length);
    const choose = this.#control(chooseShader(branches.length), [
      { kind: 'flags', first, count: branches.length },
      { kind: 'flags', first: flag ?? always, count: 1 },
      { kind: 'buffer', buffer: index },
    ]);
    return [...choose, ...range(branches.length).flatMap((i) => this.steps(branches[i] ?? [], first + i))];
  }

  #control(shader: Shader, bindings: readonly Binding[]): readonly FlowNode[] {
    return this.#dispatch(
      this.#shader(shader.wgsl, false, () => shader),
      bindings,
      null,
      1,
      null,
    );
  }

  #dispatch(
    shader: Shader,
    bindings: readonly Binding[],
    flag: number | null,
    microseconds: number,
    kernel: Kernel | null,
  ): readonly FlowNode[] {
    if (shader.dispatch === null) return [];
    const id = this.dispatches.length;
    const node: Dispatch = {
      kind: 'dispatch',
      id,
      shader,
      workgroups: shader.dispatch,
      bindings,
      flag,
      microseconds,
      kernel,
    };
    this.dispatches.push(node);
    return [node];
  }

  #shader(key: Kernel | string, guarded: boolean, make: () => Shader): Shader {
    let byGuard = this.#shaders.get(key);
    if (byGuard === undefined) this.#shaders.set(key, (byGuard = new Map<boolean, Shader>()));
    let shader = byGuard.get(guarded);
    if (shader === undefined) byGuard.set(guarded, (shader = make()));
    return shader;
  }

  #takeFlags(count: number): number {
    const first = this.flags;
    this.flags += count;
    return first;
  }
}

/** Is there a loop with a condition among the steps, at any depth? */
function hasConditions(steps: readonly Step[]): boolean {
  return steps.some((s) => {
    if (s.kind === 'run') return false;
    if (s.kind === 'branch') return s.branches.some(hasConditions);
    return s.trips === null || hasConditions(s.body);
  });
}
