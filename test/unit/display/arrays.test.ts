import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import type { NDArray, ShowOptions } from '../../../src/index.ts';
import { numpy as np, random, show } from '../../../src/index.ts';
import { bundleOf, htmlOf, textOf } from './bundle.ts';

const shown = (x: NDArray, options: ShowOptions) => htmlOf(show(x, options));

/** The pictures in HTML, decoded, with the size that they are shown at. */
function picturesIn(html: string) {
  return [...html.matchAll(/<img width="(\d+)" height="(\d+)"[^>]*base64,([^"]+)"/g)].map(
    ([, width, height, data]) => ({
      shownAt: [Number(width), Number(height)],
      png: decode(Buffer.from(data ?? '', 'base64')),
    }),
  );
}

describe('arrays', () => {
  test('have HTML and text, under the name that notebooks ask for', async () => {
    const bundle = await bundleOf(np.array([[1, 2.5], [-3, 0]])); // prettier-ignore
    expect(Object.keys(bundle)).toEqual(['text/plain', 'text/html']);
    expect(bundle['text/plain']).toBe('f32[2,2] [[1, 2.5],\n [-3, 0]]');
    expect(bundle['text/html']).toContain('<code>f32[2,2]</code> from -3 to 2.5, mean 0.125');
  });

  test('small ones are tables, whose cells are shaded by sign and size', async () => {
    const cells = [...(await htmlOf(np.array([[4, 2], [-4, 0]]))).matchAll(/<td style="([^"]*)">([^<]*)</g)]; // prettier-ignore
    expect(cells.map((c) => c[2])).toEqual(['4', '2', '-4', '0']);
    expect(cells.map((c) => /rgba\(([^)]*)\)/.exec(c[1] ?? '')?.[1])).toEqual([
      '215,75,50,0.50',
      '215,75,50,0.25',
      '50,110,205,0.50',
      undefined,
    ]);
  });

  test('scalars and arrays without elements are a line', async () => {
    expect(await htmlOf(np.array(2.5))).toBe('<code>f32[]</code> 2.5\n');
    expect(await htmlOf(np.array(true))).toBe('<code>bool[]</code> true\n');
    expect(await htmlOf(np.zeros([0, 3]))).toBe('<code>f32[0,3]</code> without elements\n');
    expect(await textOf(np.zeros([2, 0]))).toBe('f32[2,0] [[],\n []]');
  });

  test('what is not finite is marked and counted, and does not spoil the rest', async () => {
    const html = await htmlOf(np.array([1, NaN, Infinity, 3]));
    expect(html).toContain('from 1 to 3, mean 2, <b>2 not finite</b>');
    expect(html.match(/background:rgba\(255,0,255,.5\)">(NaN|Infinity)</g)).toHaveLength(2);
  });

  test('matrices are heat maps, with a pixel an element and a scale of both signs', async () => {
    const x = np
      .arange(40 * 30)
      .reshape([40, 30])
      .sub(600)
      .astype('f32');
    const [map, legend] = picturesIn(await htmlOf(x));
    expect([map?.png.width, map?.png.height, map?.shownAt]).toEqual([30, 40, [240, 320]]);
    // Zero, at [20, 0], is white; the ends are blue and red.
    const colour = (i: number) => map?.png.palette?.[map.png.data[i] ?? -1];
    expect(colour(600)?.every((c) => c > 240)).toBe(true);
    expect(colour(0)).toEqual([33, 102, 172]);
    expect(colour(1199)).toEqual([178, 24, 43]);
    expect(legend?.png.width).toBe(64);
  });

  test('large matrices are averaged to what can be seen', async () => {
    const x = np.concatenate([np.zeros([300, 1000]), np.ones([300, 1000])], 0);
    const html = await htmlOf(x);
    const [map] = picturesIn(html);
    expect([map?.png.width, map?.png.height]).toEqual([250, 200]);
    expect(html).toContain('a pixel is the mean of 3×4');
    expect([map?.png.data[0], map?.png.data[49_999]]).toEqual([0, 63]);
  });

  test('pictures: one bitmap of many, or each with its label', async () => {
    const x = np
      .remainder(np.arange(60 * 64), 255)
      .reshape([60, 8, 8, 1])
      .astype('u8');
    const html = await htmlOf(x);
    expect(html).toContain('the first 40 of 60 pictures');
    const [all] = picturesIn(html);
    expect([all?.png.width, all?.png.height, all?.png.channels]).toEqual([64, 40, 1]);
    // The second picture stands to the right of the first.
    expect([...(all?.png.data.slice(6, 10) ?? [])]).toEqual([6, 7, 64, 65]);

    const labelled = await shown(x, { count: 3, labels: ['a', '<b>', 'c'] });
    expect(picturesIn(labelled).map((p) => p.png.width)).toEqual([8, 8, 8]);
    expect(labelled).toContain('<div>&lt;b&gt;</div>');
  });

  test('colours are kept, and floats between 0 and 1 are pictures too', async () => {
    const x = np.zeros([9, 9, 3]).at([], [], 1).set(1).at([], [], 2).set(0.5);
    const [one] = picturesIn(await htmlOf(x));
    expect([one?.png.channels, ...(one?.png.data.slice(0, 3) ?? [])]).toEqual([3, 0, 255, 128]);
    // Values outside are no pictures, unless asked for.
    expect(await htmlOf(x.mul(3))).toContain('colours from');
    const [asked] = picturesIn(await shown(x.mul(3).sub(1), { as: 'image', range: [-1, 2] }));
    expect([...(asked?.png.data.slice(0, 3) ?? [])]).toEqual([0, 255, 128]);
  });

  test('what is no picture can not be shown as one', async () => {
    await expect(shown(np.zeros([2, 3, 4, 5]), { as: 'image' })).rejects.toThrow(
      '[show] pictures have shape [h, w], [h, w, c], [n, h, w] or [n, h, w, c] with 1, 3 or 4 channels, got [2, 3, 4, 5]',
    );
  });

  test('vectors are lines, thinned out where they are long, with gaps where there is no number', async () => {
    const x = np
      .sin(np.linspace(0, 10, 1000))
      .at([400, 600])
      .set(NaN);
    const path = /stroke-width="1.5" d="([^"]*)"/.exec(await htmlOf(x))?.[1] ?? '';
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/[ML]/g)).toHaveLength(160);
  });

  test('of huge arrays the beginning is shown', async () => {
    const x = np.zeros([3000, 1000], { dtype: 'u8' });
    const bundle = await bundleOf(x);
    expect(bundle['text/html']).toContain('<code>u8[3000,1000]</code> of the first 1000: from 0 to 0, mean 0');
    expect(bundle['text/plain']).toBe('u8[3000,1000] of the first 1000: from 0 to 0, mean 0');
  });

  test('text is short: long axes by their ends, many axes in words', async () => {
    expect(await textOf(np.arange(1000))).toBe('i32[1000] [0, 1, 2, …, 997, 998, 999]');
    expect(await textOf(np.zeros([10, 10, 10]))).toBe('f32[10,10,10] from 0 to 0, mean 0');
  });

  test('a deleted array says so', async () => {
    const x = random.normal(random.key(0), [3]);
    x.concrete()?.dispose();
    expect(await textOf(x)).toBe('Deleted<f32[3]>');
    expect(await textOf(show({ x }))).toContain('x: f32[3]');
  });
});
