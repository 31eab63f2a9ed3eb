"""Derivatives of derivatives, and rules of one's own; test/golden/programs.ts has the same functions, by the same names."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import REVERSE, rows, values

nn = jax.nn
FAR = [-200, -100, -88, -20, -1, -0.5, 0, 0.5, 1, 20, 88, 100, 200]


def each(f):
    """f for every element of a vector."""
    return lambda x: jax.vmap(f)(x)


def swish(x):
    return x * nn.sigmoid(x)


def net(p, x):
    return jnp.tanh(jnp.matmul(x, p['w']) + p['b'])


def loss(p, x, y):
    return jnp.mean((jnp.matmul(net(p, x), p['v']) - y) ** 2)


@jax.custom_jvp
def log1p_exp(x):
    return jnp.log(1 + jnp.exp(x))


@log1p_exp.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1p_exp(x), (1 - 1 / (1 + jnp.exp(x))) * t


@jax.custom_vjp
def clipped(x):
    """The identity, whose gradient is clipped to [-1/2, 1/2]."""
    return x * 1


clipped.defvjp(lambda x: (x * 1, None), lambda _, ct: (jnp.clip(ct, -0.5, 0.5),))


PROGRAMS = {
    'firstDerivativeOfSwish': each(jax.grad(swish)),
    'secondDerivativeOfSwish': each(jax.grad(jax.grad(swish))),
    'secondDerivativeOfSoftplus': each(jax.grad(jax.grad(nn.softplus))),
    'secondDerivativeOfTanh': each(jax.grad(jax.grad(jnp.tanh))),
    'secondDerivativeOfElu': each(jax.grad(jax.grad(nn.elu))),
    'thirdDerivativeOfSin': each(jax.grad(jax.grad(jax.grad(jnp.sin)))),
    'derivativeOfPower': each(jax.grad(jax.grad(lambda x: x**5 / (1 + x**2)))),
    'gradientOfNorm': jax.grad(lambda x: jnp.sqrt(jnp.sum(x * x))),
    'hessianOfNorm': jax.hessian(lambda x: jnp.sqrt(jnp.sum(x * x))),
    'hessianOfLogSumExp': jax.hessian(lambda x: jnp.log(jnp.sum(jnp.exp(x)))),
    'hessianOfProduct': jax.hessian(jnp.prod),
    'jacobianForward': jax.jacfwd(lambda x: jnp.outer(jnp.sin(x), x)),
    'jacobianReverse': jax.jacrev(lambda x: jnp.outer(jnp.sin(x), x)),
    'jacobianOfSoftmax': jax.jacrev(lambda x: nn.softmax(x)),
    'gradientsOfNet': jax.value_and_grad(loss),
    'compiledGradientsOfNet': jax.jit(jax.value_and_grad(loss)),
    'hessianOfNet': lambda p, x, y: jax.hessian(lambda w: loss({**p, 'w': w}, x, y))(p['w']),
    'hvpOfNet': lambda p, x, y, t: jax.jvp(jax.grad(lambda w: loss({**p, 'w': w}, x, y)), (p['w'],), (t,))[1],
    'gradientsByExample': jax.vmap(jax.grad(loss), in_axes=(None, 0, 0)),
    'checkpointedNet': jax.grad(lambda p, x, y: loss({**p, 'v': jax.checkpoint(lambda v: jnp.sin(v) * v)(p['v'])}, x, y)),
    'jvpOfGradient': lambda x, t: jax.jvp(jax.grad(lambda x: jnp.sum(jnp.exp(jnp.sin(x)))), (x,), (t,)),
    'gradientOfJvp': lambda x, t: jax.grad(lambda x: jnp.sum(jax.jvp(lambda x: jnp.exp(jnp.sin(x)), (x,), (t,))[1]))(x),
    'pairwise': lambda x, y: jax.vmap(lambda a: jax.vmap(lambda b: jnp.sum((a - b) ** 2))(y))(x),
    'outAxes': lambda x, y: jax.vmap(lambda a, b: jnp.outer(a, b), in_axes=(0, 1), out_axes=2)(x, y),
    'customForward': lambda x: log1p_exp(x) * 2,
    'customForwardTwice': each(jax.grad(jax.grad(log1p_exp))),
    'stopped': lambda x: x * jax.lax.stop_gradient(jnp.sin(x)) + x,
    'castThere': lambda x: jnp.sin(x.astype(jnp.float32).astype(x.dtype) * 2),
    'whereSafe': lambda x: jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0),
    'varianceOfMatmul': lambda x, y: jnp.var(jnp.matmul(x, y), axis=0) + jnp.max(x, axis=1)[: y.shape[1]],
    'layerNorm': lambda x, g, b: (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) * g + b,
    'attention': lambda q, k, v: jnp.matmul(nn.softmax(jnp.matmul(q, k.T) / 2), v),
}


def cases(dtype):
    v = lambda *shape: values(f'program {shape}', shape, dtype)
    far, x, z = np.array(FAR, dtype), v(4), v(3, 4)
    p = {'b': v(3), 'v': v(3, 2), 'w': values('program w', [4, 3], dtype)}
    xs, ys = v(5, 4), v(5, 2)
    forms = {
        'gradientsOfNet': [[p, xs, ys]], 'compiledGradientsOfNet': [[p, xs, ys]], 'hessianOfNet': [[p, xs, ys]],
        'hvpOfNet': [[p, xs, ys, v(4, 3)]], 'gradientsByExample': [[p, xs, ys]], 'checkpointedNet': [[p, xs, ys]],
        'jvpOfGradient': [[x, x[::-1].copy()], [z, z * 2]], 'gradientOfJvp': [[x, x[::-1].copy()]], 'pairwise': [[z, v(2, 4)]],
        'outAxes': [[z, v(2, 3)]], 'varianceOfMatmul': [[xs, v(4, 3)]], 'layerNorm': [[z, x, x * 2]],
        'attention': [[z, xs, ys]], 'customForward': [[v(5)], [z]], 'customForwardTwice': [[v(5)]], 'stopped': [[x], [z]],
        'castThere': [[x]], 'whereSafe': [[np.array([-1, 0, 0.25, 4], dtype)]],
        'hessianOfProduct': [[x], [np.array([2, 0, 3], dtype)], [np.array([0, 0, 3], dtype)]],
        'gradientOfNorm': [[x], [v(1)]], 'thirdDerivativeOfSin': [[v(5)]], 'derivativeOfPower': [[v(5)]],
    }
    out = []
    for name, f in PROGRAMS.items():
        default = [[far], [v(5)]] if 'DerivativeOf' in name else [[x], [v(1)]]
        out += rows(f'programs.{name}', f, *forms.get(name, default), vmap=0)
    out += rows('programs.customReverse', lambda x: jnp.sum(clipped(x) * 3), [x], derivatives=(REVERSE,), vmap=0)
    return out
