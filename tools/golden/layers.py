"""
Layers that feed forward, as Flax, Keras and PyTorch compute them. Parameters and state are given by path, in pullback's
layouts; what computes a case is its `source`.
"""

import os

os.environ.setdefault('KERAS_BACKEND', 'jax')

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


def from_keras(name, make, x, params, layout=lambda weights: weights):
    """A Keras layer with given weights, in the order in which it lists them; `layout` brings them to Keras's layouts."""
    made = make()
    made.build(x.shape)
    made.set_weights(layout(list(params.values())))
    return layer(name, f'keras.layers.{type(made).__name__}', x, made(x), params)


def from_torch(name, made, x, params, layout):
    """A PyTorch module, channels last to first and back; `layout` makes its parameters of ours."""
    with torch.no_grad():
        for parameter, value in zip(made.parameters(), layout(list(params.values())), strict=True):
            parameter.copy_(torch.tensor(np.ascontiguousarray(value)))
        y = made.eval()(torch.tensor(np.moveaxis(x, -1, 1).copy())).numpy()
    return layer(name, f'torch.nn.{type(made).__name__}', x, np.moveaxis(y, 1, -1), params)


def dense():
    x, params = values('dense x', [4, 3]), affine('dense', [3, 4], 4)
    y = linen.Dense(4, precision='highest').apply({'params': {k[1:]: v for k, v in params.items()}}, x)
    out = [layer('dense', 'flax.linen.Dense', x, y, params)]
    x, first, last = values('mlp x', [4, 3]), affine('mlp 1', [3, 4], 4), affine('mlp 2', [4, 2], 2)
    of = lambda n, p, x: linen.Dense(n, precision='highest').apply({'params': {k[1:]: v for k, v in p.items()}}, x)
    y = of(2, last, np.tanh(of(4, first, x)))
    params = {f'[{i}]{k}': v for i, p in [(0, first), (2, last)] for k, v in p.items()}
    return [*out, layer('mlp', 'flax.linen.Dense', x, y, params)]


def outward(weights):
    """[...window, in, out] to PyTorch's [out, in, ...window]."""
    kernel, bias = weights
    return [np.moveaxis(kernel, (-1, -2), (0, 1)), bias]


def inward(weights):
    """[...window, in, out] to PyTorch's [in, out, ...window], of transposed convolutions."""
    kernel, bias = weights
    return [np.moveaxis(kernel, (-2, -1), (0, 1)), bias]


def inward_groups(groups):
    """[...window, in / groups, out] to PyTorch's [in, out / groups, ...window]."""
    return lambda weights: [np.concatenate([inward([part, None])[0] for part in np.split(weights[0], groups, -1)]), weights[1]]


def convolutions():
    k = keras.layers
    return [
        from_keras('conv1d', lambda: k.Conv1D(4, 3, dilation_rate=2, padding='same'), values('conv1d x', [2, 6, 2]),
                   affine('conv1d', [3, 2, 4], 4)),
        from_torch('conv1d, groups', torch.nn.Conv1d(4, 4, 2, stride=2, padding=1, groups=2), values('conv1d g x', [2, 5, 4]),
                   affine('conv1d g', [2, 2, 4], 4), outward),
        from_keras('conv2d', lambda: k.Conv2D(2, (3, 2), strides=(2, 1), padding='same'), values('conv2d x', [2, 5, 4, 3]),
                   affine('conv2d', [3, 2, 3, 2], 2)),
        from_torch('conv2d, groups and dilation',
                   torch.nn.Conv2d(3, 6, (2, 3), stride=(1, 2), padding=(1, 2), dilation=(1, 2), groups=3),
                   values('conv2d g x', [2, 4, 5, 3]), affine('conv2d g', [2, 3, 1, 6], 6), outward),
        from_keras('conv3d', lambda: k.Conv3D(2, (2, 1, 3), strides=(1, 2, 1)), values('conv3d x', [2, 3, 3, 4, 2]),
                   affine('conv3d', [2, 1, 3, 2, 2], 2)),
    ]


