/** Trainings in folders, for other machines to take their steps. */
export { saveBundle } from './save.ts';
export type { BundledStep } from './program.ts';
export type { BundleOptions, ColumnUse } from './options.ts';
export type { BundleArray, BundleColumn, BundleFile, BundleShard, BundleStep, Manifest } from './manifest.ts';
