import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { platformGpu } from '../../src/backends/webgpu/platform.ts';
import { Executables } from '../../src/compiler/executables.ts';
import type { DeviceBuffer } from '../../src/kernel/device.ts';
import {
  DeviceError,
  DeviceUnavailableError,
  OutOfMemoryError,
  UnsupportedOnDeviceError,
} from '../../src/kernel/device.ts';
import { binary, constant, index, load } from '../../src/kernel/expr.ts';
import type { MapKernel } from '../../src/kernel/kernel.ts';
import type { Program } from '../../src/kernel/program.ts';
import type { Jaxpr } from '../../src/trace/jaxpr.ts';
import { alteredGpu } from './webgpu-altered.ts';

let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

/** `out = in + amount`, element by element; in place when the two are one operand. */
function addKernel(name: string, n: number, amount: number, inPlace = false): MapKernel {
  const i = index(0, n);
  const operand = { dtype: 'f32', length: n } as const;
  return {
    kind: 'map',
    name,
    source: `add f32[${n}]`,
    domain: [n],
    operands: inPlace
      ? [{ ...operand, access: 'readwrite' }]
      : [
          { ...operand, access: 'read' },
          { ...operand, access: 'write' },
        ],
    stores: [{ operand: inPlace ? 0 : 1, index: i, value: binary('add', load(0, 'f32', i), constant('f32', amount)) }],
  };
}

/** in → +1 → temporary → +constant… → out: `steps` kernels, each reading what the one before wrote. */
function chain(n: number, steps: number, name = 'chain'): Program {
  const spec = { dtype: 'f32', length: n } as const;
  return {
    name,
    buffers: [
      { ...spec, place: { kind: 'input' } },
      { ...spec, place: { kind: 'output' } },
      { ...spec, place: { kind: 'temporary', slot: 0 } },
      { ...spec, place: { kind: 'temporary', slot: 1 } },
    ],
    steps: Array.from({ length: steps }, (_, s) => ({
      kind: 'run',
      kernel: addKernel(`add_${name}_${s}`, n, s + 1),
      args: [s === 0 ? 0 : 2 + ((s - 1) % 2), s === steps - 1 ? 1 : 2 + (s % 2)],
    })),
    inputs: [0],
    outputs: [1],
    donated: [],
    slots: [n * 4, n * 4],
  };
}

const increment = (n: number): Program => ({
  name: 'increment',
  buffers: [{ dtype: 'f32', length: n, place: { kind: 'input' } }],
  steps: [{ kind: 'run', kernel: addKernel('add_in_place', n, 1, true), args: [0] }],
  inputs: [0],
  outputs: [0],
  donated: [0],
  slots: [],
});

const one = (buffers: readonly DeviceBuffer[]): DeviceBuffer => {
  const [b] = buffers;
  if (b === undefined) throw new Error('no output');
  return b;
};

test('a run of many kernels is one pass and one submit, and bind groups are made once', async () => {
  const executable = device.load(chain(100, 5));
  const x = device.write('f32', new Float32Array(100).fill(1));
  const first = one(executable.run([x]));
  expect(await device.read(first)).toEqual(new Float32Array(100).fill(16));
  device.free(first);
  const before = device.counters();
  const again = one(executable.run([x]));
  expect(await device.read(again)).toEqual(new Float32Array(100).fill(16));
  const after = device.counters();
  expect(after.submits - before.submits).toBe(1);
  expect(after.passes - before.passes).toBe(1);
  expect(after.dispatches - before.dispatches).toBe(5);
  expect(after.bindGroups - before.bindGroups).toBe(0);
  expect(after.pipelines - before.pipelines).toBe(0);
});

test('a program loaded twice shares its pipelines', () => {
  const program = chain(7, 3, 'shared');
  device.load(program);
  const before = device.counters().pipelines;
  device.load(program);
  expect(device.counters().pipelines).toBe(before);
});

test('kernels that differ in their names only share a pipeline, also after the programs that had it are gone', async () => {
  const { pipelines } = device.counters();
  const first = device.load(increment(77));
  const second: Program = { ...increment(77), steps: [{ kind: 'run', kernel: addKernel('other_name', 77, 1, true), args: [0] }] }; // prettier-ignore
  const other = device.load(second);
  expect(device.counters().pipelines).toBe(pipelines + 1);
  expect(other.text()).toContain('fn other_name(');
  first.free();
  other.free();
  const out = one(device.load(second).run([device.write('f32', new Float32Array(77))]));
  expect(await device.read(out)).toEqual(new Float32Array(77).fill(1));
  expect(device.counters().pipelines).toBe(pipelines + 1);
});

