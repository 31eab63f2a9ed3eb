"""Elementwise functions: special values (forward), and well-behaved values with their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import case, values

lax = jax.lax
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.5, 88, -88, 200, -200,
           1.2e-38, -1.2e-38, 1e-5, -1e-5, 1e30, -1e30, 16777217.0]
PAIRS = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 2, -2.5, 3, 0.5, 88, -200, 1e-30]
INTS = [0, 1, -1, 2, -7, 7, 31, 32, 1000003, -(2**31), 2**31 - 1]
UINTS = [0, 1, 2, 7, 31, 32, 1000003, 2**31, 2**32 - 1]

# Our name, JAX's function, and where it is well-behaved (for values and derivatives).
UNARY = [
    ('numpy.negative', jnp.negative, -9, 9), ('numpy.abs', jnp.abs, -9, 9), ('numpy.sign', jnp.sign, -9, 9),
    ('numpy.square', jnp.square, -9, 9), ('numpy.sqrt', jnp.sqrt, 0.1, 9), ('numpy.exp', jnp.exp, -9, 9),
    ('numpy.expm1', jnp.expm1, -3, 3), ('numpy.log', jnp.log, 0.1, 9), ('numpy.log1p', jnp.log1p, -0.9, 9),
    ('numpy.sin', jnp.sin, -9, 9), ('numpy.cos', jnp.cos, -9, 9), ('numpy.tan', jnp.tan, -1.5, 1.5),
    ('numpy.tanh', jnp.tanh, -9, 9), ('numpy.arctan', jnp.arctan, -9, 9), ('numpy.floor', jnp.floor, -9, 9),
    ('numpy.ceil', jnp.ceil, -9, 9), ('numpy.round', jnp.round, -9, 9), ('numpy.reciprocal', jnp.reciprocal, 0.1, 9),
    ('lax.rsqrt', lax.rsqrt, 0.1, 9), ('lax.logistic', lax.logistic, -9, 9), ('lax.erf', lax.erf, -3, 3),
]
TESTS = [('numpy.isnan', jnp.isnan), ('numpy.isfinite', jnp.isfinite), ('numpy.isinf', jnp.isinf)]
BINARY = [
    ('numpy.add', jnp.add), ('numpy.subtract', jnp.subtract), ('numpy.multiply', jnp.multiply),
    ('numpy.divide', jnp.divide), ('numpy.maximum', jnp.maximum), ('numpy.minimum', jnp.minimum),
    ('numpy.arctan2', jnp.arctan2), ('numpy.power', jnp.power), ('numpy.remainder', jnp.remainder),
    ('numpy.floorDivide', jnp.floor_divide), ('numpy.logaddexp', jnp.logaddexp),
]
COMPARE = [
    ('numpy.equal', jnp.equal), ('numpy.notEqual', jnp.not_equal), ('numpy.less', jnp.less),
    ('numpy.lessEqual', jnp.less_equal), ('numpy.greater', jnp.greater), ('numpy.greaterEqual', jnp.greater_equal),
]
LOGICAL = [('numpy.logicalAnd', jnp.logical_and), ('numpy.logicalOr', jnp.logical_or), ('numpy.logicalXor', jnp.logical_xor)]
WHOLE = ['numpy.add', 'numpy.subtract', 'numpy.multiply', 'numpy.maximum', 'numpy.minimum', 'numpy.divide']
WHOLE_UNARY = ['numpy.negative', 'numpy.abs', 'numpy.sign', 'numpy.square', 'numpy.exp', 'numpy.sqrt']


def grid(xs, dtype):
    a = np.array(xs, dtype)
    return np.repeat(a, len(a)), np.tile(a, len(a))


def cases(dtype):
    out = []
    special = np.array(SPECIAL, dtype)
    for name, f, low, high in UNARY:
        out.append(case(name, f, [special]))
        x = values(f'{name} x', [2, 6], dtype, low, high)
        out.append(case(name, f, [x], derivatives=True, vmap=True))
    # Where careless derivative rules overflow.
    far = np.array([-200, -100, -88, -1, 0, 1, 88, 100, 200], dtype)
    for name, f in [('lax.logistic', lax.logistic), ('numpy.tanh', jnp.tanh), ('numpy.abs', jnp.abs), ('lax.erf', lax.erf)]:
        out.append(case(name, f, [far], derivatives=True))
    out += [case(name, f, [special]) for name, f in TESTS]
    x, y = grid(PAIRS, dtype)
    for name, f in BINARY:
        out.append(case(name, f, [x, y]))
        a, b = values(f'{name} a', [3, 1], dtype, 0.2, 4), values(f'{name} b', [1, 4], dtype, 0.2, 4)
        out.append(case(name, f, [a, b], derivatives=True, vmap=True))
    ties = np.array([0, 1, -1, 2], dtype)
    for name, f in [('numpy.maximum', jnp.maximum), ('numpy.minimum', jnp.minimum)]:
        out.append(case(name, f, [ties, ties], derivatives=True))
    out += [case(name, f, [x, y]) for name, f in COMPARE]
    condition = np.array([[1], [0], [1]], bool)
    a, b = values('where a', [3, 4], dtype), values('where b', [4], dtype)
    out.append(case('numpy.where', jnp.where, [condition, a, b]))
    return out


def whole_cases():
    """Integers and bools."""
    out = []
    for ints, dtype in [(INTS, np.int32), (UINTS, np.uint32)]:
        x, y = grid(ints, dtype)
        safe = y != 0
        for name, f in BINARY:
            if name in WHOLE:
                out.append(case(name, f, [x, y]))
            if name in ['numpy.remainder', 'numpy.floorDivide']:
                # -2^31 / -1 overflows: what comes out is the machine's affair.
                keep = safe & ~((x.astype(np.int64) == -(2**31)) & (y.astype(np.int64) == -1))
                out.append(case(name, f, [x[keep], y[keep]]))
        out += [case(name, f, [x, y]) for name, f in COMPARE]
        out += [case(name, f, [np.array(ints, dtype)]) for name, f, _, _ in UNARY if name in WHOLE_UNARY
                and not (dtype == np.uint32 and name in ['numpy.sign'])]
        for name, f in [('lax.shiftLeft', lax.shift_left), ('lax.shiftRightLogical', lax.shift_right_logical),
                        ('lax.shiftRightArithmetic', lax.shift_right_arithmetic)]:
            count = np.resize(np.array([0, 1, 5, 31], dtype), len(x))
            out.append(case(name, f, [x, count]))
    p, q = grid([False, True], bool)
    out += [case(name, f, [p, q]) for name, f in LOGICAL + COMPARE]
    out += [case(name, f, [p, q]) for name, f in BINARY if name in ['numpy.add', 'numpy.multiply', 'numpy.maximum', 'numpy.minimum']]
    out.append(case('numpy.logicalNot', jnp.logical_not, [p]))
    return out
