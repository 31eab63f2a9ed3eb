"""Moving elements about: shapes, slices, pads, joins."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Static, case, values

lax = jax.lax


def cases(dtype=np.float32):
    out = []
    x = values('structural x', [2, 3, 4], dtype)
    m = values('structural m', [3, 5], dtype)

    def add(name, f, *args):
        out.append(case(name, f, list(args), derivatives=True, vmap=True))

    for a, shape, axes in [(x, [5, 2, 3, 4], [1, 2, 3]), (m, [3, 2, 5], [0, 2]), (m[:, :1], [3, 4], [0, 1]),
                           (values('b0', [], dtype), [2, 2], [])]:
        add('lax.broadcastInDim', lambda a: lax.broadcast_in_dim(a, shape, axes), a, Static(shape), Static(axes))
    for shape in [[24], [4, 6], [1, 2, 12, 1]]:
        add('lax.reshape', lambda a: lax.reshape(a, shape), x, Static(shape))
    for p in [[2, 0, 1], [0, 2, 1], [2, 1, 0]]:
        add('lax.transpose', lambda a: lax.transpose(a, p), x, Static(p))
    v = values('pad value', [], dtype)
    for config in [[[1, 2, 0], [0, 0, 0]], [[-1, 0, 0], [2, -2, 0]], [[0, 0, 1], [1, 1, 2]], [[2, -1, 2], [-2, 1, 1]]]:
        add('lax.pad', lambda a, v: lax.pad(a, v, [tuple(c) for c in config]), m, v, Static(config))
    for start, limit, strides in [([0, 1], [3, 4], None), ([1, 0], [3, 5], [1, 2]), ([0, 0], [3, 5], [2, 3]),
                                  ([2, 2], [2, 5], None)]:
        args = [Static(start), Static(limit)] + ([Static(strides)] if strides else [])
        add('lax.slice', lambda a: lax.slice(a, start, limit, strides), m, *args)
    for axes in [[0], [1], [0, 1], [0, 2]]:
        a = x if max(axes) == 2 else m
        add('lax.rev', lambda a: lax.rev(a, axes), a, Static(axes))
    for axis, others in [(0, [[1, 5], [2, 5]]), (1, [[3, 2], [3, 0]])]:
        parts = [m, *(values(f'part {s}', s, dtype) for s in others)]
        out.append(case('lax.concatenate', lambda xs: lax.concatenate(xs, axis), [parts, Static(axis)], derivatives=True))
    mask = values('mask', [3, 5]) > 0
    out.append(case('lax.select', lax.select, [mask, m, m[::-1].copy()]))
    for start in [[0, 0], [1, 2], [5, -1], [-9, 9]]:
        out.append(case('lax.dynamicSlice', lambda a: lax.dynamic_slice(a, start, (2, 3)),
                        [m, Static(start), Static([2, 3])], derivatives=True, vmap=True))
        update = values('update', [2, 3], dtype)
        out.append(case('lax.dynamicUpdateSlice', lambda a, u: lax.dynamic_update_slice(a, u, start),
                        [m, update, Static(start)], derivatives=True, vmap=True))
    for axis, indices in [(0, [2, 0, 0]), (1, [4, 4, 1]), (1, [-1, 0])]:
        out.append(case('numpy.take', lambda a: jnp.take(a, np.array(indices), axis=axis),
                        [m, Static(indices), Static(axis)], derivatives=True))
    for name, f, args in [
        ('expandDims', lambda a: jnp.expand_dims(a, 1), [1]), ('moveaxis', lambda a: jnp.moveaxis(a, 0, 2), [0, 2]),
        ('swapaxes', lambda a: jnp.swapaxes(a, 0, 2), [0, 2]), ('tile', lambda a: jnp.tile(a, (2, 1, 3)), [[2, 1, 3]]),
        ('repeat', lambda a: jnp.repeat(a, 2, axis=1), [2, 1]), ('roll', lambda a: jnp.roll(a, 1, axis=2), [1, 2]),
        ('flip', lambda a: jnp.flip(a, 1), [1]),
    ]:
        add(f'numpy.{name}', f, x, *[Static(a) for a in args])
    return out
