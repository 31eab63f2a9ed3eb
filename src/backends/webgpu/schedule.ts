/**
 * How kernels are laid out over a device: plain data, chosen from what the adapter says of itself. Sizes are in
 * invocations and elements.
 */
export interface Schedule {
  /** For people and for tests. */
  readonly name: string;
  /** Invocations of a workgroup of a map, and of a reduction with one invocation for each result. */
  readonly invocations: number;
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

/** The tiles of a matrix product. A workgroup's block is `workgroup × perInvocation` rows and columns. */
export interface ContractSchedule {
  /** Invocations along columns and rows. */
  readonly workgroup: readonly [columns: number, rows: number];
  /** Results that one invocation keeps in registers; both are multiples of 4. */
  readonly perInvocation: readonly [columns: number, rows: number];
  /** How deep a slice of both operands is staged in workgroup memory at a time; null reads the operands directly. */
  readonly staged: number | null;
  /** Products with fewer results than this, and a depth of at least `longReduction`, are reduced as `lanes` says. */
  readonly fewResults: number;
  /** Products with less than this many multiplications for one batch element are computed one result an invocation. */
  readonly tiny: number;
}

/** For GPUs: 4 × 4 results an invocation, 32 × 32 a workgroup, operands staged in workgroup memory. */
export const gpuSchedule: Schedule = {
  name: 'gpu',
  invocations: 64,
  procedure: { workgroups: 32, least: 8 },
  longReduction: 256,
  lanes: 64,
  contract: { workgroup: [8, 8], perInvocation: [4, 4], staged: 16, fewResults: 2048, tiny: 16 ** 3 },
  speed: { operationsPerMicrosecond: 40_000, microsecondsPerOperation: 0.02 },
};

/**
 * For adapters that are programs on the CPU: barriers are dear there and memory is cached anyway, so invocations keep
 * as much as they can in registers and share nothing.
 */
export const softwareSchedule: Schedule = {
  name: 'software',
  invocations: 64,
  procedure: { workgroups: 16, least: 4 },
  longReduction: 256,
  lanes: 8,
  contract: { workgroup: [8, 1], perInvocation: [8, 8], staged: null, fewResults: 512, tiny: 16 ** 3 },
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
