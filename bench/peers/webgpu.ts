/** The part of the npm package `webgpu` (Dawn for Node) that is used. */
interface Dawn {
  readonly create: (options: readonly string[]) => GPU;
  readonly globals: object;
}

/**
 * Gives Node the `navigator.gpu` of a browser, which jax-js and TensorFlow.js look for when they are loaded, and gives the
 * adapter's name.
 *
 * @throws where there is no adapter: they would quietly run on something else.
 */
export async function provideWebGpu(): Promise<string> {
  const name = 'webgpu';
  const dawn = (await import(name)) as Dawn;
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('there is no WebGPU adapter');
  Object.assign(globalThis, dawn.globals);
  // Node 20 has no navigator.
  const scope = globalThis as { navigator?: object };
  if (scope.navigator === undefined) Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Node' } });
  Object.defineProperty(scope.navigator, 'gpu', { value: gpu });
  const { description, vendor, architecture } = adapter.info;
  return `webgpu (${description === '' ? `${vendor} ${architecture}`.trim() : description})`;
}
