"""The methods and properties of arrays: `array.NAME` is called on the first argument."""

import jax.numpy as jnp
import numpy as np
from cases import Options, distinct, rows, values


def method(name):
    """JAX's method or property of that name."""
    def f(x, *args, **options):
        member = getattr(jnp.asarray(x), name)
        return member(*args, **options) if callable(member) else member
    return f


def cases(dtype):
    x, y, m, b = (values(f'method {s}', s, dtype, 0.2, 2) for s in [[2, 3, 4], [3, 4], [3, 2], [4, 2]])
    out = []
    for name, f in [('add', jnp.add), ('sub', jnp.subtract), ('mul', jnp.multiply), ('div', jnp.divide), ('pow', jnp.power),
                    ('eq', jnp.equal), ('ne', jnp.not_equal), ('lt', jnp.less), ('le', jnp.less_equal), ('gt', jnp.greater),
                    ('ge', jnp.greater_equal)]:
        out += rows(f'array.{name}', f, [x, y], [y, 2], [y, y])
    out += rows('array.neg', jnp.negative, [x], [x[0, 0]]) + rows('array.abs', jnp.abs, [-y])
    for name in ['sum', 'mean', 'max', 'min', 'prod', 'all', 'any']:
        out += rows(f'array.{name}', method(name), [x], [x, 1], [x, [0, -1]], [x, 2, Options(keepdims=True)])
    for name in ['argmax', 'argmin']:
        out += rows(f'array.{name}', method(name), [distinct('arg', [3, 4], dtype)], [distinct('arg', [3, 4], dtype), 1])
    out += rows('array.matmul', jnp.matmul, [y, b], [x, b], [y[0], b]) + rows('array.dot', jnp.dot, [y, b], [y[0], y[1]])
    out += rows('array.reshape', lambda x, s: jnp.reshape(x, s), [x, [4, 6]], [x, [-1, 3]], [x, -1])
    out += rows('array.ravel', method('ravel'), [x], [y]) + rows('array.squeeze', method('squeeze'), [y[:1]], [y[:1], 0])
    out += rows('array.transpose', lambda x, axes=None: jnp.transpose(x, axes), [x], [x, [1, 2, 0]])
    out += rows('array.T', method('T'), [y], [x]) + rows('array.mT', method('mT'), [y], [x])
    out += rows('array.astype', method('astype'), [y, 'i32'], [y, 'bool'], [y, 'f32'])
    out += rows('array.tolist', lambda x: np.asarray(x).tolist(), [np.array([[0.5, 2], [-1, 8]], dtype)], [np.array(3, dtype)],
                static_result=True)
    out += rows('array.item', lambda x: np.asarray(x).item(), [np.array([[0.5]], dtype)], static_result=True)
    for name in ['shape', 'ndim', 'size', 'dtype']:
        out += rows(f'array.{name}', method(name), [x], [y[:0]], static_result=True)
    return out


def whole_cases():
    x = values('method whole', [3, 4], np.float64, 0, 30).astype(np.int32)
    out = []
    for name, f in [('add', jnp.add), ('sub', jnp.subtract), ('mul', jnp.multiply), ('div', jnp.divide), ('lt', jnp.less)]:
        out += rows(f'array.{name}', f, [x, x[0]], [x, 2], [x, 0.5])
    for name in ['sum', 'mean', 'max', 'argmax', 'any']:
        out += rows(f'array.{name}', method(name), [x], [x, 1])
    out += rows('array.astype', method('astype'), [x, 'f32'], [x, 'bool'], [x, 'u32'], [x > 9, 'f32'], [x > 9, 'i32'])
    out += rows('array.tolist', lambda x: np.asarray(x).tolist(), [x > 9], [x[0]], static_result=True)
    out += rows('array.dtype', method('dtype'), [x], [x > 1], [x.astype(np.uint32)], static_result=True)
    return out
