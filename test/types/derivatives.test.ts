import { expectTypeOf, test } from 'vitest';
import type { CheckpointPolicy, JacobianOf, NDArray, Residuals, TreeOf } from '../../src/index.ts';
import {
  checkpoint,
  checkpointName,
  checkpointPolicies,
  closureConvert,
  customGradient,
  customJvp,
  customVjp,
  fwdAndBwd,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  linearTranspose,
  numpy as np,
  optim,
  stopGradient,
  tree,
  valueAndGrad,
  vjp,
  vmap,
} from '../../src/index.ts';

/** Derivatives infer through users' own types, without a cast. */

interface Layer {
  readonly w: NDArray;
  readonly b: NDArray;
}
type Params = { readonly layers: readonly Layer[]; readonly scale: NDArray };
interface Out {
  readonly y: NDArray;
  readonly parts: readonly [NDArray, NDArray];
}

/** Only checked, never run. */
const checked = (..._: readonly unknown[]): void => undefined;

const loss = (params: Params, x: NDArray): NDArray => params.scale.mul(x).sum();
const forward = (params: Params, x: NDArray): Out => ({ y: params.scale.mul(x), parts: [x, x] });
declare const params: Params;
declare const x: NDArray;
declare const dynamic: number;

test('gradients by several arguments are the list of theirs', () => {
  checked(() => {
    expectTypeOf(grad(loss, { argnums: [1, 0] })(params, x)).toEqualTypeOf<[NDArray, Params]>();
    expectTypeOf(grad(loss, { argnums: [0] })(params, x)).toEqualTypeOf<[Params]>();
    const [value, gradients] = valueAndGrad(loss, { argnums: [0, 1] })(params, x);
    expectTypeOf(value).toEqualTypeOf<NDArray>();
    expectTypeOf(gradients).toEqualTypeOf<[Params, NDArray]>();
    const [gradient, aux] = grad((p: Layer, v: NDArray) => [v.sum(), { p }] as const, { argnums: 1, hasAux: true })(
      { w: x, b: x },
      x,
    );
    expectTypeOf(gradient).toEqualTypeOf<NDArray>();
    expectTypeOf(aux).toEqualTypeOf<{ readonly p: Layer }>();
    expectTypeOf(grad(loss, { argnums: dynamic })(params, x)).toEqualTypeOf<Params | NDArray>();
    expectTypeOf(grad((...xs: readonly NDArray[]) => xs[0] as NDArray)(x, x)).toEqualTypeOf<NDArray>();
  });
});

test('forward and reverse mode have the types of arguments and results', () => {
  checked(() => {
    expectTypeOf(jvp(forward, [params, x], [params, x])).toEqualTypeOf<[value: Out, tangent: Out]>();
    const [, pullback] = vjp(forward, params, x);
    expectTypeOf(pullback).toEqualTypeOf<(ct: Out) => [params: Params, x: NDArray]>();
    const [y, linear] = linearize(forward, params, x);
    expectTypeOf(y).toEqualTypeOf<Out>();
    expectTypeOf(linear).toEqualTypeOf<(params: Params, x: NDArray) => Out>();
    const withAux = (p: Layer, v: NDArray): readonly [NDArray, Params] => [p.w.mul(v), params];
    const [z, back, aux] = vjp(withAux, { w: x, b: x }, x, { hasAux: true });
    expectTypeOf(z).toEqualTypeOf<NDArray>();
    expectTypeOf(back(x)).toEqualTypeOf<[p: Layer, v: NDArray]>();
    expectTypeOf(aux).toEqualTypeOf<Params>();
    expectTypeOf(linearize(withAux, { w: x, b: x }, x, { hasAux: true })[2]).toEqualTypeOf<Params>();
    expectTypeOf(jvp(withAux, [{ w: x, b: x }, x], [{ w: x, b: x }, x], { hasAux: true })[2]).toEqualTypeOf<Params>();
    // The function's types, not those of what is given.
    expectTypeOf(vjp(forward, { layers: [], scale: x }, x)[1](y)[0]).toEqualTypeOf<Params>();
    expectTypeOf(linearize(forward, { layers: [], scale: x }, x)[1]).toEqualTypeOf<
      (params: Params, x: NDArray) => Out
    >();
    expectTypeOf(hvp(loss, { layers: [], scale: x }, params, x)).toEqualTypeOf<Params>();
    expectTypeOf(linearTranspose(forward, params, x)).toEqualTypeOf<(ct: Out) => [params: Params, x: NDArray]>();
    const [fwd, bwd] = fwdAndBwd(forward, { argnums: [1, 0] });
    expectTypeOf(fwd(params, x)[1]).toEqualTypeOf<Residuals>();
    expectTypeOf(bwd).returns.toEqualTypeOf<[NDArray, Params]>();
  });
});

