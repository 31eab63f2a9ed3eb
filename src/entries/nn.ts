/**
 * `pullback/nn`
 *
 * @module pullback/nn
 */
import '../devices.ts';

export * from '../nn/index.ts';
