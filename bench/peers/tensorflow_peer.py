"""TensorFlow: each function a graph (`tf.function`), Keras's Adam."""

from common import ADAM, THREADS, Prepared, absent, batch_of, called, inputs_of, kernel, np, parameters_of, serve, training, unchecked

try:
    import tensorflow as tf
except ImportError as error:
    absent(error)

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def ready(y):
    """On the CPU a result is there when the call returns; reading a scalar of it would add a copy."""
    return y


def to_numpy(x):
    return x.numpy()


def of(f):
    """A task whose function is made of its numbers."""
    return lambda task: kernel(tf.function(f(task)), [tf.constant(x) for x in inputs_of(task)], ready, to_numpy)


def conv(task):
    n, size, c, f = task["batch"], task["size"], task["channels"], task["features"]
    strides = [1, 1, 1, 1]
    return {
        "forward": lambda x, k: tf.nn.conv2d(x, k, strides, "VALID"),
        "input": lambda k, g: tf.raw_ops.Conv2DBackpropInput(
            input_sizes=[n, size, size, c], filter=k, out_backprop=g, strides=strides, padding="VALID"
        ),
        "kernel": lambda x, g: tf.raw_ops.Conv2DBackpropFilter(
            input=x, filter_sizes=[3, 3, c, f], out_backprop=g, strides=strides, padding="VALID"
        ),
    }[task["which"]]


REDUCTIONS = {"sum": tf.reduce_sum, "max": tf.reduce_max}
CHAINS = {
    "add": lambda x, y: x + y,
    "polynomial": lambda x: tf.maximum((2 * x + 1) * x - 0.5, 0),
    "gelu": lambda x: tf.nn.gelu(x, approximate=True),
}


def random(task):
    shape, seed = [task["length"]], [0, 0]
    if task["what"] == "bits":
        draw = lambda: tf.random.stateless_uniform(shape, seed, None, None, tf.uint32)  # noqa: E731
    else:
        draw = lambda: tf.random.stateless_normal(shape, seed)  # noqa: E731
    # The seed is an argument: what depends on none would be computed once.
    return kernel(tf.function(lambda _: draw()), [tf.constant(0)], ready, to_numpy)


def dispatch(task):
    f, x = tf.function(lambda x: x * 2 + 1), tf.constant(3.0)
    return called(lambda: f(x), ready, to_numpy)


def cache_hit(task):
    params = [{"w": tf.ones((4, 4)), "b": tf.ones(4)} for _ in range(10)]
    if task["results"] == 1:
        f = tf.function(lambda p: p[0]["b"] + p[9]["b"])
        return called(lambda: f(params), ready, to_numpy)
    g = tf.function(lambda p: [{"w": layer["w"] * 0.9, "b": layer["b"] * 0.9} for layer in p])
    return called(lambda: g(params)[9]["w"], ready, to_numpy)


# ---------------------------------------------------------------------------------------------------------- models


def cross_entropy(scores, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))


def pool(x):
    return tf.nn.max_pool2d(x, 2, 2, "VALID")


def block(x, w, b):
    return pool(tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID"), b)))


def cnn_loss(p, images, labels):
    x = tf.reshape(block(block(images, p["w1"], p["b1"]), p["w2"], p["b2"]), [-1, 1600])
    x = tf.nn.relu(tf.nn.bias_add(x @ p["w3"], p["b3"]))
    return cross_entropy(tf.nn.bias_add(x @ p["w4"], p["b4"]), labels)


def autoencoder_loss(p, images):
    code = tf.nn.relu(tf.nn.bias_add(images @ p["w1"], p["b1"]))
    made = tf.sigmoid(tf.nn.bias_add(code @ p["w2"], p["b2"]))
    return tf.reduce_mean((made - images) ** 2)


def rnn_loss(p, images, labels):
    # Unrolled, which is faster in TensorFlow than its loops; the inputs' part of all steps is one product.
    inputs = tf.unstack(images @ p["wx"] + p["b"], axis=1)
    h = tf.tanh(inputs[0])
    for x in inputs[1:]:
        h = tf.tanh(x + h @ p["wh"])
    return cross_entropy(tf.nn.bias_add(h @ p["wo"], p["bo"]), labels)


LOSSES = {"cnn": cnn_loss, "autoencoder": autoencoder_loss, "rnn": rnn_loss}


def model(task):
    name = task["model"]
    loss = LOSSES[name]
    inputs = [tf.constant(x) for x in batch_of(name, task["batch"])]

    def begin():
        params = {key: tf.Variable(x) for key, x in parameters_of(name).items()}
        optimizer = tf.keras.optimizers.Adam(ADAM["learning_rate"], ADAM["b1"], ADAM["b2"], ADAM["eps"])
        optimizer.build(list(params.values()))

        @tf.function
        def step(*inputs):
            with tf.GradientTape() as tape:
                value = loss(params, *inputs)
            gradients = tape.gradient(value, list(params.values()))
            optimizer.apply_gradients(zip(gradients, params.values()))
            return value

        return step

    def advance(step):
        return step, step(*inputs).numpy()

    return training(begin, advance)


def trace(task):
    params = {name: tf.constant(x) for name, x in parameters_of("cnn").items()}
    inputs = [tf.constant(x) for x in batch_of("cnn", 8)]

    def run():
        @tf.function
        def gradient(p, *inputs):
            with tf.GradientTape() as tape:
                tape.watch(p)
                value = cnn_loss(p, *inputs)
            return tape.gradient(value, p)

        gradient.get_concrete_function(params, *inputs)

    return Prepared(run, unchecked)


TASKS = {
    "matmul": of(lambda task: tf.matmul),
    "conv": of(conv),
    "softmax": of(lambda task: lambda x: tf.nn.softmax(x, task["axis"])),
    "reduce": of(lambda task: lambda x: REDUCTIONS[task["op"]](x, task["axis"])),
    "elementwise": of(lambda task: CHAINS[task["chain"]]),
    "transpose": of(lambda task: lambda x: tf.transpose(x, task["axes"])),
    "sort": of(lambda task: tf.sort),
    "gather": of(lambda task: tf.gather),
    "scatter": of(lambda task: lambda x, i, y: tf.tensor_scatter_nd_add(x, i[:, None], y)),
    "random": random,
    "dispatch": dispatch,
    "cache-hit": cache_hit,
    "trace": trace,
    "model": model,
    "copy": "arrays are values: nothing needs a copy",
}

serve("tensorflow", tf.__version__, TASKS)
