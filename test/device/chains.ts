import { binary, constant, index, load, select } from '../../src/kernel/expr.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { MapKernel } from '../../src/kernel/kernel.ts';
import type { BufferSpec, Program, RunStep } from '../../src/kernel/program.ts';
import { present } from '../../src/util/assert.ts';
import { range } from '../../src/util/array.ts';
import { runProgram } from './run-case.ts';

/** Points of one unit of the kernels here. */
export const rowLength = 4096;

/** `count` maps over some rows, each of which adds 1 to the result of the one before. */
export function chain(count: number, rows: number): Program {
  const size = rows * rowLength;
  const i = index(0, size);
  const kernel: MapKernel = {
    kind: 'map', name: 'next', source: 'x + 1', domain: [size],
    operands: [{ dtype: 'f32', length: size, access: 'read' }, { dtype: 'f32', length: size, access: 'write' }],
    stores: [{ operand: 1, index: i, value: binary('add', load(0, 'f32', i), constant('f32', 1)) }],
  }; // prettier-ignore
  const steps = range(count).map((n): RunStep => ({ kind: 'run', kernel, args: [n, n + 1] }));
  const buffers = range(count + 1).map((n): BufferSpec => ({
    dtype: 'f32', length: size,
    place: n === 0 ? { kind: 'input' } : n === count ? { kind: 'output' } : { kind: 'temporary', slot: n % 2 },
  })); // prettier-ignore
  const slots = [size * 4, size * 4];
  return { name: 'chain', buffers, steps, inputs: [0], outputs: [count], donated: [], slots };
}

/** Runs a chain on zeros, and gives the numbers that are in its result. */
export async function runChain(device: Device, count: number, rows: number): Promise<readonly number[]> {
  const [y] = await runProgram(device, { program: chain(count, rows), inputs: [new Float32Array(rows * rowLength)] });
  return [...new Set(present(y, 'output'))];
}

/** `x + 1` over some rows, written over `x`. */
export function increment(rows: number): Program {
  const size = rows * rowLength;
  const i = index(0, size);
  const kernel: MapKernel = {
    kind: 'map', name: 'increment', source: 'x + 1', domain: [size],
    operands: [{ dtype: 'f32', length: size, access: 'readwrite' }],
    stores: [{ operand: 0, index: i, value: binary('add', load(0, 'f32', i), constant('f32', 1)) }],
  }; // prettier-ignore
  const buffers: BufferSpec[] = [{ dtype: 'f32', length: size, place: { kind: 'input' } }];
  const steps: RunStep[] = [{ kind: 'run', kernel, args: [0] }];
  return { name: 'increment', buffers, steps, inputs: [0], outputs: [0], donated: [0], slots: [] };
}

/** As a chain of one, but the last point reads where no memory is. */
export function broken(rows: number): Program {
  const program = chain(1, rows);
  const { kernel, args } = present(program.steps[0], 'step') as RunStep;
  const last = rows * rowLength - 1;
  const i = index(0, last + 1);
  const nowhere = select(binary('eq', i, constant('i32', last)), constant('i32', 2 ** 28), i);
  const stores = [{ operand: 1, index: i, value: load(0, 'f32', nowhere) }];
  return { ...program, name: 'broken', steps: [{ kind: 'run', kernel: { ...kernel, stores } as MapKernel, args }] };
}
