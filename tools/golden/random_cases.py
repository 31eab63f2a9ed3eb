"""jax.random with its defaults (threefry2x32, partitionable), without 64-bit types."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Static, case

r = jax.random
SHAPES = [[], [1], [5], [3, 4], [2, 3, 5], [0, 3]]


def keyed(f):
    """A function of raw key data, u32[2]."""
    return lambda data, *rest: f(r.wrap_key_data(jnp.asarray(data)), *rest)


def cases():
    out = []
    seeds = [0, 1, 42, 123456789, 2**31 - 1, -1, -42]
    for seed in seeds:
        out.append(case('random.key', lambda seed=seed: r.key_data(r.key(seed)), [Static(seed)]))
    keys = {seed: np.asarray(r.key_data(r.key(seed))) for seed in [0, 1, 42, -1]}
    keys['split'] = np.asarray(r.key_data(r.split(r.key(7))[1]))

    def add(name, f, k, *args, **more):
        out.append(case(f'random.{name}', keyed(f), [k, *args], **more))

    for k in keys.values():
        for n in [1, 2, 3, 7]:
            add('split', lambda k, n=n: r.key_data(r.split(k, n)), k, Static(n))
        add('split', lambda k: r.key_data(r.split(k, (2, 3))), k, Static([2, 3]))
        for d in [0, 1, 1234567, 2**31 - 1]:
            add('foldIn', lambda k, d=d: r.key_data(r.fold_in(k, d)), k, Static(d))
        for s in SHAPES:
            t = tuple(s)
            add('bits', lambda k: r.bits(k, t), k, Static(s))
            add('uniform', lambda k: r.uniform(k, t), k, Static(s))
            add('normal', lambda k: r.normal(k, t), k, Static(s))
            add('gumbel', lambda k: r.gumbel(k, t), k, Static(s))
            add('bernoulli', lambda k: r.bernoulli(k, 0.3, t), k, Static(0.3), Static(s))
            add('truncatedNormal', lambda k: r.truncated_normal(k, -2.0, 2.0, t), k, Static(-2), Static(2), Static(s))
            for low, high in [(0, 10), (-5, 5), (0, 2**31 - 1), (7, 8), (-(2**31), 2**31 - 1)]:
                add('randint', lambda k: r.randint(k, t, low, high), k, Static(s), Static(low), Static(high))
        add('uniform', lambda k: r.uniform(k, (16,), minval=-3.0, maxval=0.5), k, Static([16]),
            options={'minval': -3, 'maxval': 0.5})
        add('truncatedNormal', lambda k: r.truncated_normal(k, -0.5, 3.0, (32,)), k, Static(-0.5), Static(3), Static([32]))
        for n in [1, 2, 10, 100]:
            add('permutation', lambda k, n=n: r.permutation(k, n), k, Static(n))
        rows = np.arange(12, dtype=np.float32).reshape(6, 2)
        add('permutation', lambda k, x: r.permutation(k, x), k, rows)
        logits = np.array([[0, 1, 2, -1], [3, 0, 0, 0], [-50, 0, 50, 0.5]], np.float32)
        add('categorical', lambda k, x: r.categorical(k, x), k, logits)
        add('categorical', lambda k, x: r.categorical(k, x), k, logits[0])
    for name, f in [('bits', r.bits), ('uniform', r.uniform), ('normal', r.normal)]:
        add(name, lambda k: f(k, (1000,)), keys[42], Static([1000]))
    return out
