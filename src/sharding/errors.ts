import { MistakeError } from '../util/error.ts';

/** What can be wrong with a mesh or a sharding. */
export type ShardingFault = 'mesh' | 'axis' | 'rank' | 'indivisible' | 'tree' | 'value';

/**
 * A mesh that can't be, or a sharding that does not fit its mesh, its array or its tree: `sharding-mesh`, `sharding-axis` (an
 * axis that the mesh has not, or one used twice), `sharding-rank`, `sharding-indivisible`, `sharding-tree`, `sharding-value`.
 */
export class ShardingError extends MistakeError {
  constructor(fault: ShardingFault, message: string) {
    super(`sharding-${fault}`, message);
  }
}
