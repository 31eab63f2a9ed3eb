import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { gpuSchedule, softwareSchedule } from '../../src/backends/webgpu/schedule.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import type { DeviceBuffer, Executable } from '../../src/kernel/device.ts';
import { DeviceError } from '../../src/kernel/device.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { acc, binary, cast, index, load } from '../../src/kernel/expr.ts';
import { iadd, imod, imul, lit } from '../../src/kernel/index-algebra.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Place, Program, Step } from '../../src/kernel/program.ts';
import { at, range } from '../../src/util/array.ts';
import { alteredGpu } from './webgpu-altered.ts';

const reference = createReferenceDevice();
let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

/** Elements of the vectors; every other buffer has one element. */
const n = 100;

/** Buffers: `x`, donated and updated in place; `limit`, an input; scratch with a counter, a bool and a choice. */
const [x, limit, counter, condition, chosen, inner, innerCondition] = [0, 1, 2, 3, 4, 5, 6] as const;
const buffers = (
  [
    ['i32', n, { kind: 'input' }],
    ['i32', 1, { kind: 'input' }],
    ['i32', 1, { kind: 'temporary', slot: 0 }],
    ['bool', 1, { kind: 'temporary', slot: 1 }],
    ['i32', 1, { kind: 'temporary', slot: 2 }],
    ['i32', 1, { kind: 'temporary', slot: 3 }],
    ['bool', 1, { kind: 'temporary', slot: 4 }],
  ] as readonly (readonly [DType, number, Place])[]
).map(([dtype, length, place]) => ({ dtype, length, place }));

let kernels = 0;

/** A step that computes every element of a buffer from other buffers' elements, or from its own. */
function compute(target: number, sources: readonly number[], value: (...xs: readonly Expr[]) => Expr): Step {
  const inPlace = sources.includes(target);
  const args = inPlace ? sources : [...sources, target];
  const i = index(0, at(buffers, target).length);
  const spec = (b: number) => at(buffers, b);
  const xs = sources.map((b, k) => load(k, spec(b).dtype, spec(b).length === 1 ? lit(0) : i));
  const name = `step_${kernels++}`;
  const kernel: Kernel = {
    kind: 'map',
    name,
    source: name,
    domain: [spec(target).length],
    operands: args.map((b) => {
      const access = b !== target ? 'read' : inPlace ? 'readwrite' : 'write';
      return { dtype: spec(b).dtype, length: spec(b).length, access };
    }),
    stores: [{ operand: args.indexOf(target), index: i, value: value(...xs) }],
  };
  return { kind: 'run', kernel, args };
}

const add = (target: number, amount: number): Step => compute(target, [target], (y) => iadd(y, lit(amount)));
const zero = (target: number): Step => compute(target, [], () => lit(0));
const times = (trips: number, ...body: readonly Step[]): Step => ({ kind: 'loop', name: 'times', trips, body });
/** While the counter is below a limit, which starts from zero and grows by one. */
const counting = (count: number, holds: number, below: Expr | number, ...body: readonly Step[]): readonly Step[] => [
  zero(count),
  {
    kind: 'loop',
    name: 'counting',
    trips: null,
    test: [compute(holds, [count, limit], (c, l) => binary('lt', c, typeof below === 'number' ? lit(below) : (l)))], // prettier-ignore
    condition: holds,
    body: [...body, add(count, 1)],
  },
];
const upToLimit = load(1, 'i32', lit(0));

const program = (name: string, steps: readonly Step[]): Program => ({
  name,
  buffers,
  steps,
  inputs: [x, limit],
  outputs: [x],
  donated: [x],
  slots: [4, 4, 4, 4, 4],
});

const start = Int32Array.from({ length: n }, (_, i) => 3 * i - 50);

/** Runs a program and reads the result; tells what that took. */
async function run(on: WebGpuDevice, p: Program | Executable, most = 0) {
  const executable = 'run' in p ? p : on.load(p);
  const inputs = [on.write('i32', start), on.write('i32', new Int32Array([most]))];
  const before = on.counters();
  const [out] = executable.run(inputs) as [DeviceBuffer];
  const result = await on.read(out);
  const after = on.counters();
  [out, at(inputs, 1)].forEach((b) => on.free(b));
  const took = Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, value - before[key as keyof typeof before]]),
  ) as unknown as typeof before;
  return { result, took, executable };
}

