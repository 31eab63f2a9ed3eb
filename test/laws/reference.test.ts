import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { lawsOn } from './laws.ts';

lawsOn('reference', {
  make: () => Promise.resolve(createReferenceDevice()),
  runs: Number(process.env['LAW_RUNS'] ?? 3),
  // f32 results are rounded once per kernel, and kernels differ between eager, jitted and batched evaluation.
  tolerance: { f32: 2e-5, f64: 1e-10 },
  lacks: [],
  specials: false,
  flushes: false,
});
