import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { compile } from '../../../src/compiler/compile.ts';
import { grad, jit, makeJaxpr, nn, numpy as np, random } from '../../../src/index.ts';
import { visit } from '../../../src/kernel/expr.ts';
import type { Target } from '../../../src/kernel/device.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { partsOf, passExpressions } from '../../../src/kernel/kernel.ts';
import type { Program } from '../../../src/kernel/program.ts';
import { runSteps } from '../../../src/kernel/program.ts';
import { aval } from '../../../src/trace/aval.ts';
import { stage } from '../../../src/trace/stage.ts';
import { at, range } from '../../../src/util/array.ts';
import { mnistStep } from '../../mnist-step.ts';

/** What the compiler makes of small functions: how many kernels, of which kind, with which storage. */

const kinds = (p: Program): readonly string[] => runSteps(p.steps).map((s) => s.kernel.kind);
const matrix = np.ones([8, 6]);

describe('fusion', () => {
  test('an elementwise chain is one map', () => {
    const f = jit((x: NDArray) => np.tanh(x.mul(2).add(1)).sub(x.T.T));
    expect(kinds(f.lower(matrix).program)).toEqual(['map']);
  });

  test('movement and elementwise operations before a reduction, and what follows it, are in its kernel', () => {
    const f = jit((x: NDArray) => np.sqrt(np.exp(x.T).sum(0)).mul(3));
    expect(kinds(f.lower(matrix).program)).toEqual(['reduce']);
  });

  test('a dense layer is one contraction', () => {
    const f = jit((x: NDArray, w: NDArray, b: NDArray) => np.maximum(x.matmul(w).add(b), 0));
    const { program } = f.lower(matrix, np.ones([6, 4]), np.zeros(4));
    expect(kinds(program)).toEqual(['contract']);
    expect(program.slots).toEqual([]);
  });

  test('an update of parameter and moments is one kernel, in place', () => {
    const step = jit(
      (s: { p: NDArray; m: NDArray }, g: NDArray) => {
        const m = s.m.mul(0.9).add(g);
        return { p: s.p.sub(m.mul(0.1)), m };
      },
      { donateArgnums: 0 },
    );
    const { program } = step.lower({ p: matrix, m: matrix }, matrix);
    expect(kinds(program)).toEqual(['map']);
    expect([...program.outputs].sort()).toEqual([...program.donated].sort());
  });

  test('a value that is read elsewhere than where it is written is not overwritten', () => {
    const step = jit((x: NDArray) => x.add(x.T), { donateArgnums: 0 });
    const { program } = step.lower(np.ones([5, 5]));
    expect(program.outputs).not.toEqual(program.inputs);
    expect(step(np.array([[1, 2], [3, 4]])).tolistSync()).toEqual([[2, 5], [5, 8]]); // prettier-ignore
  });

  test('an exponential is not computed again for every column that it is broadcast to', () => {
    const f = jit((x: NDArray, y: NDArray) => np.exp(x).reshape([8, 1]).mul(y));
    expect(kinds(f.lower(np.ones(8), matrix).program)).toEqual(['map', 'map']);
  });

  test('random bits that several results share are computed once', () => {
    const f = jit((k: NDArray) => {
      const u = random.uniform(k, [64]);
      return [u.sum(), u.mul(u).sum()];
    });
    expect(kinds(f.lower(random.key(0)).program)).toEqual(['map', 'reduce']);
  });
});

