import * as fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { detectFeatures } from '../../src/backends/wasm/features.ts';
import { emitWasm } from '../../src/backends/wasm/program.ts';
import type { Device } from '../../src/kernel/device.ts';
import { DeviceError } from '../../src/kernel/device.ts';
import type { Program, RunStep } from '../../src/kernel/program.ts';
import { present } from '../../src/util/assert.ts';
import { range } from '../../src/util/array.ts';
import { broken, chain, runChain } from './chains.ts';
import type { Source } from './random.ts';
import { draws } from './random.ts';
import type { Case } from './random-kernels.ts';
import { randomContract, randomMap, randomReduce, randomRowwise } from './random-kernels.ts';
import { randomParallel } from './random-parallel.ts';
import { randomProcedure } from './random-procedures.ts';
import { randomProgram } from './random-programs.ts';
import { elementsWritten, runCase, runProgram } from './run-case.ts';
import { patience } from './wasm-configurations.ts';

const rowwise = (source: Source): Case => randomRowwise(source, false);

/** Every kernel that can be divided is. */
const everything = { kernel: 0, program: 0 };
const runs = Number(process.env['RUNS'] ?? 200);

/** Waits until the workers of a device take part, which they do from the first program on that is for them. */
async function workersOf(device: Device): Promise<void> {
  expect(await runChain(device, 2, 3)).toEqual([2]);
  await new Promise((resolve) => setTimeout(resolve, 300));
}

describe.each(detectFeatures().relaxedSimd ? [true, false] : [false])('threads, relaxed SIMD %s', (relaxedSimd) => {
  const features = { relaxedSimd };
  const alone = createWasmDevice({ threads: 1, features });

  describe.each([2, 3])('%i of them give to the bit what one does', { timeout: patience }, (threads) => {
    const team = createWasmDevice({ threads, features, sharing: everything });
    afterAll(() => team.close());

    const same = (c: Case): void => {
      const [want, got, written] = [runCase(alone, c), runCase(team, c), elementsWritten(c)];
      want.forEach((data, i) =>
        data.forEach((x: number, j: number) => {
          // An expectation for each element would take most of the time.
          if (written[i]?.[j] === 1 && !Object.is(got[i]?.[j], x))
            expect({ i, j, x: got[i]?.[j] }).toEqual({ i, j, x });
        }),
      );
    };

    const kinds = { randomMap, randomReduce, randomContract, randomProcedure, randomRowwise: rowwise, randomParallel };
    test.each(Object.entries(kinds))('%s', async (_, make) => {
      await workersOf(team);
      fc.assert(
        fc.property(draws, (source) => same(make(source))),
        { numRuns: make === rowwise || make === randomParallel ? Math.ceil(runs / 4) : runs },
      );
    });

    test('programs with loops and branches', async () => {
      await workersOf(team);
      await fc.assert(
        fc.asyncProperty(draws, async (source) => {
          const c = randomProgram(source);
          expect(await runProgram(team, c)).toEqual(await runProgram(alone, c));
        }),
        { numRuns: runs },
      );
    });
  });
});

describe('devices with threads', () => {
  test('say how many there are', async () => {
    const device = createWasmDevice({ threads: 3 });
    expect(device.threads).toBe(3);
    expect(device.description).toContain('(3 threads,');
    await device.close();
    expect(createWasmDevice({ threads: 1 }).description).toContain('(1 thread,');
  });

  test('are devices with one where memory can not be shared', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const device = createWasmDevice({ threads: 3, sharing: everything });
    vi.unstubAllGlobals();
    expect([device.threads, device.description]).toEqual([1, expect.stringContaining('(1 thread,')]);
    expect(await runChain(device, 2, 3)).toEqual([2]);
  });

  test('grow while workers are there', async () => {
    const device = createWasmDevice({ threads: 2, sharing: everything });
    await workersOf(device);
    for (const rows of [100, 1000, 4000]) expect(await runChain(device, 3, rows)).toEqual([3]);
    expect(device.memory().reservedBytes).toBeGreaterThan(2e8);
    await device.close();
  });

  test('load, run and free programs by the hundred', async () => {
    const device = createWasmDevice({ threads: 3, sharing: everything });
    await workersOf(device);
    for (const i of range(200)) expect(await runChain(device, 1 + (i % 5), 2 + (i % 7))).toEqual([1 + (i % 5)]);
    expect(device.memory().liveBuffers).toBe(0);
    await device.close();
  });

  test('fail with an error, and go on afterwards, when code fails on some thread', async () => {
    const device = createWasmDevice({ threads: 3, sharing: everything });
    await workersOf(device);
    for (const _ of range(20)) {
      const inputs = [new Float32Array(8 * 4096)];
      await expect(runProgram(device, { program: broken(8), inputs })).rejects.toThrow(DeviceError);
      expect(await runChain(device, 2, 8)).toEqual([2]);
    }
    await device.close();
  });

  test('go on alone when they are closed', async () => {
    const device = createWasmDevice({ threads: 2, sharing: everything });
    await workersOf(device);
    await device.close();
    expect(device.threads).toBe(1);
    expect(await runChain(device, 2, 3)).toEqual([2]);
  });
});

describe('the code for several threads', () => {
  const text = (program: Program, sharing = everything): string =>
    emitWasm(program, { relaxedSimd: false }, sharing).text();
  const barriers = (program: Program): number => text(program).split('(call $barrier').length - 1;

  test('has a barrier between steps that depend on each other, and at the end', () => {
    expect(barriers(chain(1, 3))).toBe(1);
    expect(barriers(chain(4, 3))).toBe(4);
  });

  test('has none between steps that do not', () => {
    const { steps, ...rest } = chain(2, 3);
    // Both read the input; the second one writes what is not read.
    const kernel = present(steps[0], 'step') as RunStep;
    expect(barriers({ ...rest, steps: [kernel, { ...kernel, args: [0, 2] }] })).toBe(1);
    // Two that write to one place are in order.
    expect(barriers({ ...rest, steps: [kernel, kernel] })).toBe(2);
    // Temporaries in one slot are one place.
    const buffers = [...rest.buffers, { ...present(rest.buffers[1], 'buffer') }];
    expect(barriers({ ...rest, buffers, steps: [kernel, { ...kernel, args: [0, 3] }] })).toBe(2);
  });

  test('is that for one where nothing is worth sharing', () => {
    const usual = { kernel: 10_000, program: 50_000 };
    expect(text(chain(4, 3), usual)).not.toContain('atomic');
    expect(text(chain(4, 3000), usual)).toContain('atomic');
  });
});
