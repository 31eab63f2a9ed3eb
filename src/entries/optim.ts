/**
 * `pullback/optim`
 *
 * @module pullback/optim
 */
import '../devices.ts';

export * from '../optim/index.ts';
