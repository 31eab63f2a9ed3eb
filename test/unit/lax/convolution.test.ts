import { expect, test } from 'vitest';
import { lax, numpy as np } from '../../../src/index.ts';

const x = np.arange(32).astype('f32').reshape([1, 2, 4, 4]);
const w = np.arange(24).astype('f32').reshape([3, 2, 2, 2]);

test('layouts only order the axes', async () => {
  const plain = lax.convGeneralDilated(x, w, [2, 1], [[1, 0], [0, 1]]); // prettier-ignore
  const layouts = lax.convGeneralDilated(x.transpose([0, 2, 3, 1]), w.transpose([2, 3, 1, 0]), [2, 1], [[1, 0], [0, 1]], {
    dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'],
  }); // prettier-ignore
  expect(await layouts.transpose([0, 3, 1, 2]).tolist()).toEqual(await plain.tolist());
  // Strides follow the order of spatial axes in the kernel's layout.
  const swapped = lax.convGeneralDilated(x, w.transpose([0, 1, 3, 2]), [1, 2], [[0, 1], [1, 0]], {
    dimensionNumbers: ['NCHW', 'OIWH', 'NCHW'],
  }); // prettier-ignore
  expect(await swapped.tolist()).toEqual(await plain.tolist());
});

test('conv and convWithGeneralPadding are special cases', async () => {
  expect(await lax.conv(x, w, [1, 1], 'SAME').tolist()).toEqual(
    await lax.convGeneralDilated(x, w, [1, 1], [[0, 1], [0, 1]]).tolist(), // prettier-ignore
  );
  expect(await lax.convWithGeneralPadding(x, w, [1, 1], 'VALID', undefined, [2, 2]).tolist()).toEqual(
    await lax.convGeneralDilated(x, w, [1, 1], 'VALID', { rhsDilation: [2, 2] }).tolist(),
  );
});

test('a layout that does not fit is refused', () => {
  expect(() => lax.convGeneralDilated(x, w, [1, 1], 'SAME', { dimensionNumbers: ['NHC', 'HIO', 'NHC'] })).toThrow(
    '[convGeneralDilated] the layout "NHC" must name each axis of f32[1,2,4,4] once: N and C, and the spatial axes of the kernel\'s layout "HIO"',
  );
});

test('a transposed convolution upsamples by its strides', () => {
  const y = np.ones([1, 3, 3, 2]);
  const kernel = np.ones([2, 3, 2, 4]);
  expect(lax.convTranspose(y, kernel, [2, 2], 'SAME').shape).toEqual([1, 6, 6, 4]);
  expect(lax.convTranspose(y, kernel, [2, 2], 'VALID').shape).toEqual([1, 6, 7, 4]);
  const back = lax.convTranspose(np.ones([1, 3, 3, 4]), kernel, [1, 1], 'VALID', { transposeKernel: true });
  expect(back.shape).toEqual([1, 4, 5, 2]);
});
