import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import type { Device, DeviceBuffer } from '../../src/kernel/device.ts';
import { DeviceError } from '../../src/kernel/device.ts';
import { present } from '../../src/util/assert.ts';
import { range } from '../../src/util/array.ts';
import { broken, chain, increment, rowLength } from './chains.ts';
import type { Case } from './random-kernels.ts';
import type { Source } from './random.ts';
import { draws } from './random.ts';
import { randomContract, randomMap, randomReduce, randomRowwise } from './random-kernels.ts';
import { randomProcedure } from './random-procedures.ts';
import { randomProgram } from './random-programs.ts';
import { elementsWritten, programOf, runProgram } from './run-case.ts';

const rowwise = (source: Source): Case => randomRowwise(source, false);
const runs = Number(process.env['RUNS'] ?? 150);

/** A device whose workers do everything, while the calling thread goes on. */
async function aheadDevice(threads: number): Promise<Device> {
  const device = createWasmDevice({ threads, ahead: true, sharing: { kernel: 0, program: 0 } });
  await comeUp(device);
  return device;
}

/** Waits for the workers: until then the calling thread does everything, and has done it when a call returns. */
async function comeUp(device: Device): Promise<void> {
  const long = device.load(chain(20, 50));
  for (let tries = 0; tries < 200; tries++) {
    const [y] = long.run([zeros(device, 50)]);
    const seen = { over: false };
    const reading = device.read(present(y, 'output')).then(() => (seen.over = true));
    await Promise.resolve();
    await Promise.resolve();
    const atOnce = seen.over;
    await reading;
    expect(await numbers(device.read(present(y, 'output')))).toEqual([20]);
    if (!atOnce) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the workers do not come up');
}

const zeros = (device: Device, rows: number): DeviceBuffer => device.write('f32', new Float32Array(rows * rowLength));
const numbers = async (data: Promise<Iterable<number>>): Promise<readonly number[]> => [...new Set(await data)];

describe.each([2, 3])('%i threads that run ahead of the caller', (threads) => {
  const alone = createWasmDevice({ threads: 1 });
  let device: Device;
  beforeAll(async () => {
    device = await aheadDevice(threads);
  });
  afterAll(() => device.close());

  test.each(Object.entries({ randomMap, randomReduce, randomContract, randomProcedure, rowwise }))(
    'give to the bit what one gives that does not: %s',
    { timeout: 60_000 },
    async (_, make) => {
      await fc.assert(
        fc.asyncProperty(draws, async (source) => {
          const c = make(source);
          const program = programOf(c);
          const inputs = program.inputs.map((b) => present(c.data[b], 'data'));
          const [want, got] = [
            await runProgram(alone, { program, inputs }),
            await runProgram(device, { program, inputs }),
          ];
          const written = elementsWritten(c);
          want.forEach((data, i) =>
            data.forEach((x: number, j: number) => {
              if (written[i]?.[j] === 1) expect(got[i]?.[j]).toBe(x);
            }),
          );
        }),
        { numRuns: runs },
      );
    },
  );

  test('give to the bit what one gives that does not: programs', async () => {
    await fc.assert(
      fc.asyncProperty(draws, async (source) => {
        const c = randomProgram(source);
        expect(await runProgram(device, c)).toEqual(await runProgram(alone, c));
      }),
      { numRuns: runs },
    );
  });

  test('do not keep the caller', async () => {
    const long = device.load(chain(400, 200));
    const x = zeros(device, 200);
    const [y] = long.run([x]);
    let over = false;
    const reading = device.read(present(y, 'output')).then((data) => {
      over = true;
      return data;
    });
    await new Promise((resolve) => setTimeout(resolve));
    expect(over).toBe(false);
    expect(await numbers(reading)).toEqual([400]);
  });

  test('see arrays as they were, whatever is freed and written meanwhile', async () => {
    const [slow, quick] = [device.load(chain(40, 20)), device.load(chain(1, 20))];
    const reads: Promise<readonly number[]>[] = [];
    for (const i of range(150)) {
      const x = device.write('f32', new Float32Array(20 * rowLength).fill(i));
      const [y] = (i % 3 === 0 ? slow : quick).run([x]);
      device.free(x);
      const [z] = quick.run([present(y, 'output')]);
      device.free(present(y, 'output'));
      reads.push(numbers(device.read(present(z, 'output'))));
      if (i % 2 === 0) device.free(present(z, 'output'));
    }
    expect(await Promise.all(reads)).toEqual(range(150).map((i) => [i + (i % 3 === 0 ? 41 : 2)]));
  });

  test('update donated arrays in place, after those who read them', async () => {
    const step = device.load(increment(20));
    let x = zeros(device, 20);
    const reads: Promise<readonly number[]>[] = [];
    for (const i of range(200)) {
      x = present(step.run([x])[0], 'output');
      if (i % 50 === 7) reads.push(numbers(device.read(x)));
    }
    expect(await Promise.all(reads)).toEqual([[8], [58], [108], [158]]);
    expect([...new Set(present(device.readSync, 'readSync')(x))]).toEqual([200]);
  });

  test('leave a failed program to those who read its results, and go on', async () => {
    const [bad, good] = [device.load(broken(8)), device.load(chain(1, 8))];
    for (const _ of range(10)) {
      const x = zeros(device, 8);
      const [before] = good.run([x]);
      const [wrong] = bad.run([x]);
      await expect(device.read(present(wrong, 'output'))).rejects.toThrow(DeviceError);
      expect(() => good.run([present(wrong, 'output')])).toThrow('a program failed on the wasm device');
      expect(await numbers(device.read(present(before, 'output')))).toEqual([1]);
      const [after] = good.run([x]);
      expect(await numbers(device.read(present(after, 'output')))).toEqual([1]);
    }
  });
});

describe('a device that runs ahead', () => {
  test('moves arrays out and back in, and stays within its memory', async () => {
    const device = createWasmDevice({ threads: 2, ahead: true, sharing: { kernel: 0, program: 0 }, budget: 1 << 22 });
    await comeUp(device);
    const step = device.load(chain(1, 20));
    const outputs = range(60).map((i) => {
      const x = device.write('f32', new Float32Array(20 * rowLength).fill(i));
      const y = present(step.run([x])[0], 'output');
      device.free(x);
      return y;
    });
    for (const [i, y] of outputs.entries()) expect(await numbers(device.read(y))).toEqual([i + 1]);
    const again = outputs.map((y) => present(step.run([y])[0], 'output'));
    for (const [i, y] of again.entries()) expect(await numbers(device.read(y))).toEqual([i + 2]);
    expect(device.memory().reservedBytes).toBeLessThan(1e8);
    await device.close();
  });

  test('ends its work when it is closed', async () => {
    const device = await aheadDevice(2);
    const [y] = device.load(chain(100, 100)).run([zeros(device, 100)]);
    const reading = numbers(device.read(present(y, 'output')));
    await device.close();
    expect(await reading).toEqual([100]);
  });

  test('does brief programs at once', async () => {
    const device = createWasmDevice({ threads: 2, ahead: true });
    expect(device.runsAhead).toBe(true);
    const [y] = device.load(chain(1, 1)).run([zeros(device, 1)]);
    expect([...new Set(present(device.readSync, 'readSync')(present(y, 'output')))]).toEqual([1]);
    await device.close();
  });
});
