import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { numericsOn } from '../numerics/suite.ts';

numericsOn({
  device: 'wasm',
  make: () => Promise.resolve(createWasmDevice()),
  close: (device) => device.close(),
  flushes: false,
});