test('Jacobians are trees of trees', () => {
  checked(() => {
    expectTypeOf(jacrev((v: NDArray) => v)(x)).toEqualTypeOf<NDArray>();
    expectTypeOf(jacfwd(forward)(params, x).y.layers).toEqualTypeOf<readonly Layer[]>();
    expectTypeOf(jacfwd(forward, { argnums: 1 })(params, x).parts).toEqualTypeOf<readonly [NDArray, NDArray]>();
    expectTypeOf(jacrev(forward, { argnums: [1, 0] })(params, x).parts[0]).toEqualTypeOf<[NDArray, Params]>();
    expectTypeOf(hessian(loss)(params, x).scale.scale).toEqualTypeOf<NDArray>();
    expectTypeOf(hessian(loss)(params, x).layers[0]).toEqualTypeOf<
      { readonly w: Params; readonly b: Params } | undefined
    >();
    expectTypeOf(hvp(loss, params, params, x)).toEqualTypeOf<Params>();
    expectTypeOf<JacobianOf<[Params, NDArray], Out, 1>>().toEqualTypeOf<TreeOf<Out, NDArray>>();
  });
});

test('rules of one’s own know the types of arguments, tangents and residuals', () => {
  checked(() => {
    const f = customJvp(forward).defjvp(([p, v], [tp, tv]) => {
      expectTypeOf([p, tp]).toEqualTypeOf<Params[]>();
      expectTypeOf([v, tv]).toEqualTypeOf<NDArray[]>();
      return [forward(p, v), null];
    });
    expectTypeOf(f(params, x)).toEqualTypeOf<Out>();
    expectTypeOf(grad((p: Params) => f(p, x).y.sum())(params)).toEqualTypeOf<Params>();
    const g = customVjp((n: number, p: Layer, how: (v: NDArray) => NDArray) => how(p.w).mul(n), {
      nondiffArgnums: [0, 2],
    })
      .defvjp(
        (n, p, how) => [how(p.w).mul(n), { p, twice: 2 * n }],
        (n, how, residuals, ct) => {
          expectTypeOf(n).toEqualTypeOf<number>();
          expectTypeOf(how).toEqualTypeOf<(v: NDArray) => NDArray>();
          expectTypeOf(residuals).toEqualTypeOf<{ p: Layer; twice: number }>();
          expectTypeOf(ct).toEqualTypeOf<NDArray>();
          return [{ w: ct, b: residuals.p.b }];
        },
      )
      .defjvp((n, how, [p], [t]) => [how(p.w).mul(n), t.w]);
    expectTypeOf(g(3, { w: x, b: x }, np.sin)).toEqualTypeOf<NDArray>();
    const h = customGradient((p: Layer, v: NDArray) => [p.w.mul(v), (ct: NDArray) => [{ w: ct, b: p.b }, null]]);
    expectTypeOf(h).toEqualTypeOf<(p: Layer, v: NDArray) => NDArray>();
    customJvp((a: NDArray, p: Layer) => a.mul(p.w)).defjvps(
      (t, out, a, p) => t.mul(out).mul(a).mul(p.w),
      (t, _out, a) => a.mul(t.w),
    );
  });
});

test('checkpoint, stopGradient and the like keep types', () => {
  checked(() => {
    expectTypeOf(checkpoint(forward, { policy: checkpointPolicies.dotsSaveable })).toEqualTypeOf<typeof forward>();
    expectTypeOf(jit(vmap(checkpoint(forward)))(params, x)).toEqualTypeOf<Out>();
    expectTypeOf(checkpointPolicies.saveOnlyTheseNames('h')).toEqualTypeOf<CheckpointPolicy>();
    expectTypeOf(checkpointName(params, 'h')).toEqualTypeOf<Params>();
    expectTypeOf(stopGradient(params)).toEqualTypeOf<Params>();
    const [converted, captured] = closureConvert(forward, params, x);
    expectTypeOf(converted(params, x, ...captured)).toEqualTypeOf<Out>();
  });
});

