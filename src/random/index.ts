/**
 * Random numbers by key: pure functions, the same numbers as `jax.random` with its default generator (threefry2x32,
 * partitionable): bit for bit where integer arithmetic decides, within rounding for what is computed from that.
 */
export * from './distributions.ts';
export * from './integers.ts';
export { bits, clone, foldIn, key, keyData, split, wrapKeyData } from './keys.ts';
export * from './shuffle.ts';
