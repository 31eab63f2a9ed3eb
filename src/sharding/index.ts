/** How arrays are spread over the devices of a mesh: plain data, which says nothing about how a program runs. */
export { ShardingError } from './errors.ts';
export { makeMesh, Mesh } from './mesh.ts';
export type { MeshAxis } from './mesh.ts';
export { NamedSharding, P, PartitionSpec } from './spec.ts';
export type { Sharding, SpecEntry } from './spec.ts';
export type { Shardings } from './tree.ts';
