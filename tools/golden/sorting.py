"""Sorting, ranking and the largest elements."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Options, distinct, only_values, rows, values

lax = jax.lax


def cases(dtype):
    m, v, x = distinct('sort m', [3, 5], dtype), distinct('sort v', [19], dtype), distinct('sort x', [2, 3, 4], dtype)
    ties = np.array([[2, 1, 2, 1, 2], [0, 0, 0, 0, 0]], dtype)
    special = np.array([1, np.nan, -np.inf, 0.0, np.inf, -0.0, np.nan, -1], dtype)
    down = Options(descending=True)
    out = []
    for name, f in [('numpy.sort', jnp.sort), ('numpy.argsort', jnp.argsort)]:
        out += rows(name, f, [m], [m, 0], [m, 1], [x, 1], [v], [m, None], [ties], [m, -1, down], [v[:1]],
                    [np.zeros([0, 2], dtype), 0], [np.zeros([2, 0], dtype)])
        out += only_values(name, f, [special], [special, -1, down], [ties, -1, down])
    out += rows('lax.topK', lambda x, k, axis=-1: lax.top_k(x, k, axis=axis), [m, 2], [m, 5], [v, 3], [x, 1], [ties, 3],
                [m, 2, Options(axis=0)], [v, 0], [v[:1], 1])
    out += only_values('lax.topK', lax.top_k, [special, 3], [special, 8])
    keys = np.array([3, 1, 2, 1, 0], np.int32)
    out += rows('lax.sort', lax.sort, [m], [m, 0], [x, 1], [v, 0], [ties])
    out += rows('lax.sort', lax.sort, [[keys, v[:5]]], [[m, m * 2, m > 0], 1], [[ties[0], v[:5]], 0, Options(numKeys=2)],
                [[keys, keys[::-1].copy(), v[:5]], 0, Options(numKeys=2)], [[m, x[0, :, :1] + m], 0], vmap=0)
    out += rows('lax.sortKeyVal', lax.sort_key_val, [v[:5], v[5:10]], [m, m * 2], [m, m * 2, 0], [keys, v[:5]],
                [ties[0], np.arange(5, dtype=np.int32)])
    return out


def whole_cases():
    out = []
    for dtype in [np.int32, np.uint32]:
        x = values('whole sort', [3, 5], np.float64, 0, 9).astype(dtype)
        out += rows('numpy.sort', jnp.sort, [x], [x, 0], [x, -1, Options(descending=True)])
        out += rows('numpy.argsort', jnp.argsort, [x], [x, 0], [x, -1, Options(descending=True)])
        out += rows('lax.topK', lax.top_k, [x, 2], [x, 4])
        out += rows('lax.sortKeyVal', lax.sort_key_val, [x, x + 1], [x[0], values('sorted along', [5])])
    big = np.array([2**31 - 1, -(2**31), 0, -1, 1], np.int32)
    large = np.array([2**32 - 1, 0, 2**31, 1], np.uint32)
    out += rows('numpy.sort', jnp.sort, [big], [large], [np.array([True, False, True])])
    out += rows('numpy.argsort', jnp.argsort, [big], [large], [np.array([True, False, True])])
    return out
