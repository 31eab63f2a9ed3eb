"""The format of the golden files, and how a row of a table becomes cases."""

import json
import re
import zlib
from pathlib import Path

import jax
import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / 'test' / 'golden' / 'data'
# pullback has no 64-bit integers: what JAX makes so with 64-bit types on (argmax) is i32 here.
NAMES = {'int64': 'i32', 'float32': 'f32', 'float64': 'f64', 'int32': 'i32', 'uint32': 'u32', 'bool': 'bool'}
DTYPES = {'f32': np.dtype('float32'), 'f64': np.dtype('float64'), 'i32': np.dtype('int32'), 'u32': np.dtype('uint32'),
          'bool': np.dtype('bool')}


class Options(dict):
    """The trailing options object, in pullback's names; JAX gets them as keyword arguments."""


class Exact:
    """An f64 array of which every bit counts; others are written with 15 digits."""

    def __init__(self, value):
        self.value = value


# ---------------------------------------------------------------------------------------------------------- writing


def number(x, exact=False):
    """A JSON value of this element; f32 reads back exactly, f64 to 15 digits unless `exact`."""
    if isinstance(x, (np.bool_, np.integer)):
        return int(x)
    if not np.isfinite(x):
        return 'nan' if np.isnan(x) else 'inf' if x > 0 else '-inf'
    short = float(f'{x:.15g}') if isinstance(x, np.float64) and not exact else np.inf
    if not np.isfinite(short):
        short = float(np.format_float_scientific(x, unique=True))
    negative_zero = short == 0 and np.signbit(x)
    return int(short) if short.is_integer() and abs(short) < 1e15 and not negative_zero else short


def encode(x, exact=False):
    """Arrays become {"f32[2,3]": data}, trees are walked, infinite numbers become {"number": …}, dtypes their names."""
    if isinstance(x, Exact):
        return encode(x.value, True)
    if isinstance(x, (list, tuple)):
        return [encode(e, exact) for e in x]
    if isinstance(x, dict):
        return {k: encode(v, exact) for k, v in x.items()}
    if isinstance(x, (np.ndarray, np.generic, jax.Array)):
        a = np.asarray(x)
        shape = ','.join(str(n) for n in a.shape)
        return {f'{NAMES[a.dtype.name]}[{shape}]': [number(e, exact) for e in a.reshape(-1)]}
    if isinstance(x, np.dtype):
        return NAMES[x.name]
    if isinstance(x, float) and not np.isfinite(x):
        return {'number': number(np.float64(x))}
    return x


def write(name, cases):
    """Writes test/golden/data/NAME.json, one case a line."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = ',\n'.join(json.dumps(c, separators=(',', ':'), allow_nan=False) for c in cases)
    head = json.dumps({'source': f'jax {jax.__version__}'})[:-1]
    path = FOLDER / f'{name}.json'
    path.write_text(f'{head},"cases":[\n{lines}\n]}}\n')
    print(f'{path.name}: {len(cases)} cases, {path.stat().st_size} bytes')


# ----------------------------------------------------------------------------------------------- inputs by formulas


def values(name, shape, dtype=np.float32, low=-2.0, high=2.0):
    """Uniform values that depend on nothing but the name, rounded so that they print short."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return np.asarray(np.round(rng.uniform(low, high, shape), 3)).astype(dtype)


