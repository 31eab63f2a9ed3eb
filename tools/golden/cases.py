"""The case format of the golden files, and how a case is made from a JAX function."""

import json
import zlib
from pathlib import Path

import jax
import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / 'test' / 'golden' / 'data'
# pullback has no 64-bit integers: what JAX makes so with 64-bit types on (argmax) is i32 here.
DTYPES = {'int64': 'i32', 'float32': 'f32', 'float64': 'f64', 'int32': 'i32', 'uint32': 'u32', 'bool': 'bool'}


def number(x):
    """A JSON value that reads back as exactly this element."""
    if isinstance(x, np.bool_):
        return int(x)
    if isinstance(x, np.integer):
        return int(x)
    if np.isnan(x):
        return 'nan'
    if np.isinf(x):
        return 'inf' if x > 0 else '-inf'
    shortest = float(np.format_float_scientific(x, unique=True))
    assert type(x)(shortest) == x, x
    return int(shortest) if shortest.is_integer() and abs(shortest) < 1e15 and not (shortest == 0 and np.signbit(x)) else shortest


def encode(x):
    """Arrays become {dtype, shape, data}; lists and dicts are walked; the rest stays as it is."""
    if isinstance(x, (list, tuple)):
        return [encode(e) for e in x]
    if isinstance(x, dict):
        return {k: encode(v) for k, v in x.items()}
    if isinstance(x, (np.ndarray, np.generic, jax.Array)):
        a = np.asarray(x)
        return {'dtype': DTYPES[a.dtype.name], 'shape': list(a.shape), 'data': [number(e) for e in a.reshape(-1)]}
    return x


class Static:
    """An argument that is no array: an axis, a shape, a record of parameters."""

    def __init__(self, value):
        self.value = value


def floating(x):
    return np.issubdtype(np.asarray(x).dtype, np.floating)


def values(name, shape, dtype=np.float32, low=-2.0, high=2.0):
    """Uniform values that depend on nothing but the name, rounded so that they print short."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return np.round(rng.uniform(low, high, shape), 3).astype(dtype)


def outputs(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def case(fn, f, args, options=None, derivatives=False, vmap=False):
    """
    One case. `f` takes the array arguments only; a list of arrays is one argument.

    With `derivatives`: a vjp of all arguments at a given cotangent, and a jvp at given tangents. With `vmap`: every array
    argument stacked three times on a new axis 0, with other values.
    """
    arrays = [a for a in args if not isinstance(a, Static)]
    result = {'fn': fn, 'args': [encode(a.value if isinstance(a, Static) else a) for a in args]}
    if options:
        result['options'] = options
    out, pull = (jax.vjp(f, *arrays) if derivatives else (f(*arrays), None))
    result['out'] = encode(outputs(out))
    place = lambda xs: [None if isinstance(a, Static) else encode(xs.pop(0)) for a in args]
    fill = lambda tag, tree: jax.tree.map(
        lambda x: values(f'{fn} {tag} {np.shape(x)}', np.shape(x), np.asarray(x).dtype), tree)
    if derivatives:
        ct = fill('ct', out)
        result['vjp'] = {'ct': encode(outputs(ct)), 'grads': place(list(pull(ct)))}
        tangents = fill('tangent', arrays)
        _, moved = jax.jvp(f, tuple(arrays), tuple(tangents))
        result['jvp'] = {'tangents': place(list(tangents)), 'out': encode(outputs(moved))}
    if vmap:
        batched = [np.stack([a, *(values(f'{fn} batch {i} {a.shape}', a.shape, a.dtype) for i in range(2))]) for a in arrays]
        result['vmap'] = {
            'args': place(list(batched)),
            'inAxes': [None if isinstance(a, Static) else 0 for a in args],
            'out': encode(outputs(jax.vmap(f)(*batched))),
        }
    return result


def write(name, cases):
    """Writes test/golden/data/NAME.json, one case a line."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = ',\n'.join(json.dumps(c, separators=(',', ':'), allow_nan=False) for c in cases)
    head = json.dumps({'source': f'jax {jax.__version__}'})[:-1]
    path = FOLDER / f'{name}.json'
    path.write_text(f'{head},"cases":[\n{lines}\n]}}\n')
    print(f'{path.name}: {len(cases)} cases, {path.stat().st_size} bytes')
