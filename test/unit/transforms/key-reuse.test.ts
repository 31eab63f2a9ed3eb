import { afterEach, describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  debugKeyReuse,
  disableJit,
  grad,
  init,
  jit,
  KeyReuseError,
  lax,
  numpy as np,
  random,
  vmap,
} from '../../../src/index.ts';

afterEach(() => expect(debugKeyReuse.on).toBe(false));

const draw = (k: NDArray): NDArray => random.uniform(k, [2]);
const slice = (keys: NDArray, i: number): NDArray => keys.slice(i);

/** Each of these is a mistake. */
const reuses: Readonly<Record<string, () => unknown>> = {
  'two draws': () => {
    const k = random.key(0);
    draw(k);
    random.normal(k, [3]);
  },
  'a draw after a split': () => {
    const k = random.key(0);
    random.split(k);
    draw(k);
  },
  'a split after a draw': () => {
    const k = random.key(0);
    draw(k);
    random.split(k);
  },
  'one element of a split, taken twice': () => {
    const keys = random.split(random.key(0), 3);
    draw(slice(keys, 1));
    draw(slice(keys, 1));
  },
  'one element of a split, by destructuring and by index': () => {
    const keys = random.split(random.key(0));
    const [first] = keys;
    draw(first as NDArray);
    draw(slice(keys, 0));
  },
  'through reshape, stacking and reversal': () => {
    const [a, b] = random.split(random.key(0)) as unknown as Iterable<NDArray> as [NDArray, NDArray];
    const swapped = np.stack([b, a]).reshape([1, 2, 2]);
    draw(a);
    draw(np.flip(swapped, 1).slice(0, 0));
  },
  'folding one number in twice': () => {
    const k = random.key(0);
    draw(random.foldIn(k, 3));
    draw(random.foldIn(k, 3));
  },
  'two draws in a jitted function': () => jit((k: NDArray) => draw(k).add(draw(k)))(random.key(0)),
  'two calls of a jitted function': () => {
    const [f, k] = [jit(draw), random.key(0)];
    f(k);
    f(k);
  },
  'a draw after a call of a jitted function': () => {
    const k = random.key(0);
    jit(draw)(k);
    draw(k);
  },
  'a call with a key that was used': () => {
    const k = random.key(0);
    draw(k);
    jit((p: { readonly key: NDArray }) => draw(p.key))({ key: k });
  },
  'a jitted function that captured a key, called twice': () => {
    const k = random.key(0);
    const f = jit((x: NDArray) => draw(k).add(x));
    f(np.zeros(2));
    f(np.zeros(2));
  },
  'one key for two arguments': () => {
    const k = random.key(0);
    jit((a: NDArray, b: NDArray) => draw(a).add(draw(b)))(k, k);
  },
  'a key that a jitted function used and gave back': () => {
    const f = jit((k: NDArray) => [draw(k), k]);
    const [, k] = f(random.key(0));
    draw(k as NDArray);
  },
  'an element that a jitted function used and gave back with others': () => {
    const f = jit((k: NDArray) => {
      const keys = random.split(k);
      return [keys, draw(slice(keys, 1))];
    });
    const [keys] = f(random.key(0));
    draw(slice(keys as NDArray, 0));
    draw(slice(keys as NDArray, 1));
  },
  'an outer key in a jitted function in a jitted function, twice': () =>
    jit((k: NDArray) => {
      const inner = jit((x: NDArray) => draw(k).add(x));
      return inner(np.zeros(2)).add(inner(np.ones(2)));
    })(random.key(0)),
  'under vmap': () => vmap((k: NDArray) => draw(k).add(draw(k)))(random.split(random.key(0))),
  'after vmap': () => {
    const keys = random.split(random.key(0));
    vmap(draw)(keys);
    draw(slice(keys, 1));
  },
  'a jitted function under vmap, and again after it': () => {
    const keys = random.split(random.key(0));
    vmap(jit(draw))(keys);
    vmap(draw)(keys);
  },
  'in a function that is differentiated': () => {
    const k = random.key(0);
    grad((x: NDArray) => draw(k).mul(x).sum())(np.ones(2));
    draw(k);
  },
  'a captured key in the body of a scan': () => {
    const k = random.key(0);
    lax.scan((c: NDArray, x: NDArray) => [c.add(draw(k).sum()).add(x), null], np.array(0), np.zeros(3));
  },
  'a traced outer key in the body of a scan': () =>
    jit((k: NDArray) => lax.scan((c: NDArray) => [c.add(draw(k).sum()), null], np.array(0), null, { length: 2 })[0])(random.key(0)), // prettier-ignore
  'a carried key that is not split': () => lax.scan((k: NDArray) => [k, draw(k)], random.key(0), null, { length: 3 }),
  'a key that a loop used': () => {
    const k = random.key(0);
    lax.foriLoop(0, 1, (_, c) => c.add(draw(k)), np.zeros(2));
    draw(k);
  },
  'an element of what a loop went over': () => {
    const keys = random.split(random.key(0), 3);
    lax.map(draw, keys);
    draw(slice(keys, 2));
  },
  'a captured key in a while loop': () => {
    const k = random.key(0);
    lax.whileLoop((c) => c.sum().lt(5), (c) => c.add(draw(k)), np.zeros(2)); // prettier-ignore
  },
  'a key that a branch used': () => {
    const k = random.key(0);
    lax.cond(np.array(true), () => draw(k), () => np.zeros(2)); // prettier-ignore
    draw(k);
  },
  'permutation and choice': () => {
    const k = random.key(0);
    random.permutation(k, 5);
    random.choice(k, 5);
  },
};

