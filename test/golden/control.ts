import type { NDArray } from '../../src/index.ts';
import { checkpoint, grad, hessian, jit, jvp, lax, numpy as np, valueAndGrad, vmap } from '../../src/index.ts';

/** Programs with control flow; tools/golden/control.py has the same ones, by the same names. */

type Step = (h: NDArray, x: NDArray) => readonly [NDArray, NDArray];

/** A cell of a recurrent network: the new state, and twice the new state as output. */
const step =
  (w: NDArray): Step =>
  (h, x) => {
    const next = np.tanh(w.matmul(h).add(x));
    return [next, next.mul(2)];
  };

export const rnn = (h: NDArray, xs: NDArray, w: NDArray) => lax.scan(step(w), h, xs);
export const rnnReverse = (h: NDArray, xs: NDArray, w: NDArray) => lax.scan(step(w), h, xs, { reverse: true });
export const rnnUnrolled = (h: NDArray, xs: NDArray, w: NDArray) => lax.scan(step(w), h, xs, { unroll: 2 });

export const rnnCheckpointed = (h: NDArray, xs: NDArray, w: NDArray) => lax.scan(checkpoint(step(w)), h, xs);

/** No inputs: four turns of a map. */
export const repeated = (x: NDArray): [NDArray, NDArray] =>
  lax.scan((c: NDArray) => [c.mul(1.5).sub(c.mul(c).div(8)), c.sum()] as const, x, null, { length: 4 });

interface Carry {
  readonly a: NDArray;
  readonly b: readonly [NDArray, NDArray];
}
interface Inputs {
  readonly u: NDArray;
  readonly v: NDArray;
}

/** A carry and inputs that are trees, an output that is one, and a part of the carry that nothing changes. */
export const treeScan = (carry: Carry, xs: Inputs) =>
  lax.scan(
    (c: Carry, x: Inputs) => {
      const k = c.b[1];
      const a = np.sin(c.a.add(x.u)).mul(k);
      const b = c.b[0].mul(x.v).add(a.sum());
      return [
        { a, b: [b, k] as const },
        { p: [a, b] as const, q: x.u.mul(b) },
      ] as const;
    },
    carry,
    xs,
  );

/** Integers beside floats, in carry, inputs and outputs. */
export const counting = (x: NDArray, steps: NDArray) =>
  lax.scan(
    ([i, y]: readonly [NDArray, NDArray], n: NDArray) =>
      [[i.add(n), y.mul(0.5).add(i.astype(y.dtype))] as const, i.mul(2)] as const,
    [np.array(1, { dtype: 'i32' }), x] as const,
    steps,
  );

/** A loop in a loop: along rows, and in each along columns, with a value of the outer one in the inner. */
export const nestedScan = (x: NDArray, m: NDArray) =>
  lax.scan(
    (c: NDArray, r: NDArray) =>
      lax.scan(
        (d: NDArray, e: NDArray) => {
          const next = np.cos(d).mul(e).add(c);
          return [next, next] as const;
        },
        c,
        r,
      ),
    x,
    m,
  );

export const sides = (p: NDArray, x: NDArray): NDArray =>
  lax.cond(
    p.gt(0),
    (y: NDArray) => np.sin(y).mul(p),
    (y: NDArray) => y.mul(y).sub(p),
    x,
  );

/** Branches that take and give trees, and close over a value. */
export const treeCond = (p: NDArray, x: NDArray, y: NDArray) => {
  const z = x.mul(y);
  return lax.cond(
    p,
    (a: NDArray, b: NDArray) => [a.add(b), { z }] as const,
    (a: NDArray, b: NDArray) => [a.mul(b), { z: np.exp(z.neg()) }] as const,
    x,
    y,
  );
};

/** One branch does not use its operand. */
export const constantSide = (p: NDArray, x: NDArray): NDArray =>
  lax.cond(
    p,
    (y: NDArray) => np.onesLike(y),
    (y: NDArray) => y.pow(3),
    x,
  );

export const threeWays = (i: NDArray, x: NDArray): NDArray =>
  lax.switchCase(i, [(y: NDArray) => y.add(1), (y: NDArray) => y.mul(y), (y: NDArray) => np.sin(y).div(2)], x);

/** √a by Newton's method, until it is exact to 1e-3. */
export const newton = (a: NDArray): NDArray =>
  lax.whileLoop(
    (x: NDArray) => x.mul(x).sub(a).abs().max().gt(1e-3),
    (x: NDArray) => x.add(a.div(x)).div(2),
    np.onesLike(a).mul(2),
  );

type Counted = readonly [count: NDArray, value: NDArray];
const none = (): NDArray => np.array(0, { dtype: 'i32' });

/** How often x is halved until it is at most 1, and what is left: a count and a value. */
export const halvings = (x: NDArray): Counted =>
  lax.whileLoop(
    ([, y]: Counted) => y.gt(1),
    ([n, y]: Counted) => [n.add(1), y.div(2)] as const,
    [none(), x] as const,
  );

/** The same loop with a bound on its turns, which has a reverse mode. */
export const halvingsBounded = (x: NDArray): Counted =>
  lax.whileLoop(
    ([, y]: Counted) => y.gt(1),
    ([n, y]: Counted) => [n.add(1), y.div(2).add(y.mul(y).div(50))] as const,
    [none(), x] as const,
    { maxSteps: 12 },
  );

