/** Control flow: loops and conditionals that are compiled, differentiated and batched. */
export { associativeScan } from './associative-scan.ts';
export type { AssociativeScanOptions } from './associative-scan.ts';
export { cond, switchCase } from './cond.ts';
export { foriLoop } from './fori.ts';
export type { ForiOptions } from './fori.ts';
export { map } from './map.ts';
export type { MapOptions } from './map.ts';
export { scan } from './scan.ts';
export type { ScanOptions } from './scan.ts';
export { whileLoop } from './while.ts';
export type { WhileOptions } from './while.ts';