def distinct(name, shape, dtype=np.float32):
    """A permutation of multiples of 1/4 around 0: no two are equal, so that order and extrema are certain."""
    n = int(np.prod(shape))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return ((rng.permutation(n) - n // 2) / 4).reshape(shape).astype(dtype)


def direction(x, leaf, salt):
    """The tangent (salt 0) or cotangent (salt 1) of the leaf-th array: multiples of 1/4 from -5/4 to 5/4."""
    k = np.arange(np.size(x))
    flat = ((7 * k + 3 * leaf + 5 * salt + 1) % 11 - 5) / 4
    return flat.reshape(np.shape(x)).astype(np.asarray(x).dtype)


BATCH = 3


def batch(x, axis):
    """
    The array and two others like it, stacked along `axis`: its elements moved on by one and by two places; if there is
    one element only, a float is halved and quartered, an integer counted up, a bool inverted.
    """
    x = np.asarray(x)
    if x.size != 1:
        others = [np.roll(x.reshape(-1), i).reshape(x.shape) for i in range(BATCH)]
    elif x.dtype == np.bool_:
        others = [x, ~x, x]
    elif np.issubdtype(x.dtype, np.integer):
        others = [x + i for i in range(BATCH)]
    else:
        others = [x / 2**i for i in range(BATCH)]
    return np.stack(others, axis).astype(x.dtype)


# ------------------------------------------------------------------------------------------------------------ cases


def snake(name):
    return re.sub('([A-Z])', lambda m: '_' + m.group(1).lower(), name)


def static(x):
    """A static argument as JAX wants it: lists as tuples, names of dtypes as dtypes."""
    if isinstance(x, (list, tuple)):
        return tuple(static(e) for e in x)
    return DTYPES.get(x, x) if isinstance(x, str) else x


def is_array(x):
    return isinstance(x, np.ndarray)


def is_float(x):
    return np.issubdtype(getattr(x, 'dtype', None) or np.asarray(x).dtype, np.floating)


class Call:
    """A function's call as a function of the arrays in its arguments, in order; `restore` puts arrays in their places."""

    def __init__(self, f, args):
        self.f = f
        self.options = {snake(k): static(v) for k, v in args[-1].items()} if args and isinstance(args[-1], Options) else {}
        self.args = args[:-1] if args and isinstance(args[-1], Options) else args
        self.arrays = [x for x in jax.tree.leaves(self.args, is_leaf=lambda x: x is None) if is_array(x)]

    def restore(self, arrays):
        left = list(arrays)

        def go(x):
            if is_array(x):
                return left.pop(0)
            if isinstance(x, list) and any(is_array(e) for e in jax.tree.leaves(x)):
                return [go(e) for e in x]
            if isinstance(x, dict):
                return {k: go(x[k]) for k in sorted(x)}
            return static(x)

        return [go(a) for a in self.args]

    def __call__(self, *arrays):
        return self.f(*self.restore(arrays), **self.options)


def plain(x):
    """Is the result no tree of arrays: a shape, a name, a record of numbers?"""
    return not any(isinstance(e, (jax.Array, np.ndarray)) for e in jax.tree.leaves(x))


def of_floats(call):
    """The call as a function from its float arrays to its float results, and those arrays."""
    which = [i for i, x in enumerate(call.arrays) if is_float(x)]

    def floats(*xs):
        arrays = list(call.arrays)
        for i, x in zip(which, xs):
            arrays[i] = x
        return [r for r in jax.tree.leaves(call(*arrays)) if is_float(r)]

    return floats, [call.arrays[i] for i in which]


FORWARD, REVERSE = 'forward', 'reverse'
BOTH = (FORWARD, REVERSE)


def axes_of(call, turn):
    """The axis of the batch for each array, in turn: the first; the last; the first of the first array alone."""
    count = len(call.arrays)
    if turn % 3 == 1:
        return [-1 if np.ndim(x) > 0 else 0 for x in call.arrays]
    return [0] + [None] * (count - 1) if turn % 3 == 2 else [0] * count


def case(fn, f, args, derivatives=BOTH, vmap=0, exact=False, static_result=False):
    """
    One case: the call's results, derivatives where there are floats, and one vmap where there are arrays. `vmap` is a
    turn of `axes_of`, a list of axes (one for each array of the arguments), or None.
    """
    call = Call(f, args)
    result = {'fn': fn, 'args': encode(list(call.args), exact)}
    if args and isinstance(args[-1], Options):
        result['options'] = encode(dict(args[-1]))
    out = call(*call.arrays)
    if static_result or plain(out):
        return {**result, 'out': [encode(out)]}
    result['out'] = [encode(r, exact) for r in jax.tree.leaves(out)]
    g, at = of_floats(call)
    if derivatives and at and any(is_float(r) for r in jax.tree.leaves(out)):
        if REVERSE in derivatives:
            outs, pull = jax.vjp(g, *at)
            result['vjp'] = encode(list(pull([direction(y, i, 1) for i, y in enumerate(outs)])))
        if FORWARD in derivatives:
            tangents = tuple(direction(x, i, 0) for i, x in enumerate(at))
            result['jvp'] = encode(jax.jvp(g, tuple(at), tangents)[1])
    if vmap is not None and call.arrays:
        axes = vmap if isinstance(vmap, list) else axes_of(call, vmap)
        batched = [x if a is None else batch(x, a) for x, a in zip(call.arrays, axes)]
        outs = jax.vmap(call, in_axes=tuple(axes))(*batched)
        result['vmap'] = {'axes': axes, 'out': [encode(r, exact) for r in jax.tree.leaves(outs)]}
    return result


def rows(fn, f, *forms, **how):
    """One case for each form: the list of its arguments, the last of which may be `Options`."""
    turn = how.pop('turn', 0)
    return [case(fn, f, list(form), **{'vmap': turn + i, **how}) for i, form in enumerate(forms)]


def only_values(fn, f, *forms):
    """Cases without derivatives and vmap."""
    return rows(fn, f, *forms, derivatives=(), vmap=None)
