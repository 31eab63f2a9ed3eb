import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { HostArray } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { index, load, rewriter } from '../../src/kernel/expr.ts';
import type { Kernel, Operand, ProcedureKernel, SingleKernel, Store } from '../../src/kernel/kernel.ts';
import { reducedDomain, storeDomain } from '../../src/kernel/kernel.ts';
import { printKernel } from '../../src/kernel/print.ts';
import { at, product, range } from '../../src/util/array.ts';
import type { Case } from './random-kernels.ts';
import type { Random } from './random.ts';
import type { Tolerance } from './run-case.ts';
import { programOf, runCase } from './run-case.ts';

/** Kernels too large for the reference device, compared with it at some of their points. */

const reference = createReferenceDevice();

/** A kernel that stores for each point of its domain alone. */
export type PointKernel = Exclude<SingleKernel, ProcedureKernel | { readonly kind: 'rowwise' }>;

/** Points of a domain: corners and edges above all, where blocks and vectors end. */
function samples(r: Random, domain: readonly number[], count: number): readonly Int32Array<ArrayBuffer>[] {
  const points = product(domain) === 0 ? 0 : count;
  return domain.map((extent) =>
    Int32Array.from({ length: points }, () => {
      const edge = r.pick([0, extent - 1, extent - 2, 32, 96, 128, 256, 512, 768]);
      const near = r.chance(0.5) ? edge - r.below(5) : r.below(extent);
      return Math.min(Math.max(near, 0), extent - 1);
    }),
  );
}

/**
 * A kernel over a list of points that computes what another one stores there, and where: its axes are looked up in
 * tables, and everything else is as it was.
 */
function atPoints({ kernel, data }: Case & { readonly kernel: PointKernel }, tables: readonly HostArray[]): Case {
  const count = tables[0]?.length ?? 1;
  const point = index(0, count);
  const operands: Operand[] = kernel.operands.map((o) => ({ ...o, access: 'read' }));
  const contents: HostArray[] = [...data];
  const outer = tables.length;
  const add = (operand: Operand, data: HostArray): number => {
    contents.push(data);
    return operands.push(operand) - 1;
  };
  const axes = tables.map((t): Expr => load(add({ dtype: 'i32', length: count, access: 'read' }, t), 'i32', point));
  const moved = rewriter((e) => {
    if (e.kind !== 'index') return e;
    return e.axis < outer ? at(axes, e.axis) : index(e.axis - outer + 1, e.extent);
  });
  const stores = kernel.stores.flatMap((s): Store[] =>
    [s.value, s.index].map((value) => {
      const operand = add({ dtype: value.dtype, length: count, access: 'write' }, new Float64Array(0));
      return { operand, index: point, value: moved(value) };
    }),
  );
  const base = { name: 'sampled', source: kernel.source, operands, stores };
  const sampled = ((): Kernel => {
    switch (kernel.kind) {
      case 'map':
        return { ...base, kind: 'map', domain: [count] };
      case 'reduce': {
        const accumulators = kernel.accumulators.map((a) => ({ ...a, value: moved(a.value) }));
        return { ...base, kind: 'reduce', domain: [count], reduced: kernel.reduced, accumulators };
      }
      case 'contract': {
        const { dtype, depth } = kernel;
        const [lhs, rhs] = [moved(kernel.lhs), moved(kernel.rhs)];
        return { ...base, kind: 'contract', batch: [count], rows: [], columns: [], depth, dtype, lhs, rhs };
      }
    }
  })();
  return { kernel: sampled, data: contents };
}

/** Compares a device with the reference one at some points of a kernel. */
export function expectSameAt(
  device: Device,
  c: Case & { readonly kernel: PointKernel },
  r: Random,
  tolerance: Tolerance,
): void {
  const { kernel } = c;
  const program = programOf(c);
  const got = runCase(device, c);
  const terms = product(reducedDomain(kernel));
  // The reference device visits every term: fewer points where there are many.
  const count = Math.min(300, Math.max(4, Math.floor(100_000 / Math.max(1, terms))));
  const tables = samples(r, storeDomain(kernel), count);
  const want = runCase(reference, atPoints(c, tables));
  kernel.stores.forEach((s, i) => {
    const [values, positions] = [at(want, 2 * i), at(want, 2 * i + 1)];
    const result = at(got, program.outputs.indexOf(s.operand));
    const { relative, absolute } = tolerance(s.value.dtype, terms);
    values.forEach((x: number, p: number) => {
      const y = result[positions[p] as number] as number;
      if (Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y))) return;
      if (Math.abs(x - y) <= absolute + relative * Math.abs(x) || x === y) return;
      const point = range(tables.length).map((a) => tables[a]?.[p]);
      throw new Error(`store ${i} at [${point.join(', ')}]: ${y}, reference ${x}\n${printKernel(kernel)}`);
    });
  });
}
