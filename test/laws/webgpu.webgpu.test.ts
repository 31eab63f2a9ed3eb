import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { dtypes } from '../../src/kernel/dtype.ts';
import { lawsOn } from './laws.ts';

const device = await createWebGpuDevice();

lawsOn('webgpu', {
  make: () => Promise.resolve(device),
  runs: Number(process.env['LAW_RUNS'] ?? 1),
  // WGSL lets an implementation round sums and products either way, and divide within 2.5 ulp; see also wasm.
  tolerance: { f32: 1e-5, f64: 0 },
  lacks: dtypes.filter((d) => !device.target.dtypes.has(d)),
  specials: true,
  flushes: true,
});
