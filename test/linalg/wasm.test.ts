import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { factorizationsOn } from './factorizations.ts';

factorizationsOn('wasm', {
  make: () => Promise.resolve(createWasmDevice()),
  dtypes: ['f32', 'f64'],
  roundings: 6,
  subnormal: true,
});
