import type { Expr } from '../../../kernel/expr.ts';
import { visit } from '../../../kernel/expr.ts';
import { linearForm } from '../../../kernel/index-algebra.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { product } from '../../../util/array.ts';

/**
 * What decides which tiles suit a product: its extents, and in which direction its operands lie in memory and what is fused
 * into it. Products with one key share a winner: `f32 1×512×512×256 lhs along depth, rhs along columns, 1 store`.
 */
export function productKey(kernel: ContractKernel): string {
  const { batch, rows, columns, depth, dtype } = kernel;
  const extents = [batch, rows, columns, depth].map(product).join('×');
  const [lhs, rhs] = [operandKind(kernel, kernel.lhs), operandKind(kernel, kernel.rhs)];
  return `${dtype} ${extents} lhs ${lhs}, rhs ${rhs}, ${epilogue(kernel)}`;
}

/** Which of a product's axes neighbours in memory lie along, and what else happens while an operand is read. */
function operandKind(kernel: ContractKernel, e: Expr): string {
  let [loads, operations, guarded] = [0, 0, false];
  const along = new Set<string>();
  const seen = (x: Expr): void => {
    if (x.kind === 'op' && x.dtype !== 'i32' && x.dtype !== 'bool') operations += 1;
    if (x.kind !== 'load') return;
    loads += 1;
    guarded ||= x.guard !== null;
    along.add(directionOf(kernel, x.index));
  };
  visit([e], seen);
  const several = loads > 1 ? `, ${loads} loads` : '';
  const arithmetic = operations === 0 ? '' : operations <= 4 ? ', with arithmetic' : ', with much arithmetic';
  return `along ${[...along].sort().join(' and ')}${several}${arithmetic}${guarded ? ', guarded' : ''}`;
}

/** The group of axes of which one moves the position by 1; `nothing` where none does. */
function directionOf({ batch, rows, columns, depth }: ContractKernel, position: Expr): string {
  const groups = [batch, rows, columns, depth].flatMap((axes, g) =>
    axes.map(() => ['batch', 'rows', 'columns', 'depth'][g]),
  );
  for (const [term, factor] of linearForm(position).terms) {
    if (term.kind === 'index' && factor === 1) return groups[term.axis] ?? 'nothing';
  }
  return 'nothing';
}

function epilogue({ stores, operands }: ContractKernel): string {
  let loads = 0;
  visit(
    stores.flatMap((s) => [s.index, s.value]),
    (e) => (loads += e.kind === 'load' ? 1 : 0),
  );
  const inPlace = stores.some((s) => operands[s.operand]?.access === 'readwrite');
  const count = `${stores.length} store${stores.length === 1 ? '' : 's'}`;
  return `${count}${loads > 0 ? ` of ${loads} more loads` : ''}${inPlace ? ', in place' : ''}`;
}
