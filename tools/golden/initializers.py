"""What jax.nn.initializers draw: {"fn", "args", "options", "seed", "shape", "out"}."""

import jax
from cases import Options, encode, snake

init = jax.nn.initializers
KERNELS = [[4, 3], [3, 2, 2, 4]]


def of(name, *args, shapes=KERNELS, **options):
    """Draws with seed 7; options have pullback's names, and so have the values of `mode` and `distribution`."""
    words = lambda v: snake(v) if isinstance(v, str) else v
    given = dict(zip(['stddev', 'lower', 'upper'], args)) if name == 'truncatedNormal' else {}
    made = getattr(init, snake(name))(*([] if given else args), **given, **{snake(k): words(v) for k, v in options.items()})
    entry = {'fn': name, 'args': list(args), 'seed': 7} | ({'options': Options(options)} if options else {})
    return [{**entry, 'shape': shape, 'out': encode(made(jax.random.key(7), tuple(shape)))} for shape in shapes]


def cases():
    out = []
    for name in ['glorotUniform', 'glorotNormal', 'heNormal', 'heUniform', 'lecunNormal', 'lecunUniform']:
        out += of(name)
    for name in ['uniform', 'normal', 'truncatedNormal']:
        out += of(name, shapes=[[3, 4], [5]]) + of(name, 0.5, shapes=[[6]])
    out += of('truncatedNormal', 2, -1, 3, shapes=[[6]])
    for mode in ['fanIn', 'fanOut', 'fanAvg', 'fanGeoAvg']:
        for distribution in ['truncatedNormal', 'normal', 'uniform']:
            out += of('varianceScaling', 1.5, mode=mode, distribution=distribution, shapes=[[2, 2, 3]])
    out += of('orthogonal', shapes=[[3, 3], [4, 2], [2, 5], [2, 2, 3]]) + of('orthogonal', 2, 0, shapes=[[3, 2, 2]])
    out += of('deltaOrthogonal', shapes=[[3, 2, 2], [4, 3, 2, 3]])
    return out + of('constant', 3, shapes=[[2]])
