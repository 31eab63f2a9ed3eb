"""Reading and updating by position: take, x.slice(...), x.at(...), dynamic slices, gather and scatter."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import BOTH, FORWARD, Options, rows, values

lax = jax.lax


def ints(*xs):
    return np.array(xs, np.int32)


def takes(dtype):
    m, x = values('take m', [3, 5], dtype), values('take x', [2, 3, 4], dtype)
    out = [
        *rows('numpy.take', jnp.take, [m, ints(2, 0, 0), 0], [m, ints(4, 4, 1), 1], [m, ints(-1, 0), 1], [m, ints(7, 0, 14)],
              [m, np.array(2, np.int32), 0], [x, np.array([[0, 2], [1, 1]], np.int32), 1], [x, ints(3), -1],
              [m, ints(), 0], [m[0], ints(9, 0, -6)], [m, ints(5, 0), 0, Options(mode='clip')],
              [m, ints(5, -1), 0, Options(mode='wrap')], [m, ints(5, 1), 0, Options(mode='fill', fillValue=-7)]),
        *rows('numpy.takeAlongAxis', jnp.take_along_axis, [m, np.array([[0], [4], [2]], np.int32), 1],
              [m, np.array([[0, 2, 1, 1, 0]], np.int32), 0], [m, np.array([[0, -1], [4, 4], [1, 0]], np.int32), -1],
              [x, np.array([[[3, 0]]], np.int32), 2], [m, ints(14, 0, 3), None], [m[0], ints(4, 4, 0), 0]),
    ]
    return out


def position(i):
    """pullback's indexers in Python's: [start, stop, step] is a slice, '...' an ellipsis."""
    return slice(*(i or [None])) if isinstance(i, tuple) else Ellipsis if isinstance(i, str) else i


INDEXERS = [
    [0], [-1], [[]], [1, 2], [[1, 3]], [[None, None, 2]], [[None, None, -1]], [[3, None, -2]], [0, [1, 3]], [[], 1], [[], -1],
    [None], [None, 0], [[], None], ['...', 0], [0, '...'], ['...', None, [0, 2]], [0, '...', [1, None, 2]], [[2, 2]], [[-2, None]],
    [[0, 99]], [1, 2, 3], [[], [None, None, -1], [None, None, 2]],
]


def basic(dtype):
    x = values('basic', [4, 3, 4], dtype)
    read = lambda x, *i: jnp.asarray(x)[tuple(position(e) for e in i)]
    return rows('array.slice', read, *[[x, *i] for i in INDEXERS], [values('basic v', [5], dtype), [4, None, -1]])


i2 = np.array([[0, 2], [1, 1]], np.int32)
ADVANCED = [
    [ints(2, 0, 0)], [i2], [ints(-1, 1)], [[], ints(2, 0)], [ints(0, 3), ints(2, 1)], [i2, ints(1, 0)],
    [ints(1), [], ints(0, 3, 2)],
    [0, ints(2, 1)], [[1, 3], ints(0, 0)], [ints(1, 2), None], ['...', ints(3, 3)], [ints(0, 1), [0, 2], 1], [None, [], ints(1, 0)],
    [ints(0, 1), '...', ints(1, 2)], [np.array(2, np.int32)], [ints(), [0, 2]], [[], np.array([[1], [0]], np.int32), ints(0, 2)],
]


def advanced(dtype):
    x = values('advanced', [4, 3, 4], dtype)
    read = lambda x, *i: jnp.asarray(x)[tuple(position(e) for e in i)]
    return rows('array.slice', read, *[[x, *i] for i in ADVANCED])


def repeats(indexers):
    """Is a place named twice?"""
    return any(isinstance(i, np.ndarray) and len(set(i.reshape(-1).tolist())) < i.size for i in indexers)


def updates(dtype):
    """x.at(...i).set(v) and its like: args are x, [...i], v."""
    x = values('at', [4, 3], dtype)

    def update(how):
        def f(x, i, *rest, mode=None):
            place = jnp.asarray(x).at[tuple(position(e) for e in i)]
            # JAX differentiates products only where it is promised that no place repeats.
            promise = {'unique_indices': not repeats(i)} if how == 'multiply' else {}
            return getattr(place, how)(*rest, **promise, **({} if mode is None else {'mode': mode}))
        return f
    row, column = values('at row', [3], dtype), values('at column', [4], dtype)
    wheres = [
        ([1], row), ([[], 0], column), ([[1, 3]], row), ([ints(2, 0, 2)], row), ([ints(3, 1), ints(0, 2)], row[:2]),
        ([[], [None, None, 2]], column[:, None]), ([-1, 2], np.array(0.5, dtype)), ([[None, None, -1]], row),
        ([ints(0, 9)], row), (['...', ints(1, 1)], np.array(2, dtype)), ([[], None, 1], column[:, None]), ([ints(-1, 0)], x[:2]),
    ]
    out = []
    for how, name in [('set', 'set'), ('add', 'add'), ('multiply', 'mul'), ('min', 'min'), ('max', 'max')]:
        for turn, (i, v) in enumerate(wheres):
            # Which of two writes to one place wins is not defined.
            if not (name == 'set' and repeats(i)):
                smooth = name in ['set', 'add'] or name == 'mul' and not repeats(i)
                out += rows(f'array.at.{name}', update(how), [x, i, v], turn=turn, derivatives=BOTH if smooth else ())
        out += rows(f'array.at.{name}', update(how), [x, [1], 2], [x, [[], ints(0)], 1.5],
                    [x, [ints(0, 9)], row, Options(mode='clip')], [x, [ints(1, 9)], row, Options(mode='drop')],
                    derivatives=BOTH if name in ['set', 'add', 'mul'] else ())
    out += rows('array.at.get', update('get'), [x, [1]], [x, [ints(2, 0)]], [x, [ints(0, 9)], Options(mode='clip')],
                [x, [ints(0, 9)], Options(mode='fill')], [x, [[], [0, 2]]])
    return out


def dynamic(dtype):
    m = values('dynamic m', [4, 5], dtype)
    out = []
    starts = [[0, 0], [1, 2], [5, -1], [-9, 9]]
    update = values('update', [2, 3], dtype)
    for turn, s in enumerate(starts):
        traced = [np.array(e, np.int32) for e in s]
        out += rows('lax.dynamicSlice', lax.dynamic_slice, [m, s, [2, 3]], [m, traced, [2, 3]], turn=turn)
        out += rows('lax.dynamicUpdateSlice', lax.dynamic_update_slice, [m, update, s], [m, update, traced], turn=turn)
    index = lambda i: np.array(i, np.int32)
    out += [
        *rows('lax.dynamicSliceInDim', lax.dynamic_slice_in_dim, [m, index(1), 2], [m, index(3), 2, 1],
              [m, 2, 3, 1], [m, index(9), 2],
              [m, index(-1), 1]),
        *rows('lax.dynamicUpdateSliceInDim', lax.dynamic_update_slice_in_dim, [m, m[:2] * 2, index(1), 0],
              [m, m[:, :1] * 2, index(4), 1], [m, m[:2] * 2, 9, 0]),
        *rows('lax.dynamicIndexInDim', lax.dynamic_index_in_dim, [m, index(1)], [m, index(2), 1],
              [m, index(1), 0, False], [m, 3, -1, False],
              [m, index(8), 0]),
    ]
    return out


def gather_numbers(offset, collapsed, start, operand_batch=(), indices_batch=()):
    ours = {'offsetDims': list(offset), 'collapsedSliceDims': list(collapsed), 'startIndexMap': list(start)}
    if operand_batch:
        ours.update(operandBatchingDims=list(operand_batch), startIndicesBatchingDims=list(indices_batch))
    return ours


def scatter_numbers(window, inserted, dims, operand_batch=(), indices_batch=()):
    ours = {'updateWindowDims': list(window), 'insertedWindowDims': list(inserted), 'scatterDimsToOperandDims': list(dims)}
    if operand_batch:
        ours.update(operandBatchingDims=list(operand_batch), scatterIndicesBatchingDims=list(indices_batch))
    return ours


def gathers(dtype):
    m, b = values('gather m', [4, 5], dtype), values('gather b', [2, 4, 3], dtype)

    def gather(x, i, n, sizes, mode=None, fill_value=None):
        numbers = lax.GatherDimensionNumbers(n['offsetDims'], n['collapsedSliceDims'], n['startIndexMap'],
                                             n.get('operandBatchingDims', ()), n.get('startIndicesBatchingDims', ()))
        return lax.gather(x, i, numbers, sizes, mode=mode, fill_value=fill_value)
    column = lambda *xs: np.array(xs, np.int32)[:, None]
    return rows(
        'lax.gather', gather,
        [m, column(2, 0, 0), gather_numbers([1], [0], [0]), [1, 5]], [m, column(4, 1), gather_numbers([0], [1], [1]), [4, 1]],
        [m, np.array([[0, 1], [3, 4], [2, 2]], np.int32), gather_numbers([], [0, 1], [0, 1]), [1, 1]],
        [m, np.array([[0, 1], [2, 3]], np.int32), gather_numbers([1, 2], [], [0, 1]), [2, 2]],
        [m, np.array([[9, 1], [2, -3]], np.int32), gather_numbers([1, 2], [], [0, 1]), [2, 2], Options(mode='clip')],
        [m, column(2, 7), gather_numbers([1], [0], [0]), [1, 5], Options(mode='fill', fillValue=-3)],
        [m, column(2, 7), gather_numbers([1], [0], [0]), [1, 5], Options(mode='fill')],
        [b, np.array([[[0], [3]], [[1], [1]]], np.int32), gather_numbers([2], [1], [1], [0], [0]), [1, 1, 3]])


def scatters(dtype):
    m, b = values('scatter m', [4, 5], dtype), values('scatter b', [2, 4, 3], dtype)

    def of(f):
        def g(x, i, u, n, mode=None, unique_indices=False):
            numbers = lax.ScatterDimensionNumbers(n['updateWindowDims'], n['insertedWindowDims'], n['scatterDimsToOperandDims'],
                                                  n.get('operandBatchingDims', ()), n.get('scatterIndicesBatchingDims', ()))
            return f(x, i, u, numbers, mode=mode, unique_indices=unique_indices)
        return g
    column = lambda *xs: np.array(xs, np.int32)[:, None]
    u = lambda *shape: values(f'scatter u {shape}', shape, dtype)
    unique = [
        [m, column(2, 0), u(2, 5), scatter_numbers([1], [0], [0])], [m, column(4), u(4, 1), scatter_numbers([0], [1], [1])],
        [m, np.array([[0, 1], [3, 4]], np.int32), u(2), scatter_numbers([], [0, 1], [0, 1])],
        [m, np.array([[0, 1]], np.int32), u(1, 2, 2), scatter_numbers([1, 2], [], [0, 1])],
        [m, column(2, 9), u(2, 5), scatter_numbers([1], [0], [0])],
        [m, column(2, 9), u(2, 5), scatter_numbers([1], [0], [0]), Options(mode='clip')],
        [b, np.array([[[0], [3]], [[1], [2]]], np.int32), u(2, 2, 3), scatter_numbers([2], [1], [1], [0], [0])],
    ]
    repeated = [[m, column(2, 0, 2), u(3, 5), scatter_numbers([1], [0], [0])],
                [m, np.array([[0, 1], [0, 1], [3, 4]], np.int32), u(3), scatter_numbers([], [0, 1], [0, 1])]]
    one = Options(uniqueIndices=True)
    out = [*rows('lax.scatter', of(lax.scatter), *unique), *rows('lax.scatterAdd', of(lax.scatter_add), *unique, *repeated)]
    for name, f in [('Mul', lax.scatter_mul), ('Min', lax.scatter_min), ('Max', lax.scatter_max)]:
        out += rows(f'lax.scatter{name}', of(f), *unique, *repeated, derivatives=())
    out += rows('lax.scatterMul', of(lax.scatter_mul), [*unique[0], one], [*unique[2], one])
    return out


def cases(dtype):
    return [*takes(dtype), *basic(dtype), *advanced(dtype), *updates(dtype), *dynamic(dtype), *gathers(dtype), *scatters(dtype)]


def whole_cases():
    """Integers and bools are read and updated in the same way."""
    out = []
    x = values('whole index', [3, 4], np.float64, 0, 99).astype(np.int32)
    read = lambda x, *i: jnp.asarray(x)[tuple(position(e) for e in i)]
    for a in [x, x.astype(np.uint32), x > 50]:
        out += rows('array.slice', read, [a, 1], [a, [], [None, None, -2]], [a, ints(2, 0)], [a, ints(0, 1), ints(3, 3)])
        out += rows('numpy.take', lambda x, i, axis: jnp.take(x, i, axis), [a, ints(1, 0), 1])
        out += rows('lax.dynamicSlice', lax.dynamic_slice, [a, [np.array(1, np.int32), np.array(2, np.int32)], [2, 2]])
        out += rows('array.at.set', lambda x, i, v: jnp.asarray(x).at[tuple(position(e) for e in i)].set(v), [a, [1], a[0]],
                    [a, [ints(2, 0), [1, 3]], a[:2, 1:3]])
    for how, name in [('add', 'add'), ('multiply', 'mul'), ('min', 'min'), ('max', 'max')]:
        out += rows(f'array.at.{name}', lambda x, i, v, how=how: getattr(jnp.asarray(x).at[tuple(position(e) for e in i)], how)(v),
                    [x, [ints(2, 0, 2)], x[0]], [x, [[], 1], ints(3, 60, 7)], derivatives=(FORWARD,))
    return out
