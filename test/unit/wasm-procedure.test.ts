import { expect, test } from 'vitest';
import { emitWasm } from '../../src/backends/wasm/program.ts';
import { binary, constant, index, load } from '../../src/kernel/expr.ts';
import { iadd, imod, imul, lit } from '../../src/kernel/index-algebra.ts';
import type { ProcedureKernel } from '../../src/kernel/kernel.ts';
import { ProcedureWriter } from '../../src/kernel/procedure.ts';
import type { Program, Step } from '../../src/kernel/program.ts';
import { cumulativeSum, mergeSort } from '../device/written-procedures.ts';
import { programOf } from '../device/run-case.ts';

const text = (program: Program): string => emitWasm(program, { relaxedSimd: false }).text();

/** Running totals of a vector in place, with steps around them over a counter, a flag and a number. */
function runningTotals(steps: (run: Step) => readonly Step[]): Program {
  const w = new ProcedureWriter();
  const sum = w.variable(lit(0));
  w.for(0, 5, (i) => {
    sum.set(iadd(sum.value, load(0, 'i32', i)));
    w.store(0, i, sum.value);
  });
  const kernel: ProcedureKernel = {
    kind: 'procedure',
    name: 'running_totals',
    source: 'cumsum i32[5]',
    domain: [],
    operands: [{ dtype: 'i32', length: 5, access: 'readwrite' }],
    stores: [],
    locals: w.locals,
    body: w.body,
  };
  return {
    name: 'totals',
    buffers: [
      { dtype: 'i32', length: 5, place: { kind: 'input' } },
      { dtype: 'i32', length: 1, place: { kind: 'input' } },
      { dtype: 'bool', length: 1, place: { kind: 'input' } },
    ],
    steps: steps({ kind: 'run', kernel, args: [0] }),
    inputs: [0, 1, 2],
    outputs: [0],
    donated: [0],
    slots: [],
  };
}

test('a procedure as text, run in loops and branches', () => {
  const program = runningTotals((run) => [
    {
      kind: 'loop',
      name: 'times',
      trips: 3,
      body: [{ kind: 'branch', name: 'which', index: 1, branches: [[], [run]] }],
    },
    { kind: 'loop', name: 'while', trips: null, test: [], condition: 2, body: [run] },
  ]);
  expect(text(program)).toMatchSnapshot();
});

test('neighbouring points run in the lanes of vectors where elements are contiguous', () => {
  expect(text(programOf(cumulativeSum(3, 64, 0)))).toContain('v128.store');
  expect(text(programOf(cumulativeSum(64, 3, 1)))).not.toContain('v128');
});

test('long loops are functions where the whole procedure is few calls', () => {
  expect(text(programOf(mergeSort(1, 1000)))).toContain('$merge_sort_loop2');
  expect(text(programOf(mergeSort(1000, 1000)))).not.toContain('_loop');
});

test('a procedure of a thousand statements is emitted in well under a second', () => {
  const w = new ProcedureWriter();
  const at = iadd(imul(index(0, 10), 100), imod(index(0, 10), 7));
  const v = w.variable(constant('f32', 1));
  for (let i = 0; i < 500; i++) {
    v.set(binary('mul', v.value, load(0, 'f32', iadd(at, lit(i % 90)))));
    w.store(0, iadd(at, lit(i % 91)), v.value);
  }
  const kernel: ProcedureKernel = {
    kind: 'procedure',
    name: 'long',
    source: 'long',
    domain: [10],
    operands: [{ dtype: 'f32', length: 1100, access: 'readwrite' }],
    stores: [],
    locals: w.locals,
    body: w.body,
  };
  const program = programOf({ kernel, data: [] });
  const start = performance.now();
  expect(WebAssembly.validate(emitWasm(program, { relaxedSimd: false }).bytes)).toBe(true);
  expect(performance.now() - start).toBeLessThan(1000);
});
