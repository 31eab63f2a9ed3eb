import { expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { checkpoint, customJvp, customVjp, grad, hvp, jacrev, jit, jvp, linearize, linearTranspose, numpy as np, PullbackError, tree, vjp, vmap } from '../../src/index.ts'; // prettier-ignore

/** Mistakes in derivatives: each error says what was called, what it got, where, and what to do. */

interface Mistake {
  readonly what: string;
  readonly make: () => unknown;
  readonly code: string;
  readonly says: readonly string[];
}

const x = np.array([1, 2, 3]);
interface Params {
  readonly w: NDArray;
}
const scale = (p: Params, v: NDArray): NDArray => p.w.mul(v);
const clip = customVjp(function clip(v: NDArray) { return v; }); // prettier-ignore
clip.defvjp(
  (v) => [v, null],
  (_, ct) => [np.clip(ct, -1, 1)],
);

const mistakes: readonly Mistake[] = [
  {
    what: 'argnums that name no argument',
    make: () => grad(scale, { argnums: 2 as never })({ w: x }, x),
    code: 'invalid-argument',
    says: ['grad of scale', 'argnums is 2', 'it has 2 arguments'],
  },
  {
    what: 'a derivative by integers, by its path',
    make: () => jacrev(scale)({ w: np.arange(3) }, x),
    code: 'integer-gradient',
    says: ['jacrev of scale', 'argument 0.w', 'i32[3]', 'argnums'],
  },
  {
    what: 'forward mode through a backward rule',
    make: () => jvp((v: NDArray) => clip(v), [x], [x]),
    code: 'forward-mode',
    says: ['clip', 'customVjp', '.defjvp(rule)', 'grad, vjp, jacrev'],
  },
  {
    what: 'the linear function of a backward rule',
    make: () => linearize((v: NDArray) => clip(v), x)[1](x),
    code: 'forward-mode',
    says: ['clip', 'linearize', '.defjvp(rule)'],
  },
  {
    what: 'a cotangent of another shape from a backward rule',
    make: () =>
      grad(
        (p: Params) =>
        customVjp(function f(q: Params) { return q.w.sum(); }).defvjp((q) => [q.w.sum(), null], () => [{ w: np.ones(2) }])(p), // prettier-ignore
      )({ w: x }),
    code: 'custom-rule',
    says: ['the bwd rule of f', 'cotangent of argument 0.w', 'f32[2]', 'f32[3]'],
  },
  {
    what: 'a tangent of another structure from a forward rule',
    make: () =>
      jvp(customJvp(function f(v: NDArray) { return { y: v }; }).defjvp(([v], [t]) => [{ y: v }, [t] as never]), [x], [x]), // prettier-ignore
    code: 'custom-rule',
    says: [
      'the forward rule of f',
      'tangent of the result',
      'an object with keys {y}',
      'a tuple of 1',
      'null for zero',
    ],
  },
  {
    what: 'a function with a rule that closes over what is differentiated',
    make: () =>
      grad((s: NDArray) => customJvp((v: NDArray) => v.mul(s)).defjvp(([v], [t]) => [v.mul(s), t])(np.array(1)))(
        np.array(2),
      ),
    code: 'custom-rule',
    says: ['grad of', 'Pass the value as an argument', 'stopGradient'],
  },
  {
    what: 'a function without its rule',
    make: () => customVjp(function relu6(v: NDArray) { return v; })(x), // prettier-ignore
    code: 'custom-rule',
    says: ['relu6 has no derivative rules yet', '.defvjp(fwd, bwd)'],
  },
  {
    what: 'a rule that is not linear in tangents',
    make: () => grad((v: NDArray) => customJvp((u: NDArray) => u).defjvp(([u], [t]) => [u, np.sin(t)])(v))(np.array(1)),
    code: 'not-linear',
    says: ['only linear functions can be transposed', 'customJvp', 'sin'],
  },
  {
    what: 'the transpose of a function that is not linear',
    make: () => linearTranspose((v: NDArray) => v.mul(v), x)(x),
    code: 'not-linear',
    says: ['linearTranspose', 'mul of two values'],
  },
  {
    what: 'a cotangent of another structure',
    make: () => vjp((v: NDArray) => ({ y: v }), x)[1]({ z: x } as never),
    code: 'tree-mismatch',
    says: ['values and cotangents differ', '"y"'],
  },
  {
    what: 'a direction of another shape',
    make: () => hvp((p: Params) => p.w.sum(), { w: x }, { w: np.ones(2) }),
    code: 'shape-mismatch',
    says: ['the tangent at [0].w is f32[2]', 'its value is f32[3]'],
  },
  {
    what: 'a checkpointed function of what is no array',
    make: () => checkpoint((_: string) => x)('relu'),
    code: 'invalid-argument',
    says: ['the string "relu"', 'staticArgnums'],
  },
  {
    what: 'a pullback of a batch that has ended',
    make: () => {
      const pullbacks: ((ct: NDArray) => unknown)[] = [];
      vmap((v: NDArray) => {
        pullbacks.push(vjp((u: NDArray) => u.mul(u), v)[1]);
        return v;
      })(x);
      return pullbacks[0]?.(np.array(1));
    },
    code: 'escaped-tracer',
    says: ['vmap of', 'has ended'],
  },
  {
    what: 'a backward rule that reads a batched value from outside',
    make: () =>
      grad(
        (v: NDArray) =>
        vmap((s: NDArray, u: NDArray) => customVjp(function f(a: NDArray) { return a; }).defvjp((a) => [a, null], (_, ct) => [ct.mul(s)])(u))(x, v).sum(), // prettier-ignore
      )(x),
    code: 'custom-rule',
    says: ['the bwd rule of f', 'have fwd return it among the residuals'],
  },
  {
    what: 'parts of different trees',
    make: () => tree.combine(tree.partition({ a: 1 }, true)[0], tree.partition({ b: 1 }, true)[0] as never),
    code: 'tree-mismatch',
    says: ['tree.combine', '"a"'],
  },
];

test.each(mistakes)('$what', ({ make, code, says }) => {
  for (const attempt of [make, () => jit(() => make() as NDArray)()]) {
    let error: unknown = null;
    try {
      attempt();
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(PullbackError);
    const { code: actual, message } = error as PullbackError;
    expect(actual).toBe(code);
    for (const part of says) expect(message).toContain(part);
  }
});
