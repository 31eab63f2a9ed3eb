import * as lax from '../../lax/index.ts';
import { stopGradient } from '../../lax/stop-gradient.ts';
import * as np from '../../numpy/index.ts';
import type { NDArray } from '../../trace/value.ts';
import { checkpoint } from '../../transforms/checkpoint/checkpoint.ts';
import * as control from '../../transforms/control/index.ts';
import { customJvp } from '../../transforms/custom/jvp.ts';
import { customVjp } from '../../transforms/custom/vjp.ts';
import { jit } from '../../transforms/jit.ts';
import { vmap } from '../../transforms/vmap.ts';
import type { Instruction, Program } from './program.ts';

/** What random programs compute: `program` as a function from [3] to [3]. */

export const width = 3;

/** A value as [3]: broadcast, or summed over rows. */
const vector = (x: NDArray): NDArray => (x.ndim === 2 ? x.sum(0) : np.broadcastTo(x, [width]));
/** A value as [2, 3]. */
const matrix = (x: NDArray): NDArray => np.broadcastTo(x, [2, width]);
/** A cube with rules of its own, which say what the rules of its operations would. */
const cubeForward = customJvp((x: NDArray) => x.mul(x).mul(x));
cubeForward.defjvp(([x], [t]) => [cubeForward(x), x.mul(x).mul(3).mul(t)]);
const cubeBackward = customVjp((x: NDArray) => x.mul(x).mul(x));
cubeBackward
  .defvjp(
    (x) => [cubeBackward(x), x],
    (x, ct) => [x.mul(x).mul(3).mul(ct)],
  )
  .defjvp(([x], [t]) => [cubeBackward(x), x.mul(x).mul(3).mul(t)]);
/** A matrix near the identity. */
const regular = (x: NDArray): NDArray => np.eye(width, width, 0, { dtype: 'f64' }).add(np.outer(vector(x), np.cos(vector(x))).mul(0.1)); // prettier-ignore

/** Values are kept within a few units, so that nothing overflows and derivatives of any order stay moderate. */
const bounded = (x: NDArray): NDArray => np.sin(x).mul(1.5);

const unary: { readonly [K in Extract<Instruction, { kind: 'unary' }>['op']]: (x: NDArray) => NDArray } = {
  sin: np.sin,
  cos: np.cos,
  tanh: np.tanh,
  logistic: lax.logistic,
  neg: np.negative,
  bell: (x) => np.exp(x.mul(x).neg()),
  log1p: (x) => np.log1p(x.mul(x)),
  root: (x) => np.sqrt(x.mul(x).add(1)),
  halfSquare: (x) => x.mul(x).mul(0.5),
  abs: np.abs,
  cumsum: (x) => np.cumsum(vector(x), 0),
  flip: (x) => np.flip(x),
  roll: (x) => np.roll(vector(x), 1, 0),
  sort: (x) => np.sort(vector(x)),
  sum: (x) => x.sum(),
  mean: (x) => matrix(x).mean(0),
  max: (x) => vector(x).max(),
  prod: (x) => vector(x).prod(),
  softmax: (x) => {
    const e = np.exp(vector(x));
    return e.div(e.sum());
  },
  stack: (x) => np.stack([vector(x), vector(x).mul(0.5)]),
  transposed: (x) => matrix(x).T.reshape([2, width]),
  sliced: (x) => vector(x).slice([1, 3]).sum(),
  padded: (x) => np.pad(vector(x).slice([0, 2]), [[1, 0]]),
  reversed: (x) => vector(x).slice([null, null, -1]),
  gathered: (x) => np.take(vector(x), np.array([2, 0, 2], { dtype: 'i32' })),
  cast: (x) => x.astype('f32').astype('f64').add(x).mul(0.5),
  cumprod: (x) => np.cumprod(vector(x), 0),
  windowed: (x) => lax.reduceWindow(vector(x), -Infinity, lax.max, [2], [1], [[0, 1]]),
  convolved: (x) =>
    lax
      .convGeneralDilated(vector(x).reshape([1, 1, width]), matrix(x).slice(1, [0, 2]).reshape([1, 1, 2]), [1], 'SAME')
      .ravel(),
  logsumexp: (x) => np.log(np.exp(matrix(x)).sum(1, { keepdims: true })).add(matrix(x)),
  customJvp: cubeForward,
  customVjp: cubeBackward,
  rescaled: (x) => x.div(np.sqrt(vector(x).mul(vector(x)).sum().add(1))),
  stopped: (x) => stopGradient(x).mul(0.5).add(x.mul(0.5)),
};

