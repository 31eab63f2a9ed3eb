"""Products and windows: dotGeneral, matmul, einsum, convolutions, reduceWindow; with both derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import BOTH, Options, rows, values

lax = jax.lax


def dots(dtype):
    out = []
    for a, b, contracting, batch in [
        ([3, 4], [4, 5], [[1], [0]], [[], []]), ([4, 3], [5, 4], [[0], [1]], [[], []]), ([4], [4], [[0], [0]], [[], []]),
        ([3], [2], [[], []], [[], []]), ([2, 3, 4], [2, 4, 5], [[2], [1]], [[0], [0]]),
        ([3, 2, 4], [5, 4, 2], [[2], [1]], [[1], [2]]), ([2, 3, 4], [4, 3, 5], [[1, 2], [1, 0]], [[], []]),
        ([2, 3, 2, 5], [3, 2, 5], [[3], [2]], [[0, 1], [1, 0]]), ([0, 3], [3, 2], [[1], [0]], [[], []]),
        ([2, 0], [0, 3], [[1], [0]], [[], []]), ([1, 1], [1, 1], [[1], [0]], [[], []]),
    ]:
        x, y = values(f'dot x {a}', a, dtype), values(f'dot y {b}', b, dtype)
        numbers = {'contracting': contracting, 'batch': batch}
        for turn in [0, 1, 2]:
            out += rows('lax.dotGeneral', lambda x, y, n: lax.dot_general(x, y, (n['contracting'], n['batch'])),
                        [x, y, numbers], turn=turn, derivatives=BOTH if turn == 0 else ())
    x, y = values('dot long x', [5, 33], dtype), values('dot long y', [33, 6], dtype)
    pairs = [([3, 4], [4, 2]), ([4], [4, 2]), ([3, 4], [4]), ([4], [4]), ([2, 1, 3, 4], [5, 4, 2]), ([2, 3, 4], [4, 2]),
             ([3, 4], [2, 4, 2]), ([4], [2, 4, 3]), ([2, 3, 4], [4]), ([0, 2], [2, 3]), ([2, 0], [0, 2])]
    matrices = [[values(f'matmul x {a}', a, dtype), values(f'matmul y {b}', b, dtype)] for a, b in pairs]
    out += rows('numpy.matmul', jnp.matmul, [x, y], *matrices)
    out += rows('numpy.dot', jnp.dot, *matrices[:4], matrices[5], [matrices[4][0], matrices[6][1]], [x, np.array(2, dtype)])
    return out


EINSUMS = [
    ('ij,jk->ik', [2, 3], [3, 4]), ('ij,jk', [2, 3], [3, 4]), ('ij,kj->ki', [2, 3], [4, 3]), ('ii', [3, 3]), ('ii->i', [3, 3]),
    ('ij->ji', [2, 3]), ('ij->j', [2, 3]), ('ij->', [2, 3]), ('ba', [2, 3]), ('i,j->ij', [2], [3]), ('i,i', [4], [4]),
    ('i,i->i', [4], [4]), ('bij,bjk->bik', [2, 2, 3], [2, 3, 2]), ('bij,jk->bik', [2, 2, 3], [3, 2]),
    ('...ij,...jk->...ik', [2, 2, 3], [2, 3, 2]), ('...ij,...jk->...ik', [2, 1, 2, 3], [3, 3, 2]), ('...i->...', [2, 2, 3]),
    ('ijk,jil->kl', [2, 3, 4], [3, 2, 2]), ('ij,ij->', [2, 3], [2, 3]), ('ij,jk,kl->il', [2, 3], [3, 2], [2, 4]),
    ('i,j,k->ijk', [2], [2], [3]), ('bhqd,bhkd->bhqk', [1, 2, 2, 3], [1, 2, 4, 3]), ('ijj->i', [2, 3, 3]),
    ('ij,j->i', [0, 3], [3]), ('ij,ij->i', [3, 1], [3, 1]), ('bqhd,bkhd->bhqk', [1, 2, 2, 3], [1, 3, 2, 3]),
    ('ab,cb,db->acd', [2, 3], [2, 3], [2, 3]), ('ij,k->kji', [2, 2], [2]),
]


def einsums(dtype):
    return [c for i, (text, *shapes) in enumerate(EINSUMS)
            for c in rows('numpy.einsum', jnp.einsum, [text, *[values(f'einsum {j} {s}', s, dtype) for j, s in enumerate(shapes)]],
                          turn=i)]


VARIANTS = [
    {}, {'padding': [[1, 1], [1, 1]]}, {'strides': [2, 2]}, {'strides': [2, 1], 'padding': [[0, 1], [2, 0]]}, {'padding': 'SAME'},
    {'rhsDilation': [2, 1]}, {'lhsDilation': [2, 2], 'padding': [[1, 1], [2, 1]]}, {'padding': [[-1, 0], [0, -1]]},
    {'strides': [2, 2], 'padding': 'SAME', 'rhsDilation': [1, 2]},
    {'featureGroupCount': 2}, {'featureGroupCount': 2, 'strides': [2, 2], 'padding': [[1, 1], [1, 1]]},
    {'batchGroupCount': 2}, {'lhsDilation': [2, 1], 'rhsDilation': [1, 2], 'strides': [1, 2], 'padding': [[2, 2], [1, 3]]},
]
# Other ranks.
LINES = [('NWC', 'WIO', {}), ('NCW', 'OIW', {'strides': [2], 'padding': [[2, 1]]}), ('NWC', 'OWI', {'lhsDilation': [2]}),
         ('NDHWC', 'DHWIO', {'padding': [[1, 0], [0, 1], [1, 1]]}), ('NC', 'IO', {})]


def convolution(layout, kernel, variant, dtype):
    """The arguments of a convolution in a layout."""
    v = dict(variant)
    spatial = len(layout) - 2
    strides = v.pop('strides', [1] * spatial)
    padding = v.pop('padding', [[0, 0]] * spatial if 'lhsDilation' in v else 'VALID')
    groups, batches = v.get('featureGroupCount', 1), v.get('batchGroupCount', 1)
    size = {'N': 2, 'C': 2 * groups, 'D': 3, 'H': 5, 'W': 4, 'O': 2 * groups * batches, 'I': 2}
    window = {**size, 'D': 2, 'H': 3, 'W': 2}
    x = values(f'conv x {layout} {variant}', [size[c] for c in layout], dtype)
    w = values(f'conv w {layout} {variant}', [window[c] for c in kernel], dtype)
    return [x, w, strides, padding, Options(dimensionNumbers=[layout, kernel, layout], **v)]


def convolutions(dtype):
    out = []
    for layout, kernel in [('NHWC', 'HWIO'), ('NCHW', 'OIHW')]:
        for turn, variant in enumerate(VARIANTS):
            args = convolution(layout, kernel, variant, dtype)
            out += rows('lax.convGeneralDilated', lax.conv_general_dilated, args, turn=turn)
    for turn, (layout, kernel, variant) in enumerate(LINES):
        args = convolution(layout, kernel, variant, dtype)
        out += rows('lax.convGeneralDilated', lax.conv_general_dilated, args, turn=turn)
    x, w = values('conv plain x', [2, 2, 4, 4], dtype), values('conv plain w', [3, 2, 2, 3], dtype)
    out += rows('lax.conv', lambda x, w, s, p: lax.conv(x, w, s, p), [x, w, [1, 1], 'VALID'], [x, w, [2, 1], 'SAME'],
                [x, w, [2, 2], 'VALID'])
    y, u = values('conv transpose x', [1, 3, 3, 2], dtype), values('conv transpose w', [2, 3, 2, 2], dtype)
    numbers = ('NHWC', 'HWIO', 'NHWC')
    transposed = lambda x, w, s, p, rhs_dilation=None, transpose_kernel=False: lax.conv_transpose(
        x, w, s, p, rhs_dilation=rhs_dilation, dimension_numbers=numbers, transpose_kernel=transpose_kernel)
    out += rows('lax.convTranspose', transposed, [y, u, [1, 1], 'VALID'], [y, u, [2, 2], 'SAME'], [y, u, [2, 3], 'VALID'],
                [y, u, [2, 1], [[1, 0], [2, 1]]], [y, u, [2, 2], 'SAME', Options(transposeKernel=True)],
                [y, u, [1, 2], 'SAME', Options(rhsDilation=[2, 1])])
    return out


REDUCERS = {'max': (-np.inf, lax.max), 'min': (np.inf, lax.min), 'add': (0, lax.add)}


def windows(dtype):
    def f(x, name, window, strides=None, padding='VALID', window_dilation=None):
        init, op = REDUCERS[name]
        return lax.reduce_window(x, np.asarray(init, x.dtype)[()], op, window, strides or (1,) * len(window), padding,
                                 window_dilation=window_dilation)
    out = []
    x = values('window', [2, 5, 4, 2], dtype)
    for name in REDUCERS:
        out += rows('lax.reduceWindow', f, *[
            [x, name, [1, 2, 2, 1], Options(strides=[1, 2, 2, 1], padding='VALID')],
            [x, name, [1, 3, 2, 1], Options(strides=[1, 1, 2, 1], padding='SAME')],
            [x, name, [1, 2, 3, 1], Options(strides=[1, 1, 1, 1], padding='VALID')],
            [x, name, [1, 3, 3, 1], Options(strides=[1, 2, 2, 1], padding='SAME')],
            [x[0], name, [2, 2, 2], Options(strides=[1, 1, 1], padding=[[1, 0], [0, 2], [0, 0]])],
            [x[0, :, 0, 0].copy(), name, [3]], [np.array([1, 3, 3, 2, 3], dtype), name, [2]],
        ])
        # JAX has no gradient of the maximum over dilated windows.
        out += rows('lax.reduceWindow', f, [x[0, :, :, 0].copy(), name, [2, 2], Options(windowDilation=[2, 1])],
                    derivatives=BOTH if name == 'add' else ())
    return out


def cases(dtype):
    return [*dots(dtype), *einsums(dtype), *convolutions(dtype), *windows(dtype)]


def whole_cases():
    out = []
    for dtype in [np.int32, np.uint32]:
        x, y = (values(f'whole {t}', s, np.float64, 0, 9).astype(dtype) for t, s in [('x', [2, 3]), ('y', [3, 4])])
        out += rows('numpy.matmul', jnp.matmul, [x, y], [x[0], y])
        out += rows('numpy.einsum', jnp.einsum, ['ij,jk->ki', x, y], ['ij->i', x])
    return out
