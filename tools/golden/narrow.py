"""
Writes narrow-*.json and random-narrow.json: `python narrow.py`. Half precision, integers of 8 and 16 bits, and how all dtypes
are promoted and converted.
"""

import os

os.environ['JAX_PLATFORMS'] = 'cpu'
os.environ['JAX_ENABLE_X64'] = '0'

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

import cases as format  # noqa: E402
from cases import Options, case, distinct, only_values, rows, values, write  # noqa: E402
from random_cases import keyed, keys  # noqa: E402

NARROW = {'f16': np.float16, 'i8': np.int8, 'u8': np.uint8, 'i16': np.int16, 'u16': np.uint16}
for name, dtype in NARROW.items():
    format.NAMES[np.dtype(dtype).name] = name
    format.DTYPES[name] = np.dtype(dtype)
ALL = {'bool': np.bool_, **NARROW, 'i32': np.int32, 'u32': np.uint32, 'f32': np.float32}
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16]

# Where half precision rounds, overflows, and has fewer digits.
EDGES = [0, -0.0, 1, -1, 1.001, 1.0005, 2049, 65504, 65519, 65520, -65520, 1e5, 6.1e-5, 6e-5, 1e-6, 6e-8, 3e-8, 2e-8, np.inf,
         -np.inf, np.nan, 1 / 3, 2.5, -3.5]


def promotion():
    """What dtype two dtypes give, of arrays and of an array and a number, and that values survive it."""
    out = []
    arrays = {n: np.array([1, 0, 1] if n == 'bool' else [3, 1, 7]).astype(d) for n, d in ALL.items()}
    for a in ALL:
        for b in ALL:
            out.append({'fn': 'numpy.promoteTypes', 'args': [a, b],
                        'out': [format.NAMES[jnp.promote_types(ALL[a], ALL[b]).name]]})
            out += only_values('numpy.add', jnp.add, [arrays[a], arrays[b]])
        for number in [2, 2.5]:
            out += only_values('numpy.add', jnp.add, [arrays[a], number])
            out.append({'fn': 'numpy.resultType', 'args': [format.encode(arrays[a]), number],
                        'out': [format.NAMES[jnp.result_type(arrays[a], number).name]]})
        out += only_values('numpy.divide', jnp.divide, [arrays[a], arrays[a][::-1].copy() + arrays[a]])
        out += only_values('numpy.sin', jnp.sin, [arrays[a]])
        for name, f in [('sum', jnp.sum), ('prod', jnp.prod), ('mean', jnp.mean), ('max', jnp.max), ('cumsum', jnp.cumsum),
                        ('argmax', jnp.argmax), ('var', jnp.var)]:
            out += only_values(f'numpy.{name}', f, [arrays[a]])
    return out


def conversions():
    """From every dtype to every dtype."""
    out = []
    floats = np.array([0, -0.5, 1.5, 127.5, 128, -128.9, -129, 255.9, 256, 300, -1, -1.5, -300, 32767.9, 32768, 65535.5,
                       65536, 1e5, -1e5, np.inf, -np.inf, np.nan], np.float32)
    whole = np.array([0, 1, -1, 127, 128, 255, 256, -128, -129, 32767, 32768, -32768, -32769, 65535, 65536, 2**31 - 1, -(2**31)])
    edges = np.array(EDGES, np.float32)
    for a, da in ALL.items():
        for b, db in ALL.items():
            convert = lambda x, to: x.astype(ALL[to])
            given = [floats, edges] if np.issubdtype(da, np.floating) else [whole]
            for x in given:
                with np.errstate(over='ignore'):
                    out.append({'fn': 'numpy.astype', 'args': [format.encode(x.astype(da)), b],
                                'out': [format.encode(np.asarray(jnp.asarray(x.astype(da)).astype(db)))]})
    for a, b in [('f16', 'i16'), ('f16', 'u16'), ('i16', 'u16'), ('i8', 'u8')]:
        bits = np.arange(256).astype(np.uint8) if b == 'u8' else (np.arange(512) * 128 + 5).astype(np.uint16)
        # Of a NaN not all bits are anybody's promise.
        x = bits.view(ALL[a])
        x = x[~np.isnan(x)] if a == 'f16' else x
        for v, to in [(x, b), (x.view(ALL[b]), a)]:
            out.append({'fn': 'lax.bitcastConvertType', 'args': [format.encode(v), to], 'out': [format.encode(v.view(ALL[to]))]})
    return out