test('what a dropped executable holds is given back when its function is collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Each has scratch space of its own, of a size that nothing else has.
  const executables = new Executables(100);
  const once = (): DeviceBuffer => {
    const jaxpr: Jaxpr = { constants: [], inputs: [], equations: [], outputs: [] };
    return one(executables.get(jaxpr, device, '', () => device.load(chain(300_000, 3, 'dropped'))).run([x]));
  };
  const x = device.write('f32', new Float32Array(300_000));
  let most = 0;
  for (let i = 0; i < 12; i++) {
    const out = once();
    await device.read(out);
    device.free(out);
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (i === 2) most = device.memory().reservedBytes;
  }
  expect(device.memory().reservedBytes).toBeLessThanOrEqual(most);
});

test('runs that nothing waits for keep their order, before their pipelines are ready and after', async () => {
  const executable = device.load(increment(1000));
  let x: DeviceBuffer = device.write('f32', new Float32Array(1000));
  for (let i = 0; i < 300; i++) x = one(executable.run([x]));
  expect((await device.read(x))[999]).toBe(300);
});

test('memory and buffers stay flat over many runs, donated or freed', async () => {
  const [donating, plain] = [device.load(increment(5000)), device.load(chain(5000, 3, 'flat'))];
  let x: DeviceBuffer = device.write('f32', new Float32Array(5000));
  const loop = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      x = one(donating.run([x]));
      const y = one(plain.run([x]));
      if (i % 10 === 0) await device.read(y);
      device.free(y);
    }
  };
  await loop(50);
  const before = { ...device.memory(), buffers: device.counters().buffers };
  await loop(300);
  expect({ ...device.memory(), buffers: device.counters().buffers }).toEqual(before);
});

test('arrays of every dtype come back as written, empty ones too', async () => {
  const arrays = [
    ['f32', new Float32Array([1.5, -0, NaN, Infinity])],
    ['i32', new Int32Array([-1, 2 ** 31 - 1, 7])],
    ['u32', new Uint32Array([2 ** 32 - 1, 0])],
    ['bool', new Uint8Array([1, 0, 1, 1, 0])],
    ['f32', new Float32Array(0)],
    ['bool', new Uint8Array(0)],
  ] as const;
  for (const [dtype, data] of arrays) {
    const buffer = device.write(dtype, data);
    expect(await device.read(buffer)).toEqual(data);
    device.free(buffer);
    device.free(buffer);
  }
});

test('a map above 65,535 workgroups covers its whole domain', async () => {
  const n = 65535 * 64 + 1000;
  const executable = device.load(increment(n));
  const out = one(executable.run([device.write('f32', new Float32Array(n))]));
  const host = await device.read(out);
  expect(host.every((v) => v === 1)).toBe(true);
  device.free(out);
});

test('constants are bound, and a temporary of bools has the room that it takes here', async () => {
  const n = 1000;
  const i = index(0, n);
  const isLarge: MapKernel = {
    ...addKernel('is_large', n, 0),
    operands: [
      { dtype: 'f32', length: n, access: 'read' },
      { dtype: 'f32', length: n, access: 'read' },
      { dtype: 'bool', length: n, access: 'write' },
    ],
    stores: [{ operand: 2, index: i, value: binary('lt', load(0, 'f32', i), load(1, 'f32', i)) }],
  };
  const copy: MapKernel = {
    ...addKernel('copy_bools', n, 0),
    operands: [
      { dtype: 'bool', length: n, access: 'read' },
      { dtype: 'bool', length: n, access: 'write' },
    ],
    stores: [{ operand: 1, index: i, value: load(0, 'bool', i) }],
  };
  const limits = new Float32Array(n).fill(10);
  const program: Program = {
    name: 'compare',
    buffers: [
      { dtype: 'f32', length: n, place: { kind: 'constant', data: limits } },
      { dtype: 'f32', length: n, place: { kind: 'input' } },
      { dtype: 'bool', length: n, place: { kind: 'temporary', slot: 0 } },
      { dtype: 'bool', length: n, place: { kind: 'output' } },
    ],
    steps: [
      { kind: 'run', kernel: isLarge, args: [0, 1, 2] },
      { kind: 'run', kernel: copy, args: [2, 3] },
    ],
    inputs: [1],
    outputs: [3],
    donated: [],
    slots: [n],
  };
  const x = device.write(
    'f32',
    Float32Array.from({ length: n }, (_, k) => k % 20),
  );
  const out = one(device.load(program).run([x]));
  expect(await device.read(out)).toEqual(Uint8Array.from({ length: n }, (_, k) => (k % 20 > 10 ? 1 : 0)));
});