/** A loop whose condition is false at once. */
export const never = (x: NDArray): NDArray =>
  lax.whileLoop(
    (y: NDArray) => y.sum().gt(1e9),
    (y: NDArray) => y.mul(2),
    x.mul(x),
  );

export const fixed = (x: NDArray): NDArray =>
  lax.foriLoop(0, 4, (i, y: NDArray) => y.mul(np.cos(y)).add(i.astype(y.dtype).div(10)), x);

export const fixedTree = (x: NDArray, y: NDArray) =>
  lax.foriLoop(
    1,
    4,
    (i, [a, b]: readonly [NDArray, NDArray]) => [a.add(b.mul(i.astype(b.dtype))), np.sin(a)] as const,
    [x, y] as const,
  );

export const tracedBound = (n: NDArray, x: NDArray): NDArray =>
  lax.foriLoop(0, n, (i, y: NDArray) => y.mul(0.5).add(np.sin(y).mul(i.astype(y.dtype))), x);

export const mapped = (xs: NDArray): NDArray => lax.map((x: NDArray) => x.sum().mul(x), xs);

export const mappedTree = (xs: readonly [NDArray, NDArray], w: NDArray) =>
  lax.map(([a, b]: readonly [NDArray, NDArray]) => [a.matmul(w), b.mul(2)] as const, xs);

export const mappedInBatches = (xs: NDArray): NDArray =>
  lax.map((x: NDArray) => np.exp(x.mul(x).neg()).sum(), xs, { batchSize: 2 });

export const runningSum = (x: NDArray): NDArray => lax.associativeScan((a: NDArray, b: NDArray) => a.add(b), x);

export const runningProduct = (x: NDArray): NDArray =>
  lax.associativeScan((a: NDArray, b: NDArray) => a.mul(b), x, { reverse: true, axis: 1 });

export const runningMaximum = (x: NDArray): NDArray =>
  lax.associativeScan((a: NDArray, b: NDArray) => np.maximum(a, b), x, { axis: -1 });

/** y[t] = a[t] y[t-1] + b[t], from pairs. */
export const recurrence = (a: NDArray, b: NDArray) =>
  lax.associativeScan(
    (p: readonly [NDArray, NDArray], q: readonly [NDArray, NDArray]) =>
      [p[0].mul(q[0]), p[1].mul(q[0]).add(q[1])] as const,
    [a, b] as const,
  );

export const matrixProducts = (m: NDArray): NDArray => lax.associativeScan((p: NDArray, q: NDArray) => q.matmul(p), m);

// ------------------------------------------------------------------------ transformations over and inside of loops

export const gradientOfScan = (h: NDArray, xs: NDArray, w: NDArray): NDArray =>
  grad((v: NDArray) => rnn(h, xs, v)[1].pow(2).sum())(w);

export const hessianOfScan = (x: NDArray): NDArray => hessian((y: NDArray) => repeated(y)[1].sum())(x);

/** For each example of a batch the gradient of a compiled scan. */
export const gradientsOfScans = (h: NDArray, xs: NDArray, w: NDArray): NDArray => {
  const loss = jit((v: NDArray, start: NDArray, x: NDArray) => rnn(start, x, v)[0].pow(2).sum());
  return vmap(grad(loss), [null, 0, 0])(w, h, xs);
};

/** Gradient descent by a scan: a gradient inside of a loop. */
export const descent = (x: NDArray) => {
  const loss = (y: NDArray): NDArray => y.mul(y).sub(2).pow(2).sum();
  return lax.scan((y: NDArray) => [y.sub(grad(loss)(y).mul(0.05)), loss(y)] as const, x, null, { length: 5 });
};

export const scanOfVmap = (h: NDArray, xs: NDArray, w: NDArray) =>
  lax.scan((s: NDArray, x: NDArray) => vmap(step(w))(s, x), h, xs);

/** A branch in each turn, by a value that the loop makes. */
export const condInScan = (x: NDArray, xs: NDArray) =>
  lax.scan(
    (c: NDArray, e: NDArray) => {
      const next = lax.cond(
        c.gt(e),
        (d: NDArray) => np.sin(d).add(e),
        (d: NDArray) => d.mul(e),
        c,
      );
      return [next, next] as const;
    },
    x,
    xs,
  );

export const whileInScan = (x: NDArray, xs: NDArray) =>
  lax.scan(
    (c: NDArray, e: NDArray) => {
      const next = lax.whileLoop(
        (d: NDArray) => d.abs().gt(1),
        (d: NDArray) => d.div(2),
        c.add(e),
      );
      return [next, next] as const;
    },
    x,
    xs,
  );

export const hessianOfCond = (p: NDArray, x: NDArray): NDArray => vmap(grad(grad((y: NDArray) => sides(p, y))))(x);

export const gradientOfSwitch = (i: NDArray, x: NDArray): NDArray =>
  vmap(grad((k: NDArray, y: NDArray) => threeWays(k, y).pow(2), { argnums: 1 }))(i, x);

export const tangentOfWhile = (a: NDArray) => vmap((x: NDArray) => jvp(newton, [x], [np.onesLike(x)]))(a);

export const jittedGradient = (x: NDArray) => jit(valueAndGrad((y: NDArray) => fixed(y).sum()))(x);
