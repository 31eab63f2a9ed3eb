import type { Expr } from '../../kernel/expr.ts';
import { acc, load, rewriter } from '../../kernel/expr.ts';
import type { Accumulator, Kernel, Pass, Store } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { emitRows } from './map.ts';
import { emitReduction } from './reduce.ts';
import { positionIn } from './reduction.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { inOrder } from './rows.ts';
import { noWorking, withArrays } from './working.ts';

/** A row-wise kernel whose rows are the columns of what it reads. */
export interface Columns {
  readonly kernel: Kernel;
  readonly domain: readonly Axis[];
  readonly row: readonly Axis[];
  readonly passes: readonly Pass[];
  readonly stores: readonly Store[];
}

/** Columns shorter than this, or fewer values altogether, are walked as they are. */
const shortColumn = 64;
const fewValues = 1 << 15;

export const areLongColumns = ({ domain, row }: Columns): boolean => {
  const length = product(row.map((a) => a.extent));
  return length >= shortColumn && length * product(domain.map((a) => a.extent)) >= fewValues;
};

/**
 * Long columns pass by pass, each pass over all of them: a reduction, whose results lie in working memory, and the stores at
 * each of their elements. One column after the other would read a little of each of many pages, again and again.
 */
export function emitColumnwise(m: ModuleBuilder, { kernel, domain, row, passes, stores }: Columns): KernelCode {
  const all = passes.flatMap((p) => p.accumulators);
  const working = withArrays(
    noWorking,
    all.map((a) => a.dtype),
    product(domain.map((a) => a.extent)),
  );
  const place = positionIn(domain);
  const operand = (i: number): number => kernel.operands.length + i;
  const results = rewriter((e: Expr) => (e.kind === 'acc' ? load(operand(e.slot), e.dtype, place) : e));
  const finished = (s: Store): Store => ({ ...s, index: results(s.index), value: results(s.value) });
  const parts: KernelCode[] = [];
  let first = 0;
  passes.forEach((pass, p) => {
    if (pass.accumulators.length > 0) {
      const accumulators = pass.accumulators.map((a): Accumulator => ({ ...a, value: results(a.value) }));
      const own = first;
      const into = accumulators.map(({ dtype }, i): Store => ({
        operand: operand(own + i),
        index: place,
        value: acc(i, dtype),
      }));
      const r = { domain, reduced: row, accumulators, stores: into, part: null, working };
      parts.push(emitReduction(m, kernel, r, `${kernel.name}_${p}`));
      first += pass.accumulators.length;
    }
    if (pass.stores.length > 0) {
      const points = [...domain, ...row];
      parts.push(emitRows(m, kernel, points, pass.stores.map(finished), working, `${kernel.name}_${p}_each`));
    }
  });
  if (stores.length > 0) parts.push(emitRows(m, kernel, domain, stores.map(finished), working));
  return inOrder(parts);
}
