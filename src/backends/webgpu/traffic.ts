import type { KernelTraffic } from '../../kernel/device.ts';
import type { Expr, LoadExpr } from '../../kernel/expr.ts';
import { loadsOf } from '../../kernel/expr.ts';
import type { Extents } from '../../kernel/footprint.ts';
import { extentsOfPiece, footprint } from '../../kernel/footprint.ts';
import type { ContractKernel, Kernel, Pass, SingleKernel } from '../../kernel/kernel.ts';
import { partsOf, passExpressions, reducedDomain, storeDomain } from '../../kernel/kernel.ts';
import { at, product, range } from '../../util/array.ts';
import { isReduction } from './emit-contract.ts';
import { foursOf } from './emit-map.ts';
import { blockFor, productOf } from './product.ts';
import type { WgslTarget } from './shader.ts';
import { workgroupFor } from './shader.ts';

/**
 * What a kernel moves between its workgroups and global memory, and what it has to move in any case. A workgroup reads each
 * element that it needs once: where it needs one again, as windows do that overlap, and where an operand is staged for all
 * its invocations, the element comes from its own memory or cache. What several workgroups read is counted for each of them,
 * though a cache that they share may well have it.
 */
export function trafficOf(kernel: Kernel, target: WgslTarget): KernelTraffic {
  const parts = partsOf(kernel).map((part) => trafficOfPart(part, target));
  const operands = range(kernel.operands.length);
  // What two parts read is read by both, though once would do.
  const needed = operands.map((i) => Math.max(...parts.map((p) => at(p.needed, i))));
  const written = operands.map((i) => parts.reduce((n, p) => n + at(p.written, i), 0));
  return {
    bytes: parts.reduce((n, p) => n + p.read, 0) + total(written),
    unavoidable: total(needed) + total(written),
  };
}

/** In bytes; by operand what has to be read and what is written. */
interface PartTraffic {
  readonly read: number;
  readonly needed: readonly number[];
  readonly written: readonly number[];
}

const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** A workgroup's first-level cache: what a row's later passes need again is there, unless the row is longer. */
const cacheBytes = 2 ** 15;

/** Some loads with the loop extents of one workgroup, and how many workgroups run them. */
interface Reading {
  readonly loads: readonly LoadExpr[];
  readonly extents: Extents;
  readonly workgroups: number;
}

function trafficOfPart(kernel: SingleKernel, target: WgslTarget): PartTraffic {
  const { operands } = kernel;
  const sizes = operands.map((o) => (o.dtype === 'f16' ? 2 : 4));
  if (kernel.kind === 'procedure') {
    // Data decide what it accesses: all of it once.
    const whole = (skipped: 'read' | 'write'): readonly number[] =>
      operands.map((o, i) => (o.access === skipped ? 0 : o.length * at(sizes, i)));
    return { read: total(whole('write')), needed: whole('write'), written: whole('read') };
  }
  const readings = readingsOf(kernel, target);
  const whole = [...storeDomain(kernel), ...reducedDomain(kernel)];
  const once: Reading = { loads: readings.flatMap((r) => r.loads), extents: (axis) => whole[axis] ?? 1, workgroups: 1 };
  const bytes = (elements: readonly number[]): readonly number[] => elements.map((n, i) => n * at(sizes, i));
  return {
    read: total(readings.map((r) => r.workgroups * total(bytes(elementsRead(kernel, r))))),
    needed: bytes(elementsRead(kernel, once)),
    written: bytes(elementsWritten(kernel)),
  };
}

/** By operand, how many elements a workgroup reads. */
function elementsRead({ operands }: SingleKernel, { loads, extents }: Reading): readonly number[] {
  const read = operands.map(() => 0);
  for (const load of new Set(loads)) read[load.operand] = at(read, load.operand) + footprint(load.index, extents);
  return read.map((n, i) => Math.min(n, at(operands, i).length));
}

/** By operand, how many elements the kernel writes: each once. */
function elementsWritten(kernel: SingleKernel): readonly number[] {
  const written = kernel.operands.map(() => 0);
  const points = product(storeDomain(kernel));
  const add = (operand: number, n: number): void => void (written[operand] = at(written, operand) + n);
  kernel.stores.forEach((s) => add(s.operand, points));
  if (kernel.kind === 'rowwise') {
    const all = points * product(kernel.row);
    kernel.passes.flatMap((p) => p.stores).forEach((s) => add(s.operand, all));
  }
  return written.map((n, i) => Math.min(n, at(kernel.operands, i).length));
}