/** None of these is. */
const fine: Readonly<Record<string, () => unknown>> = {
  'one draw of each element': () => {
    const keys = random.split(random.key(0), 4);
    for (const k of keys) draw(k);
  },
  'folding different numbers in, and drawing': () => {
    const k = random.key(0);
    for (let i = 0; i < 3; i++) draw(random.foldIn(k, i));
    draw(k);
  },
  'folding traced numbers in': () => {
    const k = random.key(0);
    const f = jit((i: NDArray) => draw(random.foldIn(k, i)));
    f(np.array(1, { dtype: 'i32' }));
    f(np.array(2, { dtype: 'i32' }));
  },
  'two keys of one seed': () => {
    draw(random.key(0));
    draw(random.key(0));
  },
  'splitting on and on': () => {
    let k = random.key(0);
    for (let i = 0; i < 3; i++) {
      const [next, own] = random.split(k) as unknown as Iterable<NDArray> as [NDArray, NDArray];
      draw(own);
      k = next;
    }
    draw(k);
  },
  'splitting on in a jitted step': () => {
    const step = jit((k: NDArray) => {
      const [next, own] = random.split(k) as unknown as Iterable<NDArray> as [NDArray, NDArray];
      return [next, draw(own)] as [NDArray, NDArray];
    });
    let k = random.key(0);
    for (let i = 0; i < 3; i++) [k] = step(k);
    draw(k);
  },
  'a jitted function that makes its key': () => {
    const f = jit((x: NDArray) => draw(random.key(0)).add(x));
    f(np.zeros(2));
    f(np.zeros(2));
  },
  'looking before calling': () => {
    const k = random.key(0);
    const f = jit((x: NDArray) => draw(k).add(x));
    f.lower(np.zeros(2)).asText();
    f.trace(np.zeros(2));
    f(np.zeros(2));
  },
  'a batch of draws from a batch of keys, then from others': () => {
    const keys = random.split(random.key(0), 5);
    vmap(draw)(keys.slice([0, 3]));
    vmap(jit(draw))(keys.slice([3, 5]));
  },
  'one key in each of two branches': () => {
    const k = random.key(0);
    lax.cond(np.array(true), () => draw(k), () => random.normal(k, [2])); // prettier-ignore
  },
  'a loop that folds its index in': () => {
    const k = random.key(0);
    lax.foriLoop(0, 3, (i, c) => c.add(draw(random.foldIn(k, i))), np.zeros(2));
  },
  'a loop that carries a key and splits it, and goes on with it': () => {
    const [k] = lax.scan(
      (c: NDArray) => {
        const [next, own] = random.split(c) as unknown as Iterable<NDArray> as [NDArray, NDArray];
        return [next, draw(own)];
      },
      random.key(0),
      null,
      { length: 4 },
    );
    draw(k);
  },
  'a loop over keys whose first carry is a JS number': () => {
    const k = random.key(0);
    const keys = random.split(random.key(1), 3);
    const f = (c: NDArray, x: NDArray): [NDArray, null] => [c.add(draw(x).sum()), null];
    lax.scan(f, 0 as unknown as NDArray, keys);
    lax.whileLoop((i: NDArray) => i.lt(3), (i: NDArray) => i.add(1), 0 as unknown as NDArray); // prettier-ignore
    draw(k);
  },
  'a clone': () => {
    const k = random.key(0);
    draw(random.clone(k));
    draw(k);
  },
  'all that draws': () => {
    const keys = random.split(random.key(0), 12);
    let next = 0;
    const k = (): NDArray => keys.slice(next++);
    random.permutation(k(), 1000);
    random.permutation(k(), np.ones([3, 2]));
    random.choice(k(), 5, [2], { replace: false });
    random.choice(k(), np.arange(5), [2], { p: np.ones(5).div(5) });
    random.randint(k(), [2], 0, 5);
    random.categorical(k(), np.zeros(3));
    random.normal(k(), [2]);
    random.bernoulli(k());
    random.truncatedNormal(k(), -1, 1);
  },
};

describe.each(['wasm', 'reference'] as const)('key reuse on %s', (device) => {
  test.each(Object.entries(reuses))('is reported: %s', async (_, mistake) => {
    await init({ device });
    expect(() => debugKeyReuse(mistake)).toThrow(KeyReuseError);
    mistake();
    if (device === 'wasm') expect(() => debugKeyReuse(() => disableJit(mistake))).toThrow(KeyReuseError);
  });

  test.each(Object.entries(fine))('is not reported: %s', async (_, program) => {
    await init({ device });
    debugKeyReuse(program);
    debugKeyReuse(() => disableJit(program));
    await init();
  });
});

test('both lines are named', () => {
  function sample(k: NDArray): NDArray {
    return draw(k);
  }
  const both = (): unknown => {
    const k = random.key(0);
    random.split(k);
    return sample(k);
  };
  expect(() => debugKeyReuse(both)).toThrow(
    /random key \(u32\[2\]\) is used again, for a draw; it was used for random\.split at both \(.*key-reuse\.test\.ts:\d+:\d+\).*random\.foldIn.*\[at draw \(.*key-reuse\.test\.ts:\d+:\d+\)\]$/s,
  );
  const f = jit(sample);
  const twice = (): unknown => {
    const k = random.key(0);
    f(k);
    return f(k);
  };
  expect(() => debugKeyReuse(twice)).toThrow(
    /used again in jit of sample, for a draw at draw \(.*\); it was used for a draw at draw \(.*\), in jit of sample at twice \(.*\[at twice \(.*\)\]$/s,
  );
});

test('keys from before the mode was on are known by the array that holds them', () => {
  const k = random.key(0);
  draw(k);
  debugKeyReuse(() => draw(k));
  expect(() => debugKeyReuse(() => draw(k))).toThrow(KeyReuseError);
});
