/**
 * `pullback/testing`
 *
 * @module pullback/testing
 */
import '../devices.ts';

export * from '../testing/index.ts';
