import type { Program, Step } from '../kernel/program.ts';
import { slotBytes } from '../kernel/program.ts';
import { range } from '../util/array.ts';
import { caption, escape, round, svg } from './html.ts';
import { bytesText } from './numbers.ts';

/** More slots are not drawn. */
const maxSlots = 40;
const [left, width, row] = [70, 560, 14];

/** The slots that temporaries share: one line each, over the steps of the program, with what lies in it from when to when. */
export function memoryPlan(program: Program): string {
  if (program.slots.length === 0) return '';
  const spans = aliveIn(program);
  const count = Math.max(1, program.steps.length);
  const x = (step: number): number => left + (step / count) * width;
  const largest = range(program.slots.length).sort((a, b) => (program.slots[b] ?? 0) - (program.slots[a] ?? 0));
  const drawn = largest.slice(0, maxSlots);
  const body = drawn.flatMap((slot, line) => {
    const y = line * row;
    const label = `<text x="${left - 6}" y="${y + 11}" text-anchor="end" font-size="9" opacity=".7">${bytesText(program.slots[slot] ?? 0)}</text>`;
    const boxes = program.buffers.flatMap(({ place, dtype, length }, b) => {
      const span = spans.get(b);
      if (place.kind !== 'temporary' || place.slot !== slot || span === undefined) return [];
      const share = slotBytes(dtype, length) / Math.max(1, program.slots[slot] ?? 1);
      const [from, to] = [x(span.first), x(span.last + 1)];
      const height = Math.max(2, Math.min(1, share) * (row - 2));
      const title = escape(`%${b}: ${dtype}[${length}], ${bytesText(slotBytes(dtype, length))}`);
      return [
        `<rect x="${round(from + 0.5)}" y="${round(y + row - 1 - height)}" width="${round(Math.max(1, to - from - 1))}" height="${round(height)}" ` +
          `fill="#59a14f" fill-opacity=".55"><title>${title}</title></rect>`,
      ];
    });
    return [label, ...boxes];
  });
  const more = largest.length > drawn.length ? `, the largest ${drawn.length} of ${largest.length}` : '';
  const text = `memory: slots that temporaries share${more}; from left to right the ${count} steps of the program`;
  return caption(text) + svg(left + width + 4, drawn.length * row + 2, body);
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** The first and the last step that uses each buffer. */
function aliveIn({ steps }: Program): ReadonlyMap<number, Span> {
  const spans = new Map<number, Span>();
  const use = (b: number, i: number): void => void spans.set(b, { first: spans.get(b)?.first ?? i, last: i });
  const visit = (step: Step, i: number): void => {
    if (step.kind === 'run') step.args.forEach((b) => use(b, i));
    if (step.kind === 'branch') {
      use(step.index, i);
      step.branches.flat().forEach((s) => visit(s, i));
    }
    if (step.kind === 'loop') {
      if (step.trips === null) [...step.test].forEach((s) => visit(s, i));
      step.body.forEach((s) => visit(s, i));
    }
  };
  steps.forEach(visit);
  return spans;
}
