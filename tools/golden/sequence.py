"""Recurrent layers (Keras on JAX) and attention layers (Flax); test/golden/sequence.ts has the same functions by name."""

import os

import numpy as np
from cases import Options, rows, values


def keras_of(dtype):
    """Keras, computing in JAX, so that its layers differentiate and batch like functions of ours."""
    os.environ['KERAS_BACKEND'] = 'jax'
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    import keras

    keras.config.set_floatx(np.dtype(dtype).name)
    return keras


# -------------------------------------------------------------------------------------------------------- recurrent

GATES = {'simple': 1, 'lstm': 4, 'gru': 3}


def layer(keras, kind, features, **options):
    made = {'simple': keras.layers.SimpleRNN, 'lstm': keras.layers.LSTM, 'gru': keras.layers.GRU}[kind]
    return made(features, **options)


def recurrent_function(keras, kind, features, bias):
    """A layer as a function of its input and its parameters, in pullback's order of arguments."""

    def f(x, *params, reverse=False, return_sequences=False):
        own = layer(keras, kind, features, dtype=x.dtype.name, go_backwards=reverse, return_sequences=return_sequences, use_bias=bias)
        own.build(x.shape)
        kernel, recurrent, *biases = params
        if kind == 'gru' and bias:
            biases = [keras.ops.stack(biases)]
        y, _ = own.stateless_call([kernel, recurrent, *biases], own.non_trainable_variables, x)
        # Keras leaves the outputs of a reversed layer in the order in which they came.
        return y[:, ::-1] if reverse and return_sequences else y

    return f


def recurrent_params(kind, features, inputs, bias, dtype, tag=''):
    size = GATES[kind] * features
    make = lambda name, shape: values(f'recurrent {tag}{kind} {name}', shape, dtype, -1, 1)
    biases = ([make('bias', [size])] + ([make('recurrent bias', [size])] if kind == 'gru' else [])) if bias else []
    return [make('kernel', [inputs, size]), make('recurrent', [features, size]), *biases]


def recurrent(dtype):
    keras = keras_of(dtype)
    out = []
    x = values('recurrent x', [2, 4, 3], dtype)
    for kind in GATES:
        params = recurrent_params(kind, 2, 3, True, dtype)
        f = recurrent_function(keras, kind, 2, True)
        name = f'sequence.{kind}'
        out += rows(name, f, [x, *params], [x, *params, Options(returnSequences=True)], [x, *params, Options(reverse=True)],
                    [x, *params, Options(returnSequences=True, reverse=True)],
                    [values('recurrent one', [1, 1, 3], dtype), *params], vmap=0)
        bare = recurrent_params(kind, 2, 3, False, dtype)
        out += rows(name, recurrent_function(keras, kind, 2, False), [x, *bare], vmap=0)

    def bidirectional(x, kernel, recurrent, bias, back_kernel, back_recurrent, back_bias, return_sequences=False,
                      merge='concat'):
        mode = {'mean': 'ave'}.get(merge, merge)
        own = keras.layers.Bidirectional(keras.layers.SimpleRNN(2, return_sequences=return_sequences, dtype=x.dtype.name),
                                         merge_mode=mode, dtype=x.dtype.name)
        own.build(x.shape)
        y, _ = own.stateless_call([kernel, recurrent, bias, back_kernel, back_recurrent, back_bias],
                                  own.non_trainable_variables, x)
        return y

    both = [*recurrent_params('simple', 2, 3, True, dtype), *recurrent_params('simple', 2, 3, True, dtype, 'back ')]
    out += rows('sequence.bidirectional', bidirectional, [x, *both], [x, *both, Options(returnSequences=True)],
                *[[x, *both, Options(returnSequences=True, merge=m)] for m in ['sum', 'mul', 'mean']], vmap=0)
    return out




# -------------------------------------------------------------------------------------------------------- attention


