import type { DType, HostArray } from '../../kernel/dtype.ts';
import { isInteger } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import type { Accumulator, Kernel, ProcedureKernel, RowwiseKernel, SingleKernel, Store } from '../../kernel/kernel.ts';
import { reducedDomain, storeDomain } from '../../kernel/kernel.ts';
import type { Monoid } from '../../kernel/ops.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { roundTo } from '../../kernel/semantics.ts';
import { assertNever } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import type { Scope } from './evaluate.ts';
import { evaluator } from './evaluate.ts';

/** One reduction: how the operands' values at a point are folded into the total. */
interface Reduction {
  readonly operands: readonly Expr[];
  readonly identity: number;
  readonly step: (total: number, values: readonly number[]) => number;
  /** Rounds the finished total to the accumulator's dtype. */
  readonly finish: (total: number) => number;
}

/** Runs one kernel on host arrays, point by point: the definition of what a kernel means. */
export function runKernel(kernel: Kernel, operands: readonly HostArray[]): void {
  if (kernel.kind === 'parallel') return kernel.parts.forEach((part) => runKernel(part, operands));
  if (kernel.kind === 'procedure') return runProcedure(kernel, operands);
  if (kernel.kind === 'rowwise') return runRowwise(kernel, operands);
  const reductions = reductionsOf(kernel).map((r) => ({ ...r, read: evaluator(r.operands) }));
  const stored = storeReader(kernel.stores);
  const outer = storeDomain(kernel);
  const inner = reducedDomain(kernel);
  const scope: Scope = { at: [...outer, ...inner].map(() => 0), acc: reductions.map(() => 0), locals: [], operands };
  forEachPoint(outer, 0, scope.at, () => {
    reductions.forEach((r, i) => {
      let total = r.identity;
      forEachPoint(inner, outer.length, scope.at, () => (total = r.step(total, r.read(scope))));
      scope.acc[i] = r.finish(total);
    });
    store(kernel.stores, stored(scope), operands);
  });
}

/** Writes values (each after its position), all of which have been computed: an update in place reads before it writes. */
function store(stores: readonly Store[], values: readonly number[], operands: readonly HostArray[]): void {
  stores.forEach((s, i) =>
    write(operands[s.operand] as HostArray, values[2 * i] as number, values[2 * i + 1] as number),
  );
}

const storeReader = (stores: readonly Store[]): ReturnType<typeof evaluator> =>
  evaluator(stores.flatMap((s) => [s.index, s.value]));

function runRowwise(kernel: RowwiseKernel, operands: readonly HostArray[]): void {
  const { domain, row } = kernel;
  const scope: Scope = { at: [...domain, ...row].map(() => 0), acc: [], locals: [], operands };
  const passes = kernel.passes.map((p) => ({
    reductions: p.accumulators.map(reductionOf).map((r) => ({ ...r, read: evaluator(r.operands) })),
    stores: p.stores,
    stored: storeReader(p.stores),
  }));
  const stored = storeReader(kernel.stores);
  forEachPoint(domain, 0, scope.at, () => {
    scope.acc.length = 0;
    for (const pass of passes) {
      const totals = pass.reductions.map((r) => r.identity);
      forEachPoint(row, domain.length, scope.at, () => {
        pass.reductions.forEach((r, i) => (totals[i] = r.step(totals[i] as number, r.read(scope))));
        store(pass.stores, pass.stored(scope), operands);
      });
      pass.reductions.forEach((r, i) => scope.acc.push(r.finish(totals[i] as number)));
    }
    store(kernel.stores, stored(scope), operands);
  });
}

function write(into: HostArray, position: number, value: number): void {
  if (position < 0 || position >= into.length) throw new InternalError(`store at ${position} of ${into.length}`);
  into[position] = value;
}

function runProcedure(kernel: ProcedureKernel, operands: readonly HostArray[]): void {
  const scope: Scope = { at: kernel.domain.map(() => 0), acc: [], locals: kernel.locals.map(() => 0), operands };
  const run = block(kernel.body);
  forEachPoint(kernel.domain, 0, scope.at, () => run(scope));
}

type Action = (scope: Scope) => void;

function block(body: readonly Statement[]): Action {
  const actions = body.map(action);
  return (scope) => actions.forEach((run) => run(scope));
}

/** What one statement does. */
function action(s: Statement): Action {
  switch (s.kind) {
    case 'set': {
      const value = evaluator([s.value]);
      return (scope) => void (scope.locals[s.local] = value(scope)[0] as number);
    }
    case 'store': {
      const read = evaluator([s.index, s.value]);
      return (scope) => {
        const [index, value] = read(scope) as [number, number];
        write(scope.operands[s.operand] as HostArray, index, value);
      };
    }
    case 'for': {
      const bounds = evaluator([s.from, s.to]);
      const body = block(s.body);
      return (scope) => {
        const [from, to] = bounds(scope) as [number, number];
        for (let i = from; i < to; i++) {
          scope.locals[s.local] = i;
          body(scope);
        }
      };
    }
    case 'while': {
      const condition = evaluator([s.condition]);
      const body = block(s.body);
      return (scope) => {
        while (condition(scope)[0] !== 0) body(scope);
      };
    }
    case 'if': {
      const condition = evaluator([s.condition]);
      const [then, otherwise] = [block(s.then), block(s.otherwise)];
      return (scope) => (condition(scope)[0] === 0 ? otherwise(scope) : then(scope));
    }
  }
}

const reductionOf = ({ monoid, dtype, value }: Accumulator): Reduction => {
  const combine = monoid === 'mul' && isInteger(dtype) ? Math.imul : combiner(monoid);
  return {
    operands: [value],
    identity: monoidIdentity[monoid](dtype),
    step: (total, [x]) => wrapped(dtype, combine(total, x as number)),
    finish: (total) => roundTo(dtype, total),
  };
};

function reductionsOf(kernel: Exclude<SingleKernel, ProcedureKernel | RowwiseKernel>): readonly Reduction[] {
  switch (kernel.kind) {
    case 'map':
      return [];
    case 'reduce':
      return kernel.accumulators.map(reductionOf);
    case 'contract': {
      const { dtype, lhs, rhs } = kernel;
      const times = isInteger(dtype) ? Math.imul : (a: number, b: number): number => a * b;
      return [
        {
          operands: [lhs, rhs],
          identity: 0,
          step: (total, [x, y]) => wrapped(dtype, total + times(x as number, y as number)),
          finish: (total) => roundTo(dtype, total),
        },
      ];
    }
    default:
      return assertNever(kernel);
  }
}

/** Floats accumulate in f64 and are rounded once; integers wrap at each step, as the true total may not fit. */
const wrapped = (dtype: DType, x: number): number => (isInteger(dtype) ? roundTo(dtype, x) : x);

function combiner(monoid: Monoid): (a: number, b: number) => number {
  switch (monoid) {
    case 'add':
      return (a, b) => a + b;
    case 'mul':
      return (a, b) => a * b;
    case 'max':
      return (a, b) => Math.max(a, b);
    case 'min':
      return (a, b) => Math.min(a, b);
    case 'and':
      return (a, b) => a & b;
    case 'or':
      return (a, b) => a | b;
  }
}

/** Visits the points of a domain in row-major order, keeping `at[first…]` at the current one. */
function forEachPoint(extents: readonly number[], first: number, at: number[], body: () => void): void {
  const walk = (axis: number): void => {
    if (axis === extents.length) return body();
    for (let i = 0; i < (extents[axis] as number); i++) {
      at[first + axis] = i;
      walk(axis + 1);
    }
  };
  walk(0);
}
