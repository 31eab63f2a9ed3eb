/**
 * `pullback/lax`
 *
 * @module pullback/lax
 */
import '../devices.ts';

export * from '../lax.ts';
