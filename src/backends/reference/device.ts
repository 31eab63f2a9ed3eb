import type { DType, HostArray } from '../../kernel/dtype.ts';
import { dtypes, hostArray } from '../../kernel/dtype.ts';
import type { Device, DeviceBuffer, Executable, MemoryReport } from '../../kernel/device.ts';
import { hostCallAtOnce } from '../../kernel/device.ts';
import { printProgram } from '../../kernel/print.ts';
import type { Program, Step } from '../../kernel/program.ts';
import { present } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import { runKernel } from './run.ts';

/** A buffer is a host array; the garbage collector owns it. */
class HostBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly data: HostArray;
  /** Whether it counts as live. */
  readonly life = { freed: false };

  constructor(dtype: DType, data: HostArray) {
    this.dtype = dtype;
    this.data = data;
  }

  get length(): number {
    return this.data.length;
  }

  get bytes(): number {
    return this.data.byteLength;
  }
}

const own = (buffer: DeviceBuffer): HostBuffer => {
  if (buffer instanceof HostBuffer) return buffer;
  throw new InternalError('a buffer of another device reached the reference device');
};
const dataOf = (buffer: DeviceBuffer): HostArray => own(buffer).data;

/**
 * The reference device: plain TypeScript, floats accumulated in f64, no cleverness. It is the oracle that the other
 * devices are tested against, and the place to start reading what a backend has to do.
 */
export function createReferenceDevice(): Device {
  let liveBuffers = 0;
  let liveBytes = 0;
  let peakBytes = 0;
  const adopt = (dtype: DType, data: HostArray): HostBuffer => {
    const buffer = new HostBuffer(dtype, data);
    liveBytes += buffer.bytes;
    liveBuffers += 1;
    peakBytes = Math.max(peakBytes, liveBytes);
    return buffer;
  };
  const finalizer = (buffer: DeviceBuffer): (() => void) => {
    const { life, bytes } = own(buffer);
    return () => {
      if (life.freed) return;
      life.freed = true;
      liveBytes -= bytes;
      liveBuffers -= 1;
    };
  };
  const free = (buffer: DeviceBuffer): void => finalizer(buffer)();

  const load = (program: Program): Executable => ({
    compiling: [],
    timed: null,
    run(inputs) {
      const bound = bind(program, inputs);
      runSteps(program.steps, (b) => present(bound[b], `buffer ${b}`));
      const outputs = program.outputs.map((b) => {
        const spec = present(program.buffers[b], `buffer ${b}`);
        return adopt(spec.dtype, present(bound[b], `buffer ${b}`));
      });
      for (const b of program.donated) free(present(inputs[program.inputs.indexOf(b)], `donated input ${b}`));
      return outputs;
    },
    text: () => printProgram(program),
    free: () => undefined,
  });

  const readSync = (buffer: DeviceBuffer): HostArray => dataOf(buffer).slice();
  const write = (dtype: DType, data: HostArray): DeviceBuffer => adopt(dtype, data.slice());
  return {
    name: 'reference',
    description: 'reference (plain TypeScript)',
    threads: 1,
    target: { device: 'reference', dtypes: new Set(dtypes), maxOperands: 64 },
    overheadBytes: 0,
    lost: null,
    write,
    runsAhead: false,
    read: (buffer) => Promise.resolve(readSync(buffer)),
    readSync,
    free,
    finalizer,
    hostCall: (inputs, outputs, f) => hostCallAtOnce({ readSync, write }, inputs, outputs, f),
    load,
    traffic: null,
    tune: null,
    memory: (): MemoryReport => ({ liveBytes, liveBuffers, reservedBytes: liveBytes, peakBytes }),
    close: () => Promise.resolve(),
  };
}

function runSteps(steps: readonly Step[], buffer: (b: number) => HostArray): void {
  for (const step of steps) {
    switch (step.kind) {
      case 'run':
        runKernel(step.kernel, step.args.map(buffer));
        break;
      case 'branch':
        runSteps(present(step.branches[buffer(step.index)[0] as number], 'a branch'), buffer);
        break;
      case 'loop':
        if (step.trips !== null) {
          for (let i = 0; i < step.trips; i++) runSteps(step.body, buffer);
          break;
        }
        for (;;) {
          runSteps(step.test, buffer);
          if (buffer(step.condition)[0] === 0) break;
          runSteps(step.body, buffer);
        }
    }
  }
}

/** Storage for every buffer of a program: inputs as given, temporaries by slot, the rest fresh. */
function bind(program: Program, inputs: readonly DeviceBuffer[]): readonly HostArray[] {
  return program.buffers.map(({ dtype, length, place }, b) => {
    const input = program.inputs.indexOf(b);
    if (input >= 0) return dataOf(present(inputs[input], `input ${input}`));
    // Temporaries that share a slot are never alive together, so giving each its own storage means the same.
    return place.kind === 'constant' ? place.data : hostArray[dtype](length);
  });
}