test('trees keep their types through parts, vectors and registered classes', () => {
  checked(() => {
    const [arrays, others] = tree.partition(params, true);
    expectTypeOf(arrays.layers[0]?.w).toEqualTypeOf<NDArray | null | undefined>();
    expectTypeOf(tree.combine(arrays, others)).toEqualTypeOf<Params>();
    expectTypeOf(tree.ravelPytree(params)[1]).toEqualTypeOf<(flat: NDArray) => Params>();
    expectTypeOf(tree.zerosLike(params)).toEqualTypeOf<Params>();
    expectTypeOf(tree.cast(params, 'f64')).toEqualTypeOf<Params>();
    class Dense {
      constructor(readonly w: NDArray) {}
    }
    tree.registerNode(
      Dense,
      (dense) => [[dense.w], null],
      (_, [w]) => new Dense(w as NDArray),
    );
    expectTypeOf(grad((dense: Dense) => dense.w.sum())(new Dense(x))).toEqualTypeOf<Dense>();
  });
});

test('mistakes do not compile', () => {
  checked(() => {
    // @ts-expect-error the function has two arguments
    grad(loss, { argnums: 2 });
    // @ts-expect-error the function has two arguments
    grad(loss, { argnums: [0, 2] });
    // @ts-expect-error the result is no array
    grad(forward);
    // @ts-expect-error no auxiliary result
    valueAndGrad(loss, { hasAux: true });
    // @ts-expect-error the function has two arguments
    jacrev(forward, { argnums: 3 });
    // @ts-expect-error a tangent is missing
    jvp(forward, [params, x], [params]);
    // @ts-expect-error a primal of another type
    vjp(forward, x, x);
    // @ts-expect-error the direction is no tree of parameters
    hvp(loss, params, x, x);
    // @ts-expect-error the rule's tangent is no Out
    customJvp(forward).defjvp(([p, v]) => [forward(p, v), v]);
    // @ts-expect-error position 2 is not there
    customJvp(forward, { nondiffArgnums: 2 });
    customVjp(loss).defvjp(
      (p, v) => [loss(p, v), v],
      // @ts-expect-error a cotangent is missing
      (_residuals, ct) => [ct],
    );
    customVjp(loss).defvjp(
      // @ts-expect-error residuals are missing
      (p, v) => loss(p, v),
      () => [null, null],
    );
    // @ts-expect-error a policy is a test
    checkpoint(forward, { policy: 'dotsSaveable' });
    // @ts-expect-error the cotangent of an Out
    linearTranspose(forward, params, x)(x);
  });
});

test('the gradient by a number is an array', () => {
  checked(() => {
    expectTypeOf(grad((a: number) => np.sin(a))(1)).toEqualTypeOf<NDArray>();
    expectTypeOf(valueAndGrad((a: number) => np.sin(a))(1)).toEqualTypeOf<[value: NDArray, gradient: NDArray]>();
    const f = (p: Layer, a: number): NDArray => p.w.mul(a);
    expectTypeOf(grad(f)({ w: x, b: x }, 3)).toEqualTypeOf<Layer>();
    expectTypeOf(grad(f, { argnums: 1 })({ w: x, b: x }, 3)).toEqualTypeOf<NDArray>();
    expectTypeOf(grad(f, { argnums: [1, 0] })({ w: x, b: x }, 3)).toEqualTypeOf<[NDArray, Layer]>();
    const withAux = (a: number, p: Layer): readonly [NDArray, Layer] => [np.sin(a), p];
    expectTypeOf(grad(withAux, { hasAux: true })(1, { w: x, b: x })).toEqualTypeOf<[gradient: NDArray, aux: Layer]>();
    expectTypeOf(jacrev((a: number) => np.sin(a))(1)).toEqualTypeOf<NDArray>();
    expectTypeOf(fwdAndBwd((a: number) => np.sin(a))[1]).returns.toEqualTypeOf<NDArray>();
    // A function that does not know its parameters' type can go on with their gradient.
    const descend = <P>(lossOf: (p: P, v: NDArray) => NDArray, p: P): P =>
      optim.applyUpdates(p, valueAndGrad(lossOf)(optim.applyUpdates(p, grad(lossOf)(p, x)), x)[1]);
    expectTypeOf(descend(loss, params)).toEqualTypeOf<Params>();
  });
});
