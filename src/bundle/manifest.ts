import type { DType } from '../kernel/dtype.ts';
import type { Shape } from '../trace/aval.ts';

/** What a bundle's `manifest.json` says. Whoever reads one of another version refuses it. */

export const bundleFormat = 'pullback-bundle';
export const bundleVersion = 1;

/** A file beside the manifest, with what tells a damaged one. */
export interface BundleFile {
  readonly file: string;
  readonly bytes: number;
  /** CRC-32. */
  readonly crc32: number;
}

/** An argument or a result of a step, in the order of the module's. */
export interface BundleArray {
  /** What a step carries on to the next, what it learns from, or what it tells. */
  readonly role: 'state' | 'batch' | 'metric';
  /** The path of a leaf of the state, the name of a column, or that of a metric. */
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** For each axis the mesh axes that it is spread over. */
  readonly sharding: readonly (readonly string[])[];
  readonly donated?: true;
}

/** The step for batches of one size: `main` of a StableHLO module. */
export interface BundleStep extends BundleFile {
  readonly batchSize: number;
  readonly inputs: readonly BundleArray[];
  readonly outputs: readonly BundleArray[];
}

/** How a column is stored, and what a step gets of it. */
export interface BundleColumn {
  readonly name: string;
  readonly stored: DType;
  readonly dtype: DType;
  /** What stored numbers are divided by, in double precision. */
  readonly divideBy?: number;
}

/** The examples from `from` to before `to`, one tensor for each column. */
export interface BundleShard extends BundleFile {
  readonly from: number;
  readonly to: number;
}

/** All of `manifest.json`. */
export interface Manifest {
  readonly format: typeof bundleFormat;
  readonly version: typeof bundleVersion;
  readonly title: string;
  readonly mesh: readonly { readonly name: string; readonly size: number }[];
  /** One for each size that batches have. */
  readonly steps: readonly BundleStep[];
  /** The state to begin with, a tensor for each leaf. */
  readonly state: BundleFile;
  /** Steps that the state has behind it. */
  readonly step: number;
  /** Steps to take in all. */
  readonly totalSteps: number;
  /** What goes into the metadata of checkpoints, beside `step` and `totalSteps`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: {
    readonly examples: number;
    readonly batchSize: number;
    readonly columns: readonly BundleColumn[];
    readonly shards: readonly BundleShard[];
    /** Epoch `e` visits the examples in the order of `jax.random.permutation(jax.random.fold_in(orderKey, e), examples)`. */
    readonly orderKey: readonly number[];
  };
}
