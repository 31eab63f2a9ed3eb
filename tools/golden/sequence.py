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


