import { describe, expect, test } from 'vitest';
import type { CheckpointPolicy, NDArray } from '../../../src/index.ts';
import { checkpoint, checkpointName, checkpointPolicies, customJvp, grad, hessian, jit, jvp, lax, makeJaxpr, numpy as np, remat, vjp, vmap } from '../../../src/index.ts'; // prettier-ignore
import { showAval } from '../../../src/trace/aval.ts';
import type { Jaxpr } from '../../../src/trace/jaxpr.ts';
import { stage } from '../../../src/trace/stage.ts';
import { linearizeFlat } from '../../../src/transforms/linearize.ts';

const policies = checkpointPolicies;
const list = (x: NDArray): unknown => x.tolistSync();
const w = np.array([[0.3, -0.2], [0.5, 0.1]]); // prettier-ignore
const x = np.array([[0.5, -1], [2, 0.3], [1, 1]]); // prettier-ignore

const layer = (h: NDArray, v: NDArray): NDArray => np.sin(checkpointName(np.tanh(h.matmul(v)), 'hidden').matmul(v));
const network =
  (f: typeof layer) =>
  (v: NDArray, h: NDArray): NDArray =>
    f(f(h, v), v).sum();

const close = (a: NDArray, b: NDArray): void => expect(a.sub(b).abs().max().itemSync()).toBeLessThan(2e-6);

describe('values and derivatives do not change', () => {
  const plain = network(layer);
  const variants: Readonly<Record<string, typeof plain>> = {
    'layer by layer': network(checkpoint(layer)),
    nested: checkpoint(network(checkpoint(layer))),
    'of a jitted function': network(checkpoint(jit(layer))),
    jitted: network(jit(checkpoint(layer))),
    'saving dots': network(checkpoint(layer, { policy: policies.dotsSaveable })),
    'saving everything': network(checkpoint(layer, { policy: policies.everythingSaveable })),
    'saving a name': network(remat(layer, { policy: policies.saveOnlyTheseNames('hidden') })),
    'without a barrier': network(checkpoint(layer, { preventCse: false })),
  };
  test.each(Object.entries(variants))('%s', (_, f) => {
    const t = np.array([[1, -1], [0.5, 2]]); // prettier-ignore
    const stacked = np.stack([x, x.mul(2)]);
    for (const wrap of [(g: typeof plain) => g, (g: typeof plain) => jit(g)]) {
      close(wrap(f)(w, x), plain(w, x));
      close(grad(wrap(f))(w, x), grad(plain)(w, x));
      close(jit(grad(wrap(f)))(w, x), grad(plain)(w, x));
      close(jvp(wrap(f), [w, x], [t, x])[1], jvp(plain, [w, x], [t, x])[1]);
      close(vmap(grad(wrap(f)), [null, 0])(w, stacked), vmap(grad(plain), [null, 0])(w, stacked));
      close(grad((v: NDArray) => vmap(wrap(f), [null, 0])(v, stacked).sum())(w), grad((v: NDArray) => vmap(plain, [null, 0])(v, stacked).sum())(w)); // prettier-ignore
    }
    const second = (g: typeof plain): NDArray => grad((v: NDArray) => grad(g)(v, x).mul(t).sum())(w);
    close(second(f), second(plain));
    close(jit(() => second(f))(), second(plain));
    close(hessian((v: NDArray) => f(v, x))(w), hessian((v: NDArray) => plain(v, x))(w));
    close(jvp((v: NDArray) => grad(f)(v, x), [w], [t])[1], jvp((v: NDArray) => grad(plain)(v, x), [w], [t])[1]);
  });

  test('trees of arguments and results, integers, values from outside', () => {
    interface Batch {
      readonly x: NDArray;
      readonly n: NDArray;
    }
    const f = (p: { readonly w: NDArray }, b: Batch): { readonly y: NDArray; readonly n: NDArray } => ({
      y: np.sin(b.x.matmul(p.w).mul(b.n.astype('f32'))),
      n: b.n.add(1),
    });
    const loss =
      (g: typeof f) =>
      (p: { readonly w: NDArray }, n: NDArray): NDArray =>
        g(p, { x, n }).y.sum();
    const n = np.array(2).astype('i32');
    close(grad(loss(checkpoint(f)))({ w }, n).w, grad(loss(f))({ w }, n).w);
    const outer = grad((v: NDArray) => checkpoint((u: NDArray) => np.sin(u.mul(v)))(np.array(2)).sum());
    expect(outer(np.array(0.5)).itemSync()).toBeCloseTo(2 * Math.cos(1), 5);
    expect(list(vmap((v: NDArray) => checkpoint((u: NDArray) => u.mul(v))(np.array(2)))(np.array([1, 2])))).toEqual([
      2, 4,
    ]);
  });

  test('static arguments are ordinary values', () => {
    const power = checkpoint((v: NDArray, n: number) => (n === 3 ? v.mul(v).mul(v) : v), { staticArgnums: 1 });
    expect(grad((v: NDArray) => power(v, 3))(np.array(2)).itemSync()).toBe(12);
    expect(grad((v: NDArray) => power(v, 1))(np.array(2)).itemSync()).toBe(1);
    expect(() => checkpoint((_: string) => x)('fast')).toThrow(/the string "fast".*staticArgnums/);
  });

  test('rules of one’s own stay, to the second order', () => {
    const cube: (v: NDArray) => NDArray = customJvp((v: NDArray) => v.mul(v).mul(v)).defjvp(([v], [t]) => [
      cube(v),
      t.mul(v).mul(v).mul(30),
    ]);
    const f = checkpoint((v: NDArray) => cube(v));
    expect(grad(f)(np.array(2)).itemSync()).toBe(120);
    expect(grad(grad(f))(np.array(2)).itemSync()).toBe(120);
    expect(grad(grad(checkpoint((v: NDArray) => cube(np.sin(v)))))(np.array(0)).itemSync()).toBe(0);
  });

  test('a pullback is used again and later', () => {
    const [, pullback] = vjp((v: NDArray) => checkpoint(layer)(x, v), w);
    const ct = np.ones([3, 2]);
    const expected = vjp((v: NDArray) => layer(x, v), w)[1](ct)[0];
    close(pullback(ct)[0], expected);
    close(pullback(ct)[0], expected);
    close(vmap((c: NDArray) => pullback(c)[0])(np.stack([ct])), np.stack([expected]));
  });
});