async function expected(p: Program, most = 0): Promise<Int32Array> {
  const [out] = reference.load(p).run([reference.write('i32', start), reference.write('i32', new Int32Array([most]))]);
  return (await reference.read(out as DeviceBuffer)) as Int32Array;
}

test('a counted loop of 400 steps has the pipelines and bind groups of one of 10, and one submit', async () => {
  const body = [add(x, 1), compute(x, [x, limit], (a, b) => binary('add', a, b))];
  const executables = [10, 400].map(
    (trips) => [device.load(program('counted', [times(trips, ...body)])), trips] as const,
  );
  const { pipelines } = device.counters();
  for (const [executable, trips] of executables) {
    const { result, took } = await run(device, executable, 3);
    expect(result).toEqual(start.map((v) => v + trips * 4));
    const { dispatches, passes, submits, bindGroups, decisions } = took;
    expect([dispatches, passes, submits, bindGroups, decisions]).toEqual([2 * trips, 1, 1, 2, 0]);
  }
  expect(device.counters().pipelines).toBe(pipelines);
  expect(new Set(executables.map(([e]) => e.text())).size).toBe(1);
});

test('many dispatches are handed over in several submits, and more of them than may wait are right too', async () => {
  const p = program('many', [times(3000, add(x, 1))]);
  const { result, took } = await run(device, p);
  expect(result).toEqual(start.map((v) => v + 3000));
  expect([took.dispatches, took.submits, took.bindGroups]).toEqual([3000, 3, 1]);
  const huge = await run(device, program('huge', [times(20, times(1000, add(x, 1)))]));
  expect(huge.result).toEqual(start.map((v) => v + 20_000));
  expect(huge.took.submits).toBe(20);
});

test('nested counted loops, and those of no trips', async () => {
  const p = program('nested', [times(3, add(x, 1), times(4, add(x, 10), times(0, add(x, 1000))), times(2)), times(0)]);
  const { result, took } = await run(device, p);
  expect(result).toEqual(start.map((v) => v + 3 + 120));
  expect(took.dispatches).toBe(3 + 12);
});

test('branches in a loop run without the host', async () => {
  const choose = compute(chosen, [counter], (c) => imod(c, 3));
  const nested: Step = {
    kind: 'branch',
    name: 'nested',
    index: chosen,
    branches: [[], [add(x, 1000)], [add(x, 5000)]],
  };
  const p = program('branches', [
    zero(counter),
    times(
      7,
      choose,
      { kind: 'branch', name: 'which', index: chosen, branches: [[add(x, 1)], [add(x, 10), nested], [times(2, add(x, 100))]] }, // prettier-ignore
      add(counter, 1),
    ),
  ]);
  const { result, took } = await run(device, p);
  // choices: 0 1 2 0 1 2 0
  expect(result).toEqual(start.map((v) => v + 3 * 1 + 2 * (10 + 1000) + 2 * 200));
  expect(result).toEqual(await expected(p));
  expect([took.submits, took.decisions]).toEqual([1, 0]);
});

test('a branch that changes what chose it runs to its end', async () => {
  const p = program('changing', [
    compute(chosen, [limit], (l) => l),
    { kind: 'branch', name: 'which', index: chosen, branches: [[add(x, 1)], [add(chosen, -1), add(x, 10)]] },
  ]);
  expect((await run(device, p, 1)).result).toEqual(start.map((v) => v + 10));
  expect((await run(device, p, 0)).result).toEqual(start.map((v) => v + 1));
});

test.each([
  [0, 1],
  [1, 2],
  [100, 7],
  [1000, 21],
])('a loop of %i trips that a condition ends asks the host %i times', async (trips, decisions) => {
  const p = program('while', counting(counter, condition, upToLimit, add(x, 2)));
  const { result, took, executable } = await run(device, p, trips);
  expect(result).toEqual(start.map((v) => v + 2 * trips));
  expect(took.decisions).toBe(decisions);
  // Four kernels, the check, and two flags.
  expect(took.bindGroups).toBe(7);
  // The next run of it begins with as many trips as it took the last time.
  const again = await run(device, executable, trips);
  expect(again.result).toEqual(result);
  expect(again.took.decisions).toBe(Math.ceil((trips + 1) / 64));
  expect(again.took.bindGroups).toBe(0);
  const fewer = await run(device, executable, 3);
  expect(fewer.result).toEqual(start.map((v) => v + 6));
  executable.free();
});

