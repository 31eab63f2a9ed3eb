import { describe, expect, test } from 'vitest';
import { defaultTarget, emitWgsl } from '../../src/backends/webgpu/emit.ts';
import { softwareSchedule } from '../../src/backends/webgpu/schedule.ts';
import type { NDArray } from '../../src/index.ts';
import { grad, jit, nn, numpy as np, ShapeDtypeStruct } from '../../src/index.ts';
import { acc, binary, cast, constant, index, load, select, unary } from '../../src/kernel/expr.ts';
import { iadd, inBounds, isub, linearize, lit } from '../../src/kernel/index-algebra.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { cholesky, sortRows } from '../device/procedures.ts';
import { singleKernelProgram } from '../device/webgpu-kernels.ts';
import { mnistStep } from '../mnist-step.ts';

const read = (dtype: 'f32' | 'bool' | 'i32', length: number) => ({ dtype, length, access: 'read' }) as const;
const write = (dtype: 'f32' | 'bool' | 'i32', length: number) => ({ dtype, length, access: 'write' }) as const;

/** Adam's update of one weight matrix, in place. */
function adam(): Kernel {
  const n = 1600 * 64;
  const axes = [index(0, 1600), index(1, 64)];
  const i = linearize(axes, [1600, 64]);
  const [p, m, v, g] = [load(0, 'f32', i), load(1, 'f32', i), load(2, 'f32', i), load(3, 'f32', i)] as const;
  const c = (x: number) => constant('f32', x);
  const newM = binary('add', binary('mul', c(0.9), m), binary('mul', c(0.1), g));
  const newV = binary('add', binary('mul', c(0.999), v), binary('mul', c(0.001), binary('mul', g, g)));
  const correction = binary('sub', c(1), binary('pow', c(0.9), cast('f32', load(4, 'i32', lit(0)))));
  const step = binary('div', binary('div', newM, correction), binary('add', unary('sqrt', newV), c(1e-7)));
  const inPlace = { dtype: 'f32', length: n, access: 'readwrite' } as const;
  return {
    kind: 'map',
    name: 'adam_dense',
    source: 'Adam of dense f32[1600,64]',
    domain: [1600, 64],
    operands: [inPlace, inPlace, inPlace, read('f32', n), read('i32', 1)],
    stores: [
      { operand: 0, index: i, value: binary('sub', p, binary('mul', c(0.001), step)) },
      { operand: 1, index: i, value: newM },
      { operand: 2, index: i, value: newV },
    ],
  };
}

/** The sum and the greatest of exp(x) over rows, with a mask. */
function rowSums(): Kernel {
  const [row, k] = [index(0, 128), index(1, 1000)];
  const x = load(0, 'f32', linearize([row, k], [128, 1000]));
  const value = select(load(1, 'bool', k), unary('exp', x), constant('f32', 0));
  return {
    kind: 'reduce',
    name: 'row_sums',
    source: 'exp f32[128,1000] → where → sum, max',
    domain: [128],
    reduced: [1000],
    operands: [read('f32', 128000), read('bool', 1000), write('f32', 128), write('bool', 128)],
    accumulators: [
      { monoid: 'add', dtype: 'f32', value },
      { monoid: 'max', dtype: 'f32', value },
    ],
    stores: [
      { operand: 2, index: row, value: unary('log', acc(0, 'f32')) },
      { operand: 3, index: row, value: binary('lt', constant('f32', 1), acc(1, 'f32')) },
    ],
  };
}

/** A 3×3 convolution with padding 1, a bias and relu. */
function convolution(): Kernel {
  const [img, y, x] = [index(0, 32), index(1, 13), index(2, 13)] as const;
  const f = index(3, 64);
  const [dy, dx, ch] = [index(4, 3), index(5, 3), index(6, 32)] as const;
  const [row, column] = [iadd(y, isub(dy, lit(1))), iadd(x, isub(dx, lit(1)))];
  const guard = binary('and', inBounds(row, 13), inBounds(column, 13));
  const total = binary('add', acc(0, 'f32'), load(2, 'f32', f));
  return {
    kind: 'contract',
    name: 'conv_add_max',
    source: 'conv f32[32,13,13,64] → add → max',
    batch: [],
    rows: [32, 13, 13],
    columns: [64],
    depth: [3, 3, 32],
    dtype: 'f32',
    operands: [
      read('f32', 32 * 13 * 13 * 32),
      read('f32', 9 * 32 * 64),
      read('f32', 64),
      write('f32', 32 * 13 * 13 * 64),
    ],
    lhs: load(0, 'f32', linearize([img, row, column, ch], [32, 13, 13, 32]), guard),
    rhs: load(1, 'f32', linearize([dy, dx, ch, f], [3, 3, 32, 64])),
    stores: [
      {
        operand: 3,
        index: linearize([img, y, x, f], [32, 13, 13, 64]),
        value: binary('max', total, constant('f32', 0)),
      },
    ],
  };
}

test.each([
  ['adam', adam()],
  ['row-sums', rowSums()],
  ['convolution', convolution()],
  ['sort-rows', sortRows(128, 100)],
  ['cholesky', cholesky(32, 16)],
] as const)('the WGSL of %s', async (name, kernel) => {
  const [shader] = emitWgsl(singleKernelProgram(kernel));
  await expect(shader?.wgsl).toMatchFileSnapshot(`webgpu/${name}.wgsl`);
});

test('the WGSL of a convolution for software adapters', async () => {
  const target = { ...defaultTarget, schedule: softwareSchedule };
  const [shader] = emitWgsl(singleKernelProgram(convolution()), target);
  await expect(shader?.wgsl).toMatchFileSnapshot('webgpu/convolution-software.wgsl');
});

/** What users read: `lower(...).asText('wgsl')`. */
describe('the WGSL of', () => {
  const struct = (...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, 'f32');

  test('softmax', async () => {
    const text = jit((x: NDArray) => nn.softmax(x)).lower(struct(128, 1000)).asText('wgsl'); // prettier-ignore
    await expect(text).toMatchFileSnapshot('webgpu/softmax.wgsl');
  });

  test("layer norm's gradient", async () => {
    const norm = (x: NDArray, scale: NDArray, shift: NDArray): NDArray => {
      const centered = x.sub(x.mean(-1, { keepdims: true }));
      const variance = centered.mul(centered).mean(-1, { keepdims: true });
      return centered.div(np.sqrt(variance.add(1e-5))).mul(scale).add(shift); // prettier-ignore
    };
    const loss = (x: NDArray, scale: NDArray, shift: NDArray, y: NDArray): NDArray =>
      norm(x, scale, shift).mul(y).sum();
    const lowered = jit(grad(loss, { argnums: [0, 1, 2] })).lower(struct(128, 512), struct(512), struct(512), struct(128, 512)); // prettier-ignore
    await expect(lowered.asText('wgsl')).toMatchFileSnapshot('webgpu/layer-norm-gradient.wgsl');
  });

  test('the training step of the MNIST network', async () => {
    const { leaves, step } = mnistStep();
    const lowered = step.lower(leaves, struct(32, 28, 28, 1), new ShapeDtypeStruct([32], 'i32'));
    const text = lowered.asText('wgsl');
    expect(text.match(/@compute/g)?.length).toBeLessThanOrEqual(18);
    await expect(text).toMatchFileSnapshot('webgpu/mnist-step.wgsl');
  });
});