/** What linearizing captures: arguments by their numbers, other values by type and the operation that made them. */
function residuals(f: (...xs: NDArray[]) => NDArray, ...args: readonly NDArray[]): readonly string[] {
  const captured: NDArray[] = [];
  const inputs: NDArray[] = [];
  const { jaxpr } = stage(
    'residuals',
    (...xs) => {
      inputs.push(...xs);
      const { linear } = linearizeFlat('residuals', (...ys) => [f(...ys)], xs, xs.map(() => true)); // prettier-ignore
      captured.push(...linear.constants);
      return linear.constants;
    },
    args.map((a) => a.aval),
  );
  return captured
    .map((c, i) => {
      const from = inputs.indexOf(c);
      if (from >= 0) return `argument ${from}`;
      const made = jaxpr.equations.find((e) => e.outputs.some((v) => v === jaxpr.outputs[i]));
      return `${showAval(c.aval)} of ${made?.primitive.name ?? 'nothing'}`;
    })
    .sort();
}

describe('what is saved is what the policy says', () => {
  // Through jit, whose operations policies see; its equation is what makes what is saved.
  const saved = (policy: CheckpointPolicy, f = layer): readonly string[] => residuals(checkpoint(f, { policy }), x, w);
  const own = (n: number): readonly string[] => Array.from({ length: n }, () => 'f32[3,2] of jit');

  test('nothing: the arguments', () => {
    expect(saved(policies.nothingSaveable)).toEqual(['argument 0', 'argument 1']);
    expect(residuals(checkpoint(layer), x, w)).toEqual(['argument 0', 'argument 1']);
  });

  test('everything: what is saved without checkpoint', () => {
    expect(saved(policies.everythingSaveable).length).toBe(residuals(layer, x, w).length);
  });

  test('dots, of jitted functions too', () => {
    expect(saved(policies.dotsSaveable)).toEqual(['argument 0', 'argument 1', ...own(2)]);
    expect(saved(policies.dotsSaveable, jit(layer))).toEqual(['argument 0', 'argument 1', ...own(2)]);
  });

  test('dots without batch axes', () => {
    const attention = (a: NDArray, b: NDArray): NDArray =>
      np.sin(
        np
          .sin(a.matmul(b))
          .reshape([3, 1, 2])
          .matmul(
            np
              .sin(b)
              .reshape([1, 2, 2])
              .add(np.zeros([3, 2, 2])),
          ),
      );
    const count = (policy: CheckpointPolicy): number =>
      residuals(checkpoint(attention, { policy }), x, w).filter((r) => !r.startsWith('argument')).length;
    expect(count(policies.dotsSaveable)).toBe(2);
    expect(count(policies.dotsWithNoBatchDimsSaveable)).toBe(1);
  });

  test('names', () => {
    const f = (a: NDArray, b: NDArray): NDArray => {
      const h = checkpointName(np.tanh(a.matmul(b)), 'h');
      const g = checkpointName(np.exp(h), 'g');
      return np.sin(np.cos(g).mul(h));
    };
    const args = ['argument 0', 'argument 1'];
    expect(saved(policies.saveOnlyTheseNames('h'), f)).toEqual([...args, ...own(1)]);
    expect(saved(policies.saveOnlyTheseNames('h', 'g'), f)).toEqual([...args, ...own(2)]);
    expect(saved(policies.saveOnlyTheseNames('other'), f)).toEqual(args);
    expect(saved(policies.saveAnyNamesButThese('g'), f)).toEqual([...args, ...own(1)]);
    expect(saved(policies.saveAnyNamesButThese(), f)).toEqual([...args, ...own(2)]);
    const either = policies.saveFromBothPolicies(policies.dotsSaveable, policies.saveOnlyTheseNames('g'));
    expect(saved(either, f)).toEqual([...args, ...own(2)]);
  });

  test('a policy of one’s own sees operations, their parameters and operand types', () => {
    const seen: string[] = [];
    saved(({ primitive, inputs }) => {
      seen.push(`${primitive} ${inputs.map(showAval).join(' ')}`);
      return primitive === 'tanh';
    });
    expect(seen).toContain('tanh f32[3,2]');
    expect(seen).toContain('dotGeneral f32[3,2] f32[2,2]');
  });

  test('arguments that the backward pass does not need are not kept', () => {
    expect(
      residuals(
        checkpoint((a: NDArray, b: NDArray) => np.sin(a).add(b)),
        x,
        x,
      ),
    ).toEqual(['argument 0']);
  });
});

