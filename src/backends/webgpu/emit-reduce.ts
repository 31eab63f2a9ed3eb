import type { Expr } from '../../kernel/expr.ts';
import { binary, index, visit } from '../../kernel/expr.ts';
import type { Accumulator, ContractKernel, Kernel, ReduceKernel, Store } from '../../kernel/kernel.ts';
import { product, range } from '../../util/array.ts';
import type { Helper } from './math.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { domainText, grid, operandNames, perPoint, writeStores } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import { sharedPartials, stridedLoop, Totals } from './totals.ts';
import { Writer } from './writer.ts';

/** The parts of a reduction, whichever kind of kernel it is. */
interface Reduction {
  readonly kernel: Kernel;
  readonly domain: readonly number[];
  readonly reduced: readonly number[];
  readonly accumulators: readonly Accumulator[];
}

/** A reduction: one invocation, or for long ones one workgroup, for each point of the domain. */
export const emitReduce = (kernel: ReduceKernel, target: WgslTarget): ShaderParts | null =>
  emitReduction({ kernel, ...kernel }, target);

/** A matrix product with few results, or a tiny one, as the plain reduction that it is. */
export function emitContractAsReduction(kernel: ContractKernel, target: WgslTarget): ShaderParts | null {
  const { batch, rows, columns, depth, dtype } = kernel;
  const value = binary('mul', kernel.lhs, kernel.rhs);
  const accumulators: readonly Accumulator[] = [{ monoid: 'add', dtype, value }];
  return emitReduction({ kernel, domain: [...batch, ...rows, ...columns], reduced: depth, accumulators }, target);
}

function emitReduction(reduction: Reduction, target: WgslTarget): ShaderParts | null {
  if (product(reduction.domain) === 0) return null;
  return product(reduction.reduced) >= target.schedule.longReduction
    ? byWorkgroup(reduction, target)
    : byInvocation(reduction, target);
}

/** The reduction with its axes replaced: the domain's by one variable, the others as given. */
interface Flat {
  readonly accumulators: readonly Accumulator[];
  readonly stores: readonly Store[];
  readonly roots: readonly Expr[];
}

function flatten({ kernel, domain, accumulators }: Reduction, inner: readonly Expr[]): Flat {
  const { value, position } = substitution([...flattened(0, domain), ...inner]);
  const flatAccumulators = accumulators.map((a) => ({ ...a, value: value(a.value) }));
  const stores = kernel.stores.map((s) => ({ ...s, index: position(s.index), value: value(s.value) }));
  const roots = [...flatAccumulators.map((a) => a.value), ...stores.flatMap((s) => [s.index, s.value])];
  return { accumulators: flatAccumulators, stores, roots };
}

const divisions = (roots: readonly Expr[]): number => {
  let count = 0;
  visit(roots, (e) => {
    if (e.kind === 'op' && (e.op === 'idiv' || e.op === 'imod')) count++;
  });
  return count;
};

/** One loop over all reduced axes where that costs no divisions, else one loop for each axis. */
function sequentialLoops(reduction: Reduction): {
  readonly flat: Flat;
  readonly loops: readonly (readonly [Expr, number])[];
} {
  const extents = reduction.reduced;
  const each = extents.map((extent, i) => index(i + 1, extent));
  const nested = flatten(reduction, each);
  const merged = flatten(reduction, flattened(1, extents));
  const total = product(extents);
  if (divisions(merged.roots) <= divisions(nested.roots)) return { flat: merged, loops: [[index(1, total), total]] };
  return { flat: nested, loops: range(extents.length).map((i) => [each[i] as Expr, extents[i] as number] as const) };
}

const reduceText = (r: Reduction): string =>
  `${r.accumulators.map((a) => a.monoid).join(', ')} over ${domainText(r.reduced)} for each of ${domainText(r.domain)}`;

function byInvocation(reduction: Reduction, target: WgslTarget): ShaderParts {
  const { kernel } = reduction;
  const total = product(reduction.domain);
  const { lines, dispatch, ...main } = perPoint(total, target);
  const { flat, loops } = sequentialLoops(reduction);
  const helpers = new Set<Helper>();
  const writer = new Writer(operandNames(kernel), helpers, flat.roots);
  const body = writer.block([[index(0, total), 'i']], () => {
    lines.forEach((l) => writer.line(l));
    const totals = new Totals(flat.accumulators, 0, writer);
    totals.declare('acc');
    const inner = (depth: number): void => {
      const [variable, extent] = loops[depth] ?? [null, 0];
      if (variable === null) return totals.accumulate('acc');
      if (extent === 1) return inner(depth + 1);
      writer.loop(variable, loops.length === 1 ? 'r' : `r${depth}`, extent, () => inner(depth + 1));
    };
    if (product(reduction.reduced) > 0) inner(0);
    totals.bindOwn();
    writeStores(kernel, flat.stores, writer);
  });
  const about = `${reduceText(reduction)}: one invocation for each of ${total} results`;
  return { about, helpers, main: { ...main, body }, dispatch };
}

function byWorkgroup(reduction: Reduction, target: WgslTarget): ShaderParts {
  const { kernel } = reduction;
  const { lanes } = target.schedule;
  const results = product(reduction.domain);
  const depth = product(reduction.reduced);
  const dispatch = grid(results, target);
  const flat = flatten(reduction, flattened(1, reduction.reduced));
  const helpers = new Set<Helper>();
  const writer = new Writer(operandNames(kernel), helpers, flat.roots);
  const body = writer.block([[index(0, results), 'i']], () => {
    if (results > 1) writer.line(`let i = i32(group.x${dispatch[1] > 1 ? ` + group.y * ${dispatch[0]}u` : ''});`);
    if (dispatch[0] * dispatch[1] > results) writer.nested(`if (i >= ${results})`, () => writer.line('return;'));
    writer.line('let lane = i32(id.x);');
    const totals = new Totals(flat.accumulators, 0, writer);
    stridedLoop(totals, writer, depth, lanes);
    totals.meet(lanes);
    writer.nested('if (lane == 0)', () => {
      totals.bindShared();
      writeStores(kernel, flat.stores, writer);
    });
  });
  const globals = sharedPartials(flat.accumulators, lanes);
  const main = {
    workgroup: String(lanes),
    parameters: ['@builtin(workgroup_id) group: vec3<u32>', '@builtin(local_invocation_id) id: vec3<u32>'],
    body,
  };
  const about = `${reduceText(reduction)}: a workgroup of ${lanes} for each of ${results} results`;
  return { about, helpers, globals, main, dispatch };
}