UNARY = [('negative', jnp.negative, -2, 2), ('abs', jnp.abs, -2, 2), ('square', jnp.square, -2, 2), ('sqrt', jnp.sqrt, 0.1, 4),
         ('exp', jnp.exp, -3, 3), ('expm1', jnp.expm1, -2, 2), ('log', jnp.log, 0.1, 4), ('log1p', jnp.log1p, -0.5, 3),
         ('sin', jnp.sin, -3, 3), ('cos', jnp.cos, -3, 3), ('tanh', jnp.tanh, -2, 2), ('arctan', jnp.arctan, -3, 3),
         ('floor', jnp.floor, -3, 3), ('round', jnp.round, -3, 3), ('reciprocal', jnp.reciprocal, 0.5, 4)]
BINARY = [('add', jnp.add), ('subtract', jnp.subtract), ('multiply', jnp.multiply), ('divide', jnp.divide),
          ('maximum', jnp.maximum), ('minimum', jnp.minimum), ('power', jnp.power), ('arctan2', jnp.arctan2),
          ('remainder', jnp.remainder)]


def halves():
    dtype = np.float16
    out = []
    with np.errstate(over='ignore'):
        edges = np.array(EDGES, np.float32).astype(dtype)
    for name, f, low, high in UNARY:
        out += rows(f'numpy.{name}', f, [values(f'half {name}', [2, 5], dtype, low, high)], [np.zeros([0, 2], dtype)])
        out += only_values(f'numpy.{name}', f, [edges])
    for name, f in BINARY:
        a, b = values(f'half {name} a', [3, 1], dtype, 0.3, 3), values(f'half {name} b', [4], dtype, 0.3, 3)
        out += rows(f'numpy.{name}', f, [a, b], [a, 2])
        if name in ['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum']:
            # XLA takes subnormal divisors for zeros.
            divisors = edges[~(np.abs(edges) < 6.2e-5) | (edges == 0)] if name == 'divide' else edges
            out += only_values(f'numpy.{name}', f, [edges[::2, None], divisors])
    for name in ['equal', 'less', 'lessEqual']:
        f = {'equal': jnp.equal, 'less': jnp.less, 'lessEqual': jnp.less_equal}[name]
        out += only_values(f'numpy.{name}', f, [edges[:, None], edges])
    x = values('half matrix', [4, 6], dtype)
    long = values('half long', [2, 2000], dtype, 0, 60)
    for name, f in [('sum', jnp.sum), ('mean', jnp.mean), ('max', jnp.max), ('min', jnp.min), ('prod', jnp.prod),
                    ('var', jnp.var), ('std', jnp.std)]:
        out += rows(f'numpy.{name}', f, [x], [x, 0], [x, 1, Options(keepdims=True)])
        if name in ['mean', 'max', 'var', 'std']:
            out += only_values(f'numpy.{name}', f, [long, 1])
    for name, f in [('softmax', jax.nn.softmax), ('logSoftmax', jax.nn.log_softmax), ('gelu', jax.nn.gelu), ('relu', jax.nn.relu),
                    ('silu', jax.nn.silu), ('sigmoid', jax.nn.sigmoid), ('softplus', jax.nn.softplus)]:
        out += rows(f'nn.{name}', f, [x])
    a, b = values('half product a', [5, 70], dtype), values('half product b', [70, 9], dtype)
    out += rows('numpy.matmul', jnp.matmul, [a, b], [a[0], b], [a[:, :0], b[:0]])
    image, kernel = values('half image', [2, 3, 6, 6], dtype), values('half kernel', [4, 3, 3, 3], dtype)
    out += rows('lax.conv', lax.conv, [image, kernel, [1, 1], 'SAME'])
    d = distinct('half distinct', [3, 7], dtype)
    out += rows('numpy.sort', jnp.sort, [d], [d, 0]) + only_values('numpy.argsort', jnp.argsort, [d])
    out += rows('numpy.cumsum', jnp.cumsum, [x, 1]) + rows('numpy.where', jnp.where, [x > 0, x, 0])
    out += rows('numpy.transpose', jnp.transpose, [x]) + rows('numpy.concatenate', lambda *a: jnp.concatenate(a[0]), [[x, x]], vmap=None)
    out += rows('numpy.take', jnp.take, [x, np.array([2, 0], np.int32), 1]) + rows('numpy.clip', jnp.clip, [x, -1, 1])
    out += rows('numpy.nanToNum', jnp.nan_to_num, [edges], derivatives=())
    out += only_values('numpy.isfinite', jnp.isfinite, [edges]) + only_values('numpy.isnan', jnp.isnan, [edges])
    out += rows('numpy.isclose', jnp.isclose, [x, x + np.float16(0.001)], derivatives=())
    return out


