"""jax.random with its defaults (threefry2x32, partitionable). Keys are written raw, as u32[2]."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Options, case, rows, values

r = jax.random
SHAPES = [[], [1], [5], [3, 4], [2, 3, 2], [0, 3]]


def keyed(f):
    """A function of raw key data instead of a key."""
    return lambda data, *rest, **options: f(r.wrap_key_data(jnp.asarray(data)), *rest, **options)


def raw(f):
    return lambda *args, **options: r.key_data(f(*args, **options))


def key_of(seed):
    return np.asarray(r.key_data(r.key(seed)))


def drawn(name, f, *forms, **how):
    """Cases of a sampler; each form starts with a key."""
    return rows(f'random.{name}', keyed(f), *forms, **{'derivatives': (), 'exact': True, **how})


def keys():
    seeds = [0, 1, 42, -1]
    found = [key_of(s) for s in seeds]
    return [*found, np.asarray(r.key_data(r.split(r.key(7))[1]))]


def key_cases():
    out = []
    for seed in [0, 1, 42, 123456789, 2**31 - 1, -1, -42, -(2**31)]:
        out.append(case('random.key', raw(r.key), [seed]))
    for k in keys():
        out += drawn('split', raw(r.split), [k], *[[k, n] for n in [1, 2, 3, 7, [2, 3]]])
        out += drawn('foldIn', raw(r.fold_in), *[[k, d] for d in [0, 1, 1234567, 2**31 - 1]], [k, np.array(5, np.int32)],
                     [k, np.array(2**32 - 1, np.uint32)])
        out += drawn('keyData', raw(lambda k: k), [k]) + drawn('wrapKeyData', raw(lambda k: k), [k])
    return out


def sampler_cases(dtype):
    """The samplers with a float dtype; without an option it is f32."""
    of = (lambda **more: [Options(dtype='f64', **more)]) if dtype == np.float64 else \
        (lambda **more: [Options(**more)] if more else [])
    ks = keys()
    out = []
    for turn, k in enumerate(ks):
        shapes = SHAPES if turn < 2 else SHAPES[2:4]
        for name, f in [('uniform', r.uniform), ('normal', r.normal), ('gumbel', r.gumbel)]:
            out += drawn(name, f, *[[k, s, *of()] for s in shapes], turn=turn)
        bounds = lambda k, low, high, *rest, **o: r.truncated_normal(k, low, high, *rest, **o)
        out += drawn('truncatedNormal', bounds, *[[k, -2, 2, s, *of()] for s in shapes], [k, -0.5, 3, [9], *of()],
                     [k, 0, 1, [9], *of()],
                     [k, -30, -1, [9], *of()], turn=turn)
        out += drawn('uniform', r.uniform, *[[k, [9], *of(minval=low, maxval=high)]
                                             for low, high in [(-3, 0.5), (0, 7.5), (-1, 1), (100, 101), (5, 5)]])
    many = ks[2]
    for name, f in [('uniform', r.uniform), ('normal', r.normal), ('gumbel', r.gumbel)]:
        out += drawn(name, f, [many, [600], *of()], vmap=None)
    out += drawn('uniform', r.uniform, [many, [300], *of(minval=-0.3, maxval=0.7)], vmap=None)
    out += drawn('truncatedNormal', bounds, [many, -1.5, 2.5, [300], *of()], vmap=None)
    return out


def choices(dtype):
    """Where a float array goes in: its dtype decides."""
    out = []
    p = np.array([0.1, 0.2, 0.05, 0.4, 0.25], dtype)
    logits = np.array([[0, 1, 2, -1], [3, 0, 0, 0], [-50, 0, 50, 0.5]], dtype)
    table, cube = values('random rows', [6, 2], dtype), values('random cube', [2, 4, 3], dtype)
    for turn, k in enumerate(keys()):
        out += drawn('bernoulli', r.bernoulli, [k, np.array([0, 0.2, 0.5, 1], dtype)], [k, np.array(0.3, dtype), [3, 4]],
                     [k, p, [2, 5]], turn=turn)
        out += drawn('categorical', lambda k, x, axis=-1, shape=None: r.categorical(k, x, axis, shape),
                     [k, logits], [k, logits[0]], [k, logits, 0], [k, logits, -1, Options(shape=[2, 3])],
                     [k, logits[1], -1, Options(shape=[5])],
                     [k, np.array([-np.inf, 0, -np.inf], dtype), -1, Options(shape=[4])], turn=turn)
        out += drawn('permutation', lambda k, x, axis=0, independent=False: r.permutation(k, x, axis, independent),
                     [k, table], [k, table, 1], [k, cube, 1], [k, table, 0, Options(independent=True)],
                     [k, cube, -1, Options(independent=True)], turn=turn)
        # With 64-bit types on JAX draws 64-bit positions, which pullback has not.
        plain = [[k, p, [3]], [k, table, [2]], [k, cube, [2, 2], Options(axis=1)], [k, table]] if dtype == np.float32 else []
        out += drawn('choice', lambda k, a, shape=(), replace=True, p=None, axis=0: r.choice(k, a, shape, replace, p, axis),
                     *plain, [k, table, [4], Options(replace=False)],
                     [k, 5, [7], Options(p=p)], [k, 5, [3], Options(p=p, replace=False)], [k, table[:5], [2, 2], Options(p=p)],
                     [k, table[:5], [4], Options(p=p, replace=False)], turn=turn)
    return out


def whole_cases():
    """Bits, integers and orders."""
    out = []
    for turn, k in enumerate(keys()):
        shapes = SHAPES if turn < 2 else SHAPES[2:4]
        out += drawn('bits', r.bits, *[[k, s] for s in shapes], turn=turn)
        spans = [(0, 10), (-5, 5), (0, 2**31 - 1), (7, 8), (-(2**31), 2**31 - 1), (0, 65537)]
        for s in [[], [5], [2, 3]]:
            out += drawn('randint', r.randint, *[[k, s, low, high] for low, high in spans], turn=turn)
        unsigned = lambda k, s, low, high, dtype: r.randint(k, s, dtype.type(low), dtype.type(high), dtype)
        out += drawn('randint', unsigned, *[[k, [6], low, high, 'u32'] for low, high in [(0, 10), (0, 2**31), (5, 4000000000)]])
        low, high = np.array([0, -5, 100], np.int32), np.array([10, 5, 2**31 - 1], np.int32)
        out += drawn('randint', r.randint, [k, [3], low, high], [k, [2, 3], low, high], [k, [3], np.array(-7, np.int32), high])
        out += drawn('bernoulli', r.bernoulli, [k], [k, 0.3], *[[k, 0.3, s] for s in shapes], [k, 0.0, [4]], [k, 1.0, [4]])
        out += drawn('permutation', r.permutation, *[[k, n] for n in [0, 1, 2, 10, 100]], [k, np.arange(7, dtype=np.int32)],
                     [k, np.array([True, False, True])])
        out += drawn('choice', lambda k, a, shape=(), replace=True: r.choice(k, a, shape, replace),
                     [k, 10], [k, 10, [4]], [k, 3, [2, 2]],
                     [k, 10, [4], Options(replace=False)], [k, 6, [2, 3], Options(replace=False)],
                     [k, np.array([3, 1, 4], np.int32), [5]])
    return out


def wide_cases():
    """With 64-bit types on: f64 samplers, and seeds beyond 32 bits."""
    seeds = [case('random.key', raw(r.key), [s]) for s in [2**32, 2**40 + 3, 2**53 - 1]]
    return [*seeds, *sampler_cases(np.float64), *choices(np.float64)]


def cases():
    return [*key_cases(), *whole_cases(), *sampler_cases(np.float32), *choices(np.float32)]
