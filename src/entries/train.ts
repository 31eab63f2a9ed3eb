/**
 * `pullback/train`
 *
 * @module pullback/train
 */
import '../devices.ts';

export * from '../train/index.ts';
