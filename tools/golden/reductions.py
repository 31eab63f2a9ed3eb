"""Reductions over every form of axis."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Static, case, values

FLOAT = [('sum', jnp.sum), ('mean', jnp.mean), ('max', jnp.max), ('min', jnp.min), ('prod', jnp.prod), ('var', jnp.var),
         ('std', jnp.std), ('logsumexp', None)]
AXES = [None, 0, 1, -1, [0, 2], [0, 1, 2]]


def named(name, f):
    if name == 'logsumexp':
        return 'nn.logsumexp', jax.nn.logsumexp
    return f'numpy.{name}', f


def cases(dtype):
    out = []
    for short, given in FLOAT:
        name, f = named(short, given)
        x = values(f'{name} reduce', [2, 3, 4], dtype)
        for axis in AXES:
            ax = tuple(axis) if isinstance(axis, list) else axis
            out.append(case(name, lambda x: f(x, axis=ax), [x, Static(axis)], derivatives=True, vmap=True))
        out.append(case(name, lambda x: f(x, axis=1, keepdims=True), [x, Static(1)], options={'keepdims': True}))
        for row in [[np.inf, 1, 2], [-np.inf, 1, 2], [np.nan, 1, 2], [-np.inf, -np.inf, -np.inf], [np.inf, -np.inf, 0],
                    [200, 200, -200]]:
            out.append(case(name, lambda x: f(x, axis=0), [np.array(row, dtype), Static(0)]))
    ties = np.array([[1, 3, 3], [2, 2, 2]], dtype)
    for name, f in [('numpy.max', jnp.max), ('numpy.min', jnp.min)]:
        out.append(case(name, lambda x: f(x, axis=1), [ties, Static(1)], derivatives=True))
    zeros = np.array([[1, 0, 3], [0, 0, 2], [1, 2, 3]], dtype)
    out.append(case('numpy.prod', lambda x: jnp.prod(x, axis=1), [zeros, Static(1)], derivatives=True))
    for name, f in [('numpy.sum', jnp.sum), ('numpy.prod', jnp.prod)]:
        out.append(case(name, lambda x: f(x, axis=0), [np.zeros([0, 3], dtype), Static(0)]))
    for name, f in [('numpy.argmax', jnp.argmax), ('numpy.argmin', jnp.argmin)]:
        for axis in [None, 0, 1, -1]:
            out.append(case(name, lambda x: f(x, axis=axis), [values('argmax', [3, 5], dtype), Static(axis)]))
        out.append(case(name, lambda x: f(x, axis=1), [ties, Static(1)]))
        out.append(case(name, lambda x: f(x, axis=0), [np.array([1, np.nan, 3, np.nan], dtype), Static(0)]))
    return out


def whole_cases():
    out = []
    for dtype in [np.int32, np.uint32]:
        x = values('whole', [3, 4], np.float64, 0, 100).astype(dtype)
        for name in ['sum', 'max', 'min', 'prod', 'mean']:
            out.append(case(f'numpy.{name}', lambda x: getattr(jnp, name)(x, axis=1), [x, Static(1)]))
    x = np.array([[1, 0, 1], [1, 1, 1], [0, 0, 0]], bool)
    for name in ['any', 'all', 'sum']:
        for axis in [None, 0, 1]:
            out.append(case(f'numpy.{name}', lambda x: getattr(jnp, name)(x, axis=axis), [x, Static(axis)]))
    return out
