import type { WasmOptions } from '../../src/backends/wasm/device.ts';
import { detectFeatures } from '../../src/backends/wasm/features.ts';
import type { Device } from '../../src/kernel/device.ts';
import { index, load } from '../../src/kernel/expr.ts';
import type { Tolerance } from './run-case.ts';
import { runCase } from './run-case.ts';

/** The forms that the wasm device has: with and without relaxed SIMD, on one thread and on two that share everything. */

/** How many random cases of a kind; RUNS sets it, as `npm run fuzz` does. */
export const runs = Number(process.env['RUNS'] ?? 400);

/** The longest time of a test in milliseconds. */
export const patience = 60_000 * Math.max(1, runs / 400);

const everything = { kernel: 0, program: 0 };

export const configurations: readonly { readonly name: string; readonly options: WasmOptions }[] = (
  detectFeatures().relaxedSimd ? [true, false] : [false]
).flatMap((relaxedSimd) =>
  [1, 2].map((threads) => ({
    name: `${relaxedSimd ? 'relaxed SIMD' : 'SIMD'}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    options: { features: { relaxedSimd }, threads, sharing: everything },
  })),
);

/** Waits until a device's workers take part, which they do from the first program on that is for them. */
export async function startWorkers(device: Device): Promise<void> {
  if (device.threads === 1) return;
  const [i, length] = [index(0, 4096), 4096];
  const operands = [{ dtype: 'f32', length, access: 'read' }, { dtype: 'f32', length, access: 'write' }] as const; // prettier-ignore
  const stores = [{ operand: 1, index: i, value: load(0, 'f32', i) }];
  runCase(device, {
    kernel: { kind: 'map', name: 'copy', source: 'copy', domain: [length], operands, stores },
    data: [new Float32Array(length), new Float32Array(length)],
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
}

export const exactly: Tolerance = () => ({ relative: 0, absolute: 0 });

/** What differs a little before it is rounded to half precision may be rounded to the neighbour. */
const half = { relative: 2 ** -10, absolute: 2 ** -24 };

/** What is rounded some times, and some functions. */
export const nearly: Tolerance = (dtype) =>
  dtype === 'f32'
    ? { relative: 5e-7, absolute: 1e-44 }
    : dtype === 'f64'
      ? { relative: 1e-12, absolute: 1e-300 }
      : dtype === 'f16'
        ? half
        : { relative: 0, absolute: 0 };

/**
 * A sum of n terms in f32 can be off by n/2 roundings of 2⁻²⁴ relative to it, all one way when the terms are equal. The
 * device adds at most so many terms in a row before it starts another partial sum. Terms that cancel leave their error.
 */
export const sums =
  (inARow: number): Tolerance =>
  (dtype, terms) =>
    dtype === 'f32'
      ? { relative: 1e-6 + (Math.min(terms, inARow) / 2) * 2 ** -24, absolute: 2e-3 }
      : dtype === 'f64'
        ? { relative: 1e-12, absolute: 1e-9 }
        : dtype === 'f16'
          ? { relative: half.relative, absolute: 3e-3 }
          : { relative: 0, absolute: 0 };
