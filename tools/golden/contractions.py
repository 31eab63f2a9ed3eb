"""dotGeneral, convGeneralDilated and reduceWindow, with both derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Static, case, values

lax = jax.lax


def dots(dtype):
    out = []
    for a, b, contracting, batch in [
        ([3, 4], [4, 5], [[1], [0]], [[], []]), ([4, 3], [5, 4], [[0], [1]], [[], []]), ([4], [4], [[0], [0]], [[], []]),
        ([3], [2], [[], []], [[], []]), ([2, 3, 4], [2, 4, 5], [[2], [1]], [[0], [0]]),
        ([3, 2, 4], [5, 4, 2], [[2], [1]], [[1], [2]]), ([2, 3, 4], [4, 3, 5], [[1, 2], [1, 0]], [[], []]),
        ([2, 3, 4, 5], [3, 2, 5], [[3], [2]], [[0, 1], [1, 0]]), ([0, 3], [3, 2], [[1], [0]], [[], []]),
        ([2, 0], [0, 3], [[1], [0]], [[], []]), ([7, 33], [33, 9], [[1], [0]], [[], []]),
    ]:
        x, y = values(f'dot x {a}', a, dtype), values(f'dot y {b}', b, dtype)
        numbers = {'contracting': contracting, 'batch': batch}
        out.append(case('lax.dotGeneral', lambda x, y: lax.dot_general(x, y, (contracting, batch), precision='highest'),
                        [x, y, Static(numbers)], derivatives=True, vmap=True))
    for a, b in [([3, 4], [4, 2]), ([4], [4, 2]), ([3, 4], [4]), ([2, 1, 3, 4], [5, 4, 2])]:
        x, y = values(f'matmul x {a}', a, dtype), values(f'matmul y {b}', b, dtype)
        out.append(case('numpy.matmul', lambda x, y: jnp.matmul(x, y, precision='highest'), [x, y], derivatives=True))
    return out


def axes(layout, kernel):
    """Layout texts to axis numbers: (batch, feature, spatial…), (out, in, spatial…)."""
    spatial = [c for c in layout if c not in 'NC']
    lhs = [layout.index(c) for c in ['N', 'C', *spatial]]
    return {'lhs': lhs, 'rhs': [kernel.index(c) for c in ['O', 'I', *spatial]], 'out': lhs}


def convolutions(dtype):
    out = []
    plain = dict(strides=[1, 1], padding=[[0, 0], [0, 0]], lhsDilation=[1, 1], rhsDilation=[1, 1], groups=1, batchGroups=1)
    variants = [
        {}, {'padding': [[1, 1], [1, 1]]}, {'strides': [2, 2]}, {'strides': [2, 1], 'padding': [[0, 1], [2, 0]]},
        {'rhsDilation': [2, 1]}, {'lhsDilation': [2, 2], 'padding': [[1, 1], [2, 1]]}, {'padding': [[-1, 0], [0, -1]]},
        {'groups': 2}, {'groups': 2, 'strides': [2, 2], 'padding': [[1, 1], [1, 1]]}, {'batchGroups': 2},
        {'lhsDilation': [2, 1], 'rhsDilation': [1, 2], 'strides': [1, 2], 'padding': [[2, 2], [1, 3]]},
    ]
    for layout, kernel in [('NHWC', 'HWIO'), ('NCHW', 'OIHW')]:
        for variant in variants:
            v = {**plain, **variant}
            size = {'N': 2, 'C': 4, 'H': 5, 'W': 6, 'O': 4, 'I': 4 // v['groups']}
            window = {**size, 'H': 3, 'W': 2}
            x = values(f'conv x {layout} {variant}', [size[c] for c in layout], dtype)
            w = values(f'conv w {layout} {variant}', [window[c] for c in kernel], dtype)

            def f(x, w):
                return lax.conv_general_dilated(
                    x, w, v['strides'], [tuple(p) for p in v['padding']], v['lhsDilation'], v['rhsDilation'], (layout, kernel, layout),
                    v['groups'], v['batchGroups'], precision='highest')

            params = {
                'strides': v['strides'], 'padding': v['padding'], 'lhsDilation': v['lhsDilation'],
                'rhsDilation': v['rhsDilation'], 'dimensionNumbers': axes(layout, kernel),
                'featureGroupCount': v['groups'], 'batchGroupCount': v['batchGroups'],
            }
            out.append(case('lax.convGeneralDilated', f, [x, w, Static(params)], derivatives=True))
    return out


def windows(dtype):
    out = []
    x = values('window', [2, 6, 5, 2], dtype)
    for name, init, op in [('max', -np.inf, lax.max), ('add', 0.0, lax.add)]:
        for window, strides, padding in [([1, 2, 2, 1], [1, 2, 2, 1], 'VALID'), ([1, 3, 2, 1], [1, 1, 2, 1], 'SAME'),
                                         ([1, 2, 3, 1], [1, 1, 1, 1], 'VALID'), ([1, 3, 3, 1], [1, 2, 2, 1], 'SAME')]:
            out.append(case(
                'lax.reduceWindow', lambda x: lax.reduce_window(x, np.asarray(init, dtype)[()], op, window, strides, padding),
                [x, Static(name), Static(window)], options={'strides': strides, 'padding': padding}, derivatives=True))
    return out


def cases(dtype):
    return [*dots(dtype), *convolutions(dtype), *windows(dtype)]
