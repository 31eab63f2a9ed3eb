/**
 * `pullback/random`
 *
 * @module pullback/random
 */
import '../devices.ts';

export * from '../random/index.ts';
