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

test.each([3.4028234663852886e38, -3.4028234663852886e38])(
  'the literal of %f is no larger than f32 goes',
  (largest) => {
    const i = index(0, 8);
    const program = singleKernelProgram({
      kind: 'map',
      name: 'limit',
      source: 'limit',
      domain: [8],
      operands: [
        { dtype: 'f32', length: 8, access: 'read' },
        { dtype: 'f32', length: 8, access: 'write' },
      ],
      stores: [{ operand: 1, index: i, value: binary('add', load(0, 'f32', i), constant('f32', largest)) }],
    });
    expect(emitWgsl(program)[0]?.wgsl).toContain('3.402823466e+38');
  },
);