test('f64 is refused with what to use instead', () => {
  expect(() => device.write('f64', new Float64Array(1))).toThrow(UnsupportedOnDeviceError);
  const program: Program = { ...increment(1), buffers: [{ dtype: 'f64', length: 1, place: { kind: 'input' } }] };
  expect(() => device.load(program)).toThrow(/uses f64.*use f32, or the wasm device/);
});

test('an array beyond the limits is an OutOfMemoryError that says whose, before anything runs', () => {
  const length = 2 ** 29;
  const kernel = addKernel('add_huge', 1, 1);
  const program: Program = {
    ...chain(1, 1),
    buffers: [
      { dtype: 'f32', length: 1, place: { kind: 'input' } },
      { dtype: 'f32', length, place: { kind: 'output' } },
    ],
    steps: [{ kind: 'run', kernel, args: [0, 1] }],
  };
  expect(() => device.load(program)).toThrow(OutOfMemoryError);
  expect(() => device.load(program)).toThrow(
    /chain: the output of 536870912 f32 of kernel add_huge \(add f32\[1\]\) takes 2147483648 bytes, more than .* allows/,
  );
});

test('a shader that does not compile fails the reads of its results and later runs, naming the kernel', async () => {
  const gpu = await alteredGpu((real) => ({
    createShaderModule: (d) => real.createShaderModule({ ...d, code: d.code.replace('i32(id.x)', 'oops') }),
  }));
  const broken = await createWebGpuDevice({ gpu });
  const executable = broken.load(chain(10, 2, 'broken'));
  const x = broken.write('f32', new Float32Array(10));
  const out = one(executable.run([x]));
  await expect(broken.read(out)).rejects.toThrow(/add_broken_0 \(add f32\[10\]\).*oops/);
  await expect(broken.read(out)).rejects.toThrow(DeviceError);
  expect(() => executable.run([x])).toThrow(/add_broken_0/);
  expect(await broken.read(x)).toEqual(new Float32Array(10));
  await broken.close();
});

test('a validation error in a run fails the reads of what it wrote', async () => {
  const gpu = await alteredGpu((real) => ({
    createBindGroup: (d) => real.createBindGroup({ ...d, entries: [...d.entries].slice(1) }),
  }));
  const broken = await createWebGpuDevice({ gpu });
  const out = one(broken.load(chain(10, 2, 'invalid')).run([broken.write('f32', new Float32Array(10))]));
  await expect(broken.read(out)).rejects.toThrow(/running invalid failed.*add_invalid_0/s);
  await broken.close();
});

test('a lost device rejects reads and refuses calls; a new one works', async () => {
  let real: GPUDevice | null = null;
  const gpu = await alteredGpu((d) => {
    real = d;
    return {};
  });
  const lost = await createWebGpuDevice({ gpu });
  const executable = lost.load(increment(10));
  const x = lost.write('f32', new Float32Array(10));
  const out = one(executable.run([x]));
  (real as GPUDevice | null)?.destroy();
  await expect(lost.read(out)).rejects.toThrow(DeviceError);
  await expect(lost.read(out)).rejects.toThrow(/can't be used any more/);
  expect(() => lost.write('f32', new Float32Array(1))).toThrow(/init\({ device: 'webgpu' }\) starts a new one/);
  await lost.close();
  const fresh = await createWebGpuDevice();
  expect(await fresh.read(fresh.write('f32', new Float32Array([5])))).toEqual(new Float32Array([5]));
  await fresh.close();
});

test('without an adapter the error says so and what to do', async () => {
  const gpu = await platformGpu();
  const none = new Proxy(gpu, {
    get: (t, key) => (key === 'requestAdapter' ? () => Promise.resolve(null) : (Reflect.get(t, key, t) as unknown)),
  });
  await expect(createWebGpuDevice({ gpu: none })).rejects.toThrow(DeviceUnavailableError);
  await expect(createWebGpuDevice({ gpu: none })).rejects.toThrow(/no GPU adapter.*VK_DRIVER_FILES/);
});
