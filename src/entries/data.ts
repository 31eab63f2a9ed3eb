/**
 * `pullback/data`
 *
 * @module pullback/data
 */
import '../devices.ts';

export * from '../data/index.ts';
