"""Activations and losses (jax.nn, optax), with the tails in which careless derivatives are NaN."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from cases import Options, only_values, rows, values

nn = jax.nn
FAR = [-1e30, -200, -100, -88, -20, -1, -0.5, -0.0, 0, 0.5, 1, 20, 88, 100, 200, 1e30]
ELEMENTWISE = [
    ('relu', nn.relu), ('sigmoid', nn.sigmoid), ('silu', nn.silu), ('swish', nn.swish), ('softplus', nn.softplus), ('elu', nn.elu),
    ('gelu', nn.gelu), ('tanh', jnp.tanh), ('leakyRelu', nn.leaky_relu), ('identity', nn.identity), ('logSigmoid', nn.log_sigmoid),
    ('relu6', nn.relu6), ('selu', nn.selu), ('celu', nn.celu), ('softSign', nn.soft_sign), ('mish', nn.mish),
    ('hardTanh', nn.hard_tanh), ('hardSigmoid', nn.hard_sigmoid), ('squareplus', nn.squareplus),
]


def elementwise(dtype):
    out = []
    for name, f in ELEMENTWISE:
        # JAX's own gradient of squareplus and of others at 1e30 is not finite; nor is gelu's.
        far = np.array([x for x in FAR if abs(x) < 1e30 or name not in ['squareplus', 'gelu', 'mish', 'softSign']], dtype)
        make = lambda shape: values(f'nn {name} {shape}', shape, dtype, -4, 4)
        out += rows(f'nn.{name}', f, [far], [make([3, 4])], [make([2, 3, 2])], [make([])], [make([0, 2])])
        out += only_values(f'nn.{name}', f, [np.array([np.inf, -np.inf, np.nan], dtype)])
    x = values('nn options', [3, 4], dtype, -4, 4)
    slopes = values('nn slopes', [4], dtype, 0, 1)
    out += rows('nn.prelu', lambda x, slope: jnp.where(x >= 0, x, slope * x), [x, slopes], vmap=0)
    out += rows('nn.relu2', lambda x: nn.relu(x) ** 2, [x])
    out += rows('nn.log1mexp', nn.log1mexp, [np.array([1e-6, 1e-3, 0.5, 0.69, 0.7, 1, 20, 80], dtype)])
    out += rows('nn.logmeanexp', nn.logmeanexp, [x], [x, 0], [x, -1, Options(keepdims=True)], [np.array([300, 301, -300], dtype)])
    out += rows('nn.gelu', lambda x, approximate: nn.gelu(x, approximate), [x, Options(approximate=False)],
                [np.array([-200, -20, -5, 0, 5, 20, 200], dtype), Options(approximate=False)])
    out += rows('nn.elu', nn.elu, [x, 0.5]) + rows('nn.celu', nn.celu, [x, 2]) + rows('nn.leakyRelu', nn.leaky_relu, [x, 0.2])
    return out


def along_axes(dtype):
    out = []
    rest = np.array([[200, 0, -200], [88, 88, 88], [1e30, 0, -1e30], [-88, 88, 0]], dtype)
    infinite = np.array([[-np.inf, 0, 1], [np.inf, 0, 1], [np.nan, 0, 1]], dtype)
    for name, f in [('softmax', nn.softmax), ('logSoftmax', nn.log_softmax), ('standardize', nn.standardize)]:
        x = values(name, [2, 3, 4], dtype, -4, 4)
        out += rows(f'nn.{name}', f, [x], [x, -1], [x, 0], [x, 1], [x, [0, 2]], [values(name, [5], dtype)],
                    [values(name, [1, 4], dtype), 1],
                    [np.zeros([0, 3], dtype), 1])
        if name != 'standardize':
            out += rows(f'nn.{name}', f, [rest, -1]) + only_values(f'nn.{name}', f, [infinite, -1])
    out += rows('nn.oneHot', lambda x, n, dtype=np.float32, axis=-1: nn.one_hot(x, n, dtype=dtype, axis=axis),
                [np.array([0, 2, 1], np.int32), 3], [np.array([[0, 4], [-1, 2]], np.int32), 4],
                [np.array([1, 0], np.int32), 3, Options(axis=0)],
                [np.array([1, 3], np.int32), 4, Options(dtype='i32')], [np.array(2, np.int32), 3], [np.zeros([0], np.int32), 2])
    return out


def attention(dtype):
    make = lambda tag, *shape: values(f'attention {tag} {shape}', shape, dtype)
    q, k, v = make('q', 2, 3, 2, 4), make('k', 2, 5, 2, 4), make('v', 2, 5, 2, 4)
    f = lambda q, k, v, **options: nn.dot_product_attention(q, k, v, **options)
    bias = make('bias', 2, 2, 3, 5)
    mask = values('attention mask', [2, 1, 3, 5]) > -1
    mask[..., 0] = True
    same = make('q', 2, 4, 2, 4), make('k', 2, 4, 2, 4), make('v', 2, 4, 2, 4)
    return rows('nn.dotProductAttention', f, [q, k, v], [*same], [q[0], k[0], v[0]], [*same, Options(isCausal=True)],
                [q, k, v, Options(scale=0.3)], [q, k, v, Options(bias=bias)], [q, k, v, Options(mask=mask)],
                [q, k[:, :, :1].copy(), v[:, :, :1].copy()], vmap=0)


def losses(dtype):
    out = []
    logits, labels = values('logits', [4, 5], dtype, -6, 6), np.array([0, 4, 2, 2], np.int32)
    cross = optax.softmax_cross_entropy_with_integer_labels
    out += rows('nn.softmaxCrossEntropyWithIntegerLabels', cross, [logits, labels], [logits[0], np.array(2, np.int32)],
                [np.array([[200, -200, 0], [0, 0, 200]], dtype), np.array([0, 2], np.int32)])
    targets = np.asarray(jax.nn.softmax(values('targets', [4, 5], dtype))).round(3)
    out += rows('nn.softmaxCrossEntropy', optax.softmax_cross_entropy, [logits, targets])
    out += rows('nn.sigmoidBinaryCrossEntropy', optax.sigmoid_binary_cross_entropy,
                [np.array(FAR, dtype), np.resize(np.array([0, 1, 0.25], dtype), len(FAR))])
    return out


def cases(dtype):
    # JAX's attention computes its softmax in f32 whatever the dtype.
    return [*elementwise(dtype), *along_axes(dtype), *(attention(dtype) if dtype == np.float32 else []), *losses(dtype)]
