import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { factorizationsOn } from './factorizations.ts';

factorizationsOn('webgpu', {
  make: () => createWebGpuDevice(),
  dtypes: ['f32'],
  // Quotients are within 2.5 ulp, and so are roots.
  roundings: 15,
  subnormal: false,
});
