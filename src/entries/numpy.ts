/**
 * `pullback/numpy`
 *
 * @module pullback/numpy
 */
import '../devices.ts';

export * from '../numpy/index.ts';
