import { at } from '../util/array.ts';
import { invariant } from '../util/assert.ts';
import type { Expr } from './expr.ts';
import { loadsOf } from './expr.ts';
import type { Kernel, Store } from './kernel.ts';
import { expressionsOf, passExpressions } from './kernel.ts';
import type { Program, Step } from './program.ts';

/**
 * Checks that no step reads a temporary or a result before one has written it: what is in memory then would be taken
 * for it, and nobody would notice. Loops run at least once here, and of a branch everything is taken to run.
 *
 * @throws InternalError naming the kernel and the buffer.
 */
export function requireWrittenFirst(program: Program): void {
  const { buffers } = program;
  const written = new Set(
    buffers.flatMap((b, i) => (b.place.kind === 'input' || b.place.kind === 'constant' ? [i] : [])),
  );
  const require = (b: number, who: string): void =>
    invariant(
      written.has(b) || at(buffers, b).length === 0,
      `${who} of ${program.name} reads buffer ${b} before it is written`,
    );
  const walk = (steps: readonly Step[]): void => {
    for (const s of steps) {
      switch (s.kind) {
        case 'run':
          for (const operand of readFirst(s.kernel)) require(at(s.args, operand), s.kernel.name);
          s.kernel.operands.forEach(({ access }, i) => access !== 'read' && written.add(at(s.args, i)));
          break;
        case 'branch':
          require(s.index, s.name);
          s.branches.forEach(walk);
          break;
        case 'loop':
          if (s.trips === null) {
            walk(s.test);
            require(s.condition, s.name);
          }
          walk(s.body);
      }
    }
  };
  walk(program.steps);
}

/** The operands that a kernel reads before it has stored to them itself. Procedures see to their scratch space themselves. */
function readFirst(kernel: Kernel): ReadonlySet<number> {
  const loads = (expressions: readonly Expr[]): readonly number[] => loadsOf(expressions).map((l) => l.operand);
  switch (kernel.kind) {
    case 'parallel':
      return new Set(kernel.parts.flatMap((part) => [...readFirst(part)]));
    case 'procedure':
      return new Set(loads(expressionsOf(kernel)).filter((i) => at(kernel.operands, i).access === 'read'));
    case 'rowwise': {
      const stored = new Set<number>();
      const first = new Set<number>();
      const turn = (expressions: readonly Expr[], stores: readonly Store[]): void => {
        loads(expressions).forEach((i) => !stored.has(i) && first.add(i));
        stores.forEach((s) => stored.add(s.operand));
      };
      for (const pass of kernel.passes) turn(passExpressions(pass), pass.stores);
      turn(
        kernel.stores.flatMap((s) => [s.index, s.value]),
        kernel.stores,
      );
      return first;
    }
    default:
      return new Set(loads(expressionsOf(kernel)));
  }
}
