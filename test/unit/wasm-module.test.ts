import { expect, test } from 'vitest';
import { emitWasm } from '../../src/backends/wasm/program.ts';
import { acc, binary, constant, index, load, unary } from '../../src/kernel/expr.ts';
import { iadd, imul, indices, linearize } from '../../src/kernel/index-algebra.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Program } from '../../src/kernel/program.ts';
import { range } from '../../src/util/array.ts';

function chain(count: number): Program {
  const [i, j, k] = [index(0, 64), index(1, 48), index(2, 100)];
  const steps = range(count).map((s) => {
    const kernel: Kernel = {
      kind: 'contract',
      name: `dot_relu_${s}`,
      source: 'dot f32[64,100] f32[100,48] → max',
      batch: [],
      rows: [64],
      columns: [48],
      depth: [100 + s],
      dtype: 'f32',
      lhs: load(0, 'f32', iadd(imul(i, 200), k)),
      rhs: load(1, 'f32', iadd(imul(k, 48), j)),
      operands: [
        { dtype: 'f32', length: 20000, access: 'read' },
        { dtype: 'f32', length: 20000, access: 'read' },
        { dtype: 'f32', length: 64 * 48, access: 'write' },
      ],
      stores: [
        {
          operand: 2,
          index: linearize([i, j], [64, 48]),
          value: binary('max', acc(0, 'f32'), constant('f32', 0)),
        },
      ],
    };
    return { kind: 'run' as const, kernel, args: [0, 1, 2] };
  });
  const length = [20000, 20000, 64 * 48];
  return {
    name: 'chain',
    buffers: length.map((n, b) => ({
      dtype: 'f32' as const,
      length: n,
      place: { kind: b === 2 ? ('output' as const) : ('input' as const) },
    })),
    steps,
    inputs: [0, 1],
    outputs: [2],
    donated: [],
    slots: [],
  };
}

test('a map kernel as text: its source, one vector loop, one loop for the rest', () => {
  const [i, j] = indices([3, 6]) as [ReturnType<typeof index>, ReturnType<typeof index>];
  const kernel: Kernel = {
    kind: 'map',
    name: 'add_row',
    source: 'add f32[3,6] f32[6]',
    domain: [3, 6],
    operands: [
      { dtype: 'f32', length: 18, access: 'read' },
      { dtype: 'f32', length: 6, access: 'read' },
      { dtype: 'f32', length: 18, access: 'write' },
    ],
    stores: [
      {
        operand: 2,
        index: linearize([i, j], [3, 6]),
        value: binary('add', load(0, 'f32', linearize([i, j], [3, 6])), load(1, 'f32', j)),
      },
    ],
  };
  const program: Program = {
    name: 'add',
    buffers: kernel.operands.map(({ dtype, length }, b) => ({
      dtype,
      length,
      place: { kind: b === 2 ? 'output' : 'input' },
    })),
    steps: [{ kind: 'run', kernel, args: [0, 1, 2] }],
    inputs: [0, 1],
    outputs: [2],
    donated: [],
    slots: [],
  };
  expect(emitWasm(program, { relaxedSimd: false }).text()).toMatchSnapshot();
});

test('modules are valid with and without relaxed SIMD, and use it only when told', () => {
  expect(WebAssembly.validate(emitWasm(chain(1), { relaxedSimd: false }).bytes)).toBe(true);
  expect(emitWasm(chain(1), { relaxedSimd: false }).text()).not.toContain('relaxed');
  expect(emitWasm(chain(1), { relaxedSimd: true }).text()).toContain('f32x4.relaxed_madd');
});

test('vector literals are made before loops, not in them', () => {
  const n = 1000;
  const i = index(0, n);
  const kernel: Kernel = {
    kind: 'map',
    name: 'exp',
    source: 'exp f32[1000]',
    domain: [n],
    operands: [
      { dtype: 'f32', length: n, access: 'read' },
      { dtype: 'f32', length: n, access: 'write' },
    ],
    stores: [{ operand: 1, index: i, value: unary('exp', load(0, 'f32', i)) }],
  };
  const program: Program = {
    name: 'exp',
    buffers: kernel.operands.map(({ dtype, length }, b) => ({
      dtype,
      length,
      place: { kind: b === 1 ? 'output' : 'input' },
    })),
    steps: [{ kind: 'run', kernel, args: [0, 1] }],
    inputs: [0],
    outputs: [1],
    donated: [],
    slots: [],
  };
  const text = emitWasm(program, { relaxedSimd: false }).text();
  const row = text.slice(text.indexOf('(func $exp_row'), text.indexOf('(func $exp '));
  const [before, loop] = row.split('(loop') as [string, string];
  expect(before).toContain('v128.const');
  expect(loop).toContain('f32x4.mul');
  expect(loop).not.toContain('v128.const');
  expect(loop).not.toContain('call');
});

test('a program of 60 contractions is emitted in well under a second', () => {
  emitWasm(chain(5), { relaxedSimd: false });
  // Of this process: what else the machine does must not count.
  const start = process.cpuUsage();
  emitWasm(chain(60), { relaxedSimd: false });
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(1000);
});

test('a kernel that several steps run is emitted once', () => {
  const program = chain(1);
  const twice = { ...program, steps: [...program.steps, ...program.steps] };
  const text = emitWasm(twice, { relaxedSimd: false }).text();
  expect(text.split('(func $dot_relu_0 ').length).toBe(2);
  expect(text.split('(call $dot_relu_0 ').length).toBe(3);
});
