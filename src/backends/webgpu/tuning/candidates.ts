import type { ContractKernel } from '../../../kernel/kernel.ts';
import { product } from '../../../util/array.ts';
import type { ContractSchedule } from '../schedule.ts';

/** A way to compute a product: tiles of results, or a reduction for each result. */
export type Choice = Tiling | 'reduction';

/** Tiles of a product, as in {@link ContractSchedule}. */
export type Tiling = Pick<ContractSchedule, 'workgroup' | 'tile' | 'staged'>;

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
  choice === 'reduction' ? { ...base, tiny: Infinity } : { ...base, ...choice, large: null, fewResults: 0, tiny: 0 };

/** Can the adapter run it? */
export function fits(choice: Choice, limits: WorkgroupLimits): boolean {
  if (choice === 'reduction') return true;
  const { workgroup, tile, staged } = choice;
  const shared = (staged ?? 0) * (workgroup[0] * tile[0] + workgroup[1] * tile[1]) * bytesOfElement;
  return (
    product(workgroup) <= limits.maxComputeInvocationsPerWorkgroup &&
    workgroup[0] <= limits.maxComputeWorkgroupSizeX &&
    workgroup[1] <= limits.maxComputeWorkgroupSizeY &&
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
  const tried = [...staged, ...direct].filter((t) => filled(t) && fits(t, limits));
  return [null, ...tried.filter((t) => !isBase(t, base)), ...reduction];
}

/** A reduction for each result reads both operands again for each: hopeless for many. */
const mostReduced = 2 ** 16;

const isBase = (t: Tiling, base: ContractSchedule): boolean =>
  JSON.stringify(t) === JSON.stringify({ workgroup: base.workgroup, tile: base.tile, staged: base.staged });
