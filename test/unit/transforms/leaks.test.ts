import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { checkTracerLeaks, EscapedTracerError, grad, jit, numpy as np, vmap } from '../../../src/index.ts';

const x = np.array([1, 2, 3]);

test('tracers in outer variables are found, with the lines that made them', async () => {
  const kept: NDArray[] = [];
  function keep(v: NDArray): NDArray {
    const y = v.mul(2);
    kept.push(y);
    return y.sum();
  }
  for (const run of [
    () => jit(keep)(x),
    () => grad(keep)(x),
    () => vmap(keep)(np.ones([2, 3])),
    () => jit(grad(keep))(x),
  ]) {
    const error: unknown = await checkTracerLeaks(run).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EscapedTracerError);
    expect((error as Error).message).toMatch(/^\d+ tracers are still held/);
    expect((error as Error).message).toMatch(
      /f32\[3\] of (jit|grad|vmap) of keep, made at keep \(.*leaks\.test\.ts:\d+:\d+\)/,
    );
    kept.length = 0;
  }
});

test('arguments and closures are found too', async () => {
  let later: (() => NDArray) | null = null;
  const check = checkTracerLeaks(() => jit(function close(v: NDArray) { later = () => v; return v.add(1); })(x)); // prettier-ignore
  await expect(check).rejects.toThrow(/f32\[3\] of jit of close, an argument there/);
  expect(() => (later as unknown as () => NDArray)().add(1)).toThrow(/It was an argument there/);
});

test('nothing is found where nothing is held: caches of traced functions hold none', async () => {
  const inner = jit((v: NDArray) => np.sin(v).sum());
  const outer = jit((v: NDArray) => {
    const captured = v.mul(2);
    // Traced inside of another trace, of which it captures a tracer.
    return jit((w: NDArray) => w.mul(captured).sum())(v).add(inner(v));
  });
  const result = await checkTracerLeaks(async () => {
    const loss = (v: NDArray): NDArray => outer(v).mul(inner(v));
    vmap(grad(loss))(np.ones([2, 3]));
    await Promise.resolve();
    return grad(jit(loss))(x).shape;
  });
  expect(result).toEqual([3]);
});

test('what the body throws passes', async () => {
  await expect(checkTracerLeaks(() => { throw new RangeError('no'); })).rejects.toThrow(RangeError); // prettier-ignore
});