describe('row-wise kernels', () => {
  const rows = np.ones([64, 100]);
  const labels = np.zeros([64], { dtype: 'i32' });
  const weighted = (f: (x: NDArray) => NDArray) => (x: NDArray, c: NDArray) => f(x).mul(c).sum();
  const layerNorm = (x: NDArray): NDArray => {
    const centered = x.sub(x.mean(-1, { keepdims: true }));
    return centered.div(np.sqrt(np.square(centered).mean(-1, { keepdims: true }).add(1e-5)));
  };
  const functions: readonly (readonly [string, (x: NDArray) => NDArray])[] = [
    ['softmax', (x) => nn.softmax(x)],
    ['logSoftmax', (x) => nn.logSoftmax(x)],
    ['logsumexp', (x) => np.logsumexp(x, -1, { keepdims: true })],
    ['layer norm', layerNorm],
    ['variance', (x) => np.var(x, -1, { keepdims: true })],
    ['standard deviation', (x) => np.std(x, -1, { keepdims: true })],
    ['cross entropy', (x) => nn.softmaxCrossEntropyWithIntegerLabels(x, labels).reshape([64, 1])],
  ];

  test.each(functions)('%s is one kernel, forward and backward', (_, f) => {
    const forward = jit(f).lower(rows);
    expect(kinds(forward.program)).toEqual(['rowwise']);
    expect(forward.costAnalysis().kernels).toBe(1);
    const backward = jit(grad(weighted(f))).lower(rows, rows);
    expect(kinds(backward.program)).toEqual(['rowwise']);
    expect(backward.program.slots).toEqual([]);
  });

  test('the rows may be any axes', () => {
    const over = (axis: number | readonly number[]): readonly string[] =>
      kinds(jit((x: NDArray) => nn.softmax(x, axis)).lower(np.ones([6, 40, 7])).program);
    expect([over(0), over(1), over(2), over([0, 2])]).toEqual(Array(4).fill(['rowwise']));
  });

  test('reductions over other axes of a square matrix stay apart', () => {
    const f = jit((x: NDArray) => [x.sum(0), x.sum(1)] as const);
    const [step] = runSteps(f.lower(np.ones([64, 64])).program.steps);
    expect(step === undefined ? [] : partsOf(step.kernel).map((k) => k.kind)).toEqual(['reduce', 'reduce']);
  });

  test('few long rows keep kernels that share the work within a row', () => {
    const f = jit((x: NDArray) => nn.softmax(x));
    expect(kinds(f.lower(np.ones([2, 1 << 20])).program)).not.toContain('rowwise');
  });

  test('an exponential that several passes need is kept where the results will be', () => {
    const [step] = runSteps(jit((x: NDArray) => nn.softmax(x)).lower(rows).program.steps);
    const passes = step?.kernel.kind === 'rowwise' ? step.kernel.passes : [];
    const exponentials = passes.map((p) => {
      let count = 0;
      visit(passExpressions(p), (e) => {
        if (e.kind === 'op' && e.op === 'exp') count += 1;
      });
      return count;
    });
    expect(exponentials).toEqual([0, 1, 0]);
    expect(step?.kernel.operands.map((o) => o.access)).toEqual(['read', 'readwrite']);
  });

  test('a donated argument that later passes read is overwritten in the last one only', () => {
    const f = jit((x: NDArray) => [nn.softmax(x), x.sub(x.mean(-1, { keepdims: true }))] as const, {
      donateArgnums: 0,
    });
    const data = np.array([Array.from({ length: 40 }, (_, i) => Math.sin(i)), Array.from({ length: 40 }, () => 1)]);
    const wanted = jit((x: NDArray) => [nn.softmax(x), x.sub(x.mean(-1, { keepdims: true }))] as const)(data);
    const expected = wanted.map((y) => y.tolistSync());
    expect(f.lower(data).program.outputs.some((b) => f.lower(data).program.inputs.includes(b))).toBe(true);
    expect(f(data).map((y) => y.tolistSync())).toEqual(expected);
  });
});

