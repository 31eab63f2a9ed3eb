import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  assertMaxTraces,
  checkpoint,
  customGradient,
  customJvp,
  customVjp,
  explainNan,
  exportStableHlo,
  grad,
  hessian,
  jacfwd,
  jit,
  numpy as np,
  profile,
  valueAndGrad,
  vmap,
} from '../../../src/index.ts';
import { BrokenLawError, checkGrads, checkVmap } from '../../../src/testing/index.ts';
import { functionText, testText } from '../../../src/testing/paste.ts';

const x = np.array([0.3, -0.8]);

const wrong = customVjp(function wrong(v: NDArray) {
  return np.sin(v);
}).defvjp(
  (v) => [np.sin(v), v],
  (v, ct) => [np.cos(v).mul(ct).mul(2)],
);

const broken = (check: Promise<unknown>): Promise<BrokenLawError> =>
  check.then(
    () => {
      throw new Error('the law holds');
    },
    (e: unknown) => {
      if (e instanceof BrokenLawError) return e;
      throw e;
    },
  );

function loss(v: NDArray): NDArray {
  return v.mul(v).sum();
}

describe('what jit returns has the name of the function', () => {
  test('in modules, reports, checks and profiles', async () => {
    expect(jit(loss).name).toBe('loss');
    expect(jit((v: NDArray) => v).name).toBe('');
    for (const f of [grad(loss), vmap(loss), jit(valueAndGrad(loss)), hessian(loss)]) expect(f.name).toBe('');
    expect(checkpoint(jit(loss)).name).toBe('loss');
    expect(exportStableHlo(jit(loss), [x]).text).toContain('module @loss');
    expect(String(await explainNan(jit(loss))(np.array([NaN])))).toContain('explainNan of loss: the result is NaN');
    const { message } = await broken(checkGrads(jit(function mine(v: NDArray) { return wrong(v); }), [x], { modes: ['rev'] })); // prettier-ignore
    expect(message).toContain('checkGrads of mine: ');
    expect((await profile(jit(loss), [x])).name).toBe('loss');
  });
});

describe('a pasted test has the user’s function', () => {
  test('in the transformations that it was made by', async () => {
    const own = (v: NDArray): NDArray => wrong(v).sum();
    const { test: pasted } = await broken(checkGrads(jit(own, { device: 'wasm' }), [x], { modes: ['rev'] }));
    expect(pasted).toContain("import { jit, lax, numpy as np } from 'pullback';");
    expect(pasted).toMatch(/const f = jit\(\(v\) ?=> ?wrong\(v\)\.sum\(\)\);/);
    const text = (f: (...args: never[]) => unknown): string => functionText(f, 'the function').of.replaceAll(' ', '');
    const plain = (v: NDArray): NDArray => v;
    expect(text(plain)).toMatch(/^\(?v\)?=>v$/);
    const inner = text(plain);
    expect(text(grad(plain))).toBe(`grad(${inner})`);
    expect(text(jit(vmap(grad(plain))))).toBe(`jit(vmap(grad(${inner})))`);
    expect(text(valueAndGrad(plain))).toBe(`valueAndGrad(${inner})`);
    expect(text(checkpoint(plain))).toBe(`checkpoint(${inner})`);
    expect(text(jacfwd(plain))).toBe(`jacfwd(${inner})`);
    expect(text(hessian(plain))).toBe(`jacfwd(jacrev(${inner}))`);
    expect(text(jit(np.sin))).toBe('jit(np.sin)');
    expect(functionText(jit(vmap(plain)), '').uses).toEqual(['jit', 'vmap']);
  });

  test('by name where it has rules or options that its text has not', async () => {
    const { test: pasted } = await broken(checkGrads(jit(wrong), [x], { modes: ['rev'] }));
    expect(pasted).toContain('// import wrong from where it is\n  const f = wrong;');
    expect(pasted).not.toMatch(/leaves|prepare|bindOpen/);
    const anonymous = customJvp((v: NDArray) => np.sin(v)).defjvp(([v], [t]) => [np.sin(v), np.cos(v).mul(t)]);
    for (const f of [
      anonymous,
      jit(anonymous),
      vmap(loss, 1),
      grad(loss, { argnums: [0] }),
      assertMaxTraces(loss, 1),
    ]) {
      const { of, note } = functionText(f, 'the function');
      expect([of, note]).toEqual([
        'theFunction',
        'import the function that was checked as theFunction from where it is',
      ]);
    }
    const named = customGradient(function mine(v: NDArray) { return [v, (ct: NDArray) => [ct]] as never; }); // prettier-ignore
    expect(functionText(named, named.name).of).toContain('customGradient(function mine(v)');
    expect(testText('t', 'checkGrads', 'f', '[]', '', '')).not.toContain('const f = f');
  });

  test('the library’s functions by their names, methods by name', async () => {
    expect(functionText(np.sin as () => unknown, 'whatever')).toEqual({ of: 'np.sin', uses: [], note: '' });
    const layer = { apply(v: NDArray): NDArray { return v; } }; // prettier-ignore

    expect(functionText(layer.apply as () => unknown, 'apply').of).toBe('apply');
    await checkVmap(np.sin, [x]);
  });
});