def integers():
    out = []
    for dtype in INTEGERS:
        info = np.iinfo(dtype)
        ends = np.array([0, 1, 2, 3, 7, info.max, info.min, info.max - 1, info.max // 2 + 1, info.min + 1]).astype(dtype)
        x, y = [a.reshape(-1) for a in np.meshgrid(ends, ends)]
        small = values('narrow', [2, 9], np.float64, 0, 40).astype(dtype)
        for name, f in [('add', jnp.add), ('subtract', jnp.subtract), ('multiply', jnp.multiply), ('maximum', jnp.maximum),
                        ('minimum', jnp.minimum), ('less', jnp.less), ('equal', jnp.equal)]:
            out += rows(f'numpy.{name}', f, [x, y]) + only_values(f'numpy.{name}', f, [small, 3])
        keep = (y != 0) & ~((x == info.min) & (y.astype(np.int64) == -1) & (info.min < 0))
        for name, f in [('floorDivide', jnp.floor_divide), ('remainder', jnp.remainder)]:
            out += rows(f'numpy.{name}', f, [x[keep], y[keep]])
        for name, f in [('lax.div', lax.div), ('lax.rem', lax.rem)]:
            out += rows(name, f, [x[keep], y[keep]])
        for name, f in [('lax.and', lax.bitwise_and), ('lax.or', lax.bitwise_or), ('lax.xor', lax.bitwise_xor)]:
            out += rows(name, f, [x, y])
        bits = 8 * np.dtype(dtype).itemsize
        count = np.resize(np.array([0, 1, 5, bits - 1, bits, 100], dtype), len(x))
        for name, f in [('lax.shiftLeft', lax.shift_left), ('lax.shiftRightLogical', lax.shift_right_logical),
                        ('lax.shiftRightArithmetic', lax.shift_right_arithmetic)]:
            out += rows(name, f, [x, count])
        for name, f in [('negative', jnp.negative), ('abs', jnp.abs), ('square', jnp.square), 
                        ('exp', jnp.exp), ('floor', jnp.floor)]:
            out += rows(f'numpy.{name}', f, [ends if name != 'exp' else small])
        out += rows('lax.not', lax.bitwise_not, [ends])
        out += rows('numpy.power', jnp.power, [small, 2], [small, 3])
        for name, f in [('sum', jnp.sum), ('prod', jnp.prod), ('max', jnp.max), ('min', jnp.min), ('mean', jnp.mean),
                        ('argmax', jnp.argmax), ('cumsum', jnp.cumsum), ('cumprod', jnp.cumprod)]:
            out += only_values(f'numpy.{name}', f, [np.resize(ends, [3, 40]), 1], [small, 0])
        product = np.resize(ends, [4, 11]), np.resize(ends[::-1], [11, 3])
        out += rows('numpy.matmul', jnp.matmul, list(product))
        out += only_values('numpy.sort', jnp.sort, [x]) + only_values('numpy.argsort', jnp.argsort, [x.reshape(10, 10), 0])
        out += rows('numpy.where', jnp.where, [small > 20, small, 0]) + rows('numpy.clip', jnp.clip, [small, 5, 30])
        out += rows('numpy.take', jnp.take, [small, np.array([2, 0], np.int32), 1])
        out += rows('numpy.take', jnp.take, [values('taken', [9], np.float32), np.array([2, 0, 8], dtype)])
    return out


def draws():
    r = jax.random
    out = []
    for k in keys()[:3]:
        for dtype in ['u8', 'u16', 'u32']:
            out += rows('random.bits', keyed(r.bits), [k, [9], Options(dtype=dtype)], derivatives=(), exact=True)
        for dtype in ['i8', 'u8', 'i16', 'u16']:
            out += rows('random.randint', keyed(r.randint), [k, [9], 0, 100, dtype], [k, [9], 3, 120, dtype],
                        derivatives=(), exact=True)
        for name, f in [('uniform', r.uniform), ('normal', r.normal)]:
            out += rows(f'random.{name}', keyed(f), [k, [9], Options(dtype='f16')], derivatives=(), exact=True)
    return out


files = {'narrow-promotion': promotion, 'narrow-conversions': conversions, 'narrow-halves': halves, 'narrow-integers': integers,
         'random-narrow': draws}
for name, make in files.items():
    write(name, make())
