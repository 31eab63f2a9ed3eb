"""Programs with control flow; test/golden/control.ts has the same ones, by the same names."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import FORWARD, distinct, rows, values

lax = jax.lax


def step(w):
    """A cell of a recurrent network: the new state, and twice the new state as output."""
    def f(h, x):
        h = jnp.tanh(jnp.matmul(w, h) + x)
        return h, h * 2
    return f


def rnn(h, xs, w):
    return lax.scan(step(w), h, xs)


def rnn_reverse(h, xs, w):
    return lax.scan(step(w), h, xs, reverse=True)


def rnn_unrolled(h, xs, w):
    return lax.scan(step(w), h, xs, unroll=2)


def rnn_checkpointed(h, xs, w):
    return lax.scan(jax.checkpoint(step(w)), h, xs)


def repeated(x):
    """No inputs: four turns of a map."""
    return lax.scan(lambda c, _: (c * 1.5 - c * c / 8, jnp.sum(c)), x, None, length=4)


def tree_scan(carry, xs):
    """A carry and inputs that are trees, an output that is one, and a part of the carry that nothing changes."""
    def f(c, x):
        a, (b, k) = c['a'], c['b']
        a = jnp.sin(a + x['u']) * k
        b = b * x['v'] + jnp.sum(a)
        return {'a': a, 'b': [b, k]}, {'p': (a, b), 'q': x['u'] * b}
    return lax.scan(f, carry, xs)


def counting(x, steps):
    """Integers beside floats, in carry, inputs and outputs."""
    def f(c, n):
        i, y = c
        return (i + n, y * 0.5 + i), i * 2
    return lax.scan(f, (np.int32(1), x), steps)


def nested_scan(x, m):
    """A loop in a loop: along rows, and in each along columns, with a value of the outer one in the inner."""
    def row(c, r):
        def cell(d, e):
            d = jnp.cos(d) * e + c
            return d, d
        return lax.scan(cell, c, r)
    return lax.scan(row, x, m)


def sides(p, x):
    return lax.cond(p > 0, lambda x: jnp.sin(x) * p, lambda x: x * x - p, x)


def tree_cond(p, x, y):
    """Branches that take and give trees, and close over a value."""
    z = x * y
    return lax.cond(p, lambda a, b: (a + b, {'z': z}), lambda a, b: (a * b, {'z': jnp.exp(-z)}), x, y)


def constant_side(p, x):
    """One branch does not use its operand."""
    return lax.cond(p, lambda x: jnp.ones_like(x), lambda x: x**3, x)


def three_ways(i, x):
    return lax.switch(i, [lambda x: x + 1, lambda x: x * x, lambda x: jnp.sin(x) / 2], x)


def newton(a):
    """√a by Newton's method, until it is exact to 1e-3."""
    return lax.while_loop(lambda x: jnp.max(jnp.abs(x * x - a)) > 1e-3, lambda x: (x + a / x) / 2, jnp.ones_like(a) * 2)


def halvings(x):
    """How often x is halved until it is at most 1, and what is left: a count and a value."""
    return lax.while_loop(lambda c: c[1] > 1, lambda c: (c[0] + 1, c[1] / 2), (np.int32(0), x))


def halvings_bounded(x):
    """The same loop with a bound on its turns, which has a reverse mode: here as a scan that stops to change."""
    def f(c, _):
        n, y = c
        go = y > 1
        return (jnp.where(go, n + 1, n), jnp.where(go, y / 2 + y * y / 50, y)), None
    return lax.scan(f, (np.int32(0), x), None, length=12)[0]


def never(x):
    """A loop whose condition is false at once."""
    return lax.while_loop(lambda x: jnp.sum(x) > 1e9, lambda x: x * 2, x * x)


def fixed(x):
    return lax.fori_loop(0, 4, lambda i, x: x * jnp.cos(x) + i / 10, x)


def fixed_tree(x, y):
    return lax.fori_loop(1, 4, lambda i, c: (c[0] + c[1] * i, jnp.sin(c[0])), (x, y))