const binary: { readonly [K in Extract<Instruction, { kind: 'binary' }>['op']]: (x: NDArray, y: NDArray) => NDArray } =
  {
    add: np.add,
    sub: np.subtract,
    mul: np.multiply,
    div: (x, y) => x.div(y.mul(y).add(1)),
    maximum: np.maximum,
    where: (x, y) => np.where(x.gt(y), x, y.mul(0.5)),
    gram: (x, y) => matrix(x).T.matmul(matrix(y)).matmul(vector(y)).mul(0.2),
    matvec: (x, y) =>
      vector(x)
        .mul(matrix(y).matmul(vector(x)).sum())
        .mul(0.2),
    concatenated: (x, y) => np.concatenate([vector(x), vector(y)]).reshape([2, width]),
    scattered: (x, y) =>
      vector(x)
        .at(np.array([0, 2, 0], { dtype: 'i32' }))
        .add(vector(y)),
    replaced: (x, y) => vector(x).at(1).set(vector(y).sum()),
    scaledAt: (x, y) =>
      vector(x)
        .at(np.array([0, 2], { dtype: 'i32' }))
        .mul(vector(y).slice([0, 2])),
    solved: (x, y) => np.linalg.solve(regular(x), vector(y)),
    picked: (x, y) =>
      vector(x)
        .slice(np.argmax(vector(y)))
        .mul(y),
  };

type Body = (x: NDArray, y: NDArray) => NDArray;

/** A body as a function of two values. */
const bodyOf =
  (body: Program): Body =>
  (x, y) =>
    result(run(body, [x, y]));

function runBlock(b: Extract<Instruction, { kind: 'block' }>, x: NDArray, y: NDArray): NDArray {
  const [first, second] = b.bodies.map(bodyOf) as [Body, Body];
  const [u, v] = [vector(x), vector(y)];
  const stepped = (c: NDArray, row: NDArray): [NDArray, NDArray] => [first(c, row), second(row, c)];
  switch (b.op) {
    case 'scan':
    case 'reverseScan': {
      const rows = np.stack([v, u, v.mul(u)].slice(0, Math.max(1, b.trips)));
      const [last, all] = control.scan(stepped, u, rows, { reverse: b.op === 'reverseScan' });
      return last.add(all.sum(0));
    }
    case 'cond':
      return control.cond(u.sum().gt(v.sum()), first, second, u, v);
    case 'switchCase':
      return control.switchCase(
        u
          .sum()
          .gt(0)
          .astype('i32')
          .add(b.trips - 1),
        [first, second, (p, q) => p.sub(q)],
        u,
        v,
      );
    case 'foriLoop':
      return control.foriLoop(0, b.trips, (i, c: NDArray) => first(c, v.mul(i.astype('f64').add(1))), u);
    case 'jit':
      return jit(first)(second(u, v), v);
    case 'vmap':
      return vmap(first, [0, null])(np.stack([u, v]), v).sum(0);
    case 'vmapSum':
      return vmap((p: NDArray, q: NDArray) => lax.psum(first(p, q), 'rows').mul(p), [0, null], { axisName: 'rows' })(
        np.stack([u, v]),
        v,
      ).sum(0);
    case 'checkpoint':
      return checkpoint(first)(u, second(v, u));
    case 'whileMax': {
      const start = { i: np.array(0, { dtype: 'i32' }), c: u };
      const end = control.whileLoop(
        (s) => s.i.lt(b.trips),
        (s) => ({ i: s.i.add(1), c: first(s.c, v) }),
        start,
        { maxSteps: b.trips + 1 },
      );
      return end.c;
    }
  }
}

/** The pool of values after running a program on a pool. */
function run(program: Program, pool: readonly NDArray[]): readonly NDArray[] {
  return program.reduce((values, instruction): readonly NDArray[] => {
    const value = (ref: number): NDArray => values[values.length - 1 - (ref % values.length)] as NDArray;
    switch (instruction.kind) {
      case 'skip':
        return values;
      case 'unary':
        return [...values, bounded(unary[instruction.op](value(instruction.x)))];
      case 'binary':
        return [...values, bounded(binary[instruction.op](value(instruction.x), value(instruction.y)))];
      case 'block':
        return [...values, bounded(runBlock(instruction, value(instruction.x), value(instruction.y)))];
    }
  }, pool);
}

/** All values of a pool together, so that none is dead. */
const result = (values: readonly NDArray[]): NDArray =>
  values.map((v, i) => vector(v).mul(1 / (i + 1))).reduce((a, b) => a.add(b)).mul(1 / Math.sqrt(values.length)); // prettier-ignore

/** A program as a function from f64[3] to f64[3]. */
export const functionOf =
  (program: Program) =>
  (x: NDArray): NDArray =>
    result(run(program, [x, np.cos(x)]));