def transposed_convolutions():
    backward = lambda weights: [np.swapaxes(weights[0], -1, -2), weights[1]]
    make = lambda window, padding: lambda: keras.layers.Conv2DTranspose(2, window, strides=2, padding=padding)
    return [
        from_torch('convTranspose, stride 2', torch.nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1),
                   values('convT x', [2, 3, 2, 2]), affine('convT', [4, 4, 2, 3], 3), inward),
        from_torch('convTranspose, output padding',
                   torch.nn.ConvTranspose2d(2, 2, (3, 5), stride=(2, 3), padding=(1, 2), output_padding=(1, 1)),
                   values('convT o x', [2, 3, 2, 2]), affine('convT o', [3, 5, 2, 2], 2), inward),
        from_torch('convTranspose, dilation and groups',
                   torch.nn.ConvTranspose2d(6, 4, (2, 3), stride=2, padding=1, dilation=(1, 2), groups=2),
                   values('convT g x', [2, 3, 3, 6]), affine('convT g', [2, 3, 3, 4], 4), inward_groups(2)),
        from_keras('convTranspose, SAME', make((3, 2), 'same'), values('convT s x', [2, 3, 2, 2]),
                   affine('convT s', [3, 2, 2, 2], 2), backward),
        from_keras('convTranspose, VALID', make((3, 1), 'valid'), values('convT v x', [2, 3, 2, 2]),
                   affine('convT v', [3, 1, 2, 2], 2), backward),
    ]


def pools():
    k = keras.layers
    options = {'pool_size': (3, 2), 'strides': (2, 1), 'padding': 'same'}
    return [from_keras('maxPool', lambda: k.MaxPooling2D(**options), values('maxPool x', [2, 5, 4, 2]), {}),
            from_keras('avgPool', lambda: k.AveragePooling2D(**options), values('avgPool x', [2, 5, 4, 2]), {}),
            from_keras('globalAvgPool', k.GlobalAveragePooling2D, values('gap x', [2, 3, 2, 4]), {}),
            from_keras('globalMaxPool', k.GlobalMaxPooling2D, values('gmp x', [2, 3, 2, 4]), {})]


def batch_norms():
    out = []
    params = {'.scale': values('bn scale', [4]), '.bias': values('bn bias', [4])}
    state = {'.mean': values('bn mean', [4]), '.variance': values('bn variance', [4], low=0.5, high=2)}
    x = values('bn x', [3, 2, 3, 4])
    for training in [True, False]:
        made = keras.layers.BatchNormalization()
        made.build(x.shape)
        made.set_weights([*params.values(), *state.values()])
        y = made(x, training=training)
        after = dict(zip(state, [np.asarray(w) for w in made.get_weights()[2:]]))
        name = 'batchNorm in training' if training else 'batchNorm'
        out.append(layer(name, 'keras.layers.BatchNormalization', x, y, params, state, after, training))
    made = linen.BatchNorm(use_running_average=False, momentum=0.8, epsilon=1e-2, use_scale=False)
    x, state = values('bn o x', [5, 3]), {'.mean': values('bn o m', [3]), '.variance': values('bn o v', [3], low=0.5)}
    params = {'.bias': values('bn o bias', [3])}
    variables = {'params': {'bias': params['.bias']},
                 'batch_stats': {'mean': state['.mean'], 'var': state['.variance']}}
    y, changed = made.apply(variables, x, mutable=['batch_stats'])
    after = {'.mean': changed['batch_stats']['mean'], '.variance': changed['batch_stats']['var']}
    return [*out, layer('batchNorm, other numbers', 'flax.linen.BatchNorm', x, y, params, state, after, True)]


def norms():
    k = keras.layers
    params = lambda name, n: {'.scale': values(f'{name} scale', [n]), '.bias': values(f'{name} bias', [n])}
    return [
        from_keras('layerNorm', k.LayerNormalization, values('ln x', [3, 2, 5]), params('ln', 5)),
        from_torch('layerNorm, bare', torch.nn.LayerNorm(4, elementwise_affine=False), values('ln b x', [3, 4]), {}, list),
        from_keras('rmsNorm', k.RMSNormalization, values('rms x', [3, 2, 5]), {'.scale': values('rms scale', [5])}),
        from_keras('groupNorm', lambda: k.GroupNormalization(2), values('gn x', [2, 2, 3, 4]), params('gn', 4)),
        from_torch('instanceNorm', torch.nn.InstanceNorm2d(4, affine=True), values('in x', [2, 2, 3, 4]), params('in', 4), list),
    ]


