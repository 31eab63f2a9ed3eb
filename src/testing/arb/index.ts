import { array, broadcastableShapes, dtype, key, shape, symmetricPositiveDefinite, tree } from './arrays.ts';
import { program } from './random-program.ts';

/**
 * Arbitraries for fast-check (https://fast-check.dev, to be installed apart), and a check of properties of what they draw.
 */
export { checkProperty, PropertyError } from './check-property.ts';
export type { PropertyOptions } from './check-property.ts';
export type { ArrayOptions, ArrayTree, MatrixOptions, ShapeOptions } from './arrays.ts';
export type { NumberOptions } from './numbers.ts';
export type { RandomProgram } from './random-program.ts';

/**
 * What draws arrays, and what goes with them, for properties.
 *
 * - `arb.dtype(among?)`, `arb.shape(options?)`, `arb.broadcastableShapes(count?, options?)`
 * - `arb.array({ shape, dtype, min, max, extremes })`: with `extremes` there are 0, -0, ties, ±88, ±200, 1e-38 and
 *   subnormals among its numbers
 * - `arb.symmetricPositiveDefinite({ size })`, `arb.key()`, `arb.tree(leaf?)`
 * - `arb.program()`: functions from f64[3] to f64[3] of random operations, with loops, conditionals and transformations
 *
 * @example
 * const matrices = arb.array({ shape: arb.shape({ minRank: 2, maxRank: 2 }), dtype: 'f32', extremes: true });
 * @example
 * await checkProperty([arb.program(), arb.array({ shape: [3] })], ({ f }, x) => checkJit(f, [x]));
 */
export const arb = { array, broadcastableShapes, dtype, key, program, shape, symmetricPositiveDefinite, tree } as const;
