import { expect, test } from 'vitest';
import { init, numpy as np, show } from '../../../src/index.ts';
import { bundleOf } from './bundle.ts';

test('arrays that can not be read at once are shown like others', async () => {
  const made = () => {
    const x = np.sin(np.arange(12).reshape([3, 4]));
    return [x, np.exp(np.arange(2000).div(2000)), show({ x, y: [x.sum()] }), np.eye(40)];
  };
  const bundles = async () => Promise.all(made().map(bundleOf));
  await init({ device: 'webgpu' });
  const onGpu = await bundles();
  await init({ device: 'wasm' });
  const sizes = (html = '') => html.match(/(width|height)="[\d.]+"/g) ?? [];
  for (const [i, here] of (await bundles()).entries()) {
    const numbers = (text = '') => (text.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
    numbers(here['text/plain']).forEach((n, k) => expect(numbers(onGpu[i]?.['text/plain'])[k]).toBeCloseTo(n, 4));
    expect(sizes(onGpu[i]?.['text/html'])).toEqual(sizes(here['text/html']));
  }
});
