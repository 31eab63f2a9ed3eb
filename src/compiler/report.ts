import { isFloat, storedBytes } from '../kernel/dtype.ts';
import type { Device } from '../kernel/device.ts';
import type { Expr } from '../kernel/expr.ts';
import { visit } from '../kernel/expr.ts';
import type { Kernel, SingleKernel } from '../kernel/kernel.ts';
import { expressionsOf, partsOf, passExpressions, reducedDomain, storeDomain } from '../kernel/kernel.ts';
import { bytesAlive } from '../kernel/liveness.ts';
import type { KernelOp } from '../kernel/ops.ts';
import type { Program, Step } from '../kernel/program.ts';
import { at, product, range } from '../util/array.ts';

/**
 * What one call of a compiled function takes, as its program says. A loop counts for its number of trips, or for one
 * where the data decide it; of branches, all count.
 */
export interface ProgramCost {
  /** Floating-point operations; a transcendental counts as one. */
  readonly flops: number;
  /** Bytes that kernels read and write, each operand once a kernel. */
  readonly bytesMoved: number;
  /** Bytes of arguments, results, constants and shared temporaries together. */
  readonly peakBytes: number;
  /** Bytes that what is alive at the worst moment needs: what `peakBytes` would be if storage were shared without loss. */
  readonly liveBytes: number;
  /** Bytes of the temporaries that live inside the program, after sharing. */
  readonly temporaryBytes: number;
  /** Different kernel runs in the program; a loop runs its own again and again. */
  readonly kernels: number;
  /**
   * What all kernels move to and from the device's memory as they are laid out on it, and how much of that is unavoidable; null
   * on devices that don't tell.
   */
  readonly traffic: Traffic | null;
  /** The same kernel by kernel, in the order in which they run. */
  readonly byKernel: readonly KernelCost[];
}

/** An estimate of the traffic between a device's workgroups and its memory. */
export interface Traffic {
  /** Bytes, where what several workgroups read counts for each of them. */
  readonly bytes: number;
  /** Bytes that kernels have to read and write: every element once a kernel. */
  readonly unavoidable: number;
  /** The one by the other: 1 is the best there is. */
  readonly ratio: number;
  /** The arithmetic intensity: floating-point operations for each byte. */
  readonly flopsPerByte: number;
}