test('a body may overwrite the condition and its counter’s storage once they are read', async () => {
  // The condition and the choice share a slot, as they are not alive together.
  const shared = { ...at(buffers, chosen), place: at(buffers, condition).place };
  const p = program(
    'shared',
    counting(
      counter,
      condition,
      upToLimit,
      compute(chosen, [x], (y) => y),
      add(x, 1),
    ),
  );
  const sharing = { ...p, buffers: p.buffers.map((b, i) => (i === chosen ? shared : b)) };
  expect((await run(device, sharing, 9)).result).toEqual(start.map((v) => v + 9));
});

test('loops of unknown trips inside all other steps', async () => {
  const inside = (...body: readonly Step[]): readonly Step[] => counting(inner, innerCondition, 3, add(x, 1), ...body);
  const choose = compute(chosen, [counter], (c) => imod(c, 2));
  const branch: Step = {
    kind: 'branch',
    name: 'which',
    index: chosen,
    branches: [[add(x, 1000)], inside(add(x, 100))],
  };
  const programs = [
    program('while in a counted loop', [times(4, ...inside())]),
    program('while in while', counting(counter, condition, upToLimit, ...inside(), add(x, 10))),
    program('while in a branch in while', counting(counter, condition, upToLimit, choose, branch)),
    program('while in a test', [
      zero(counter),
      {
        kind: 'loop',
        name: 'outer',
        trips: null,
        test: [...inside(), compute(condition, [counter], (c) => binary('lt', c, lit(2)))],
        condition,
        body: [add(counter, 1)],
      },
    ]),
    program('branch in while in a counted loop', [
      times(3, ...counting(counter, condition, upToLimit, choose, { ...branch, branches: [[add(x, 7)], [times(2, add(x, 50))]] })), // prettier-ignore
    ]),
  ];
  for (const p of programs) {
    for (const most of [0, 1, 5]) {
      expect((await run(device, p, most)).result, `${p.name}, ${most}`).toEqual(await expected(p, most));
    }
  }
});

test.each([gpuSchedule, softwareSchedule])(
  'guarded products and long sums do nothing once the loop is over ($name schedule)',
  async (schedule) => {
    const [size, depth] = [24, 200];
    const [i, j, k] = [index(0, size), index(1, size), index(2, depth)] as const;
    const square = { kind: 'temporary', slot: 0 } as const;
    const f32 = (length: number, place: Place) => ({ dtype: 'f32', length, place }) as const;
    const read = (length: number) => ({ dtype: 'f32', length, access: 'read' }) as const;
    const product: Kernel = {
    kind: 'contract', name: 'product', source: 'product', batch: [], rows: [size], columns: [size], depth: [depth],
    dtype: 'f32', lhs: load(0, 'f32', iadd(imul(i, depth), k)), rhs: load(1, 'f32', iadd(imul(k, size), j)),
    operands: [read(size * depth), read(size * depth), { dtype: 'f32', length: size * size, access: 'readwrite' }],
    stores: [{ operand: 2, index: iadd(imul(i, size), j), value: binary('add', load(2, 'f32', iadd(imul(i, size), j)), acc(0, 'f32')) }],
  }; // prettier-ignore
    const total: Kernel = {
    kind: 'reduce', name: 'total', source: 'total', domain: [], reduced: [size * size],
    accumulators: [{ monoid: 'add', dtype: 'f32', value: load(0, 'f32', index(0, size * size)) }],
    operands: [read(size * size), { dtype: 'f32', length: 1, access: 'readwrite' }],
    stores: [{ operand: 1, index: lit(0), value: binary('add', load(1, 'f32', lit(0)), acc(0, 'f32')) }],
  }; // prettier-ignore
    const test: Kernel = {
    kind: 'map', name: 'below', source: 'below', domain: [],
    operands: [read(1), { dtype: 'bool', length: 1, access: 'write' }],
    stores: [{ operand: 1, index: lit(0), value: binary('lt', load(0, 'f32', lit(0)), cast('f32', lit(1_500_000))) }],
  }; // prettier-ignore
    const p: Program = {
      name: 'products',
      buffers: [
        f32(size * depth, { kind: 'input' }),
        f32(size * depth, { kind: 'input' }),
        f32(size * size, { kind: 'input' }),
        f32(1, { kind: 'input' }),
        { dtype: 'bool', length: 1, place: square },
      ],
      steps: [
        {
          kind: 'loop',
          name: 'products',
          trips: null,
          test: [{ kind: 'run', kernel: test, args: [3, 4] }],
          condition: 4,
          body: [
            { kind: 'run', kernel: product, args: [0, 1, 2] },
            { kind: 'run', kernel: total, args: [2, 3] },
          ],
        },
      ],
      inputs: [0, 1, 2, 3],
      outputs: [2, 3],
      donated: [2, 3],
      slots: [4],
    };
    const ones = new Float32Array(size * depth).fill(1);
    const inputs = (d: Pick<WebGpuDevice, 'write'>) =>
      [ones, ones, new Float32Array(size * size), new Float32Array(1)].map((data) => d.write('f32', data));
    const own = await createWebGpuDevice({ schedule });
    const [got, wanted] = [own.load(p).run(inputs(own)), reference.load(p).run(inputs(reference))];
    for (const r of [0, 1]) expect(await own.read(at(got, r))).toEqual(await reference.read(at(wanted, r)));
    await own.close();
  },
);

