"""Optimizers (optax), and one whole small network."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from cases import encode, values


def optimizers():
    """Ten steps on a fixed small tree, gradients given: {"fn", "args", "params", "grads": [per step], "out": [per step]}."""
    out = []
    params = {'b': values('opt b', [3]), 'w': values('opt w', [2, 3])}
    grads = [{'b': values(f'opt gb {i}', [3]), 'w': values(f'opt gw {i}', [2, 3])} for i in range(10)]
    grads[3] = {'b': np.zeros(3, np.float32), 'w': grads[3]['w']}
    for name, args, options, tx in [
        ('sgd', [0.1], {}, optax.sgd(0.1)),
        ('sgd', [0.1], {'momentum': 0.9}, optax.sgd(0.1, momentum=0.9)),
        ('sgd', [0.1], {'momentum': 0.9, 'nesterov': True}, optax.sgd(0.1, momentum=0.9, nesterov=True)),
        ('adam', [0.01], {}, optax.adam(0.01)),
        ('adam', [0.05], {'b1': 0.8, 'b2': 0.95, 'eps': 1e-6}, optax.adam(0.05, b1=0.8, b2=0.95, eps=1e-6)),
        ('adamw', [0.01], {}, optax.adamw(0.01)),
        ('adamw', [0.01], {'weightDecay': 0.1}, optax.adamw(0.01, weight_decay=0.1)),
    ]:
        state, p, steps = tx.init(params), params, []
        for g in grads:
            updates, state = tx.update(g, state, p)
            p = optax.apply_updates(p, updates)
            steps.append(encode(p))
        entry = {'fn': f'optim.{name}', 'args': args, 'params': encode(params), 'grads': encode(grads), 'out': steps}
        out.append({**entry, 'options': options} if options else entry)
    return out


LAYERS = [('conv1', [3, 3, 1, 32], 9, 9 * 32), ('conv2', [3, 3, 32, 64], 9 * 32, 9 * 64),
          ('dense1', [1600, 64], 1600, 64), ('dense2', [64, 10], 64, 10)]


def network():
    """
    The MNIST network on four random images. Nothing large is stored: layer i's kernel is
    uniform(split(key(0), 4)[i], shape, {minval: -limit, maxval: limit}) with limit = sqrt(6 / (fanIn + fanOut)), its bias is zero,
    and the images are uniform(key(1), [4, 28, 28, 1]). Of each gradient every `every`-th element and the 2-norm stand here.
    """
    keys = jax.random.split(jax.random.key(0), len(LAYERS))
    params = {}
    for k, (name, shape, fan_in, fan_out) in zip(keys, LAYERS):
        limit = np.sqrt(6 / (fan_in + fan_out))
        params[name] = {'kernel': jax.random.uniform(k, shape, minval=-limit, maxval=limit),
                        'bias': jnp.zeros([shape[-1]])}
    images = jax.random.uniform(jax.random.key(1), [4, 28, 28, 1])
    labels = np.array([3, 1, 4, 1], np.int32)

    def conv(layer, x):
        x = jax.lax.conv_general_dilated(x, layer['kernel'], (1, 1), 'VALID', dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
                                         precision='highest')
        x = jax.nn.relu(x + layer['bias'])
        return jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), 'VALID')

    def apply(p, x):
        x = conv(p['conv2'], conv(p['conv1'], x)).reshape(x.shape[0], -1)
        x = jax.nn.relu(jnp.matmul(x, p['dense1']['kernel'], precision='highest') + p['dense1']['bias'])
        return jnp.matmul(x, p['dense2']['kernel'], precision='highest') + p['dense2']['bias']

    def loss(p):
        return optax.softmax_cross_entropy_with_integer_labels(apply(p, images), labels).mean()

    value, grads = jax.value_and_grad(loss)(params)
    sampled = {}
    for name, layer in grads.items():
        for leaf, g in layer.items():
            flat = np.asarray(g).reshape(-1)
            every = max(1, len(flat) // 64)
            sampled[f'{name}.{leaf}'] = {'every': every, 'values': encode(flat[::every].copy()),
                                         'norm': encode(np.float32(np.linalg.norm(flat.astype(np.float64))))}
    tx = optax.adam(1e-3)
    state, p, losses = tx.init(params), params, []
    for _ in range(4):
        v, g = jax.value_and_grad(loss)(p)
        losses.append(v)
        updates, state = tx.update(g, state, p)
        p = optax.apply_updates(p, updates)
    layers = [{'name': n, 'shape': s, 'fanIn': i, 'fanOut': o} for n, s, i, o in LAYERS]
    return [{'fn': 'network', 'args': [], 'paramsSeed': 0, 'imagesSeed': 1, 'labels': labels.tolist(), 'layers': layers,
             'logits': encode(apply(params, images)), 'loss': encode(value), 'grads': sampled,
             'learningRate': 1e-3, 'out': [encode(np.asarray(losses))]}]
