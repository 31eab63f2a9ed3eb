import type { Dims } from './fit.ts';
import type { Mesh } from './mesh.ts';

/** Shardings in the text of Shardy, the dialect of XLA's partitioner (https://openxla.org/shardy). */

/** `[{"data"}, {}, {?}]`: spread over an axis, not spread, open. */
export const shardyDims = (dims: Dims): string =>
  `[${dims.map((names) => (names === null ? '{?}' : `{${names.map((n) => JSON.stringify(n)).join(', ')}}`)).join(', ')}]`;

/** `#sdy.sharding<@mesh, [{"data"}, {}]>`. */
export const shardySharding = (dims: Dims): string => `#sdy.sharding<@mesh, ${shardyDims(dims)}>`;

/** `sdy.mesh @mesh = <["data"=4, "model"=2]>`. */
export const shardyMesh = ({ axes }: Mesh): string =>
  `sdy.mesh @mesh = <[${axes.map(({ name, size }) => `${JSON.stringify(name)}=${size}`).join(', ')}]>`;
