/**
 * `pullback/testing/vitest`
 *
 * @module pullback/testing/vitest
 */
import '../../devices.ts';

export * from '../../testing/vitest/index.ts';
