"""Elementwise functions: well-behaved values of several shapes, special values, the far tails, ties, and promotion."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Options, distinct, only_values, rows, values

lax = jax.lax
# Where functions overflow, vanish or jump; with derivatives. 1.2e-38 is the smallest f32 number that XLA does not flush.
FAR = [0.0, -0.0, 1, -1, 0.5, -0.5, 2.5, -2.5, 88, -88, 200, -200, 1.2e-38, -1.2e-38, 1e-5, -1e-5]
SPECIAL = [np.inf, -np.inf, np.nan, 1.5, -1.5, 3.5, 1e30, -1e30, 16777217.0]
PAIRS = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 2, -2.5, 3, 0.5, 88, -200, 1e-30]
INTS = [0, 1, -1, 2, -7, 7, 31, 32, 1000003, -(2**31), 2**31 - 1]
UINTS = [0, 1, 2, 7, 31, 32, 1000003, 2**31, 2**32 - 1]

# Our name, JAX's function, where it is well-behaved, and which of FAR it and its derivative have finite values at.
EVERYWHERE, POSITIVE, SMALL = (lambda x: x == x), (lambda x: x > 0), (lambda x: np.abs(x) < 3)
UNARY = [
    ('numpy.negative', jnp.negative, -9, 9, EVERYWHERE), ('numpy.abs', jnp.abs, -9, 9, EVERYWHERE),
    ('numpy.sign', jnp.sign, -9, 9, EVERYWHERE), ('numpy.square', jnp.square, -9, 9, EVERYWHERE),
    ('numpy.sqrt', jnp.sqrt, 0.1, 9, EVERYWHERE), ('numpy.exp', jnp.exp, -9, 9, EVERYWHERE),
    ('numpy.expm1', jnp.expm1, -3, 3, EVERYWHERE), ('numpy.log', jnp.log, 0.1, 9, EVERYWHERE),
    ('numpy.log1p', jnp.log1p, -0.9, 9, EVERYWHERE), ('numpy.sin', jnp.sin, -9, 9, EVERYWHERE),
    ('numpy.cos', jnp.cos, -9, 9, EVERYWHERE), ('numpy.tan', jnp.tan, -1.5, 1.5, SMALL),
    ('numpy.tanh', jnp.tanh, -9, 9, EVERYWHERE), ('numpy.arctan', jnp.arctan, -9, 9, EVERYWHERE),
    ('numpy.floor', jnp.floor, -9, 9, EVERYWHERE), ('numpy.ceil', jnp.ceil, -9, 9, EVERYWHERE),
    ('numpy.round', jnp.round, -9, 9, EVERYWHERE), ('numpy.reciprocal', jnp.reciprocal, 0.1, 9, EVERYWHERE),
    ('lax.rsqrt', lax.rsqrt, 0.1, 9, POSITIVE), ('lax.logistic', lax.logistic, -9, 9, EVERYWHERE),
    ('lax.erf', lax.erf, -3, 3, EVERYWHERE),
]
TESTS = [('numpy.isnan', jnp.isnan), ('numpy.isfinite', jnp.isfinite), ('numpy.isinf', jnp.isinf)]
BINARY = [
    ('numpy.add', jnp.add), ('numpy.subtract', jnp.subtract), ('numpy.multiply', jnp.multiply),
    ('numpy.divide', jnp.divide), ('numpy.trueDivide', jnp.true_divide), ('numpy.maximum', jnp.maximum),
    ('numpy.minimum', jnp.minimum), ('numpy.arctan2', jnp.arctan2), ('numpy.power', jnp.power),
    ('numpy.remainder', jnp.remainder), ('numpy.floorDivide', jnp.floor_divide), ('numpy.logaddexp', jnp.logaddexp),
]
COMPARE = [
    ('numpy.equal', jnp.equal), ('numpy.notEqual', jnp.not_equal), ('numpy.less', jnp.less),
    ('numpy.lessEqual', jnp.less_equal), ('numpy.greater', jnp.greater), ('numpy.greaterEqual', jnp.greater_equal),
]
LOGICAL = [('numpy.logicalAnd', jnp.logical_and), ('numpy.logicalOr', jnp.logical_or),
           ('numpy.logicalXor', jnp.logical_xor)]


def pairs(xs, dtype):
    a = np.array(xs, dtype)
    return np.repeat(a, len(a)), np.tile(a, len(a))


def unary(dtype):
    out = []
    for name, f, low, high, finite in UNARY:
        make = lambda shape: values(f'{name} {shape}', shape, dtype, low, high)
        far = np.array(FAR, dtype)
        out += rows(name, f, [make([2, 6])], [make([3, 2, 2])], [make([19])], [make([])], [make([1, 1])], [make([0, 3])])
        out += rows(name, f, [far[finite(far)]])
        out += only_values(name, f, [np.array(FAR + SPECIAL, dtype)])
    out += rows('numpy.round', lambda x, n: jnp.round(x, n), [values('decimals', [2, 5], dtype, -99, 99), 1],
                [values('decimals', [6], dtype, -9, 9), 2])
    for name, f in TESTS:
        out += rows(name, f, [np.array(FAR + SPECIAL, dtype)], [np.array([[np.nan], [np.inf]], dtype)],
                    [np.zeros([0], dtype)])
    return out


def binary(dtype):
    out = []
    x, y = pairs(PAIRS, dtype)
    for name, f in BINARY:
        make = lambda tag, shape: values(f'{name} {tag} {shape}', shape, dtype, 0.2, 4)
        out += rows(name, f, [make('a', [3, 1]), make('b', [1, 4])], [make('a', [2, 3, 4]), make('b', [3, 4])],
                    [make('a', [5]), make('b', [])], [make('a', [2, 5]), make('b', [2, 5])], [make('a', [4]), 2],
                    [0.5, make('b', [3])], [make('a', [0, 3]), make('b', [1, 3])], [make('a', [1]), make('b', [1, 1])])
        out += only_values(name, f, [x, y])
    # Ties share the gradient; the divisor's sign rules; a power of 0.
    ties = np.array([0, 1, -1, 2, -0.0], dtype)
    for name, f in [('numpy.maximum', jnp.maximum), ('numpy.minimum', jnp.minimum)]:
        out += rows(name, f, [ties, ties], [np.array([1, 2, 3], dtype), np.array([[2], [1]], dtype)])
    signs = np.array([7.5, -7.5, 7.5, -7.5, 6], dtype), np.array([2, 2, -2, -2, 1.5], dtype)
    for name, f in [('numpy.remainder', jnp.remainder), ('numpy.floorDivide', jnp.floor_divide)]:
        out += rows(name, f, list(signs))
    out += rows('numpy.power', jnp.power, [np.array([0, 0, 2, -2, 1.5], dtype), np.array([2, 1, 0, 3, -1], dtype)],
                *[[np.array([-1.5, 2, 0.5, 3], dtype), n] for n in [0, 1, 2, 3, -1, -2, 0.5, 7]])
    far = np.array([200, -200, 0, 88, 1e30], dtype), np.array([-200, 200, 0, 88, -1e30], dtype)
    out += rows('numpy.logaddexp', jnp.logaddexp, list(far))
    # JAX's own gradients of hypot are wrong beyond √max; the scaled formula's are right.
    scaled = lambda x, y: jnp.asarray(1e30, dtype) * jnp.hypot(x * dtype(1e-30), y * dtype(1e-30))
    out += rows('numpy.hypot', scaled, [np.array([1e30, -3e30], dtype), np.array([1e30, 4e30], dtype)])
    out += rows('numpy.hypot', jnp.hypot, [np.array([3, -5, 3, 1], dtype), np.array([4, 12, 3, 0], dtype)],
                [values('hypot a', [2, 1], dtype), values('hypot b', [3], dtype)])
    out += only_values('numpy.hypot', jnp.hypot, [x, y], [np.array([1e30, 1e-30, 0], dtype), np.array([1e30, 1e-30, 0], dtype)])
    return out


def choices(dtype):
    """Comparisons, logic, and what picks among values."""
    x, y = pairs(PAIRS, dtype)
    out = []
    a, b = distinct('compare a', [3, 1], dtype), distinct('compare b', [1, 4], dtype)
    for name, f in COMPARE:
        out += only_values(name, f, [x, y], [a, 0], [0.25, b])
        out += rows(name, f, [a, b], [np.zeros([0, 1], dtype), b[:, :1]], turn=1)
    for name, f in LOGICAL:
        out += only_values(name, f, [np.array([0, 1, 2.5, np.nan], dtype), np.array([0, 0, 1, -1], dtype)])
    condition = np.array([[1], [0], [1]], bool)
    wide, row = values('where a', [3, 4], dtype), values('where b', [4], dtype)
    out += rows('numpy.where', jnp.where, [condition, wide, row], [condition, row, wide],
                [wide > 0, wide, 0], [np.array(True), row, -1], [np.zeros([0, 1], bool), row, row], [row, row, -row],
                *([[condition[:, 0], 1, 0.5]] if dtype == np.float32 else []))
    special = np.array(FAR + SPECIAL, dtype)
    out += rows('numpy.clip', jnp.clip, [wide, -1, 1], [wide, None, 0.5], [wide, 0.25], [wide, row, 2], [wide, row, row + 1],
                [np.array([1, 1, 3], dtype), np.array([1, 0, 3], dtype), 3], [special, -88, 88])
    out += rows('numpy.nanToNum', jnp.nan_to_num, [wide])
    out += only_values('numpy.nanToNum', jnp.nan_to_num, [special], [special, Options(nan=-1, posinf=7, neginf=-9)])
    # JAX's own rules of scalar bounds fail.
    clamp = lambda low, x, high: lax.clamp(*[jnp.broadcast_to(jnp.asarray(e, x.dtype), x.shape) for e in (low, x, high)])
    out += rows('lax.clamp', clamp, [-1, wide, 1], [np.array(-0.5, dtype), wide, np.array(0.5, dtype)],
                [wide - 1, wide[::-1].copy(), wide + 1], vmap=0)
    for equal_nan in [False, True]:
        near = np.array([1, 1 + 1e-6, 1.1, np.nan, np.inf, -np.inf, 0, 1e-9], dtype)
        other = np.array([1, 1, 1, np.nan, np.inf, np.inf, 1e-9, 0], dtype)
        for name, f in [('numpy.isclose', jnp.isclose), ('numpy.allclose', jnp.allclose)]:
            out += rows(name, f, [near, other, Options(equalNan=equal_nan)], derivatives=())
        out += rows('numpy.arrayEqual', jnp.array_equal, [near, near, Options(equalNan=equal_nan)], derivatives=(), vmap=0)
    for name, f in [('numpy.isclose', jnp.isclose), ('numpy.allclose', jnp.allclose)]:
        out += rows(name, f, [wide, wide + np.asarray(0.01, dtype), Options(rtol=0.1)],
                    [wide, row, Options(rtol=0, atol=2.5)], [wide, wide], [np.zeros([0], dtype), np.ones([0], dtype)])
    out += only_values('numpy.arrayEqual', jnp.array_equal, [wide, wide], [wide, -wide], [wide, row], [row, row[:3]])
    return out


def cases(dtype):
    return [*unary(dtype), *binary(dtype), *choices(dtype)]


# ---------------------------------------------------------------------------------------- integers, bools, promotion

WHOLE = ['numpy.add', 'numpy.subtract', 'numpy.multiply', 'numpy.maximum', 'numpy.minimum', 'numpy.divide']
WHOLE_UNARY = ['numpy.negative', 'numpy.abs', 'numpy.sign', 'numpy.square', 'numpy.exp', 'numpy.sqrt', 'numpy.floor',
               'numpy.round']


def whole_cases():
    """Integers and bools."""
    out = []
    for ints, dtype in [(INTS, np.int32), (UINTS, np.uint32)]:
        x, y = pairs(ints, dtype)
        # -2^31 / -1 overflows, and division by 0: what comes out is the machine's affair.
        keep = (y != 0) & ~((x.astype(np.int64) == -(2**31)) & (y.astype(np.int64) == -1))
        small = values('whole', [2, 4], np.float64, 0, 50).astype(dtype)
        for name, f in BINARY:
            if name in WHOLE:
                out += only_values(name, f, [x, y], [small, 3], [2, small])
                out += rows(name, f, [small, small[:, :1]], [small[0], small])
            if name in ['numpy.remainder', 'numpy.floorDivide']:
                out += only_values(name, f, [x[keep], y[keep]])
                out += rows(name, f, [small, small[:, ::-1].copy() + np.ones_like(small)])
        for name, f in COMPARE:
            out += rows(name, f, [x, y], [small, small[:, :1]])
            out += only_values(name, f, [small, 20])
        for name, f, *_ in UNARY:
            if name in WHOLE_UNARY and not (dtype == np.uint32 and name == 'numpy.sign'):
                out += rows(name, f, [np.array(ints, dtype)])
        shifts = [('lax.shiftLeft', lax.shift_left), ('lax.shiftRightLogical', lax.shift_right_logical),
                  ('lax.shiftRightArithmetic', lax.shift_right_arithmetic)]
        count = np.resize(np.array([0, 1, 5, 31], dtype), len(x))
        for name, f in shifts:
            out += rows(name, f, [x, count])
        out += rows('numpy.power', jnp.power, [small, 2], [small, 3], [small[0], 0])
        out += rows('numpy.clip', jnp.clip, [small, 5, 30], [small, None, 20], [small, small[0], 40])
        out += rows('numpy.where', jnp.where, [small > 20, small, 0], [small > 20, small[0], small])
        out += only_values('numpy.arrayEqual', jnp.array_equal, [small, small], [small, small + small])
    return [*out, *bool_cases()]


def bool_cases():
    out = []
    p, q = pairs([False, True], bool)
    for name, f in LOGICAL + COMPARE:
        out += rows(name, f, [p, q], [p[:, None], q[:2]])
    for name, f in BINARY:
        if name in ['numpy.add', 'numpy.multiply', 'numpy.maximum', 'numpy.minimum']:
            out += rows(name, f, [p, q])
    out += rows('numpy.logicalNot', jnp.logical_not, [p], [np.array([0, 1, -2], np.int32)],
                [np.array([0, -0.0, 0.5, np.nan], np.float32)], [np.zeros([0, 2], bool)])
    out += rows('numpy.where', jnp.where, [p, q, True], [p, p, q])
    return out


def promotion_cases(wide):
    """What dtype each pair of dtypes gives, and that values survive it."""
    names = ['bool', 'i32', 'u32', 'f32'] + (['f64'] if wide else [])
    arrays = {
        'bool': np.array([True, False, True]), 'i32': np.array([3, -2, 7], np.int32), 'u32': np.array([1, 4, 9], np.uint32),
        'f32': np.array([0.5, -1.25, 2], np.float32), 'f64': np.array([0.1, 2.3, -1.7]),
    }
    new = [(a, b) for a in names for b in names if not wide or 'f64' in (a, b)]
    out = []
    for a, b in new:
        out += rows('numpy.promoteTypes', jnp.promote_types, [a, b])
        out += rows('numpy.resultType', lambda x, y: jnp.result_type(x, y), [arrays[a], arrays[b]], static_result=True)
        for name, f in [('numpy.add', jnp.add), ('numpy.multiply', jnp.multiply), ('numpy.divide', jnp.divide),
                        ('numpy.maximum', jnp.maximum), ('numpy.less', jnp.less)]:
            if (a, b) not in [('i32', 'u32'), ('u32', 'i32')] or not wide:
                out += rows(name, f, [arrays[a], arrays[b]])
        out += rows('numpy.where', jnp.where, [arrays['bool'], arrays[a], arrays[b]])
        if a != b:
            out += rows('numpy.concatenate', lambda xs: jnp.concatenate(xs), [[arrays[a], arrays[b]]], vmap=None)
        # What a negative number becomes in u32 is the machine's affair.
        x = np.abs(arrays[a]) if b == 'u32' and a in ['f32', 'f64'] else arrays[a]
        out += rows('numpy.astype', lambda x, dtype: x.astype(dtype), [x, b])
    for a in names if not wide else ['f64']:
        for k in [2, 0.5]:
            out += rows('numpy.add', jnp.add, [arrays[a], k], [k, arrays[a]])
            out += rows('numpy.resultType', lambda x, y: jnp.result_type(x, y), [arrays[a], k], static_result=True)
    return out
