import { afterEach, describe, expect, test, vi } from 'vitest';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { platformGpu } from '../../src/backends/webgpu/platform.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { NDArray } from '../../src/index.ts';
import {
  blockUntilReady,
  debug,
  defaultDevice,
  DeviceError,
  DeviceLostError,
  devices,
  DeviceUnavailableError,
  effectsBarrier,
  init,
  jit,
  lax,
  liveArrays,
  numpy as np,
  OutOfMemoryError,
  PullbackError,
} from '../../src/index.ts';
import { alteredGpu } from './webgpu-altered.ts';

/** What a promise rejects with, if that is within two seconds. */
async function failure(promise: Promise<unknown>): Promise<PullbackError> {
  const late = new Promise((resolve) => setTimeout(resolve, 2000, 'nothing within two seconds'));
  const outcome = await Promise.race([promise.catch((error: unknown) => error), late]);
  if (outcome instanceof PullbackError) return outcome;
  throw new Error(`settled with ${String(outcome)}`);
}

/** What a function throws. */
function thrown(f: () => unknown): PullbackError {
  try {
    f();
  } catch (error) {
    if (error instanceof PullbackError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** WebGPU whose devices can be seen, changed as said. */
async function watched(
  change: (device: GPUDevice) => Partial<GPUDevice> = () => ({}),
): Promise<{ gpu: GPU; devices: GPUDevice[] }> {
  const devices: GPUDevice[] = [];
  const gpu = await alteredGpu((device) => {
    devices.push(device);
    return change(device);
  });
  return { gpu, devices };
}

/** The devices that the last `init` of {@link startsAnew} opened. */
let started: readonly GPUDevice[] = [];

/** Makes the next `init` start a new device by this WebGPU instead of the platform's. */
async function install(gpu: GPU): Promise<void> {
  started.forEach((d) => d.destroy());
  await Promise.all(started.map((d) => d.lost));
  started = [];
  vi.stubGlobal('navigator', { gpu });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const ramp = (n: number): NDArray => np.array(Float32Array.from({ length: n }, (_, i) => i));
const doubled = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => 2 * i);
const double = jit((x: NDArray) => np.multiply(x, 2));

/** The public `init` works, and so does what it starts. */
async function startsAnew(): Promise<void> {
  vi.unstubAllGlobals();
  const { gpu, devices: made } = await watched();
  await install(gpu);
  const info = await init({ device: 'webgpu' });
  started = made;
  expect(made).toHaveLength(1);
  expect(info.lost).toBeNull();
  expect(defaultDevice()).toBe(info);
  expect(await double(ramp(100)).data()).toEqual(doubled(100));
}

describe('a device that is destroyed behind our back', () => {
  test('ends all that waits, tells of it at each call, and init starts a new one', async () => {
    const { gpu, devices: made } = await watched();
    await install(gpu);
    const first = await init({ device: 'webgpu' });
    const x = ramp(1000);
    const y = double(x);
    await y.data();
    const pending = [double(y).data(), blockUntilReady(double(y)), y.data()];
    made[0]?.destroy();
    for (const p of pending) expect(await failure(p)).toBeInstanceOf(DeviceLostError);
    expect(first.lost).toBeInstanceOf(DeviceLostError);
    const { code, message } = thrown(() => np.add(ramp(20), 1));
    expect(code).toBe('device-lost');
    expect(message).toContain(
      "[webgpu] the device can't be used any more: it was destroyed; await init({ device: 'webgpu' })",
    );
    await startsAnew();
    expect(defaultDevice()).not.toBe(first);
    expect(await devices()).not.toContain(first);
    // What was on the old device is gone, and says so; it does not count as live.
    const gone = thrown(() => double(y));
    expect(gone).toBeInstanceOf(DeviceLostError);
    expect(gone.message).toMatch(/^f32\[1000\] was on webgpu and is gone with it: .*save from time to time/);
    expect((await failure(y.data())).code).toBe('device-lost');
    expect(liveArrays().filter((a) => a.shape[0] === 1000)).toEqual([]);
  });

  test('loses no array that has its elements on the host', async () => {
    const { gpu, devices: made } = await watched();
    await install(gpu);
    await init({ device: 'webgpu' });
    const small = np.array([1, 2, 3]);
    const [constant, untouched] = [np.array([10, 20, 30]), ramp(500)];
    const f = jit((x: NDArray) => np.add(x, constant));
    expect(await f(small).tolist()).toEqual([11, 22, 33]);
    const kept = await double(ramp(500)).data();
    made[0]?.destroy();
    await failure(f(small).data());
    await startsAnew();
    expect(await f(small).tolist()).toEqual([11, 22, 33]);
    expect(await double(untouched).data()).toEqual(kept);
    expect(await np.add(np.array(kept), untouched).data()).toEqual(Float32Array.from(kept, (v) => 1.5 * v));
  });

  test('ends waits of every other kind too: for pipelines, loops that data ends, callbacks, and closing', async () => {
    const { gpu, devices: made } = await watched((real) => ({
      // The second program is never ready.
      createComputePipelineAsync: (d) =>
        d.label?.includes('exp') === true ? never() : real.createComputePipelineAsync(d),
    }));
    const device = await createWebGpuDevice({ gpu });
    setDefaultDevice(device);
    const loop = jit((x: NDArray) =>
      lax.whileLoop(
        (v: NDArray) => np.less(v, 1e30),
        (v) => np.add(v, 1),
        x,
      ),
    );
    const endless = loop(np.array(0)).data();
    const compiling = np.exp(ramp(50)).data();
    const heard: unknown[] = [];
    jit((x: NDArray) => {
      debug.callback((v: NDArray) => heard.push(v), x);
      return x;
    })(ramp(50));
    const barrier = effectsBarrier();
    const closed = device.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    made[0]?.destroy();
    expect(await failure(endless)).toBeInstanceOf(DeviceLostError);
    expect(await failure(compiling)).toBeInstanceOf(DeviceLostError);
    await Promise.race([Promise.all([barrier, closed]), failure(never()).catch(() => expect.fail('still waiting'))]);
    expect(heard).toEqual([]);
    await startsAnew();
  });
});

test('a device that is lost while its promises stay open ends every wait', async () => {
  let lose: (info: GPUDeviceLostInfo) => void = () => undefined;
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => (lose = resolve));
  let hung = false;
  const { gpu } = await watched((real) => ({
    lost,
    createBuffer: (d) => {
      const buffer = real.createBuffer(d);
      const map = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = (...args) => (hung ? never() : map(...args));
      return buffer;
    },
    createComputePipelineAsync: (d) => (hung ? never() : real.createComputePipelineAsync(d)),
    popErrorScope: () => (hung ? never() : real.popErrorScope()),
  }));
  const device = await createWebGpuDevice({ gpu });
  setDefaultDevice(device);
  const x = double(ramp(64));
  await x.data();
  hung = true;
  const waiting = [x.data(), np.sin(x).data(), double(double(x)).data()];
  lose({ reason: 'unknown', message: 'the driver was reset', __brand: 'GPUDeviceLostInfo' });
  for (const w of waiting) expect((await failure(w)).message).toContain('it was lost: the driver was reset');
  await device.close();
  await startsAnew();
});

describe('memory', () => {
  test('an array beyond the limit is an OutOfMemoryError at the call, with sizes and the largest live arrays', async () => {
    const device = await createWebGpuDevice();
    setDefaultDevice(device);
    const held = double(ramp(3000));
    const spread = jit(function spread(x: NDArray) {
      return np.exp(np.broadcastTo(x, [2 ** 18, 3000]));
    });
    const { code, message } = thrown(() => spread(held));
    expect(code).toBe('out-of-memory');
    expect(message).toContain('[webgpu] spread: the output of 786432000 f32 of kernel');
    expect(message).toContain('exp f32[262144,3000]');
    expect(message).toMatch(/takes 3145728000 bytes, more than this adapter allows for one buffer \(\d+ bytes\)/);
    expect(message).toContain('the largest live arrays: 2 of f32[3000] (24000 bytes)');
    expect(await double(held).data()).toHaveLength(3000);
    await device.close();
    await startsAnew();
  });

  test('a device that has no room says what wanted how much, and goes on with less', async () => {
    const { gpu } = await watched((real) => {
      const scopes: boolean[] = [];
      return {
        // No room for more than a megabyte at a time.
        createBuffer: (d) => {
          if (d.size <= 1e6) return real.createBuffer(d);
          scopes[scopes.length - 1] = true;
          real.pushErrorScope('validation');
          const invalid = real.createBuffer({ ...d, size: 2 ** 50 });
          void real.popErrorScope();
          return invalid;
        },
        pushErrorScope: (filter) => {
          scopes.push(false);
          real.pushErrorScope(filter);
        },
        popErrorScope: async () => {
          const full = scopes.pop();
          const error = await real.popErrorScope();
          return full === true ? { message: 'no room' } : error;
        },
      };
    });
    const device = await createWebGpuDevice({ gpu });
    setDefaultDevice(device);
    const small = double(ramp(5000));
    const tooLarge = jit(function spread(x: NDArray) {
      return np.exp(np.broadcastTo(x, [100, 5000]));
    });
    const error = await failure(tooLarge(small).data());
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error.message).toMatch(
      /\[webgpu\] running spread: the device has no room for a buffer of 2097152 bytes beside the \d+ bytes/,
    );
    expect(error.message).toContain('2 of f32[5000] (40000 bytes)');
    expect((await failure(tooLarge(small).data())).code).toBe('out-of-memory');
    expect(await double(small).data()).toHaveLength(5000);
    await device.close();
    await startsAnew();
  });
});

test('a shader that does not compile fails what waits for it and later calls, by name; all else goes on', async () => {
  const { gpu } = await watched((real) => ({
    createShaderModule: (d) =>
      real.createShaderModule({ ...d, code: d.code.replace(/(fn mul_exp.*\n.*)i32\(/, '$1no_such_function(') }),
  }));
  const device = await createWebGpuDevice({ gpu });
  setDefaultDevice(device);
  const f = jit((x: NDArray) => np.exp(np.multiply(x, 2)));
  const x = ramp(100);
  const error = await failure(f(x).data());
  expect(error).toBeInstanceOf(DeviceError);
  expect(error.code).toBe('device-failed');
  expect(error.message).toMatch(/the shader of kernel \w+ \(.*exp.*f32\[100\].*\) was refused: .*no_such_function/);
  expect(thrown(() => f(x)).message).toBe(error.message);
  expect(await double(x).data()).toEqual(doubled(100));
  expect(device.lost).toBeNull();
  await device.close();
  await startsAnew();
});

describe('an adapter that is lost', () => {
  const gpuWith = async (requestAdapter: (real: GPU) => Promise<unknown>): Promise<GPU> => {
    const real = await platformGpu();
    return { requestAdapter: () => requestAdapter(real) } as unknown as GPU;
  };
  const adapterWith = async (real: GPU, requestDevice: (adapter: GPUAdapter) => Promise<unknown>): Promise<unknown> => {
    const adapter = (await real.requestAdapter()) as GPUAdapter;
    return {
      limits: adapter.limits,
      features: adapter.features,
      info: adapter.info,
      requestDevice: () => requestDevice(adapter),
    };
  };
  const refuse = (): Promise<never> => Promise.reject(new Error('gone'));
  const cases: readonly (readonly [string, (real: GPU) => Promise<unknown>, RegExp])[] = [
    ['is not found', () => Promise.resolve(null), /found no GPU adapter/],
    ['can not be asked for', refuse, /asking for a GPU adapter failed: gone/],
    ['refuses a device', (real) => adapterWith(real, refuse), /the adapter refused to open a device: gone/],
    [
      'gives a device that is lost',
      (real) =>
        adapterWith(real, async (adapter) => {
          const device = await adapter.requestDevice();
          device.destroy();
          return device;
        }),
      /the adapter is gone/,
    ],
  ];
  test.each(cases)(
    'that %s is a DeviceUnavailableError, and the next init works',
    async (_, requestAdapter, message) => {
      await install(await gpuWith(requestAdapter));
      const error = await failure(init({ device: 'webgpu' }));
      expect(error).toBeInstanceOf(DeviceUnavailableError);
      expect(error.code).toBe('device-unavailable');
      expect(error.message).toMatch(message);
      await startsAnew();
    },
  );
});
