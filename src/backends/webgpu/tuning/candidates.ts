import type { ContractKernel } from '../../../kernel/kernel.ts';
import { product } from '../../../util/array.ts';
import type { BlockShape, ContractSchedule } from '../schedule.ts';

/** A way to compute a product: tiles of results, or a reduction for each result. */
export type Choice = Tiling | 'reduction';

/** Tiles of a product, as in {@link ContractSchedule}: the depth in as many parts as it says. */
export type Tiling = BlockShape;

/** What an adapter allows a workgroup. */
export interface WorkgroupLimits {
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupSizeY: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

const bytesOfElement = 4;

/** The schedule of products for one that has been chosen by measurement. */
export const chosenSchedule = (base: ContractSchedule, choice: Choice): ContractSchedule =>
  choice === 'reduction'
    ? { ...base, tiny: Infinity }
    : { ...base, shapes: [choice], invocations: Infinity, fewResults: 0, tiny: 0 };

/** Can the adapter run it? */
export function fits(choice: Choice, limits: WorkgroupLimits): boolean {
  if (choice === 'reduction') return true;
  const { workgroup, tile, staged, parts = 1 } = choice;
  const slices = (staged ?? 0) * (workgroup[0] * tile[0] + workgroup[1] * tile[1]) * bytesOfElement;
  const shared = slices + (parts - 1) * product(workgroup) * 4 * bytesOfElement;
  return (
    product(workgroup) * parts <= limits.maxComputeInvocationsPerWorkgroup &&
    workgroup[0] <= limits.maxComputeWorkgroupSizeX &&
    workgroup[1] * parts <= limits.maxComputeWorkgroupSizeY &&
    shared <= limits.maxComputeWorkgroupStorageSize
  );
}

const tiles: readonly Tiling['tile'][] = [
  [4, 4],
  [8, 4],
  [8, 8],
];
const sharing: readonly Tiling['workgroup'][] = [
  [8, 8],
  [16, 8],
  [16, 16],
];
const alone: readonly Tiling['workgroup'][] = [
  [8, 1],
  [16, 1],
  [32, 1],
  [8, 8],
];
const depths = [8, 16, 32];
/** Blocks whose depth is shared out, for products that are few of any. */
const shared: readonly Tiling[] = [
  { workgroup: [8, 8], tile: [8, 8], staged: 16, parts: 4 },
  { workgroup: [8, 8], tile: [4, 4], staged: 32, parts: 4 },
  { workgroup: [4, 4], tile: [4, 4], staged: 64, parts: 16 },
];

/**
 * What is tried for a product: what the schedule says by itself comes first, then tiles that the adapter allows and the
 * product fills at least half of.
 */
export function candidates(
  kernel: ContractKernel,
  base: ContractSchedule,
  limits: WorkgroupLimits,
): readonly (Choice | null)[] {
  const [rows, columns, depth] = [product(kernel.rows), product(kernel.columns), product(kernel.depth)];
  const staged = sharing.flatMap((workgroup) =>
    tiles.flatMap((tile) => depths.filter((d) => d <= depth).map((d) => ({ workgroup, tile, staged: d }))),
  );
  const direct = alone.flatMap((workgroup) => tiles.map((tile) => ({ workgroup, tile, staged: null })));
  const filled = ({ workgroup, tile }: Tiling): boolean =>
    workgroup[0] * tile[0] <= Math.max(2 * columns, 32) && workgroup[1] * tile[1] <= Math.max(2 * rows, 32);
  const results = product(kernel.batch) * rows * columns;
  const reduction: readonly Choice[] = results <= mostReduced ? ['reduction'] : [];
  const inParts = shared.filter((t) => (t.parts ?? 1) * 16 <= depth);
  const tried = [...staged, ...direct, ...inParts].filter((t) => filled(t) && fits(t, limits));
  return [null, ...tried.filter((t) => !isBase(t, base)), ...reduction];
}

/** A reduction for each result reads both operands again for each: hopeless for many. */
const mostReduced = 2 ** 16;

const isBase = (t: Tiling, { shapes }: ContractSchedule): boolean =>
  shapes.length === 1 && JSON.stringify(t) === JSON.stringify(shapes[0]);