def traced_bound(n, x):
    return lax.fori_loop(0, n, lambda i, x: x * 0.5 + jnp.sin(x) * i, x)


def mapped(xs):
    return lax.map(lambda x: jnp.sum(x) * x, xs)


def mapped_tree(xs, w):
    return lax.map(lambda p: (p[0] @ w, p[1] * 2), xs)


def mapped_in_batches(xs):
    return lax.map(lambda x: jnp.exp(-x * x).sum(), xs, batch_size=2)


def running_sum(x):
    return lax.associative_scan(jnp.add, x)


def running_product(x):
    return lax.associative_scan(jnp.multiply, x, reverse=True, axis=1)


def running_maximum(x):
    return lax.associative_scan(jnp.maximum, x, axis=-1)


def recurrence(a, b):
    """y[t] = a[t] y[t-1] + b[t], from pairs."""
    return lax.associative_scan(lambda p, q: (p[0] * q[0], p[1] * q[0] + q[1]), (a, b))


def matrix_products(m):
    return lax.associative_scan(lambda p, q: jnp.matmul(q, p), m)


# ---------------------------------------------------------------------------- transformations over and inside loops


def gradient_of_scan(h, xs, w):
    return jax.grad(lambda w: jnp.sum(rnn(h, xs, w)[1] ** 2))(w)


def hessian_of_scan(x):
    return jax.hessian(lambda x: repeated(x)[1].sum())(x)


def gradients_of_scans(h, xs, w):
    """For each example of a batch the gradient of a compiled scan."""
    loss = jax.jit(lambda w, h, x: jnp.sum(rnn(h, x, w)[0] ** 2))
    return jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(w, h, xs)


def descent(x):
    """Gradient descent by a scan: a gradient inside of a loop."""
    loss = lambda x: jnp.sum((x * x - 2) ** 2)
    return lax.scan(lambda x, _: (x - 0.05 * jax.grad(loss)(x), loss(x)), x, None, length=5)


def scan_of_vmap(h, xs, w):
    return lax.scan(lambda h, x: jax.vmap(step(w))(h, x), h, xs)


def cond_in_scan(x, xs):
    """A branch in each turn, by a value that the loop makes."""
    def f(c, x):
        c = lax.cond(c > x, lambda c: jnp.sin(c) + x, lambda c: c * x, c)
        return c, c
    return lax.scan(f, x, xs)


def while_in_scan(x, xs):
    def f(c, x):
        c = lax.while_loop(lambda c: jnp.abs(c) > 1, lambda c: c / 2, c + x)
        return c, c
    return lax.scan(f, x, xs)


def hessian_of_cond(p, x):
    return jax.vmap(jax.grad(jax.grad(lambda x: sides(p, x))))(x)


def gradient_of_switch(i, x):
    return jax.vmap(jax.grad(lambda i, x: three_ways(i, x) ** 2, argnums=1))(i, x)


def tangent_of_while(a):
    return jax.vmap(lambda a: jax.jvp(newton, (a,), (jnp.ones_like(a),)))(a)


def jitted_gradient(x):
    return jax.jit(jax.value_and_grad(lambda x: jnp.sum(fixed(x))))(x)