/** What the workgroups of a kernel load, in groups that run over the same points. */
function readingsOf(kernel: Exclude<SingleKernel, { kind: 'procedure' }>, target: WgslTarget): readonly Reading[] {
  const { schedule } = target;
  const stores = kernel.stores.flatMap((s) => [s.index, s.value]);
  switch (kernel.kind) {
    case 'map': {
      const each = foursOf(kernel, target, new Set()) === null ? 1 : 4;
      const invocations = workgroupFor(product(kernel.domain) / each, schedule);
      return [byPieces(kernel.domain, [], invocations * each, loadsOf(stores))];
    }
    case 'reduce':
      return rows(kernel, [loadsOf([...kernel.accumulators.map((a) => a.value), ...stores])], target);
    case 'rowwise':
      return rows(kernel, passLoads(kernel.passes, stores), target);
    case 'contract':
      return isReduction(kernel, schedule)
        ? rows(kernel, [loadsOf([kernel.lhs, kernel.rhs, ...stores])], target)
        : tiles(kernel, target);
  }
}

/** The loads of each walk along a row, but for what an earlier one has put there. */
function passLoads(passes: readonly Pass[], stores: readonly Expr[]): readonly (readonly LoadExpr[])[] {
  const kept = new Set<number>();
  const walks = passes.map((pass) => {
    const loads = loadsOf(passExpressions(pass)).filter((l) => !kept.has(l.operand));
    pass.stores.forEach((s) => kept.add(s.operand));
    return loads;
  });
  return [...walks, loadsOf(stores).filter((l) => !kept.has(l.operand))];
}

/** Rows, one for each workgroup where they are long, else one for each invocation. */
function rows(
  kernel: SingleKernel,
  walks: readonly (readonly LoadExpr[])[],
  { schedule }: WgslTarget,
): readonly Reading[] {
  const [domain, row] = [storeDomain(kernel), reducedDomain(kernel)];
  const own = product(row) >= schedule.longReduction ? 1 : workgroupFor(product(domain), schedule);
  const together = byPieces(domain, row, own, [...new Set(walks.flat())]);
  if (4 * total(elementsRead(kernel, together)) <= cacheBytes) return [together];
  return walks.map((loads) => byPieces(domain, row, own, loads));
}

/** Workgroups of so many points of a domain each, each with all points of `inner`. */
function byPieces(
  domain: readonly number[],
  inner: readonly number[],
  size: number,
  loads: readonly LoadExpr[],
): Reading {
  const points = product(domain);
  const own = Math.min(size, points);
  const extents = [...extentsOfPiece(own, domain), ...inner];
  return { loads, extents: (axis) => extents[axis] ?? 1, workgroups: own === 0 ? 0 : points / own };
}

/** Blocks of a product's results, each with the whole depth. */
function tiles(kernel: ContractKernel, target: WgslTarget): readonly Reading[] {
  const p = productOf(kernel);
  const block = blockFor(p, target.chosen?.(kernel) ?? target.schedule.contract);
  const [high, wide] = [Math.min(block.rows, p.rows), Math.min(block.columns, p.columns)];
  const results = [kernel.batch.map(() => 1), extentsOfPiece(high, kernel.rows), extentsOfPiece(wide, kernel.columns)];
  const extents = [...results.flat(), ...kernel.depth];
  // Blocks that overhang read nothing there.
  const workgroups = (p.batches * p.rows * p.columns) / (high * wide);
  const across = { lhs: block.acrossColumns / (p.columns / wide), rhs: block.acrossRows / (p.rows / high) };
  const reading = (roots: readonly Expr[], times: number): Reading => ({
    loads: loadsOf(roots),
    extents: (axis) => extents[axis] ?? 1,
    workgroups: workgroups * times,
  });
  const stores = kernel.stores.flatMap((s) => [s.index, s.value]);
  return [reading([kernel.lhs], across.lhs), reading([kernel.rhs], across.rhs), reading(stores, 1)];
}
