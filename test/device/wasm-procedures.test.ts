import { describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { runCase } from './run-case.ts';
import { writtenCases } from './written-procedures.ts';

describe.each([createReferenceDevice(), createWasmDevice()])('procedures on $name', (device) => {
  test.each(writtenCases)('%s', (_name, c) => {
    const results = runCase(device, c);
    c.expected.forEach((want, i) => {
      if (want !== null) expect(results[i]).toEqual(want);
    });
  });
});