def cases(dtype):
    v = lambda *shape: values(f'control {shape}', shape, dtype)
    small = lambda tag, *shape: values(f'control {tag} {shape}', shape, dtype, -0.8, 0.8)
    h, xs, w = small('h', 3), small('xs', 5, 3), small('w', 3, 3)
    number = lambda x: np.array(x, dtype)
    i = lambda *x: np.array(x if len(x) != 1 else x[0], np.int32)
    out = []
    add = lambda name, f, *forms, **how: out.extend(rows(f'control.{name}', f, *forms, **how))
    for name, f in [('rnn', rnn), ('rnnReverse', rnn_reverse), ('rnnUnrolled', rnn_unrolled),
                    ('rnnCheckpointed', rnn_checkpointed)]:
        add(name, f, [h, xs, w], [h, xs[:1], w], [h, xs[:0], w], [h[:2], small('two', 4, 2), w[:2, :2].copy()], turn=1)
    add('repeated', repeated, [v(3)], [number(0.5)], [v(2, 2)])
    carry = {'a': v(2), 'b': [number(0.3), number(0.7)]}
    add('treeScan', tree_scan, [carry, {'u': v(3, 2), 'v': v(3)}], [carry, {'u': v(1, 2), 'v': v(1)}], vmap=0)
    add('counting', counting, [number(0.5), i(3, 1, 2)], [v(2), i(2, 5)])
    add('nestedScan', nested_scan, [number(0.3), v(3, 2)], [number(0.3), v(2, 4)])
    add('sides', sides, [number(1.5), v(3)], [number(-0.5), v(3)], [number(0), number(2)], turn=2)
    add('treeCond', tree_cond, [np.array(True), v(3), v(3)[::-1].copy()], [np.array(False), v(2, 2), number(0.5)])
    add('constantSide', constant_side, [np.array(True), v(3)], [np.array(False), v(3)])
    add('threeWays', three_ways, *[[np.array(k, np.int32), v(3)] for k in [0, 1, 2, -1, 7]])
    add('newton', newton, [number(2)], [np.array([0.5, 3, 9], dtype)], derivatives=(FORWARD,), vmap=0)
    add('halvings', halvings, [number(9.5)], [number(0.5)], [number(100)], derivatives=(FORWARD,), vmap=0)
    add('halvingsBounded', halvings_bounded, [number(9.5)], [number(0.5)], [number(20)], vmap=0)
    add('never', never, [v(3)], derivatives=(FORWARD,))
    add('fixed', fixed, [v(3)], [number(0.7)], [v(2, 2)])
    add('fixedTree', fixed_tree, [v(3), v(3)[::-1].copy()], [number(1), number(2)])
    add('tracedBound', traced_bound, [np.array(3, np.int32), v(3)], [np.array(0, np.int32), v(3)],
        [np.array(-2, np.int32), number(1)],
        derivatives=(FORWARD,), vmap=0)
    add('mapped', mapped, [v(4, 3)], [v(1, 2)], [v(4)])
    add('mappedTree', mapped_tree, [[v(4, 3), v(4)], v(3, 2)], vmap=0)
    add('mappedInBatches', mapped_in_batches, [v(5, 3)], [v(4, 2)], [v(1, 2)])
    for n in [0, 1, 2, 5, 8]:
        add('runningSum', running_sum, [v(n)], [v(n, 2)])
        add('recurrence', recurrence, [v(n), v(n)[::-1].copy()])
    for shape in [(2, 1), (2, 5), (3, 4)]:
        add('runningProduct', running_product, [v(*shape)])
        add('runningMaximum', running_maximum, [distinct('running', shape, dtype)])
    add('matrixProducts', matrix_products, [v(4, 2, 2)], [v(7, 2, 2)])
    hs, xss = small('hs', 2, 3), small('xss', 2, 4, 3)
    add('gradientOfScan', gradient_of_scan, [h, xs, w], [h, xs[:2], w])
    add('hessianOfScan', hessian_of_scan, [v(3)])
    add('gradientsOfScans', gradients_of_scans, [hs, xss, w], vmap=None)
    add('descent', descent, [v(3)], [number(0.5)])
    add('scanOfVmap', scan_of_vmap, [hs, np.swapaxes(xss, 0, 1).copy(), w], vmap=0)
    add('condInScan', cond_in_scan, [number(0.5), v(5)], [number(-1), v(3)])
    add('whileInScan', while_in_scan, [number(0.5), 3 * v(5)], derivatives=(FORWARD,))
    add('hessianOfCond', hessian_of_cond, [number(1), v(3)], [number(-1), v(3)], vmap=0)
    add('gradientOfSwitch', gradient_of_switch, [i(0, 2, 1, 5), v(4)])
    add('tangentOfWhile', tangent_of_while, [np.array([0.5, 3, 9], dtype)], derivatives=(FORWARD,))
    add('jittedGradient', jitted_gradient, [v(3)])
    return out
