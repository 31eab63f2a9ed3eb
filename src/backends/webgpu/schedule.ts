import type { DType } from '../../kernel/dtype.ts';
import type { Splits, Target } from '../../kernel/device.ts';

/**
 * How kernels are laid out over a device: plain data, chosen from what the adapter says of itself. Sizes are in
 * invocations and elements.
 */
export interface Schedule {
  /** For people and for tests. */
  readonly name: string;
  /** Invocations of a workgroup of a map, and of a reduction with one invocation for each result. */
  readonly invocations: number;
  /** The same where so many invocations are left that every processor has several workgroups: neighbours share what they read. */
  readonly manyInvocations: number;
  /** A map of at least this many points is computed four points an invocation, where they lie side by side in memory. */
  readonly manyPoints: number;
  readonly procedure: ProcedureSchedule;
  /** A reduction over at least this many points gets a workgroup for each result… */
  readonly longReduction: number;
  /** …of this many invocations, a power of two: each reduces a stride, then they meet in a tree. */
  readonly lanes: number;
  readonly contract: ContractSchedule;
  /** When the compiler cuts products into parts that are kernels' own batch; null for never. */
  readonly splits: Splits | null;
  readonly speed: Speed;
}

/** How fast the device is, to within a power of ten: see `estimate.ts`. */
export interface Speed {
  /** Scalar operations, loads included, with every processor busy. */
  readonly operationsPerMicrosecond: number;
  /** Of one invocation by itself. */
  readonly microsecondsPerOperation: number;
}

/**
 * Procedures take long for each point, and points part ways in them. So few points are spread over the device in small
 * workgroups: at least `workgroups` of them, as long as each has `least` invocations.
 */
export interface ProcedureSchedule {
  readonly workgroups: number;
  readonly least: number;
}

/** Results that one invocation keeps in registers: columns and rows, both multiples of 4. */
export type TileSize = readonly [columns: number, rows: number];

/** How a workgroup computes results of a matrix product: a block of `workgroup × tile` columns and rows. */
export interface BlockShape {
  /** Invocations along columns and rows. */
  readonly workgroup: readonly [columns: number, rows: number];
  readonly tile: TileSize;
  /** How deep a slice of both operands is staged in workgroup memory at a time; null reads the operands directly. */
  readonly staged: number | null;
  /**
   * In how many parts, a power of two, a slice may be shared out among so many times the invocations, which add up their sums
   * at the end; 1 by default.
   */
  readonly parts?: number;
}

/** The tiles of a matrix product. */
export interface ContractSchedule {
  /** From the largest block, which reads least, to the smallest. */
  readonly shapes: readonly BlockShape[];
  /** A block is small enough if a product has so many of it. */
  readonly blocks: number;
  /** With fewer invocations than this, slices are computed in parts. */
  readonly invocations: number;
  /** May vectors lie along the depth? They take four times as many registers for a moment. */
  readonly alongDepth: boolean;
  /** Are a tile's results stored by a loop? The code is shorter, but they go through an array. */
  readonly storesInLoop: boolean;
  /** Products with fewer results than this, and a depth of at least `longReduction`, are reduced as `lanes` says. */
  readonly fewResults: number;
  /** Products with less than this many multiplications for one batch element are computed one result an invocation. */
  readonly tiny: number;
}

/**
 * For GPUs: operands are staged in workgroup memory, for blocks of 128 × 64 results where there are some dozens of those, which
 * is 20 operations for each byte that is read; for smaller ones down to 16 × 16 otherwise. GPUs have some dozens of
 * processors, each of which wants some hundreds of invocations: so the depth of a block is shared out where there are few.
 */
export const gpuSchedule: Schedule = {
  name: 'gpu',
  invocations: 64,
  manyInvocations: 256,
  manyPoints: 2 ** 14,
  procedure: { workgroups: 32, least: 8 },
  longReduction: 256,
  lanes: 64,
  contract: {
    shapes: [
      { workgroup: [8, 16], tile: [8, 8], staged: 16, parts: 2 },
      { workgroup: [8, 8], tile: [8, 8], staged: 16, parts: 4 },
      { workgroup: [8, 8], tile: [4, 4], staged: 32, parts: 4 },
      { workgroup: [4, 4], tile: [4, 4], staged: 64, parts: 16 },
    ],
    blocks: 24,
    invocations: 2 ** 15,
    alongDepth: true,
    storesInLoop: false,
    fewResults: 128,
    tiny: 16 ** 3,
  },
  splits: { results: 2 ** 19, leastResults: 128, leastDepth: 2 ** 11 },
  speed: { operationsPerMicrosecond: 40_000, microsecondsPerOperation: 0.02 },
};

/**
 * For adapters that are programs on the CPU: barriers are dear there and memory is cached anyway, so invocations keep
 * as much as they can in registers and share nothing.
 */
export const softwareSchedule: Schedule = {
  name: 'software',
  invocations: 64,
  manyInvocations: 64,
  manyPoints: 2 ** 10,
  procedure: { workgroups: 16, least: 4 },
  longReduction: 256,
  lanes: 8,
  contract: {
    shapes: [{ workgroup: [8, 1], tile: [8, 8], staged: null }],
    blocks: 0,
    invocations: 0,
    alongDepth: false,
    storesInLoop: true,
    fewResults: 128,
    tiny: 16 ** 3,
  },
  splits: null,
  speed: { operationsPerMicrosecond: 1_000, microsecondsPerOperation: 0.005 },
};

/** The schedule for an adapter. */
export function scheduleFor(adapter: {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}): Schedule {
  const text = `${adapter.vendor} ${adapter.architecture} ${adapter.description}`.toLowerCase();
  return /swiftshader|llvmpipe|lavapipe|software|warp/.test(text) ? softwareSchedule : gpuSchedule;
}

/** What the compiler is told of a device with a schedule. */
export const targetFor = (
  schedule: Schedule,
  { dtypes, maxOperands }: { readonly dtypes: ReadonlySet<DType>; readonly maxOperands: number },
): Target => ({
  device: 'webgpu',
  dtypes,
  maxOperands,
  ...(schedule.splits === null ? {} : { splits: schedule.splits }),
});