def reparametrized():
    parametrizations = torch.nn.utils.parametrizations
    x, params = values('wn x', [4, 3]), affine('wn', [3, 4], 4)
    made = parametrizations.weight_norm(torch.nn.Linear(3, 4))
    scale = values('wn scale', [4], low=0.5)
    with torch.no_grad():
        made.bias.copy_(torch.tensor(params['.bias']))
        made.parametrizations.weight.original0.copy_(torch.tensor(scale)[:, None])
        made.parametrizations.weight.original1.copy_(torch.tensor(params['.kernel'].T.copy()))
        y = made(torch.tensor(x)).numpy()
    given = {'.layer.kernel': params['.kernel'], '.layer.bias': params['.bias'], '.scale[0]': scale}
    out = [layer('weightNorm', 'torch.nn.utils.parametrizations.weight_norm', x, y, given)]
    for training in [True, False]:
        made = parametrizations.spectral_norm(torch.nn.Linear(3, 4))
        made.train(training)
        norm = made.parametrizations.weight[0]
        state = {'.vectors[0].u': values('sn u', [4], low=0.1), '.vectors[0].v': values('sn v', [3], low=0.1)}
        with torch.no_grad():
            made.bias.copy_(torch.tensor(params['.bias']))
            made.parametrizations.weight.original.copy_(torch.tensor(params['.kernel'].T.copy()))
            norm._u.copy_(torch.tensor(state['.vectors[0].u']))
            norm._v.copy_(torch.tensor(state['.vectors[0].v']))
            y = made(torch.tensor(x)).numpy()
        after = {'.vectors[0].u': norm._u.numpy(), '.vectors[0].v': norm._v.numpy()}
        name = 'spectralNorm in training' if training else 'spectralNorm'
        out.append(layer(name, 'torch.nn.utils.parametrizations.spectral_norm', x, y, params, state, after, training))
    return out


def separable():
    k = keras.layers
    params = {'.depthwise': values('sep depth', [2, 2, 3, 2]), '.pointwise': values('sep point', [6, 4]),
              '.bias': values('sep bias', [4])}
    return [
        from_keras('depthwiseConv', lambda: k.DepthwiseConv2D((3, 2), strides=2, padding='same', depth_multiplier=2),
                   values('depth x', [2, 5, 4, 3]), affine('depth', [3, 2, 3, 2], 6)),
        from_keras('separableConv', lambda: k.SeparableConv2D(4, 2, depth_multiplier=2), values('sep x', [2, 3, 4, 3]), params,
                   lambda w: [w[0], w[1][None, None], w[2]]),
    ]


def resized():
    k = keras.layers
    return [
        from_torch('adaptivePool', torch.nn.AdaptiveAvgPool2d((3, 2)), values('ap x', [2, 5, 4, 2]), {}, list),
        from_torch('adaptivePool, max', torch.nn.AdaptiveMaxPool2d(3), values('amp x', [2, 7, 3, 2]), {}, list),
        from_keras('upsample', lambda: k.UpSampling2D((2, 3)), values('up x', [2, 2, 3, 2]), {}),
        from_keras('upsample, linear', lambda: k.UpSampling2D((3, 2), interpolation='bilinear'), values('upl x', [2, 2, 3, 2]), {}),
    ]


def products():
    k = keras.layers
    x, params = values('bilinear x', [4, 6]), affine('bilinear', [2, 4, 3], 3)
    made = torch.nn.Bilinear(2, 4, 3)
    with torch.no_grad():
        made.weight.copy_(torch.tensor(np.moveaxis(params['.kernel'], -1, 0).copy()))
        made.bias.copy_(torch.tensor(params['.bias']))
        y = made(torch.tensor(x[:, :2].copy()), torch.tensor(x[:, 2:].copy())).numpy()
    out = [layer('bilinear', 'torch.nn.Bilinear', x, y, params)]
    einsum = lambda kernel, bias: {'.kernel': values('einsum kernel', kernel), '.bias': values('einsum bias', bias)}
    out += [
        from_keras('einsumDense', lambda: k.EinsumDense('nsd,dhk->nshk', (None, 2, 3), bias_axes='hk'),
                   values('einsum x', [2, 4, 5]), einsum([5, 2, 3], [2, 3])),
        from_keras('einsumDense, first axis', lambda: k.EinsumDense('nabc,ad->ndbc', (5, None, None), bias_axes='d'),
                   values('einsum f x', [2, 4, 2, 3]), einsum([4, 5], [5, 1, 1])),
    ]
    x, base = values('lora x', [4, 3]), affine('lora', [3, 4], 4)
    params = {'.down': values('lora down', [3, 2]), '.up': values('lora up', [2, 4])}
    made = k.Dense(4)
    made.build(x.shape)
    made.set_weights(list(base.values()))
    made.enable_lora(2, lora_alpha=3)
    made.lora_kernel_a.assign(params['.down'])
    made.lora_kernel_b.assign(params['.up'])
    return [*out, layer('loraLinear', 'keras.layers.Dense', x, made(x), params, base)]


def cases():
    return [*dense(), *convolutions(), *transposed_convolutions(), *pools(), *batch_norms(), *norms(), *reparametrized(),
            *separable(), *resized(), *products()]
