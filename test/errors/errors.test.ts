import { expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import type { MistakeError } from '../../src/util/error.ts';
import { grad, jit, jvp, lax, numpy as np, PullbackError, random, tree, valueAndGrad, vmap } from '../../src/index.ts';

/** Each kind of mistake gets an error of its own kind, whose text says what, where and what to do. */

interface Mistake {
  readonly what: string;
  readonly make: () => unknown;
  readonly code: string;
  readonly says: readonly (string | RegExp)[];
}

const x = np.array([1, 2, 3]);

/** Each of these takes a number that must be known while tracing. */
const sizes: readonly Mistake[] = Object.entries<(n: number) => unknown>({
  zeros: (n) => np.zeros(n),
  full: (n) => np.full([2, n], 1),
  arange: (n) => np.arange(n),
  linspace: (n) => np.linspace(0, 1, n),
  eye: (n) => np.eye(n),
  reshape: (n) => x.reshape([n, 1]),
  broadcastTo: (n) => np.broadcastTo(x, [n, 3]),
  repeat: (n) => np.repeat(x, n, 0),
  tile: (n) => np.tile(x, [n]),
  split: (n) => np.split(x, n),
  pad: (n) => np.pad(x, n),
  expandDims: (n) => np.expandDims(x, n),
  sum: (n) => x.sum(n),
}).map(([name, of]) => ({
  what: `a size that depends on a traced value, in ${name}`,
  make: () => jit(function grow(n: NDArray) { of(n as unknown as number); return n; })(np.array(2, { dtype: 'i32' })), // prettier-ignore
  code: 'value-dependent-shape',
  says: [`[${name}]`, 'i32[]', 'jit of grow', 'x.shape', 'staticArgnums', 'numpy.where'],
}));

const mistakes: readonly Mistake[] = [
  ...Object.entries({
    full: () => np.ones([2], { dtype: 'float32' as 'f32' }),
    array: () => np.array([2], { dtype: 'float32' as 'f32' }),
    astype: () => x.astype('float32' as 'f32'),
    broadcastedIota: () => lax.broadcastedIota('float32' as 'f32', [2], 0),
  }).map(([name, make]) => ({
    what: `a dtype by another library's name, in ${name}`,
    make,
    code: 'dtype-mismatch',
    says: [`[${name}] the dtype must be one of bool, i8,`, 'f32, f64; got "float32"'],
  })),
  ...Object.entries({ jit, grad, valueAndGrad, vmap }).map(([name, transform]) => ({
    what: `what is no function, in ${name}`,
    make: () => (transform as (f: unknown) => unknown)([3]),
    code: 'invalid-argument',
    says: [`[${name}] needs a function; got [3]`],
  })),
  {
    what: 'an index that is none',
    make: () => x.slice(':' as '...'),
    code: 'invalid-argument',
    says: ['[slice] takes numbers, ranges [start, stop, step], arrays, null and "..."; got ":"'],
  },
  {
    what: 'a number where a key is needed',
    make: () => random.normal(0 as unknown as NDArray, [2]),
    code: 'invalid-argument',
    says: ['[random] needs a key, u32[2] from random.key or random.split; got a number'],
  },
  {
    what: 'shapes that do not broadcast, with the bad axis marked',
    make: () => np.add(np.zeros([4, 3]), np.zeros([4, 2])),
    code: 'shape-mismatch',
    says: ['[add]', 'f32[4,>3<]', 'f32[4,>2<]', 'axis -1'],
  },
  {
    what: 'a matrix product of shapes that do not fit',
    make: () => np.matmul(np.zeros([2, 3]), np.zeros([4, 5])),
    code: 'shape-mismatch',
    says: ['[matmul]', 'f32[2,>3<]', 'f32[>4<,5]', '(3)', '(4)'],
  },
  {
    what: 'a matrix product of batches that do not fit',
    make: () => np.matmul(np.zeros([7, 2, 3]), np.zeros([5, 3, 4])),
    code: 'shape-mismatch',
    says: ['[matmul]', 'f32[>7<,2,3]', 'f32[>5<,3,4]'],
  },
  {
    what: 'a contraction of unequal axes',
    make: () => lax.dotGeneral(np.zeros([2, 3]), np.zeros([4, 5]), { contracting: [[1], [0]], batch: [[], []] }),
    code: 'shape-mismatch',
    says: ['[dotGeneral]', 'f32[2,>3<]', 'f32[>4<,5]'],
  },
  {
    what: 'joining arrays that differ along another axis',
    make: () => np.concatenate([np.zeros([2, 3]), np.zeros([4, 5])]),
    code: 'shape-mismatch',
    says: ['[concatenate]', 'axis 0', 'f32[2,>3<]', 'f32[4,>5<]'],
  },
  {
    what: 'a choice among arrays of different shapes',
    make: () => lax.select(np.zeros([2], { dtype: 'bool' }), np.zeros([2]), np.zeros([3])),
    code: 'shape-mismatch',
    says: ['[select]', 'bool[>2<]', 'f32[>3<]', 'numpy.where'],
  },
  {
    what: 'a broadcast that is none',
    make: () => np.broadcastTo(np.zeros([4, 2]), [4, 3]),
    code: 'shape-mismatch',
    says: ['[broadcastTo]', 'f32[4,>2<]', '[4, 3]'],
  },
  {
    what: 'operands of two dtypes in lax',
    make: () => lax.add(np.zeros([2]), np.arange(2)),
    code: 'dtype-mismatch',
    says: ['[add]', 'f32[2]', 'i32[2]', 'promotes'],
  },
  {
    what: 'a reshape that does not fit',
    make: () => x.reshape([2, 2]),
    code: 'shape-mismatch',
    says: ['f32[3]', '3 elements', '[2, 2]'],
  },
  {
    what: 'unequal shapes in lax',
    make: () => lax.add(np.zeros([2]), np.zeros([3])),
    code: 'shape-mismatch',
    says: ['[add]', 'f32[>2<]', 'f32[>3<]', 'numpy'],
  },
  {
    what: 'an integer where a float is needed',
    make: () => lax.sin(np.arange(3)),
    code: 'dtype-mismatch',
    says: ['[sin]', 'float', 'i32[3]'],
  },
  {
    what: 'an axis out of range',
    make: () => x.sum(1),
    code: 'invalid-argument',
    says: ['[sum]', 'axis 1', 'f32[3]'],
  },
  {
    what: 'an index out of range',
    make: () => x.slice(3),
    code: 'invalid-argument',
    says: ['index 3', 'axis 0', 'f32[3]'],
  },
  {
    what: 'ragged nested arrays',
    make: () => np.array([[1, 2], [3]]),
    code: 'invalid-argument',
    says: ['regular', 'axis 1'],
  },
  {
    what: 'a gradient of something that is no scalar',
    make: () => grad(function scale(v: NDArray) { return v.mul(2); })(x), // prettier-ignore
    code: 'non-scalar-gradient',
    says: ['grad of scale', 'f32[3]', 'x.sum()', 'hasAux'],
  },
  {
    what: 'a gradient by integers',
    make: () => grad((p: { n: NDArray }) => p.n.sum())({ n: np.arange(3) }),
    code: 'integer-gradient',
    says: ['.n', 'i32[3]', 'argnums'],
  },
  {
    what: 'a gradient of an integer',
    make: () => grad((v: NDArray) => v.sum().astype('i32'))(x),
    code: 'integer-gradient',
    says: ['real result', 'i32[]'],
  },
  {
    what: 'a branch on a traced value',
    make: () =>
      jit((v: NDArray) => {
        if ((v.sum() as unknown as number) > 0) return v;
        return v.neg();
      })(x),
    code: 'tracer-conversion',
    says: ['f32[]', 'jit of', 'operator', 'lax.cond', 'staticArgnums'],
  },
  {
    what: 'arithmetic of JS on a traced value',
    make: () => jit((v: NDArray) => v.mul(1 - (v.sum() as unknown as number)))(x),
    code: 'tracer-conversion',
    says: ['f32[]', 'x.add(1)'],
  },
  {
    what: 'a traced value in a text by way of arithmetic',
    make: () => vmap((v: NDArray) => (console.log(`${(v as unknown as number) * 2}`), v))(x),
    code: 'tracer-conversion',
    says: ['f32[]', 'vmap of'],
  },
  {
    what: 'a traced value as JSON',
    make: () => jit((v: NDArray) => (JSON.stringify({ v }), v))(x),
    code: 'tracer-conversion',
    says: ['JSON.stringify on f32[3]'],
  },
  {
    what: 'reading a traced value',
    make: () => jit((v: NDArray) => np.array(v.itemSync()))(np.array(1)),
    code: 'tracer-conversion',
    says: ['itemSync() on f32[]', 'return the array'],
  },
  {
    what: 'an array with several elements as a number',
    make: () => (x as unknown as number) > 0,
    code: 'invalid-argument',
    says: ['f32[3]', 'x.gt(0).all()'],
  },
  ...sizes,
  {
    what: 'a tracer that escapes',
    make: () => {
      let leaked: NDArray | null = null;
      jit(function keep(v: NDArray) {
        leaked = v.mul(2);
        return v;
      })(x);
      return (leaked as unknown as NDArray).add(1);
    },
    code: 'escaped-tracer',
    says: ['f32[3]', 'jit of keep', 'errors.test.ts', 'Return what'],
  },
  {
    what: 'mapped axes of different sizes',
    make: () => vmap((a: NDArray, b: NDArray) => a.add(b))(np.zeros([2]), np.zeros([3])),
    code: 'vmap-axes',
    says: ['argument 0: f32[2] along axis 0', 'argument 1: f32[3] along axis 0'],
  },
  {
    what: 'a mapped axis that is not there',
    make: () => vmap((a: NDArray) => a, 2)(np.zeros([2])),
    code: 'vmap-axes',
    says: ['axis 2', 'f32[2]'],
  },
  {
    what: 'a donated array used again',
    make: () => {
      const y = np.array([1, 2, 3, 4, 5]);
      jit(function step(v: NDArray) { return v.mul(2); }, { donateArgnums: 0 })(y); // prettier-ignore
      return y.add(1);
    },
    code: 'deleted-array',
    says: ['f32[5]', /donated to step \(donateArgnums\) at .*errors\.test\.ts:\d+/],
  },
  {
    what: 'one array donated twice',
    make: () => jit((a: NDArray, b: NDArray) => [a.add(b), b], { donateArgnums: 0 })(x, x),
    code: 'invalid-argument',
    says: ['f32[3]', 'more than once', 'donateArgnums'],
  },
  {
    what: 'trees of different structure',
    make: () => tree.map((a: number, b: number) => a + b, { w: 1, b: [1, 2] }, { w: 1, b: [1] }),
    code: 'tree-mismatch',
    says: ['.b', 'a tuple of 2', 'a tuple of 1'],
  },
  {
    what: 'a tangent of another shape',
    make: () => jvp((v: NDArray) => v.sum(), [x], [np.zeros([2])]),
    code: 'shape-mismatch',
    says: ['tangent', '[0]', 'f32[2]', 'f32[3]'],
  },
  {
    what: 'a value under jit that is no array',
    make: () => jit((_: string) => x)('adam'),
    code: 'invalid-argument',
    says: ['the string "adam"', 'staticArgnums'],
  },
  {
    what: 'a static argument that holds an array',
    make: () => jit((v: NDArray, _: { readonly scale: NDArray }) => v, { staticArgnums: 1 })(x, { scale: x }),
    code: 'static-argument',
    says: ['static argument 1', '.scale', 'f32[3]', 'staticArgnums'],
  },
  {
    what: 'a traced static argument',
    make: () => jit(jit((v: NDArray, w: NDArray) => v.add(w), { staticArgnums: 1 }))(x, x),
    code: 'static-argument',
    says: ['static argument 1', 'f32[3]', 'is an array'],
  },
  {
    what: 'a static argument that can change unnoticed',
    make: () => jit((v: NDArray, _: ReadonlyMap<string, number>) => v, { staticArgnums: 1 })(x, new Map()),
    code: 'static-argument',
    says: ['static argument 1', 'a Map', 'plain objects'],
  },
  {
    what: 'a static argument with symbols for keys',
    make: () => jit((v: NDArray, _: object) => v, { staticArgnums: -1 })(x, { [Symbol('a')]: 1 }),
    code: 'static-argument',
    says: ['static argument 1', 'symbols', 'string keys'],
  },
  {
    what: 'a static argument that the call does not have',
    make: () => jit((v: NDArray) => v, { staticArgnums: 1 })(x),
    code: 'static-argument',
    says: ['jit of', 'staticArgnums has 1', '1 arguments'],
  },
  {
    what: 'a static argument by name',
    make: () => jit((v: NDArray) => v, { staticArgnums: 'v' as unknown as number }),
    code: 'static-argument',
    says: ['staticArgnums', '"v"', 'positions'],
  },
  {
    what: 'an argument both static and donated',
    make: () => jit((v: NDArray) => v, { staticArgnums: 0, donateArgnums: [0] }),
    code: 'static-argument',
    says: ['argument 0', 'static', 'donated'],
  },
  {
    what: 'an async function under jit',
    make: () => jit((v: NDArray) => Promise.resolve(v))(x),
    code: 'invalid-argument',
    says: ['the result', 'Promise', 'not async'],
  },
  {
    what: 'an auxiliary result that is missing',
    make: () => valueAndGrad((v: NDArray) => v.sum() as unknown as readonly [NDArray, NDArray], { hasAux: true })(x),
    code: 'invalid-argument',
    says: ['[value, aux]'],
  },
];

test.each(mistakes)('$what', ({ make, code, says }) => {
  let error: unknown = null;
  try {
    make();
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(PullbackError);
  const { code: actual, message } = error as PullbackError;
  expect(actual).toBe(code);
  for (const part of says) expect(message).toMatch(typeof part === 'string' ? escape(part) : part);
  expect(message).not.toMatch(/^internal/);
  expect((error as MistakeError).line).toMatch(/errors\.test\.ts:\d+:\d+\)?$/);
  expect(message).toContain((error as MistakeError).line);
});

test('the line is that of the function that asked, however deep in pullback the mistake shows', () => {
  const rows = (v: NDArray): NDArray => np.stack([v, np.ones(2)]);
  const mistaken = (): unknown => jit(vmap(grad((v: NDArray) => rows(v).sum())))(np.ones([4, 3]));
  expect(mistaken).toThrow(/\[at rows \(.*errors\.test\.ts:\d+:\d+\)\]$/);
});

test('an array with one known integer is a size', () => {
  expect(np.zeros(np.array(3, { dtype: 'i32' }) as unknown as number).shape).toEqual([3]);
});

const escape = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

test('a plain if on a value works outside jit, under grad too', () => {
  const f = (v: NDArray): NDArray => ((v.sum() as unknown as number) > 0 ? v.mul(3).sum() : v.sum());
  expect(grad(f)(x).tolistSync()).toEqual([3, 3, 3]);
});
