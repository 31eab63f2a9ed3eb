import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { factorizationsOn } from './factorizations.ts';

factorizationsOn('reference', {
  make: () => Promise.resolve(createReferenceDevice()),
  dtypes: ['f32', 'f64'],
  roundings: 6,
  subnormal: true,
});
