import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { DType, HostArray } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { constant } from '../../src/kernel/expr.ts';
import type { SingleKernel, Store } from '../../src/kernel/kernel.ts';
import { partsOf, reducedDomain } from '../../src/kernel/kernel.ts';
import { printKernel } from '../../src/kernel/print.ts';
import type { Program } from '../../src/kernel/program.ts';
import { present } from '../../src/util/assert.ts';
import { product, range } from '../../src/util/array.ts';
import type { Case } from './random-kernels.ts';
import type { ProgramCase } from './random-programs.ts';

/** A program of one kernel; operands that it reads are inputs (donated where it writes them too). */
export function programOf({ kernel }: Case): Program {
  const numbers = range(kernel.operands.length);
  const access = (b: number): string => present(kernel.operands[b], 'operand').access;
  return {
    name: 'single',
    buffers: kernel.operands.map(({ dtype, length, access }) => ({
      dtype,
      length,
      place: { kind: access === 'write' ? ('output' as const) : ('input' as const) },
    })),
    steps: [{ kind: 'run', kernel, args: numbers }],
    inputs: numbers.filter((b) => access(b) !== 'write'),
    outputs: numbers.filter((b) => access(b) !== 'read'),
    donated: numbers.filter((b) => access(b) === 'readwrite'),
    slots: [],
  };
}

/** Runs a case on a device; what comes out depends on the elements that the kernel writes only. */
export function runCase(device: Device, c: Case): readonly HostArray[] {
  const program = programOf(c);
  const inputs = program.inputs.map((b) => {
    const data = present(c.data[b], 'data');
    return device.write(present(c.kernel.operands[b], 'operand').dtype, data);
  });
  const executable = device.load(program);
  const outputs = executable.run(inputs);
  const read = present(device.readSync, 'readSync');
  const results = outputs.map((o) => read(o));
  [...inputs, ...outputs].forEach((buffer) => device.free(buffer));
  executable.free();
  return results;
}

/** Runs a program on any device and reads its outputs. */
export async function runProgram(device: Device, { program, inputs }: ProgramCase): Promise<readonly HostArray[]> {
  const bound = program.inputs.map((b, i) =>
    device.write(present(program.buffers[b], 'buffer').dtype, present(inputs[i], 'input')),
  );
  const executable = device.load(program);
  const outputs = executable.run(bound);
  const results = await Promise.all(outputs.map((o) => device.read(o)));
  [...bound, ...outputs].forEach((buffer) => device.free(buffer));
  executable.free();
  return results;
}

const reference = createReferenceDevice();

/** How far a result may be off, given its dtype and how many terms are summed: `absolute + relative · |reference|`. */
export type Tolerance = (dtype: DType, terms: number) => { readonly relative: number; readonly absolute: number };

/** Compares a device with the reference one; `written` marks elements that no store writes as irrelevant. */
export function expectSame(device: Device, c: Case, tolerance: Tolerance): void {
  const want = runCase(reference, c);
  const got = runCase(device, c);
  const written = elementsWritten(c);
  want.forEach((w, i) => {
    const g = present(got[i], 'result');
    const dtype = present(present(c.kernel.operands[programOf(c).outputs[i] ?? 0], 'operand'), 'operand').dtype;
    const { relative, absolute } = tolerance(
      dtype,
      Math.max(...partsOf(c.kernel).map((part) => product(reducedDomain(part)))),
    );
    w.forEach((x: number, j: number) => {
      if (written[i]?.[j] !== 1) return;
      const y = g[j] as number;
      if (Object.is(x, y) || (x === y && x !== 0) || (Number.isNaN(x) && Number.isNaN(y))) return;
      if (x === 0 && y === 0 && absolute > 0) return;
      const close = Math.abs(x - y) <= absolute + relative * Math.abs(x);
      if (!close) throw new Error(`output ${i}[${j}]: ${y}, reference ${x}\n${printKernel(c.kernel)}`);
    });
  });
}

/**
 * For each output, 1 where the kernel writes: found by running it on the reference device with all values 1. A random
 * procedure leaves no element of its results unwritten.
 */
export function elementsWritten(c: Case): readonly HostArray[] {
  if (c.kernel.kind === 'procedure') return runCase(reference, c).map((data) => data.map(() => 1));
  const ones = (stores: readonly Store[]): readonly Store[] =>
    stores.map((s) => ({ ...s, value: constantOne(s.value.dtype) }));
  const mark = (k: SingleKernel): SingleKernel => {
    const marked = { ...k, stores: ones(k.stores) };
    if (marked.kind !== 'rowwise') return marked;
    return { ...marked, passes: marked.passes.map((p) => ({ ...p, stores: ones(p.stores) })) };
  };
  const kernel = c.kernel.kind === 'parallel' ? { ...c.kernel, parts: c.kernel.parts.map(mark) } : mark(c.kernel);
  const blank = c.kernel.operands.map((o, i) =>
    o.access === 'readwrite' ? present(c.data[i], 'data').map(() => 0) : present(c.data[i], 'data'),
  );
  return runCase(reference, { kernel, data: blank });
}

const constantOne = (dtype: DType): Expr => constant(dtype, 1);