def attention_function(heads, is_causal=False):
    """Flax's attention as a function of targets, sources and parameters; its kernels have axes for the heads of their own."""
    import jax.numpy as jnp
    from flax import linen

    def f(targets, sources, query, query_bias, key, key_bias, value, value_bias, out, out_bias, mask=None):
        width, size = targets.shape[-1], query.shape[1] // heads
        split = lambda kernel, bias: {'kernel': kernel.reshape(width, heads, size), 'bias': bias.reshape(heads, size)}
        params = {'query': split(query, query_bias), 'key': split(key, key_bias), 'value': split(value, value_bias),
                  'out': {'kernel': out.reshape(heads, size, -1), 'bias': out_bias}}
        layer = linen.MultiHeadDotProductAttention(heads, qkv_features=heads * size, out_features=out.shape[1])
        if is_causal:
            mask = linen.make_causal_mask(jnp.ones(targets.shape[:2]))
        return layer.apply({'params': params}, targets, sources, mask=mask)

    return f


def grouped_function(heads, groups):
    """Grouped queries are heads that share kernels."""
    import jax.numpy as jnp

    def f(x, query, query_bias, key, key_bias, value, value_bias, out, out_bias):
        spread = lambda a: jnp.repeat(a.reshape(*a.shape[:-1], groups, -1), heads // groups, -2).reshape(*a.shape[:-1], -1)
        return attention_function(heads)(x, x, query, query_bias, spread(key), spread(key_bias), spread(value), spread(value_bias),
                                         out, out_bias)

    return f


def rope(x, base=10000.0, positions=None):
    """Pairs of coordinates as complex numbers, turned."""
    import jax.numpy as jnp

    half = x.shape[-1] // 2
    positions = jnp.arange(x.shape[-3]) if positions is None else positions
    angles = positions[..., None, None] / base ** (jnp.arange(half) / half)
    turned = (x[..., :half] + 1j * x[..., half:]) * jnp.exp(1j * angles)
    return jnp.concatenate([turned.real, turned.imag], -1).astype(x.dtype)


def sinusoidal(x):
    time, features = x.shape[-2:]
    table = np.zeros([time, features])
    for t in range(time):
        for i in range(features // 2):
            angle = t / 10000 ** (2 * i / features)
            table[t, 2 * i], table[t, 2 * i + 1] = np.sin(angle), np.cos(angle)
    return x + table.astype(np.float32)


def attention():
    import jax.numpy as jnp

    make = lambda name, *shape: values(f'attention layer {name}', shape, np.float32, -1, 1)
    x, sources = make('x', 2, 4, 6), make('sources', 2, 3, 6)
    affine = lambda name, *shape: [make(name, *shape), make(f'{name} bias', shape[-1])]
    params = [*affine('query', 6, 6), *affine('key', 6, 6), *affine('value', 6, 6), *affine('out', 6, 5)]
    few = [*affine('query', 6, 8), *affine('few key', 6, 4), *affine('few value', 6, 4), *affine('few out', 8, 6)]
    mask = np.array([[1, 1, 0], [1, 0, 1]], bool)[:, None, None, :]
    out = rows('sequence.attend', attention_function(3), [x, sources, *params], vmap=0)
    out += rows('sequence.attend', attention_function(3), [x, sources, *params, Options(mask=mask)], vmap=None)
    causal = attention_function(3, True)
    out += rows('sequence.causal', lambda x, *p: causal(x, x, *p), [x, *params], vmap=0)
    out += rows('sequence.grouped', grouped_function(4, 2), [x, *few], vmap=0)
    heads = make('rope', 2, 5, 3, 4)
    out += rows('nn.ropeEmbedding', rope, [heads], [heads[0]], [heads, Options(base=100)], vmap=0)
    out += rows('nn.ropeEmbedding', rope, [heads, Options(positions=np.array([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]], np.int32))], vmap=None)
    out += rows('sequence.sinusoidal', sinusoidal, [make('sinusoidal', 2, 7, 6)], vmap=0)
    table, words = make('table', 5, 3), np.array([[0, 4, 4], [2, 1, 0]], np.int32)
    out += rows('sequence.embedding', lambda t, w: jnp.take(t, w, 0), [table, words], vmap=0)
    return out
