import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { lawsOn } from './laws.ts';

lawsOn('webgpu', {
  make: () => createWebGpuDevice(),
  runs: Number(process.env['LAW_RUNS'] ?? 1),
  // WGSL lets an implementation round sums and products either way, and divide within 2.5 ulp; see also wasm.
  tolerance: { f32: 1e-5, f64: 0 },
  lacks: ['f64', 'f16', 'i8', 'u8', 'i16', 'u16'],
  specials: true,
  flushes: true,
});