test('what comes after a loop that waits for the host waits for it, and memory stays flat', async () => {
  const loop = device.load(program('before', counting(counter, condition, upToLimit, add(x, 1))));
  const after = device.load(program('after', [compute(x, [x], (y) => imul(y, 2))]));
  const most = device.write('i32', new Int32Array([21]));
  const once = async (): Promise<void> => {
    const outs = range(5).map(() => {
      const [a] = loop.run([device.write('i32', start), most]) as [DeviceBuffer];
      const [b] = after.run([a, most]) as [DeviceBuffer];
      return b;
    });
    for (const out of outs) {
      expect(await device.read(out)).toEqual(start.map((v) => (v + 21) * 2));
      device.free(out);
    }
  };
  await once();
  const before = { ...device.memory(), buffers: device.counters().buffers };
  for (let i = 0; i < 10; i++) await once();
  expect({ ...device.memory(), buffers: device.counters().buffers }).toEqual(before);
});

/** It never ends by itself. */
const endless = (): Program => program('endless', counting(counter, condition, 2 ** 31 - 1, zero(counter)));

test('a device that is lost ends a loop that would not end, and all that waits for it', async () => {
  let real: GPUDevice | null = null;
  const gpu = await alteredGpu((d) => {
    real = d;
    return {};
  });
  const lost = await createWebGpuDevice({ gpu });
  const inputs = [lost.write('i32', start), lost.write('i32', new Int32Array(1))];
  const [out] = lost.load(endless()).run(inputs) as [DeviceBuffer];
  const [next] = lost.load(program('next', [add(x, 1)])).run([out, at(inputs, 1)]) as [DeviceBuffer];
  const reading = [lost.read(next)].map((r) => r.then(() => null, (error: unknown) => error)); // prettier-ignore
  while (lost.counters().decisions < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  (real as GPUDevice | null)?.destroy();
  for (const error of await Promise.all(reading)) {
    expect(error).toBeInstanceOf(DeviceError);
    expect(String(error)).toMatch(/can't be used any more/);
  }
  await lost.close();
});

test('an invalid run of a loop ends with its error instead of waiting for a condition that nothing computes', async () => {
  const gpu = await alteredGpu((real) => ({
    createBindGroup: (d) => real.createBindGroup({ ...d, entries: [...d.entries].slice(1) }),
  }));
  const broken = await createWebGpuDevice({ gpu });
  const inputs = [broken.write('i32', start), broken.write('i32', new Int32Array(1))];
  const [out] = broken.load(endless()).run(inputs) as [DeviceBuffer];
  await expect(broken.read(out)).rejects.toThrow(/running endless failed/);
  await broken.close();
});
