/** Trainings in folders, for other machines to take their steps. */
export { saveBundle } from './save.ts';
export type { BundledStep, BundleOptions, ColumnUse } from './save.ts';
export type { BundleArray, BundleColumn, BundleFile, BundleShard, BundleStep, Manifest } from './manifest.ts';
