import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, lax, makeJaxpr, nn, numpy as np, random, show, ShapeDtypeStruct } from '../../../src/index.ts';
import { bundleOf, htmlOf, textOf } from './bundle.ts';

/** The titles and second lines of a drawing's nodes, in the order in which they are drawn. */
const textsIn = (html: string): readonly string[] => [...html.matchAll(/<text [^>]*>([^<]*)</g)].map((m) => m[1] ?? '');

const boxesIn = (html: string) =>
  [...html.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="34"/g)].map(([, x, y, width]) => ({
    left: Number(x),
    right: Number(x) + Number(width),
    y: Number(y),
  }));

const f = (x: NDArray): NDArray => np.sin(x).mul(np.cos(x)).sum();

describe('trees', () => {
  test('are tables of paths, types and values', async () => {
    const { params } = nn.dense(4).init(random.key(0), [3]);
    const bundle = await bundleOf(show({ layers: [params], rate: 0.5, name: 'a<b' }, { title: 'the state' }));
    const cells = [...(bundle['text/html'] ?? '').matchAll(/<td [^>]*><code>([^<]*)</g)].map((m) => m[1]);
    expect(cells).toEqual(['layers[0].bias', 'f32[4]', 'layers[0].kernel', 'f32[3,4]', 'name', '&quot;a&lt;b&quot;', 'rate', '0.5']); // prettier-ignore
    expect(bundle['text/plain']).toBe(
      'the state\nlayers[0].bias: f32[4]\nlayers[0].kernel: f32[3,4]\nname: "a<b"\nrate: 0.5\n16 elements, 64 B',
    );
  });

  test('shapes stand for arrays, and large trees are cut', async () => {
    const many = Array.from({ length: 100 }, () => new ShapeDtypeStruct([2], 'f32'));
    const { 'text/html': html, 'text/plain': text } = await bundleOf(show(many));
    expect(html).toContain('100 leaves, of which the first 64 are shown; 200 elements, 800 B');
    expect(text?.split('\n')).toHaveLength(66);
    expect(await textOf(show(null))).toBe('0 elements, 0 B');
  });
});

describe('Jaxprs', () => {
  test('are graphs whose names are those of the text', async () => {
    const jaxpr = makeJaxpr(f)(np.ones(3));
    const { 'text/html': html = '', 'text/plain': text } = await bundleOf(jaxpr);
    expect(text).toBe(String(jaxpr));
    expect(textsIn(html)).toEqual([
      ...['a', 'f32[3]'],
      ...['b = sin', 'f32[3]', 'c = cos', 'f32[3]'],
      ...['d = mul', 'f32[3]'],
      ...['e = reduceSum', 'f32[]'],
      ...['e', 'result'],
    ]);
  });

  test('boxes do not overlap', async () => {
    const boxes = boxesIn(await htmlOf(makeJaxpr(grad((x: NDArray) => f(np.exp(x).mul(x)).add(f(x))))(np.ones(3))));
    expect(boxes.length).toBeGreaterThan(20);
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) expect(a.y !== b.y || a.right < b.left || b.right < a.left).toBe(true);
    }
  });

  test('loops and branches have graphs of their own', async () => {
    const jaxpr = makeJaxpr((xs: NDArray) =>
      lax.scan((c: NDArray, x: NDArray) => [c.mul(0.9).add(x), c], np.array(0), xs),
    );
    const html = await htmlOf(jaxpr(np.ones(5)));
    expect(html).toContain('<b>scan in c d</b>');
    expect(textsIn(html)).toContain('c = mul 0.9');
    expect(html.match(/<svg /g)).toHaveLength(2);
  });

  test('what can not be read is not drawn', async () => {
    const long = (x: NDArray): NDArray => Array.from({ length: 90 }).reduce<NDArray>((y) => np.sin(y), x);
    const { 'text/html': html, 'text/plain': text } = await bundleOf(makeJaxpr(long)(np.array(1)));
    expect(html).toContain('graphs of 90 equations are too large to be drawn');
    expect(html).not.toContain('<svg');
    expect(text).toContain('y:f32[] = sin x');
  });
});

describe('lowered functions', () => {
  const step = jit(function step(w: NDArray, xs: NDArray) {
    return lax.scan((c: NDArray, x: NDArray) => [np.tanh(c.matmul(w)).add(x), c.sum()], np.ones(8), xs);
  });

  test('are graphs of kernels, with costs and memory', async () => {
    const lowered = step.lower(np.ones([8, 8]), np.ones([5, 8]));
    const { 'text/html': html = '', 'text/plain': text = '' } = await bundleOf(lowered);
    const { kernels, byKernel } = lowered.costAnalysis();
    expect(text).toMatch(new RegExp(`^step: ${kernels} kernels, [\\d.]+ flop, [\\d.]+ kB moved, `));
    expect(textsIn(html)).toEqual(expect.arrayContaining(['loop scan', '5 times']));
    for (const { name } of byKernel) expect(html).toContain(`<code>${name}</code>`);
    expect(html).toContain('<b>each time in loop scan</b>');
    expect(html).toContain('memory: slots that temporaries share');
    expect(html).toContain('program step(');
  });

  test('compiled functions are shown like them', async () => {
    const lowered = step.lower(np.ones([8, 8]), np.ones([5, 8]));
    const compiled = await lowered.compile();
    expect(await htmlOf(compiled)).toBe(await htmlOf(lowered));
    expect(await htmlOf(show(compiled))).toBe(await htmlOf(lowered));
  });
});
