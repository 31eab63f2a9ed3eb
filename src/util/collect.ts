import { macrotask } from './macrotask.ts';

/** The engine's garbage collector, where it can be asked to run. */
type Collector = () => void;

const given = (): Collector | undefined => (globalThis as { readonly gc?: Collector }).gc;

/**
 * Collects all garbage there is, if the engine lets itself be asked: Node and Deno, and browsers that were started so.
 *
 * @returns whether it did.
 */
export async function collectGarbage(): Promise<boolean> {
  const isNode = typeof process !== 'undefined' && typeof process.versions.node === 'string';
  const collect = given() ?? (isNode ? (await import('./collect-node.ts')).collector() : undefined);
  if (collect === undefined) return false;
  // What weak references gave out stays alive until the end of the task.
  await macrotask();
  collect();
  await macrotask();
  collect();
  // Finalizers run in a task of their own.
  await macrotask();
  return true;
}