describe('under jit what is computed again stays', () => {
  const depth = 6;
  const weights = Array.from({ length: depth }, (_, i) => np.full([64, 64], 0.01 * (i + 1)));
  const input = np.full([512, 64], 0.1);
  const block = (h: NDArray, v: NDArray): NDArray => np.tanh(np.tanh(np.tanh(h.matmul(v)).matmul(v)).matmul(v));
  const compiled = (f: typeof block) =>
    jit(grad((vs: readonly NDArray[], h: NDArray) => vs.reduce((u, v) => f(u, v), h).sum())).lower(weights, input);
  const tanhs = (f: typeof block): number =>
    compiled(f)
      .asText('kernels')
      .match(/\btanh\(/g)?.length ?? 0;
  const bytes = (f: typeof block): number => compiled(f).memoryAnalysis().temporaryBytes;

  test('operations run twice, unless merging them is allowed', () => {
    expect(tanhs(block)).toBe(3 * depth);
    // The cotangent of the last block is a constant, so its backward pass waits for nothing and may be merged.
    expect(tanhs(checkpoint(block))).toBe(3 * depth + 3 * (depth - 1));
    expect(tanhs(checkpoint(block, { preventCse: false }))).toBe(3 * depth);
    expect(tanhs(checkpoint(block, { policy: policies.everythingSaveable }))).toBe(3 * depth);
  });

  test('memory falls from all that is computed to a value a block', () => {
    const value = 512 * 64 * 4;
    expect(bytes(block)).toBeGreaterThan(3 * depth * value);
    expect(bytes(checkpoint(block))).toBeLessThan((depth + 7) * value);
    expect(bytes(checkpoint(block, { preventCse: false }))).toBe(bytes(block));
  });

  test('inside of a jitted block, and of a batched one', () => {
    expect(tanhs(jit(checkpoint(block)))).toBe(3 * depth + 3 * (depth - 1));
    const batched = vmap(checkpoint(block), [0, null]);
    const rows = (h: NDArray, v: NDArray): NDArray => batched(h.reshape([512, 1, 64]), v).reshape([512, 64]);
    expect(tanhs(rows)).toBe(3 * depth + 3 * (depth - 1));
  });
});

describe('optimizationBarrier', () => {
  const expensive = (v: NDArray): NDArray => np.exp(np.sin(v));
  const count = (f: (v: NDArray) => NDArray, what: RegExp): number =>
    jit(f)
      .lower(np.ones([1000]))
      .asText('kernels')
      .match(what)?.length ?? 0;

  test('what is behind it is not merged with what is before', () => {
    const scaled =
      (late: (v: NDArray, total: NDArray) => NDArray) =>
      (v: NDArray): NDArray => {
        const total = expensive(v).sum();
        return expensive(late(v, total)).mul(total);
      };
    expect(
      count(
        scaled((v) => v),
        /\bsin\(/g,
      ),
    ).toBe(1);
    expect(
      count(
        scaled((v, total) => lax.optimizationBarrier([v, total])[0] as NDArray),
        /\bsin\(/g,
      ),
    ).toBe(2);
  });

  test('and comes after all that is before', () => {
    const f = (v: NDArray): NDArray => {
      const total = np.tanh(v).sum();
      const [late, t] = lax.optimizationBarrier([v, total]);
      return np.sin(late).sum().add(t);
    };
    const { steps } = jit(f).lower(np.ones([1000])).program;
    const order = steps.map((s) => (s.kind === 'run' ? s.kernel.name : s.kind));
    expect(order.findIndex((n) => n.includes('tanh'))).toBeLessThan(order.findIndex((n) => n.includes('sin')));
    expect(steps.length).toBeGreaterThan(1);
  });

  test('it is the identity, in every transformation', () => {
    const f = (v: NDArray): NDArray => {
      const { a, b } = lax.optimizationBarrier({ a: np.sin(v), b: v });
      return a.mul(b);
    };
    const v = np.array([0.5, 1]);
    const g = (u: NDArray): NDArray => np.sin(u).mul(u);
    const sum =
      (h: typeof f) =>
      (u: NDArray): NDArray =>
        h(u).sum();
    close(jit(f)(v), g(v));
    close(grad(sum(f))(v), grad(sum(g))(v));
    close(jit(grad(sum(f)))(v), grad(sum(g))(v));
    close(jvp(f, [v], [v])[1], jvp(g, [v], [v])[1]);
    close(vmap(f)(np.stack([v, v])), np.stack([g(v), g(v)]));
    close(jit(hessian(sum(f)))(v), hessian(sum(g))(v));
  });

  test('donated arguments are not written over before they are read behind it', () => {
    const f = jit(
      (v: NDArray) => {
        const y = v.add(1);
        const [late] = lax.optimizationBarrier([v, y.sum()]);
        return [y, np.flip(late, 0)] as const;
      },
      { donateArgnums: 0 },
    );
    expect(f(np.arange(5).astype('f32')).map(list)).toEqual([[1, 2, 3, 4, 5], [4, 3, 2, 1, 0]]); // prettier-ignore
  });
});

test('the gradient’s Jaxpr computes again inside of one equation', () => {
  const { jaxpr } = makeJaxpr(grad((v: NDArray) => checkpoint(layer)(x, v).sum()))(w);
  const again = jaxpr.equations.filter((e) => e.primitive.name === 'checkpoint');
  expect(again.length).toBe(1);
  const inner = (again[0]?.params as { readonly jaxpr: Jaxpr }).jaxpr;
  expect(inner.equations.map((e) => e.primitive.name)).toContain('tanh');
});
