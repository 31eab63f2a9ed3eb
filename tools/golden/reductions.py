"""Reductions over every form of axis, positions of extrema, and running totals."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Options, distinct, only_values, rows, values

lax, nn = jax.lax, jax.nn
FLOAT = [('numpy.sum', jnp.sum), ('numpy.mean', jnp.mean), ('numpy.max', jnp.max), ('numpy.min', jnp.min),
         ('numpy.prod', jnp.prod), ('numpy.var', jnp.var), ('numpy.std', jnp.std), ('nn.logsumexp', nn.logsumexp)]
AXES = [None, 0, 1, -1, [0, 2], [-1, 0], [0, 1, 2]]
LINES = [[np.inf, 1, 2], [-np.inf, 1, 2], [np.nan, 1, 2], [-np.inf, -np.inf, -np.inf], [np.inf, -np.inf, 0],
         [200, 200, -200], [88, -88, 1.2e-38], [0.0, -0.0, 0.0]]


def reductions(dtype):
    out = []
    for name, f in FLOAT:
        x = values(f'{name} reduce', [2, 3, 4], dtype)
        keep = Options(keepdims=True)
        out += rows(name, f, [x], *[[x, axis] for axis in AXES], [x, 1, keep], [x, None, keep], [x, [0, -1], keep])
        out += rows(name, f, [values(f'{name} long', [3, 37], dtype), 1], [values(f'{name} long', [37, 3], dtype), 0])
        # The deviation of one element is 0, where its root has no derivative.
        if name != 'numpy.std':
            out += rows(name, f, [values(f'{name} one', [2, 1], dtype, 0.5, 2)], [np.array([1.5], dtype), 0],
                        [np.array(-0.5, dtype)])
        out += only_values(name, f, *[[np.array(row, dtype), 0] for row in LINES])
        out += rows(name, f, [np.array([[200, -200], [88, -88]], dtype), 1])
    for name, f in [('numpy.var', jnp.var), ('numpy.std', jnp.std)]:
        out += rows(name, f, [values(f'{name} ddof', [3, 4], dtype), 1, Options(ddof=1)],
                    [values(f'{name} ddof', [5], dtype), None, Options(ddof=2, keepdims=True)])
    # Ties share a gradient; products are differentiable through one zero and through two.
    ties = np.array([[1, 3, 3], [2, 2, 2]], dtype)
    for name, f in [('numpy.max', jnp.max), ('numpy.min', jnp.min)]:
        out += rows(name, f, [ties, 1], [ties, 0], [ties])
    zeros = np.array([[1, 0, 3], [0, 0, 2], [1, 2, 3], [-0.0, 5, 1]], dtype)
    out += rows('numpy.prod', jnp.prod, [zeros, 1], [zeros, 0], [zeros[:1]], [zeros[2:]])
    empty = np.zeros([0, 3], dtype)
    for name, f in [('numpy.sum', jnp.sum), ('numpy.prod', jnp.prod)]:
        out += rows(name, f, [empty, 0], [empty, 1], [empty], [np.zeros([2, 0], dtype), 1])
    for name, f in [('numpy.max', jnp.max), ('numpy.min', jnp.min), ('numpy.mean', jnp.mean)]:
        out += rows(name, f, [empty, 1])
    return out


def positions(dtype):
    out = []
    x = distinct('argmax', [3, 5], dtype)
    ties = np.array([[1, 3, 3], [2, 2, 2], [-0.0, 0.0, 0.0]], dtype)
    for name, f in [('numpy.argmax', jnp.argmax), ('numpy.argmin', jnp.argmin)]:
        out += rows(name, f, [x], [x, None], [x, 0], [x, 1], [x, -1], [ties, 1], [ties, 0], [x, 1, Options(keepdims=True)],
                    [x, None, Options(keepdims=True)], [x[:, :1], 1], [np.array([np.inf, -np.inf, np.inf], dtype), 0])
        out += only_values(name, f, [np.array([1, np.nan, 3, np.nan], dtype), 0], [np.array([np.nan], dtype)])
    return out


CUMULATIVE = [('sum', jnp.cumsum, lax.cumsum), ('prod', jnp.cumprod, lax.cumprod), ('max', None, lax.cummax),
              ('min', None, lax.cummin), ('logsumexp', None, lax.cumlogsumexp)]


def cumulative(dtype):
    out = []
    for short, along, primitive in CUMULATIVE:
        x = values(f'cumulative {short}', [3, 4], dtype)
        special = np.array([1, np.inf, 2, np.nan, 3], dtype)
        name = f'lax.cum{short}'
        out += rows(name, primitive, [x, 0], [x, 1], [x], [x, 1, Options(reverse=True)], [x, 0, Options(reverse=True)],
                    [values(f'cum {short}', [19], dtype), 0], [np.array([2.5], dtype), 0], [np.zeros([0, 2], dtype), 0],
                    [values(f'cum {short}', [2, 3, 2], dtype), 1])
        out += only_values(name, primitive, [special, 0], [special, 0, Options(reverse=True)])
        if along is not None:
            out += rows(f'numpy.cum{short}', along, [x], [x, 0], [x, 1], [x, -1], [values('cum', [2, 3, 2], dtype), 1],
                        [np.array([2.5], dtype)], [np.zeros([2, 0], dtype), 1], [np.array(1.5, dtype)])
    out += rows('lax.cumprod', lax.cumprod, [np.array([1, 2, 0, 3, 0, 4], dtype), 0], [np.array([0, 1.5, 2], dtype), 0])
    out += rows('lax.cummax', lax.cummax, [np.array([1, 3, 3, 2, 3], dtype), 0])
    out += rows('lax.cumlogsumexp', lax.cumlogsumexp, [np.array([-200, 88, 200, -88], dtype), 0])
    return out


def cases(dtype):
    return [*reductions(dtype), *positions(dtype), *cumulative(dtype)]


def whole_cases():
    """Integers and bools."""
    out = []
    for dtype in [np.int32, np.uint32]:
        x = values('whole', [3, 4], np.float64, 0, 100).astype(dtype)
        for name in ['sum', 'max', 'min', 'prod', 'mean', 'any', 'all', 'argmax', 'argmin', 'cumsum', 'cumprod', 'var']:
            out += rows(f'numpy.{name}', getattr(jnp, name), [x], [x, 1], [x, 0])
        for name in ['cumsum', 'cumprod', 'cummax', 'cummin']:
            out += rows(f'lax.{name}', getattr(lax, name), [x, 0], [x, 1, Options(reverse=True)])
    big = np.array([2**31 - 1, 1, 5], np.int32)
    out += rows('numpy.sum', jnp.sum, [big]) + rows('numpy.prod', jnp.prod, [big])
    x = np.array([[1, 0, 1], [1, 1, 1], [0, 0, 0]], bool)
    for name in ['any', 'all', 'sum', 'max', 'min', 'prod', 'mean', 'argmax']:
        out += rows(f'numpy.{name}', getattr(jnp, name), [x], [x, 0], [x, 1, Options(keepdims=True)])
    for name in ['any', 'all']:
        f = getattr(jnp, name)
        out += rows(f'numpy.{name}', f, [x, [0, 1]], [np.zeros([0, 2], bool), 0], [np.zeros([0, 2], bool)],
                    [np.array([0, -0.0, np.nan], np.float32)], [np.array([[0.5], [0]], np.float32), 1])
    return out
