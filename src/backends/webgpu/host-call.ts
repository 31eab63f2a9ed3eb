import type { BufferType, DeviceBuffer, HostCallResult } from '../../kernel/device.ts';
import { CallbackError } from '../../kernel/device.ts';
import type { HostArray } from '../../kernel/dtype.ts';
import { PullbackError } from '../../util/error.ts';
import { copyOut, fill } from './arrays.ts';
import { GpuArray, toGpu } from './memory.ts';
import type { Runtime } from './runtime.ts';

/**
 * A function of the host as a job among others: its operands are read when its turn comes, and later jobs wait until
 * its results are written.
 */
export function hostCall(
  runtime: Runtime,
  inputs: readonly DeviceBuffer[],
  outputs: readonly BufferType[],
  f: (data: readonly HostArray[]) => readonly HostArray[],
): HostCallResult {
  runtime.ensureUsable();
  const arrays = inputs.map((b) => runtime.arrayOf(b));
  const results = outputs.map(({ dtype, length }) => new GpuArray(dtype, length));
  results.forEach((a) => runtime.adopt(a));
  const used = [...arrays, ...results];
  runtime.use(used);
  const fail = (error: PullbackError): void => results.forEach((a) => (a.failure = error));

  const perform = async (): Promise<void> => {
    let data: readonly HostArray[];
    try {
      data = await Promise.all(arrays.map((a) => copyOut(runtime, a)));
    } catch (error) {
      // What should have made the operands failed: that is told by whoever reads what depends on them.
      return fail(asFailure(error));
    }
    try {
      const made = f(data);
      results.forEach((a, i) => fill(runtime, a, toGpu(a.dtype, made[i] as HostArray), 'a callback'));
    } catch (error) {
      const failure = asFailure(error);
      fail(failure);
      throw failure;
    }
  };
  const done = new Promise<void>((resolve, reject) => {
    runtime.queue.add({
      ready: () => true,
      start: () => {
        const performed = perform().finally(() => runtime.release(used));
        performed.then(resolve, reject);
        return performed;
      },
      fail: (error) => {
        fail(error);
        runtime.release(used);
        resolve();
      },
    });
  });
  return { outputs: results, done };
}

const asFailure = (error: unknown): PullbackError =>
  error instanceof PullbackError
    ? error
    : new CallbackError(`a callback threw: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
