import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { lawsOn } from './laws.ts';

lawsOn('webgpu', {
  make: () => createWebGpuDevice(),
  runs: 1,
  // WGSL lets an implementation round sums and products either way, and divide within 2.5 ulp.
  tolerance: { f32: 1e-4, f64: 0 },
  lacks: ['f64'],
});
