import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { lawsOn } from './laws.ts';

lawsOn('wasm', {
  make: () => Promise.resolve(createWasmDevice()),
  runs: Number(process.env['LAW_RUNS'] ?? 2),
  // f32 sums run in f32, in another order than the reference's f64.
  tolerance: { f32: 1e-4, f64: 1e-10 },
  lacks: [],
  specials: true,
  flushes: false,
});
