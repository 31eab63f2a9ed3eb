import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { barrierFunc, takeFunc } from '../../src/backends/wasm/barrier.ts';
import { LinearMemory } from '../../src/backends/wasm/memory.ts';
import { Func, i32, op, storeOp } from '../../src/backends/wasm/module/code.ts';
import { encodeModule } from '../../src/backends/wasm/module/encode.ts';
import type { TeamProgram, TeamRun } from '../../src/backends/wasm/pool.ts';
import { Pool } from '../../src/backends/wasm/pool.ts';
import { teamParams } from '../../src/backends/wasm/team.ts';
import { range } from '../../src/util/array.ts';
import { present } from '../../src/util/assert.ts';

/**
 * A program in which thread `t` writes `t + 1` to word `t` of the table, fails if it is number `fails`, waits for the
 * others, and writes the number of threads to word `16 + t`.
 */
function roll(fails: number): Uint8Array<ArrayBuffer> {
  const run = new Func('run', teamParams, []);
  const barrier = barrierFunc();
  const [table, thread, threads, patience] = [run.param(0), run.param(1), run.param(2), run.param(3)];
  const own = run.let(op('i32.add', table, op('i32.mul', thread, i32(4))));
  run.emit(storeOp('i32.store', 0, own, op('i32.add', thread, i32(1))));
  run.if(op('i32.eq', thread, i32(fails)), () => run.trap());
  run.run(barrier, threads, patience, i32(0));
  run.emit(storeOp('i32.store', 64, own, threads));
  run.run(barrier, threads, patience, i32(0));
  return encodeModule({ funcs: [barrier, run], exported: run, shared: true, notes: [] });
}

/** A pool with a memory of its own. */
class Room {
  readonly memory = new LinearMemory({ shared: true });
  readonly pool: Pool;
  private readonly table = this.memory.fixed(128).address;

  constructor(threads: number) {
    this.pool = new Pool(this.memory.memory, threads);
  }

  load(bytes: Uint8Array<ArrayBuffer>): TeamProgram {
    const { address } = this.memory.fixed(bytes.length);
    this.memory.at(address, bytes.length).set(bytes);
    const imports = { env: { memory: this.memory.memory } };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    return this.pool.load(address, bytes.length, exports['run'] as TeamRun);
  }

  /** Runs a program, and gives the table's words before and after the barrier, of the threads that wrote there. */
  run(program: TeamProgram): readonly (readonly number[])[] {
    const words = new Int32Array(this.memory.memory.buffer, this.table, 32);
    words.fill(0);
    try {
      this.pool.run(program, this.table);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return [[...words.slice(0, 16)].filter((w) => w > 0), [], [error.message.includes('unreachable') ? 1 : 0]];
    }
    return [words.slice(0, 16), words.slice(16)].map((part) => [...part].filter((w) => w > 0));
  }

  /** Runs a program until all threads take part. */
  async gather(program: TeamProgram, threads: number): Promise<void> {
    for (let tries = 0; this.run(program)[0]?.length !== threads; tries++) {
      if (tries > 500) throw new Error('the workers do not come up');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

describe('a pool of threads', () => {
  test('runs a program on all of them, again and again', async () => {
    const room = new Room(3);
    const program = room.load(roll(-1));
    await room.gather(program, 3);
    for (const _ of range(2000))
      expect(room.run(program)).toEqual([
        [1, 2, 3],
        [3, 3, 3],
      ]);
    await room.pool.close();
  });

  test('wakes workers that sleep', async () => {
    const room = new Room(2);
    const program = room.load(roll(-1));
    await room.gather(program, 2);
    for (const _ of range(20)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(room.run(program)).toEqual([
        [1, 2],
        [2, 2],
      ]);
    }
    await room.pool.close();
  });

  test.each([0, 1, 2])('fails, and goes on afterwards, when thread %i of 3 fails', async (fails) => {
    const room = new Room(3);
    const good = room.load(roll(-1));
    const bad = room.load(roll(fails));
    await room.gather(good, 3);
    for (const _ of range(20)) {
      const [began, ended, failed] = room.run(bad);
      expect(began).toContain(fails + 1);
      expect([ended, failed]).toEqual([[], [1]]);
      expect(room.run(good)).toEqual([
        [1, 2, 3],
        [3, 3, 3],
      ]);
    }
    await room.pool.close();
  });

  test('come up while the calling thread is in a loop', async () => {
    const room = new Room(2);
    const program = room.load(roll(-1));
    const end = Date.now() + 20_000;
    while (room.run(program)[0]?.length !== 2) if (Date.now() > end) throw new Error('the worker does not come up');
    await room.pool.close();
  });

  test('takes more commands than its queue holds', async () => {
    const room = new Room(3);
    const program = room.load(roll(-1));
    await room.gather(program, 3);
    const bytes = roll(-2);
    for (const _ of range(300)) room.pool.free(room.load(bytes));
    expect(room.run(program)).toEqual([
      [1, 2, 3],
      [3, 3, 3],
    ]);
    await room.pool.close();
  });
});

describe('units of a phase', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const take = takeFunc();
  const bytes = encodeModule({ funcs: [take], exported: take, shared: true, notes: [] });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const next = exports['run'] as (counters: number, units: number, thread: number, threads: number) => [number, number];

  test('are taken once each, in whatever order threads ask for them', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 6 }), fc.array(fc.nat(5)), (units, threads, order) => {
        new Int32Array(memory.buffer).fill(0);
        const taken = new Array<number>(units).fill(0);
        const ask = (thread: number): boolean => {
          const [start, end] = next(64, units, thread, threads);
          for (let u = start; u < end; u++) taken[u] = present(taken[u], 'unit') + 1;
          return start < end;
        };
        order.forEach((o) => ask(o % threads));
        // Who is left alone does all there is.
        while (ask(0));
        expect(new Set(taken)).toEqual(new Set(units === 0 ? [] : [1]));
        expect(range(threads).some(ask)).toBe(false);
      }),
    );
  });

  test('are one part for a thread that is alone', () => {
    new Int32Array(memory.buffer).fill(0);
    expect(next(64, 1000, 0, 1)).toEqual([0, 1000]);
    expect(next(64, 1000, 0, 1)).toEqual([0, 0]);
  });
});

describe('a process with threads', { timeout: 60_000 }, () => {
  const run = async (script: string): Promise<string> => {
    const flags = ['--import', 'tsx', '--input-type=module', '-e', script];
    return (await promisify(execFile)(process.execPath, flags)).stdout;
  };
  const work = `
    const { init, jit, numpy: np } = await import('./src/index.ts');
    const device = await init({ threads: 3 });
    const f = jit((x) => np.matmul(x, x));
    let y = f(np.ones([512, 512]));
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 20; i++) y = f(np.ones([512, 512]));
    console.log(device.threads, await y.slice(0, 0).item());
  `;

  test('ends by itself when the work is done', async () => expect(await run(work)).toBe('3 512\n'));

  test('ends when it is told to', async () => expect(await run(`${work} process.exit(0);`)).toBe('3 512\n'));

  test('has one where memory can not be shared', async () =>
    expect(await run(`delete globalThis.SharedArrayBuffer; ${work}`)).toBe('1 512\n'));
});
