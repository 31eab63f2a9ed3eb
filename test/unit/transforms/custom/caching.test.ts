import { expect, test } from 'vitest';
import type { NDArray } from '../../../../src/index.ts';
import { checkpoint, customGradient, customJvp, customVjp, grad, lax, makeJaxpr, numpy as np, vmap } from '../../../../src/index.ts'; // prettier-ignore
import { structuralKey } from '../../../../src/util/key.ts';

/** Outside of jit functions are traced at every call; what they become must be found again, or it is compiled anew. */

const functions = {
  customJvp: customJvp((v: NDArray) => v.mul(2)).defjvp(([v], [t]) => [v.mul(2), t.mul(10)]),
  customVjp: customVjp((v: NDArray) => v.mul(2)).defvjp(
    (v) => [v.mul(2), { v, n: 3 }],
    ({ v }, ct) => [ct.mul(v)],
  ),
  'customVjp with a forward rule': customVjp((v: NDArray) => v.mul(2))
    .defvjp(
      (v) => [v.mul(2), null],
      (_, ct) => [ct.mul(10)],
    )
    .defjvp(([v], [t]) => [v.mul(2), t.mul(10)]),
  customGradient: customGradient((v: NDArray) => [v.mul(2), (ct: NDArray) => [ct.mul(v)]]),
};
type Unary = (v: NDArray) => NDArray;
const loops: Readonly<Record<string, (f: Unary) => Unary>> = {
  checkpoint: (f) => (v) => checkpoint(f)(v).sum(),
  scan: (f) => (v) => lax.scan((c: NDArray, u: NDArray) => [f(c).add(u), null] as const, np.zeros([]), v)[0],
  'a batched scan': (f) => (v) =>
    vmap((w: NDArray) => lax.scan((c: NDArray, u: NDArray) => [f(c).mul(w).add(u), null] as const, np.zeros([]), v)[0])(v).sum(), // prettier-ignore
};

test.each(
  Object.entries(functions).flatMap(([name, f]) =>
    Object.entries(loops).map(([loop, of]) => [name, loop, f, of] as const),
  ),
)('%s in %s is traced to the same again', (_, __, f, loop) => {
  const keys = (derive: (g: Unary) => Unary): readonly string[] => {
    const { jaxpr } = makeJaxpr(derive(loop(f)))(np.ones([3]));
    return jaxpr.equations.map((e) => `${e.primitive.name} ${structuralKey(e.params)}`);
  };
  for (const derive of [(g: Unary) => g, (g: Unary) => grad(g)]) {
    const [first, second] = [0, 1].map(() => keys(derive));
    expect(first?.length).toBeGreaterThan(0);
    expect(second).toEqual(first);
  }
});
