import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { checkpoint, ExportError, grad, jit, lax, numpy as np, pureCallback, random, ShapeDtypeStruct, vmap } from '../../src/index.ts'; // prettier-ignore
import type { DType } from '../../src/index.ts';
import { verifyModule } from './stablehlo/verify.ts';

/** The StableHLO of a few functions, to be read. */

const f32 = (...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, 'f32');
const of = (dtype: DType, ...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, dtype);

const layer = jit(function layer(w: NDArray, x: NDArray): NDArray {
  return np.tanh(x.matmul(w));
});

const examples: Readonly<Record<string, () => string>> = {
  'network-gradient': () => {
    const loss = (w: readonly NDArray[], x: NDArray): NDArray => w.reduce((h, m) => layer(m, h), x).sum();
    return jit(grad(loss))
      .lower([f32(4, 4), f32(4, 4)], f32(8, 4))
      .text('stablehlo');
  },
  convolution: () => {
    const convolve = (x: NDArray, w: NDArray): NDArray => {
      const y = lax.convGeneralDilated(x, w, [1, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] });
      return lax.reduceWindow(y, -Infinity, lax.max, [1, 2, 2, 1], [1, 2, 2, 1], 'VALID');
    };
    return jit(convolve)
      .lower(f32(2, 8, 8, 3), f32(3, 3, 3, 4))
      .text('stablehlo');
  },
  'scan-gradient': () => {
    const total = (x: NDArray): NDArray =>
      lax.scan((carry: NDArray, row: NDArray) => [np.sin(carry.add(row)), carry], np.zeros([3]), x)[0].sum();
    return jit(grad(total)).lower(f32(5, 3)).text('stablehlo');
  },
  branches: () => {
    const f = (i: NDArray, x: NDArray): NDArray =>
      lax.whileLoop(
        (y: NDArray) => y.sum().lt(100),
        (y: NDArray) => lax.switchCase(i, [(z: NDArray) => z.mul(2), (z: NDArray) => z.add(1)], y),
        x,
      );
    return jit(f).lower(of('i32'), f32(3)).text('stablehlo');
  },
  indexing: () => {
    const f = (x: NDArray, i: NDArray): NDArray => x.at(i).add(np.take(x, i, 0));
    return jit(f).lower(f32(5, 2), of('i32', 3)).text('stablehlo');
  },
  sorting: () =>
    jit((x: NDArray) => np.argsort(x))
      .lower(f32(2, 4))
      .text('stablehlo'),
  random: () =>
    jit((key: NDArray) => random.uniform(key, [4]))
      .lower(of('u32', 2))
      .text('stablehlo'),
  doubles: () =>
    jit((x: NDArray) => lax.erf(x).add(np.cumsum(x)))
      .lower(of('f64', 3))
      .text('stablehlo'),
  integers: () => {
    const f = (x: NDArray, y: NDArray): NDArray => lax.rem(lax.shiftLeft(x, y), y).astype('f16').max();
    return jit(f).lower(of('u8', 3), of('u8', 3)).text('stablehlo');
  },
  batch: () => {
    const f = (x: NDArray): NDArray => x.div(lax.psum(x, 'batch'));
    return jit(vmap(f, 0, { axisName: 'batch' }))
      .lower(f32(4, 2))
      .text('stablehlo');
  },
  checkpoint: () => {
    const f = checkpoint((x: NDArray) => np.sin(np.sin(x)));
    return jit(grad((x: NDArray) => f(x).sum()))
      .lower(f32(3))
      .text('stablehlo');
  },
};

describe('StableHLO', () => {
  test.each(Object.entries(examples))('%s', async (name, write) => {
    const text = write();
    expect(verifyModule(text)).toEqual([]);
    await expect(text).toMatchFileSnapshot(`stablehlo/${name}.mlir`);
  });

  test('what a function has captured is a constant', () => {
    const table = np.array([1.5, NaN, -Infinity, 1e-20, -0]);
    const text = jit((x: NDArray) => x.add(table))
      .lower(f32(5))
      .text('stablehlo');
    expect(text).toContain('dense<[1.5, 0x7FC00000, 0xFF800000, 1.0e-20, -0.0]> : tensor<5xf32>');
  });

  test('large constants are bytes', () => {
    const large = np.arange(100).astype('i16');
    const text = jit((x: NDArray) => x.add(large))
      .lower(of('i16', 100))
      .text('stablehlo');
    expect(text).toMatch(/dense<"0x000001000200[0-9A-F]{388}"> : tensor<100xi16>/);
  });

  test('a function of the host can not be exported', () => {
    const f = (x: NDArray): NDArray => pureCallback((y: NDArray) => y, f32(3), x);
    const lowered = jit(f).lower(f32(3));
    expect(() => lowered.text('stablehlo')).toThrow(ExportError);
    expect(() => lowered.text('stablehlo')).toThrow(
      /is called on the host, and StableHLO has programs of devices only/,
    );
  });
});

describe('what is wrong with a module is found', () => {
  const module = (...lines: readonly string[]): string =>
    ['module @f {', 'func.func public @main(%arg0: tensor<2xf32>) -> tensor<2xf32> {', ...lines, '}', '}'].join('\n');
  test.each([
    ['a value that is not there', ['%0 = stablehlo.add %arg0, %7 : tensor<2xf32>', 'return %0 : tensor<2xf32>']],
    ['a value of another type', ['%0 = stablehlo.sqrt %arg0 : tensor<3xf32>', 'return %0 : tensor<3xf32>']],
    ['a value that is there twice', ['%arg0 = stablehlo.sqrt %arg0 : tensor<2xf32>', 'return %arg0 : tensor<2xf32>']],
  ])('%s', (_, lines) => {
    expect(verifyModule(module(...lines))).not.toEqual([]);
  });
  test('and nothing where it is right', () => {
    expect(verifyModule(module('%0 = stablehlo.sqrt %arg0 : tensor<2xf32>', 'return %0 : tensor<2xf32>'))).toEqual([]);
  });
});