describe('kernels side by side', () => {
  const shapes = [[3, 3, 1, 32], [32], [100, 10], [10], [7], [20, 30]]; // prettier-ignore
  /** Parameters, then moments, then gradients; the new parameters and moments. */
  const update = (...leaves: readonly NDArray[]): readonly NDArray[] => {
    const n = shapes.length;
    const moments = range(n).map((i) => at(leaves, n + i).mul(0.9).add(at(leaves, 2 * n + i))); // prettier-ignore
    return [...moments.map((m, i) => at(leaves, i).sub(m.mul(0.1))), ...moments];
  };
  const avals = [...shapes, ...shapes, ...shapes].map((s) => aval(s, 'f32'));
  const kernelsOf = (maxOperands: number): readonly Kernel[] => {
    const { jaxpr } = stage('update', update, avals);
    const donated = avals.map((_, i) => i < 2 * shapes.length);
    const target: Target = { device: 'webgpu', dtypes: new Set(['f32']), maxOperands };
    return runSteps(compile('update', jaxpr, target, donated).steps).map((s) => s.kernel);
  };

  test('an optimizer updates all leaves of a tree at once', () => {
    expect(kernelsOf(64).map((k) => partsOf(k).length)).toEqual([6]);
  });

  test('or as many as the target can bind the operands of', () => {
    // Of each leaf three.
    expect(kernelsOf(10).map((k) => partsOf(k).length)).toEqual([3, 3]);
    expect(kernelsOf(8).map((k) => k.operands.length)).toEqual([6, 6, 6]);
  });

  test('what one reads of another keeps them apart, and so does what takes statements', () => {
    const f = jit((x: NDArray, y: NDArray) => [x.matmul(x).sum(), y.T.matmul(y)] as const);
    const g = jit((x: NDArray) => [np.tanh(x).matmul(x).sum(0), np.cumsum(x, 0)] as const);
    expect(kinds(f.lower(np.ones([8, 8]), matrix).program)).toEqual(['contract', 'parallel']);
    expect([...kinds(g.lower(np.ones([6, 6])).program)].sort()).toEqual(['contract', 'map', 'procedure', 'reduce']);
  });

  test('the training step of the MNIST network is at most 18 kernels, in little more memory than its values need', () => {
    const { leaves, step } = mnistStep();
    const cost = step.lower(leaves, np.zeros([128, 28, 28, 1]), np.zeros([128], { dtype: 'i32' })).costAnalysis();
    expect(cost.kernels).toBeLessThanOrEqual(18);
    expect(cost.peakBytes).toBeLessThanOrEqual(1.3 * cost.liveBytes);
  });
});

describe('results', () => {
  test('arguments, literals and repeated results come back as arrays of their own', () => {
    const f = jit((x: NDArray) => [x, x, np.array(7), x.add(0)] as const);
    const [a, b, c, d] = f(np.array([1, 2]));
    expect([a, b, c, d].map((r) => r.tolistSync())).toEqual([[1, 2], [1, 2], 7, [1, 2]]); // prettier-ignore
  });

  test('empty arrays run through everything', () => {
    const f = jit((x: NDArray, w: NDArray) => [x.sum(0), x.matmul(w), np.exp(x), x.sum()] as const);
    const outs = f(np.zeros([0, 3]), np.zeros([3, 2]));
    expect(outs.map((o) => o.tolistSync())).toEqual([[0, 0, 0], [], [], 0]);
  });

  test('a captured array is an argument of the program, not a copy in it', () => {
    const w = np.arange(100).astype('f32');
    const f = jit((x: NDArray) => x.mul(w));
    expect(f.lower(w).program.inputs).toHaveLength(2);
    expect(f(np.ones(100)).slice(7).itemSync()).toBe(7);
  });
});

test('a Jaxpr prints in JAX’s notation', () => {
  const loss = (w: NDArray, x: NDArray): NDArray => np.maximum(x.matmul(w), 0).sum();
  expect(String(makeJaxpr(grad(loss))(np.ones([3, 2]), np.ones([4, 3])))).toMatchSnapshot();
});

test('kernels print readably', () => {
  const f = jit(function softmax(x: NDArray) {
    const e = np.exp(x.sub(x.max(1, { keepdims: true })));
    return e.div(e.sum(1, { keepdims: true }));
  });
  expect(f.lower(matrix).asText('kernels')).toMatchSnapshot();
});
