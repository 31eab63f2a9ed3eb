"""
Layers that feed forward, as Flax, Keras and PyTorch compute them. Parameters and state are given by path, in pullback's
layouts; what computes a case is its `source`.
"""

import os

os.environ.setdefault('KERAS_BACKEND', 'jax')

import jax.numpy as jnp  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from cases import encode, values  # noqa: E402
from flax import linen  # noqa: E402


def layer(name, source, x, y, params=None, state=None, after=None, training=False):
    """One case; without `after` the state stays as it is."""
    arrays = lambda tree: {k: np.asarray(v, np.float32) for k, v in (tree or {}).items()}
    return {'name': name, 'source': source, 'params': encode(arrays(params)), 'state': encode(arrays(state)),
            'training': training, 'x': encode(x), 'y': encode(np.asarray(y, np.float32)),
            'after': encode(arrays(state if after is None else after))}


def affine(name, kernel, features):
    return {'.kernel': values(f'{name} kernel', kernel), '.bias': values(f'{name} bias', [features])}


def from_keras(name, make, x, params):
    """A Keras layer with given weights, in the order in which it lists them."""
    made = make()
    made.build(x.shape)
    made.set_weights(list(params.values()))
    return layer(name, f'keras.layers.{type(made).__name__}', x, made(x), params)


def dense():
    x, params = values('dense x', [4, 3]), affine('dense', [3, 4], 4)
    y = linen.Dense(4, precision='highest').apply({'params': {k[1:]: v for k, v in params.items()}}, x)
    return [layer('dense', 'flax.linen.Dense', x, y, params)]


def convolutions():
    return [from_keras('conv2d', lambda: keras.layers.Conv2D(2, (3, 2), strides=(2, 1), padding='same'),
                       values('conv2d x', [2, 5, 4, 3]), affine('conv2d', [3, 2, 3, 2], 2))]


def pools():
    return [from_keras('maxPool', lambda: keras.layers.MaxPooling2D((3, 2), strides=(2, 1), padding='same'),
                       values('maxPool x', [2, 5, 4, 2]), {})]


def cases():
    return [*dense(), *convolutions(), *pools()]
