/**
 * How kernels are laid out over a device: plain data, chosen from what the adapter says of itself. Sizes are in
 * invocations and elements.
 */
export interface Schedule {
  /** For people and for tests. */
  readonly name: string;
  /** Invocations of a workgroup of a map, and of a reduction with one invocation for each result. */
  readonly invocations: number;
  /** A map of at least this many points is computed four points an invocation, where they lie side by side in memory. */
  readonly manyPoints: number;
  readonly procedure: ProcedureSchedule;
  /** A reduction over at least this many points gets a workgroup for each result… */
  readonly longReduction: number;
  /** …of this many invocations, a power of two: each reduces a stride, then they meet in a tree. */
  readonly lanes: number;
  readonly contract: ContractSchedule;
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

/** The tiles of a matrix product. A workgroup's block is `workgroup × tile` columns and rows. */
export interface ContractSchedule {
  /** Invocations along columns and rows. */
  readonly workgroup: readonly [columns: number, rows: number];
  readonly tile: TileSize;
  /** A larger tile, which reads less, for products that have at least so many blocks of it; null for none. */
  readonly large: { readonly tile: TileSize; readonly blocks: number } | null;
  /** How deep a slice of both operands is staged in workgroup memory at a time; null reads the operands directly. */
  readonly staged: number | null;
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
 * For GPUs: 4 × 4 results an invocation, 32 × 32 a workgroup, operands staged in workgroup memory; for large products 64 × 64
 * a workgroup, which computes 16 operations for each byte that it reads.
 */
export const gpuSchedule: Schedule = {
  name: 'gpu',
  invocations: 64,
  manyPoints: 2 ** 14,
  procedure: { workgroups: 32, least: 8 },
  longReduction: 256,
  lanes: 64,
  contract: {
    workgroup: [8, 8],
    tile: [4, 4],
    large: { tile: [8, 8], blocks: 256 },
    staged: 16,
    alongDepth: true,
    storesInLoop: false,
    fewResults: 2048,
    tiny: 16 ** 3,
  },
  speed: { operationsPerMicrosecond: 40_000, microsecondsPerOperation: 0.02 },
};

/**
 * For adapters that are programs on the CPU: barriers are dear there and memory is cached anyway, so invocations keep
 * as much as they can in registers and share nothing.
 */
export const softwareSchedule: Schedule = {
  name: 'software',
  invocations: 64,
  manyPoints: 2 ** 10,
  procedure: { workgroups: 16, least: 4 },
  longReduction: 256,
  lanes: 8,
  contract: {
    workgroup: [8, 1],
    tile: [8, 8],
    large: null,
    staged: null,
    alongDepth: false,
    storesInLoop: true,
    fewResults: 128,
    tiny: 16 ** 3,
  },
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