/** What one kernel of a program takes, of all times that it runs. */
export interface KernelCost {
  /** Its name in `asText('kernels')` and in the device's code. */
  readonly name: string;
  /** The operations that it came from. */
  readonly source: string;
  /** How often it runs, as far as that is known. */
  readonly times: number;
  readonly flops: number;
  readonly bytesMoved: number;
  readonly traffic: Traffic | null;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** The cost of a program, on a device that tells its traffic. */
export function programCost(program: Program, device: Pick<Device, 'traffic'> | null = null): ProgramCost {
  const runs = runsOf(program);
  const byKernel = runs.map((run) => kernelCost(run, device?.traffic ?? null));
  const temporaryBytes = sum(program.slots);
  const lasting = sum(
    program.buffers.filter((b) => b.place.kind !== 'temporary').map((b) => b.length * storedBytes(b.dtype)),
  );
  return {
    flops: sum(runs.map(({ kernel, times }) => times * flopsOf(kernel))),
    bytesMoved: sum(runs.map(({ kernel, times }) => times * bytesOf(kernel))),
    peakBytes: temporaryBytes + lasting,
    liveBytes: bytesAlive(program) + lasting,
    temporaryBytes,
    kernels: runs.length,
    traffic: totalTraffic(byKernel),
    byKernel,
  };
}

function kernelCost({ kernel, times }: CountedRun, trafficOf: Device['traffic']): KernelCost {
  const { name, source } = kernel;
  const [flops, bytesMoved] = [times * flopsOf(kernel), times * bytesOf(kernel)];
  if (trafficOf === null) return { name, source, times, flops, bytesMoved, traffic: null };
  const { bytes, unavoidable } = trafficOf(kernel);
  return { name, source, times, flops, bytesMoved, traffic: traffic(times * bytes, times * unavoidable, flops) };
}

const traffic = (bytes: number, unavoidable: number, flops: number): Traffic => ({
  bytes,
  unavoidable,
  ratio: unavoidable === 0 ? 1 : bytes / unavoidable,
  flopsPerByte: bytes === 0 ? 0 : flops / bytes,
});

function totalTraffic(costs: readonly KernelCost[]): Traffic | null {
  const known = costs.flatMap((c) => (c.traffic === null ? [] : [c.traffic]));
  if (known.length === 0 || known.length < costs.length) return null;
  const of = (pick: (t: Traffic) => number): number => sum(known.map(pick));
  return traffic(of((t) => t.bytes), of((t) => t.unavoidable), sum(costs.map((c) => c.flops))); // prettier-ignore
}

/** The bytes that one call of a compiled function needs, by what they are for. */
export interface MemoryUse {
  readonly argumentBytes: number;
  readonly outputBytes: number;
  /** Bytes of results that are written over donated arguments; they count under both. */
  readonly aliasBytes: number;
  readonly constantBytes: number;
  /** Temporaries, after sharing. */
  readonly temporaryBytes: number;
  /** All together. */
  readonly peakBytes: number;
}

/** The memory that a program needs. */
export function memoryUse(program: Program): MemoryUse {
  const bytes = (numbers: readonly number[]): number =>
    numbers.reduce((n, b) => n + at(program.buffers, b).length * storedBytes(at(program.buffers, b).dtype), 0);
  const { temporaryBytes, peakBytes } = programCost(program);
  const constants = range(program.buffers.length).filter((b) => at(program.buffers, b).place.kind === 'constant');
  return {
    argumentBytes: bytes(program.inputs),
    outputBytes: bytes(program.outputs),
    aliasBytes: bytes(program.outputs.filter((b) => program.inputs.includes(b))),
    constantBytes: bytes(constants),
    temporaryBytes,
    peakBytes,
  };
}

/** The cost of programs that run one after the other. */
export const totalCost = (costs: readonly ProgramCost[]): ProgramCost =>
  costs.reduce((a, b) => ({
    flops: a.flops + b.flops,
    bytesMoved: a.bytesMoved + b.bytesMoved,
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
    liveBytes: Math.max(a.liveBytes, b.liveBytes),
    temporaryBytes: Math.max(a.temporaryBytes, b.temporaryBytes),
    kernels: a.kernels + b.kernels,
    traffic: totalTraffic([...a.byKernel, ...b.byKernel]),
    byKernel: [...a.byKernel, ...b.byKernel],
  }));

/** The memory of programs that run one after the other: of each kind, the most that one needs. */
export const totalMemory = (uses: readonly MemoryUse[]): MemoryUse =>
  uses.reduce((a, b) => ({
    argumentBytes: Math.max(a.argumentBytes, b.argumentBytes),
    outputBytes: Math.max(a.outputBytes, b.outputBytes),
    aliasBytes: Math.max(a.aliasBytes, b.aliasBytes),
    constantBytes: Math.max(a.constantBytes, b.constantBytes),
    temporaryBytes: Math.max(a.temporaryBytes, b.temporaryBytes),
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
  }));

/** A kernel and how often a program runs it, as far as that is known. */
export interface CountedRun {
  readonly kernel: Kernel;
  readonly times: number;
}

/** The kernels of a program, and how often one call runs each; loops that data end count as one trip. */
export const runsOf = (program: Program): readonly CountedRun[] => countedRuns(program.steps, 1);

function countedRuns(steps: readonly Step[], times: number): readonly CountedRun[] {
  return steps.flatMap((s): readonly CountedRun[] => {
    if (s.kind === 'run') return [{ kernel: s.kernel, times }];
    if (s.kind === 'branch') return s.branches.flatMap((b) => countedRuns(b, times));
    const test = s.trips === null ? countedRuns(s.test, times) : [];
    return [...test, ...countedRuns(s.body, times * (s.trips ?? 1))];
  });
}

/** The bytes that one run of a kernel reads and writes. */
export const bytesOf = (kernel: Kernel): number =>
  kernel.operands.reduce((n, o) => n + o.length * storedBytes(o.dtype) * (o.access === 'readwrite' ? 2 : 1), 0);

/** The floating-point operations of one run of a kernel. */
export const flopsOf = (kernel: Kernel): number => sum(partsOf(kernel).map(flopsOfPart));

function flopsOfPart(kernel: SingleKernel): number {
  const points = product(storeDomain(kernel));
  const inner = points * product(reducedDomain(kernel));
  const stores = points * floatOps(kernel.stores.map((s) => s.value));
  switch (kernel.kind) {
    case 'map':
      return stores;
    case 'procedure':
      // How often its loops turn is not known here.
      return points * floatOps(expressionsOf(kernel));
    case 'reduce':
      return stores + inner * (kernel.accumulators.length + floatOps(kernel.accumulators.map((a) => a.value)));
    case 'rowwise':
      return stores + inner * sum(kernel.passes.map((p) => p.accumulators.length + floatOps(passExpressions(p))));
    case 'contract':
      return stores + inner * 2;
  }
}

const conversions: ReadonlySet<KernelOp> = new Set(['select', 'cast', 'bitcast', 'half']);

/** Distinct float operations in expressions. */
function floatOps(roots: readonly Expr[]): number {
  let count = 0;
  visit(roots, (e) => {
    if (e.kind === 'op' && isFloat(e.dtype) && !conversions.has(e.op)) count += 1;
  });
  return count;
}
