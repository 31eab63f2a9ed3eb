import type { DType } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { load, loadsOf } from '../kernel/expr.ts';
import { indices, linearize } from '../kernel/index-algebra.ts';
import type {
  ContractKernel,
  Kernel,
  MapKernel,
  Operand,
  ReduceKernel,
  RowwiseKernel,
  Store,
} from '../kernel/kernel.ts';
import { expressionsOf } from '../kernel/kernel.ts';
import type { Statement } from '../kernel/procedure.ts';
import { mapStatements, statementExpressions, storedOperands } from '../kernel/procedure.ts';
import type { BufferSpec, RunStep } from '../kernel/program.ts';
import { at } from '../util/array.ts';
import type { KernelGroup, Loops, TaskGroup } from './fuse.ts';
import type { Root, Value } from './lower.ts';
import { describeNode } from './lower.ts';
import type { RowWork } from './passes.ts';
import { needsPasses, walksOf } from './passes.ts';
import { loadsFrom, withOperands } from './renumber.ts';

/** Kernels with their own operand numbers, and the buffers that they are bound to. */

/** What kernels are made among: the program's buffers, and the one of each value. */
export interface Bindings {
  readonly buffers: readonly BufferSpec[];
  readonly bufferOf: (id: number) => number;
}

/** The buffers of a kernel that loads and stores these values, and how it names them. */
function bind(
  loads: readonly Expr[],
  stored: readonly number[],
  { buffers, bufferOf }: Bindings,
): {
  readonly args: readonly number[];
  readonly operands: readonly Operand[];
  readonly operandOf: (id: number) => number;
} {
  const reads = new Set(loadsOf(loads).map((l) => bufferOf(l.operand)));
  const writes = [...new Set(stored.map(bufferOf))];
  const args = [...[...reads].filter((b) => !writes.includes(b)), ...writes];
  const operandOf = (id: number): number => args.indexOf(bufferOf(id));
  return {
    args,
    operandOf,
    operands: args.map((b): Operand => {
      const { dtype, length } = at(buffers, b);
      return { dtype, length, access: !writes.includes(b) ? 'read' : reads.has(b) ? 'readwrite' : 'write' };
    }),
  };
}

/** The step of roots that share a loop nest; those in `stores` are written to memory. */
export function kernelStep(group: KernelGroup, stores: readonly Root[], { buffers, bufferOf }: Bindings): RunStep {
  // By their buffers' numbers first, as what is one buffer is one operand.
  const byBuffer = loadsFrom(bufferOf);
  const stored = group.members.filter((m) => stores.includes(m.root));
  const storesOf = (inRow: boolean): readonly Store[] =>
    stored
      .filter((m) => m.inRow === inRow)
      .map((m) => ({ operand: bufferOf(m.root.id), index: byBuffer(m.position), value: byBuffer(m.value) }));
  const dtypeOf = (b: number): DType => at(buffers, b).dtype;
  const body = withLoops(group.loops, { rowStores: storesOf(true), stores: storesOf(false), dtypeOf }, byBuffer);
  const named = {
    name: identifier([...new Set(group.members.flatMap((m) => m.root.operations))]),
    source: group.members.map((m) => describeNode(m.root)).join('; '),
  };
  const kernel = { ...named, operands: [], ...body };
  const { args, operands, operandOf } = bind(
    expressionsOf(kernel),
    stored.map((m) => bufferOf(m.root.id)),
    { buffers, bufferOf: (b) => b },
  );
  return { kind: 'run', kernel: withOperands(kernel, operands, operandOf), args };
}

/** A kernel but for its names and operands. */
type KernelBody = Unnamed<MapKernel> | Unnamed<ReduceKernel> | Unnamed<RowwiseKernel> | Unnamed<ContractKernel>;
type Unnamed<K extends Kernel> = Omit<K, 'name' | 'source' | 'operands'>;

function withLoops(
  loops: Loops,
  stored: Pick<RowWork, 'rowStores' | 'stores' | 'dtypeOf'>,
  rename: (e: Expr) => Expr,
): KernelBody {
  const { stores } = stored;
  switch (loops.kind) {
    case 'map':
      return { ...loops, stores };
    case 'reduce': {
      const accumulators = loops.accumulators.map((a) => ({ ...a, value: rename(a.value) }));
      if (!needsPasses(accumulators, stored.rowStores.length)) return { ...loops, accumulators, stores };
      const { domain, reduced: row } = loops;
      return { kind: 'rowwise', domain, row, ...walksOf({ domain, row, accumulators, ...stored }) };
    }
    case 'contract':
      return { ...loops, dtype: loops.lhs.dtype, lhs: rename(loops.lhs), rhs: rename(loops.rhs), stores };
  }
}

/** The step of a procedure. One that only stores, each element from what was there before, is a map. */
export function procedureStep({ task, work }: TaskGroup, bindings: Bindings): RunStep | null {
  if (work.kind !== 'procedure') return null;
  const { args, operands, operandOf } = bind(statementExpressions(work.body), [...storedOperands(work.body)], bindings);
  const base = { name: identifier(task.operations), source: describeNode(task), operands };
  const { domain, locals } = work;
  const body = mapStatements(work.body, loadsFrom(operandOf), operandOf);
  const [only] = body;
  const kernel: Kernel =
    body.length === 1 && only?.kind === 'store' && readsOnlyWhatItWrites(only)
      ? { ...base, kind: 'map', domain, stores: [only] }
      : { ...base, kind: 'procedure', domain, locals, body, stores: [] };
  return { kind: 'run', kernel, args };
}

const readsOnlyWhatItWrites = (s: Extract<Statement, { kind: 'store' }>): boolean =>
  loadsOf([s.index, s.value]).every((l) => l.operand !== s.operand || (l.index === s.index && l.guard === null));

/** Copies all elements of one value to the buffer of another. */
export function copyStep(from: Value, to: Value, { buffers, bufferOf }: Bindings): RunStep {
  const { shape, dtype } = from.aval;
  const args = [bufferOf(from.id), bufferOf(to.id)];
  const position = linearize(indices(shape), shape);
  return {
    kind: 'run',
    args,
    kernel: {
      kind: 'map',
      name: 'copy',
      source: 'copy',
      domain: shape,
      operands: args.map((b, i) => ({ dtype, length: at(buffers, b).length, access: i === 0 ? 'read' : 'write' })),
      stores: [{ operand: 1, index: position, value: load(0, dtype, position) }],
    },
  };
}

/** `conv_add_max`: the first telling operation, and the last three. */
function identifier(described: readonly string[]): string {
  // Without the named scopes around them.
  const operations = [...new Set(described.map((o) => o.slice(o.lastIndexOf('/') + 1)))];
  const silent = new Set(['broadcastInDim', 'reshape', 'transpose', 'convertElementType', 'slice', 'select']);
  const telling = operations.filter((o) => !silent.has(o));
  const words = telling.length > 0 ? telling : operations;
  return [...words.slice(0, 1), ...words.slice(1).slice(-3)].join('_');
}
