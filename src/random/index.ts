/**
 * Random numbers by key: pure functions, the same numbers as `jax.random` with its default generator (threefry2x32,
 * partitionable): bit for bit where integer arithmetic decides, within rounding for what is computed from that.
 */
export { bernoulli, categorical, gumbel, normal, truncatedNormal, uniform } from './distributions.ts';
export type { CategoricalOptions, FloatOptions, UniformOptions } from './distributions.ts';
export { randint } from './integers.ts';
export type { BitsOptions } from './keys.ts';
export { bits, clone, foldIn, key, keyData, split, wrapKeyData } from './keys.ts';
export { choice, permutation } from './shuffle.ts';
export type { ChoiceOptions, PermutationOptions } from './shuffle.ts';
