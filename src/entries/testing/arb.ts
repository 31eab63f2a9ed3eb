/**
 * `pullback/testing/arb`
 *
 * @module pullback/testing/arb
 */
import '../../devices.ts';

export * from '../../testing/arb/index.ts';
