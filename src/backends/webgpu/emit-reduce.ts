import type { Expr } from '../../kernel/expr.ts';
import { binary, index, visit } from '../../kernel/expr.ts';
import type { Accumulator, ContractKernel, Kernel, ReduceKernel } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import type { Rows, Walked } from './emit-rowwise.ts';
import { emitRows, flatRows } from './emit-rowwise.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { domainText } from './shader.ts';
import { flattened } from './substitute.ts';

/** A reduction: one invocation, or for long ones one workgroup, for each point of the domain. */
export const emitReduce = (kernel: ReduceKernel, target: WgslTarget): ShaderParts | null =>
  emitReduction(kernel, kernel.domain, kernel.reduced, kernel.accumulators, target);

/** A matrix product with few results, or a tiny one, as the plain reduction that it is. */
export function emitContractAsReduction(kernel: ContractKernel, target: WgslTarget): ShaderParts | null {
  const { batch, rows, columns, depth, dtype } = kernel;
  const value = binary('mul', kernel.lhs, kernel.rhs);
  return emitReduction(kernel, [...batch, ...rows, ...columns], depth, [{ monoid: 'add', dtype, value }], target);
}

function emitReduction(
  kernel: Kernel,
  domain: readonly number[],
  row: readonly number[],
  accumulators: readonly Accumulator[],
  target: WgslTarget,
): ShaderParts | null {
  const rows: Rows = { kernel, domain, row, passes: [{ accumulators, stores: [] }] };
  const what = `${accumulators.map((a) => a.monoid).join(', ')} over ${domainText(row)} for each of ${domainText(domain)}`;
  return emitRows(rows, target, (how) => `${what}: ${how} results`, () => sequentialLoops(rows)); // prettier-ignore
}

const divisions = (roots: readonly Expr[]): number => {
  let count = 0;
  visit(roots, (e) => {
    if (e.kind === 'op' && (e.op === 'idiv' || e.op === 'imod')) count++;
  });
  return count;
};

/** One loop over all reduced axes where that costs no divisions, else one loop for each axis. */
function sequentialLoops(rows: Rows): Walked {
  const each = rows.row.map((extent, i) => [index(i + 1, extent), extent] as const);
  const nested = flatRows(rows, each.map(([variable]) => variable)); // prettier-ignore
  const merged = flatRows(rows, flattened(1, rows.row));
  const total = product(rows.row);
  if (divisions(merged.roots) <= divisions(nested.roots)) return { flat: merged, loops: [[index(1, total), total]] };
  return { flat: nested, loops: each };
}
