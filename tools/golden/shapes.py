"""Moving elements about: shapes, joins, splits, pads, diagonals; and making arrays."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Options, only_values, rows, values

lax = jax.lax


def arrays(dtype):
    """Small arrays by rank, of a dtype."""
    make = lambda tag, shape: values(tag, shape, np.float64, 0, 9).astype(dtype) if not np.issubdtype(dtype, np.floating) \
        else values(tag, shape, dtype)
    return make('shape v', [5]), make('shape m', [3, 4]), make('shape x', [2, 3, 4])


def reshaping(dtype):
    v, m, x = arrays(dtype)
    empty = np.zeros([0, 3], dtype)
    return [
        *rows('numpy.reshape', lambda x, s: jnp.reshape(x, s), [x, [24]], [x, [4, 6]], [x, [-1, 4]], [x, [2, -1, 2]],
              [x, -1], [empty, [3, 0]], [v[:1], []], [m, [1, 3, 1, 4]]),
        *rows('lax.reshape', lambda x, s: lax.reshape(x, s), [x, [24]], [x, [4, 6]], [x, [1, 2, 12, 1]], [empty, [0]]),
        *rows('numpy.expandDims', jnp.expand_dims, [m, 0], [m, -1], [m, 1], [m, [0, 2]], [m, [0, -1]], [np.array(2, dtype), 0]),
        *rows('numpy.squeeze', jnp.squeeze, [m[:1]], [m[:1], 0], [x[:1, :, :1]], [x[:1, :, :1], -1], [x[:1, :, :1], [0, 2]],
              [v[:1]]),
        *rows('numpy.transpose', jnp.transpose, [x], [x, [2, 0, 1]], [x, [0, -1, 1]], [v], [m], [empty, [1, 0]]),
        *rows('lax.transpose', lax.transpose, [x, [2, 0, 1]], [x, [0, 2, 1]], [x, [2, 1, 0]]),
        *rows('numpy.moveaxis', jnp.moveaxis, [x, 0, 2], [x, -1, 0], [x, [0, 1], [2, 0]], [m, 0, 0]),
        *rows('numpy.swapaxes', jnp.swapaxes, [x, 0, 2], [x, -1, -2], [m, 1, 0]),
        *rows('numpy.broadcastTo', lambda x, s: jnp.broadcast_to(x, s), [m, [2, 3, 4]], [m[:, :1], [3, 4]], [v, [2, 5]],
              [np.array(3, dtype), [2, 2]], [v[:1], [0, 4]], [m, [3, 4]]),
        *rows('lax.broadcastInDim', lax.broadcast_in_dim, [x, [5, 2, 3, 4], [1, 2, 3]], [m, [3, 2, 4], [0, 2]],
              [m[:, :1], [3, 4], [0, 1]], [np.array(3, dtype), [2, 2], []], [v, [5, 3], [0]]),
        *rows('numpy.atleast1d', jnp.atleast_1d, [np.array(3, dtype)], [v], [m]),
        *rows('numpy.atleast2d', jnp.atleast_2d, [np.array(3, dtype)], [v], [m], [x]),
        *rows('numpy.copy', jnp.copy, [m], [v]),
        *rows('numpy.flip', jnp.flip, [x], [x, 0], [x, [0, 2]], [x, -1], [v], [empty, 0]),
        *rows('lax.rev', lax.rev, [m, [0]], [m, [1]], [m, [0, 1]], [x, [0, 2]]),
        *rows('numpy.roll', jnp.roll, [x, 1], [x, 1, 2], [m, -2, 0], [m, 7, 1], [x, [1, 2], [0, 1]], [v, 0, 0], [m, 5, [0, 1]],
              [empty, 1, 0]),
        *rows('numpy.repeat', jnp.repeat, [x, 2, 1], [m, 3, 0], [v, 2], [m, 2], [m, 2, -1], [v, 0, 0]),
        *rows('numpy.repeat', lambda x, n, axis=None: jnp.repeat(x, np.array(n), axis, total_repeat_length=sum(n)),
              [m, [1, 0, 2], 0], [v, [0, 1, 2, 1, 3]]),
        *rows('numpy.tile', jnp.tile, [x, [2, 1, 3]], [m, 2], [v, [2, 2]], [m, [2]], [m, [1, 1]], [np.array(2, dtype), [3]]),
        *rows('numpy.tril', jnp.tril, [m], [m, 1], [m, -1], [x], [x, -2]),
        *rows('numpy.triu', jnp.triu, [m], [m, 1], [m, -1], [x], [x, 2]),
        *rows('numpy.diag', jnp.diag, [m], [m, 1], [m, -1], [m, 3], [v], [v, 2], [v, -1], [v[:1]]),
        *rows('numpy.outer', jnp.outer, [v, v[:3]], [m, v], [v[:0], v]),
        *rows('lax.select', lax.select, [m > 1, m, m[::-1].copy()], [np.array([], bool), v[:0], v[:0]]),
        *rows('lax.selectN', lax.select_n, [m > 1, m, m[::-1].copy()],
              [np.array([2, 0, 1, 1, 2], np.int32), v, v[::-1].copy(), v[[1, 2, 3, 4, 0]]],
              [np.array([0, 0, 0, 0, 0], np.int32), v],
              [np.array(1, np.int32), v, v[[1, 2, 3, 4, 0]], v[::-1].copy()]),
    ]


def joining(dtype):
    v, m, x = arrays(dtype)
    w = m[::-1].copy()
    return [
        *rows('numpy.concatenate', jnp.concatenate, [[m, w]], [[m, w[:, :2]], 1], [[m, w, m], -1], [[v, v[:2]]], [[m], 0],
              [[m, w[:0]], 0], [[m, v], None], turn=1),
        *rows('lax.concatenate', lax.concatenate, [[m, w, w[:2]], 0], [[m, w[:, :2], w[:, :0]], 1]),
        *rows('numpy.stack', jnp.stack, [[m, w]], [[m, w], 1], [[m, w, m], -1], [[v, v]], [[v[0:1], v[1:2]], 1]),
        *rows('numpy.vstack', jnp.vstack, [[v, v[::-1].copy()]], [[m, w[:1]]], [[m, v[:4]]]),
        *rows('numpy.hstack', jnp.hstack, [[v, v[:2]]], [[m, w[:, :1]]], [[x, x]]),
        *rows('numpy.split', jnp.split, [m, 3], [m, 2, 1], [m, [1], 0], [x, [1, 3], -1], [v, [2, 2, 4]], [v, 5]),
        *rows('numpy.meshgrid', lambda xs, **o: jnp.meshgrid(*xs, **o), [[v, m[0]]], [[v, m[0]], Options(indexing='ij')],
              [[v[:2], m[0], m[1, :3]]], [[v, m[0]], Options(sparse=True)], [[v]]),
        *rows('numpy.pad', jnp.pad, [m, 1], [m, [[1, 2], [0, 3]]], [v, [[2, 0]]], [x, [[0, 0], [1, 1], [0, 2]]], [m, [1, 2]],
              [m[:0], [[1, 0], [0, 1]]]),
        *rows('numpy.pad', lambda x, width, constant_values: jnp.pad(x, width, constant_values=constant_values),
              [m, 1, Options(constantValues=7)], [m, [[0, 1], [2, 0]], Options(constantValues=3)]),
        *rows('lax.pad', lax.pad, *[[m, np.array(3, dtype), config] for config in [
            [[1, 2, 0], [0, 0, 0]], [[-1, 0, 0], [2, -2, 0]], [[0, 0, 1], [1, 1, 2]], [[2, -1, 2], [-2, 1, 1]],
            [[-2, -1, 0], [0, 0, 1]]]], [m[:0], np.array(1, dtype), [[1, 1, 0], [0, 0, 1]]]),
        *rows('lax.slice', lambda x, start, limit, strides=None: lax.slice(x, start, limit, strides),
              [m, [0, 1], [3, 4]], [m, [1, 0], [3, 4], [1, 2]], [m, [0, 0], [3, 4], [2, 3]], [m, [2, 2], [2, 4]],
              [x, [0, 1, 0], [2, 3, 3], [1, 1, 2]]),
        *rows('lax.sliceInDim', lax.slice_in_dim, [m, 1, 3], [m, 0, 4, 2, 1], [x, 1, 2, 1, -1], [v, None, None, 2],
              [v, -3, None], [v, 1, -1]),
    ]


def making(dtype):
    """Arrays from nothing; their dtype is an option."""
    name = {np.float32: 'f32', np.float64: 'f64'}[dtype]
    of = lambda **more: Options(dtype=name, **more)
    x = values('like', [2, 3], dtype)
    out = [
        *rows('numpy.zeros', jnp.zeros, [[2, 3], of()], [3, of()], [[], of()], [[0, 2], of()]),
        *rows('numpy.ones', jnp.ones, [[2, 3], of()], [3, of()], [[], of()]),
        *rows('numpy.full', lambda s, v, dtype: jnp.full(s, v, dtype), [[2, 2], 1.5, of()], [3, -2, of()], [[0], 1, of()]),
        *rows('numpy.zerosLike', jnp.zeros_like, [x], [x[:0]]), *rows('numpy.onesLike', jnp.ones_like, [x], [x[0, 0:1]]),
        *rows('numpy.fullLike', lambda x, v: jnp.full_like(x, v), [x, 2.5], [x, -1], [x[0], 0]),
        *rows('numpy.arange', jnp.arange, [0, 5, 1, of()], [1, 6, 2, of()], [2, -3, -1.5, of()], [0, 1, 0.25, of()],
              [3, 3, 1, of()], [0, 1, 0.1, of()]),
        *rows('numpy.linspace', jnp.linspace, [0, 1, 5, of()], [-2, 3, 7, of()], [1, 0, 4, of()], [0, 1, 1, of()],
              [2, 2, 3, of()], [0, 1, 0, of()], [0, 10, 50, of()], [0, 1, 4, of(endpoint=False)]),
        *rows('numpy.eye', lambda *a, dtype: jnp.eye(*a, dtype=dtype), [3, 3, 0, of()], [2, 4, 0, of()], [3, 3, 1, of()],
              [4, 2, -1, of()], [0, 0, 0, of()]),
        *rows('numpy.array', jnp.array, [x], [np.array(1.5, dtype)]), *rows('numpy.asarray', jnp.asarray, [x], [x[:0]]),
        *rows('numpy.array', lambda x, dtype: jnp.array(x, dtype), [[[1, 2], [3, 4]], of()], [2.5, of()], [[True, False], of()]),
        *rows('lax.iota', lax.iota, [name, 5], [name, 0], [name, 1]),
        *rows('numpy.finfo', lambda d: {'eps': float(jnp.finfo(d).eps), 'max': float(jnp.finfo(d).max),
              'min': float(jnp.finfo(d).min), 'tiny': float(jnp.finfo(d).tiny), 'bits': jnp.finfo(d).bits}, [name]),
        *rows('lax.bitcastConvertType', lax.bitcast_convert_type,
              *([[np.array([0, -0.0, 1, -2.5, np.inf], np.float32), d] for d in ['i32', 'u32']] if name == 'f32' else [])),
    ]
    return out


def cases(dtype):
    return [*reshaping(dtype), *joining(dtype), *making(dtype)]


def whole_cases():
    """Integers and bools are moved in the same way; and arrays made without a dtype, or of integers."""
    out = []
    for dtype in [np.int32, np.uint32, np.bool_]:
        kinds = {}
        for c in [*reshaping(dtype), *joining(dtype)]:
            kinds.setdefault(c['fn'], []).append(c)
        # Two of each function: the dtype changes nothing but the elements.
        out += [c for cs in kinds.values() for c in cs[:2]]
    x = np.array([[1, -2], [3, 4]], np.int32)
    out += [
        *rows('numpy.zeros', jnp.zeros, [[2]], [[2], Options(dtype='i32')], [[2], Options(dtype='bool')]),
        *rows('numpy.ones', jnp.ones, [3], [3, Options(dtype='u32')]),
        *rows('numpy.full', lambda s, v, dtype=None: jnp.full(s, v, dtype), [[2], 3, Options(dtype='i32')], [[2], True],
              [[2], 0.5]),
        *rows('numpy.zerosLike', jnp.zeros_like, [x], [x > 0]), *rows('numpy.onesLike', jnp.ones_like, [x], [x > 0]),
        *rows('numpy.fullLike', jnp.full_like, [x, 7]),
        *rows('numpy.arange', jnp.arange, [5], [2, 7], [7, 2, -2], [0, 1, 0.25], [1, 2.5]),
        *rows('numpy.linspace', jnp.linspace, [0, 1, 3]),
        *rows('numpy.eye', lambda n, m=None, k=0, dtype=None: jnp.eye(n, m, k, dtype), [2],
              [2, 3, 1, Options(dtype='i32')], [2, 2, 0, Options(dtype='bool')]),
        *rows('numpy.array', jnp.array, [x], [[[0.5, 1.5], [2.5, 3.5]]], [[True, False]]),
        *rows('lax.iota', lax.iota, ['i32', 4], ['u32', 3]),
        *rows('numpy.iinfo', lambda d: {'max': int(jnp.iinfo(d).max), 'min': int(jnp.iinfo(d).min), 'bits': jnp.iinfo(d).bits},
              ['i32'], ['u32']),
        *rows('numpy.shape', jnp.shape, [x]), *rows('numpy.ndim', jnp.ndim, [x]), *rows('numpy.size', jnp.size, [x]),
        *rows('lax.bitcastConvertType', lax.bitcast_convert_type, [x, 'f32'], [x, 'u32']),
        *only_values('lax.convertElementType', lax.convert_element_type, [x, 'f32'], [x, 'bool'], [x, 'u32'],
                     [np.array([1.9, -1.9, 0, 300.5], np.float32), 'i32'], [np.array([0.5, 0, -0.0], np.float32), 'bool'],
                     [np.array([0, 1, 2**31, 2**32 - 1], np.uint32), 'f32'], [np.array([0, 1, 2**31], np.uint32), 'i32'],
                     [x > 0, 'i32'], [x > 0, 'f32']),
    ]
    out += rows('lax.convertElementType', lax.convert_element_type, [np.array([1.5, -2, 0.25], np.float32), 'f32'])
    for a in ['bool', 'i32', 'u32', 'f32']:
        for b, kind in [('floating', jnp.floating), ('integer', jnp.integer), ('number', jnp.number), ('f32', jnp.float32),
                        ('signedinteger', jnp.signedinteger), ('unsignedinteger', jnp.unsignedinteger)]:
            out += rows('numpy.issubdtype', lambda a, b, kind=kind: bool(jnp.issubdtype(a, kind)), [a, b])
    return out
