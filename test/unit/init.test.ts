import { describe, expect, test } from 'vitest';
import type { InitOptions } from '../../src/index.ts';
import { init, PullbackError } from '../../src/index.ts';

/** What `init` says to options that it can't follow. */
async function complaint(options: InitOptions): Promise<string> {
  try {
    await init(options);
  } catch (error) {
    if (error instanceof PullbackError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('the number of threads', () => {
  test.each([0, -1, 1.5, NaN, 65])('can not be %d', async (threads) => {
    expect(await complaint({ threads })).toContain(
      `invalid-argument: init({ threads: ${threads} }): needs a whole number from 1 to 64`,
    );
  });

  test('is for the wasm device only', async () => {
    expect(await complaint({ device: 'reference', threads: 2 })).toContain(
      "invalid-argument: init({ device: 'reference', threads: 2 }): only the wasm device takes threads",
    );
  });

  test('stays as it was when the device started', async () => {
    const device = await init({ threads: 3 });
    expect(device.threads).toBe(3);
    expect(device.description).toContain('wasm (3 threads');
    expect(await init({ threads: 3 })).toBe(device);
    expect(await init()).toBe(device);
    const text = await complaint({ threads: 2 });
    expect(text).toContain(
      'invalid-argument: init({ threads: 2 }): the wasm device has started already, with threads: 3',
    );
    expect(text).toContain('Call init before anything makes an array');
  });
});

describe('where measurements are kept', () => {
  test('is for the webgpu device only', async () => {
    expect(await complaint({ tuning: 'a.json' })).toContain(
      "invalid-argument: init({ device: 'wasm', tuning: … }): only the webgpu device keeps measurements",
    );
  });

  test('can not be a file without a name', async () => {
    expect(await complaint({ device: 'webgpu', tuning: '' })).toContain(
      "invalid-argument: init({ tuning: '' }): needs the path of a file, or null to keep nothing",
    );
  });
});
