import { at } from '../util/array.ts';
import { invariant } from '../util/assert.ts';
import type { Kernel } from './kernel.ts';
import { partsOf } from './kernel.ts';
import type { Program, Step } from './program.ts';

/**
 * Checks that no step reads a temporary or a result before one has written it: what is in memory then would be taken
 * for it, and nobody would notice. Loops run at least once here, and of a branch everything is taken to run; procedures see
 * to their scratch space themselves.
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
          s.kernel.operands.forEach(({ access }, i) => {
            if (access === 'read' || (access === 'readwrite' && !hasScratch(s.kernel)))
              require(at(s.args, i), s.kernel.name);
          });
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

const hasScratch = (kernel: Kernel): boolean => partsOf(kernel).some((part) => part.kind === 'procedure');
