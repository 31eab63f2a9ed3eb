/** `pullback/random` */
import '../devices.ts';

export * from '../random/index.ts';
