import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { NDArray } from '../../src/index.ts';
import { jit, numpy as np } from '../../src/index.ts';
import { collectGarbage } from '../../src/util/collect.ts';

/** How many calls a loop makes: `CALLS=100000` for the long form. */
const calls = Number(process.env['CALLS'] ?? 5000);
const patience = Math.max(300_000, calls * 20);

let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
  setDefaultDevice(device);
});
afterAll(() => device.close());

const n = 1000;
const update = (x: NDArray, batch: NDArray): NDArray => np.add(np.multiply(x, 0.5), batch);
const donating = jit(update, { donateArgnums: [0] });
const plain = jit((x: NDArray, batch: NDArray): NDArray => update(x, batch));
const total = jit((x: NDArray) => x.sum());

const dispose = (x: NDArray): void => x.concrete()?.dispose();

interface Held {
  readonly buffers: number;
  readonly reserved: number;
}
const held = (): Held => ({ buffers: device.counters().buffers, reserved: device.memory().reservedBytes });

/** Makes the calls, and says the most that the device held in the first and in the second half of them. */
async function halves(call: (i: number) => Promise<void>): Promise<readonly [Held, Held]> {
  const most = [held(), { buffers: 0, reserved: 0 }] as [Held, Held];
  for (let i = 0; i < calls; i++) {
    await call(i);
    const half = i < calls / 2 ? 0 : 1;
    const { buffers, reserved } = held();
    most[half] = {
      buffers: Math.max(most[half].buffers, buffers),
      reserved: Math.max(most[half].reserved, reserved),
    };
  }
  return most;
}

/** The heap after everything that can be collected has been. */
async function heap(): Promise<number> {
  await collectGarbage();
  await collectGarbage();
  return process.memoryUsage().heapUsed;
}

test(
  'awaited calls that donate, with results disposed of, hold what they held after the first',
  { timeout: patience },
  async () => {
    const batch = np.array(new Float32Array(n).fill(1));
    let x = donating(np.zeros([n]), batch);
    const step = async (): Promise<void> => {
      x = donating(x, batch);
      const sum = total(x);
      await sum.item();
      dispose(sum);
    };
    for (let i = 0; i < 20; i++) await step();
    const [before, heapBefore] = [held(), await heap()];
    const [first, second] = await halves(step);
    expect([first, second]).toEqual([before, before]);
    expect(await x.data()).toEqual(new Float32Array(n).fill(2));
    expect((await heap()) - heapBefore).toBeLessThan(2e6);
  },
);

test(
  'awaited calls that donate nothing and dispose of nothing stay within bounds by the collector alone',
  { timeout: patience },
  async () => {
    const batch = np.array(new Float32Array(n).fill(1));
    let x: NDArray = np.zeros([n]);
    const heapBefore = await heap();
    const [first, second] = await halves(async () => {
      x = plain(x, batch);
      await total(x).item();
    });
    // Two new arrays a call: what the collector has let pile up, and as much again kept for later.
    expect(second.buffers).toBeLessThan(6000);
    expect(second.buffers).toBeLessThan(Math.max(first.buffers * 1.5, 5000));
    expect(second.reserved).toBeLessThan(6000 * 4096);
    expect(await x.data()).toEqual(new Float32Array(n).fill(2));
    await collectGarbage();
    expect(device.memory().liveBuffers).toBeLessThan(100);
    expect((await heap()) - heapBefore).toBeLessThan(4e6);
  },
);

test('1,000 calls with donation that nothing waits for take no more buffers than one, and few are unfinished at a time', async () => {
  const batch = np.array(new Float32Array(n).fill(1));
  let x = donating(np.zeros([n]), batch);
  await x.data();
  const before = held();
  const { submits } = device.counters();
  for (let i = 0; i < 1000; i++) x = donating(x, batch);
  expect(held()).toEqual(before);
  expect(device.counters().submits - submits).toBeLessThanOrEqual(16);
  expect(await x.data()).toEqual(new Float32Array(n).fill(2));
  expect(device.counters().submits - submits).toBe(1000);
  expect(held()).toEqual(before);
});

test('running ahead with a new batch for each call takes the device as much memory as a few of them', async () => {
  let x = donating(np.zeros([n]), np.zeros([n]));
  await x.data();
  await collectGarbage();
  await x.data();
  const before = held();
  let most = before.buffers;
  const watching = setInterval(() => (most = Math.max(most, device.counters().buffers)), 0);
  for (let i = 0; i < 1000; i++) {
    const batch = np.array(new Float32Array(n).fill(i));
    x = donating(x, batch);
    dispose(batch);
  }
  expect(device.counters().buffers).toBeLessThan(before.buffers + 40);
  const [last] = await x.data();
  clearInterval(watching);
  expect(Math.max(most, device.counters().buffers)).toBeLessThan(before.buffers + 40);
  // x ← x / 2 + i: all 1,000 batches had their effect, in their order.
  let wanted = 0;
  for (let i = 0; i < 1000; i++) wanted = Math.fround(Math.fround(wanted * 0.5) + i);
  expect(last).toBe(wanted);
});

test('an array that is disposed of while programs that use it wait is there for them', async () => {
  const slow = jit((x: NDArray) => np.matmul(x, x));
  const a = np.multiply(np.eye(64), 2);
  let y: NDArray = slow(a);
  for (let i = 0; i < 50; i++) {
    const next = slow(np.add(np.multiply(y, 0), a));
    dispose(y);
    y = next;
  }
  dispose(a);
  const [first, second] = await y.data();
  expect([first, second]).toEqual([4, 0]);
});
