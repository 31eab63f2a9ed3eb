"""JAX on the CPU: XLA compiles each function whole."""

from common import ADAM, Prepared, absent, batch_of, called, inputs_of, kernel, np, parameters_of, serve, training, unchecked

try:
    import jax
    import jax.numpy as jnp
    import optax
except ImportError as error:
    absent(error)

wait = jax.block_until_ready


def of(f):
    """A task whose function is made of its numbers."""
    return lambda task: kernel(jax.jit(f(task)), [jnp.asarray(x) for x in inputs_of(task)], wait, np.asarray)


def convolve(x, k):
    return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def conv(task):
    n, size, c, f = task["batch"], task["size"], task["channels"], task["features"]

    def by_input(k, g):
        return jax.vjp(lambda x: convolve(x, k), jnp.zeros((n, size, size, c)))[1](g)[0]

    def by_kernel(x, g):
        return jax.vjp(lambda k: convolve(x, k), jnp.zeros((3, 3, c, f)))[1](g)[0]

    return {"forward": convolve, "input": by_input, "kernel": by_kernel}[task["which"]]


CHAINS = {
    "add": lambda x, y: x + y,
    "polynomial": lambda x: jnp.maximum((2 * x + 1) * x - 0.5, 0),
    "gelu": jax.nn.gelu,
}


def random(task):
    draw = jax.random.bits if task["what"] == "bits" else jax.random.normal
    f = jax.jit(lambda key: draw(key, (task["length"],)))
    return kernel(f, [jax.random.key(0)], wait, np.asarray)


def dispatch(task):
    f, x = jax.jit(lambda x: x * 2 + 1), jnp.float32(3)
    return called(lambda: f(x), wait, np.asarray)


def cache_hit(task):
    params = [{"w": jnp.ones((4, 4)), "b": jnp.ones(4)} for _ in range(10)]
    if task["results"] == 1:
        f = jax.jit(lambda p: p[0]["b"] + p[9]["b"])
        return called(lambda: f(params), wait, np.asarray)
    g = jax.jit(lambda p: [{"w": layer["w"] * 0.9, "b": layer["b"] * 0.9} for layer in p])
    return called(lambda: g(params)[9]["w"], wait, np.asarray)


# ---------------------------------------------------------------------------------------------------------- models


def cross_entropy(scores, labels):
    return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def cnn_loss(p, images, labels):
    x = pool(jax.nn.relu(convolve(images, p["w1"]) + p["b1"]))
    x = pool(jax.nn.relu(convolve(x, p["w2"]) + p["b2"])).reshape(-1, 1600)
    x = jax.nn.relu(x @ p["w3"] + p["b3"])
    return cross_entropy(x @ p["w4"] + p["b4"], labels)


def autoencoder_loss(p, images):
    code = jax.nn.relu(images @ p["w1"] + p["b1"])
    return jnp.mean((jax.nn.sigmoid(code @ p["w2"] + p["b2"]) - images) ** 2)


def rnn_loss(p, images, labels):
    def cell(h, x):
        return jnp.tanh(x @ p["wx"] + h @ p["wh"] + p["b"]), None

    last, _ = jax.lax.scan(cell, jnp.zeros((images.shape[0], 128)), jnp.swapaxes(images, 0, 1))
    return cross_entropy(last @ p["wo"] + p["bo"], labels)


LOSSES = {"cnn": cnn_loss, "autoencoder": autoencoder_loss, "rnn": rnn_loss}


def model(task):
    loss = LOSSES[task["model"]]
    optimizer = optax.adam(ADAM["learning_rate"], ADAM["b1"], ADAM["b2"], ADAM["eps"])
    inputs = [jnp.asarray(x) for x in batch_of(task["model"], task["batch"])]

    def begin():
        params = {name: jnp.asarray(x) for name, x in parameters_of(task["model"]).items()}
        return params, optimizer.init(params)

    def step(state, *inputs):
        params, optimizer_state = state
        value, gradients = jax.value_and_grad(loss)(params, *inputs)
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, params)
        return (optax.apply_updates(params, updates), optimizer_state), value

    compiled = jax.jit(step, donate_argnums=0)
    return training(begin, lambda state: wait(compiled(state, *inputs)))


def trace(task):
    params = {name: jnp.asarray(x) for name, x in parameters_of("cnn").items()}
    inputs = [jnp.asarray(x) for x in batch_of("cnn", 8)]
    # Another function each time: what has been traced is not traced again.
    return Prepared(lambda: jax.make_jaxpr(jax.grad(lambda p, x, y: cnn_loss(p, x, y)))(params, *inputs), unchecked)


TASKS = {
    "matmul": of(lambda task: jnp.matmul),
    "conv": of(conv),
    "softmax": of(lambda task: lambda x: jax.nn.softmax(x, task["axis"])),
    "reduce": of(lambda task: lambda x: getattr(jnp, task["op"])(x, task["axis"])),
    "elementwise": of(lambda task: CHAINS[task["chain"]]),
    "transpose": of(lambda task: lambda x: jnp.transpose(x, task["axes"])),
    "sort": of(lambda task: jnp.sort),
    "gather": of(lambda task: lambda x, i: jnp.take(x, i, 0)),
    "scatter": of(lambda task: lambda x, i, y: x.at[i].add(y)),
    "random": random,
    "dispatch": dispatch,
    "cache-hit": cache_hit,
    "trace": trace,
    "model": model,
    "copy": "arrays are values: nothing needs a copy",
}

serve("jax", jax.__version__, TASKS)
