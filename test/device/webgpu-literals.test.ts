import { expect, test } from 'vitest';
import { emitWgsl } from '../../src/backends/webgpu/emit.ts';
import { binary, constant, index, load } from '../../src/kernel/expr.ts';
import { singleKernelProgram } from './webgpu-kernels.ts';

test('a negative literal is shifted as the bits that it has', () => {
  const i = index(0, 8);
  const value = binary('shr', constant('i32', -2), load(0, 'i32', i));
  const program = singleKernelProgram({
    kind: 'map',
    name: 'shift',
    source: 'shift',
    domain: [8],
    operands: [
      { dtype: 'i32', length: 8, access: 'read' },
      { dtype: 'i32', length: 8, access: 'write' },
    ],
    stores: [{ operand: 1, index: i, value }],
  });
  expect(emitWgsl(program)[0]?.wgsl).toContain('shift_right(u32(i32(-2)), u32(in0[');
});
