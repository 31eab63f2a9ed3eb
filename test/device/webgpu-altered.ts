import { platformGpu } from '../../src/backends/webgpu/platform.ts';

/** The platform's WebGPU with some methods of the devices that it opens replaced, and lower limits. */
export async function alteredGpu(
  change: (device: GPUDevice) => Partial<GPUDevice>,
  limits: { readonly [name: string]: number } = {},
): Promise<GPU> {
  const bound = <T extends object>(target: T, changes: Partial<T>): T =>
    new Proxy(target, {
      get: (t, key) => {
        if (Object.hasOwn(changes, key)) return changes[key as keyof T];
        const value: unknown = Reflect.get(t, key, t);
        return typeof value === 'function' ? (value.bind(t) as unknown) : value;
      },
      set: (t, key, value) => Reflect.set(t, key, value, t),
    });
  const gpu = await platformGpu();
  return bound(gpu, {
    requestAdapter: async (options) => {
      const adapter = await gpu.requestAdapter(options);
      if (adapter === null) return null;
      return bound(adapter, {
        limits: bound<GPUSupportedLimits>(adapter.limits, limits as Partial<GPUSupportedLimits>),
        requestDevice: async (descriptor) => {
          const real = await adapter.requestDevice(descriptor);
          return bound(real, change(real));
        },
      });
    },
  });
}
