"""What the Python libraries share: the protocol (`protocol.ts`), the inputs (`inputs.ts`), the timing (`timing.ts`)."""

import json
import os
import resource
import sys
import time

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
CALLS_AT_ONCE = 200
ADAM = {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
SAMPLE_SECONDS = 0.01
FEWEST_SAMPLES = 3

# What has no setting of its own for its threads takes as many as there are processors to run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

# The protocol has the standard output for itself: what libraries print goes elsewhere.
_OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def say(answer):
    _OUT.write(json.dumps(answer) + "\n")
    _OUT.flush()


try:
    import numpy as np
except ImportError as error:
    say({"absent": str(error)})
    sys.exit()


# ---------------------------------------------------------------------------------------------------------- inputs


def hashed(seed, length):
    """32 well mixed bits for each position."""
    start = np.uint32((seed * 0x9E3779B1) & 0xFFFFFFFF)
    h = (np.arange(length, dtype=np.uint32) + start) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def uniform(seed, shape, scale=1.0):
    """Numbers in [-scale, scale)."""
    bits = (hashed(seed, int(np.prod(shape))) >> np.uint32(8)).astype(np.float32)
    return ((bits * np.float32(2.0**-23) - np.float32(1)) * np.float32(scale)).reshape(shape)


def unit(seed, shape):
    """Numbers in [0, 1)."""
    bits = (hashed(seed, int(np.prod(shape))) >> np.uint32(8)).astype(np.float32)
    return (bits * np.float32(2.0**-24)).reshape(shape)


def below(seed, length, limit):
    """Integers from 0, below `limit`."""
    return (hashed(seed, length) % np.uint32(limit)).astype(np.int32)


def inputs_of(task):
    """The arrays that a kernel's function takes; images are [n, height, width, channels]."""
    kind = task["kind"]
    if kind == "matmul":
        return [uniform(1, (task["m"], task["k"])), uniform(2, (task["k"], task["n"]))]
    if kind == "conv":
        n, size, c, f = task["batch"], task["size"], task["channels"], task["features"]
        x, kernel = uniform(1, (n, size, size, c)), uniform(2, (3, 3, c, f))
        g = uniform(3, (n, size - 2, size - 2, f))
        return {"forward": [x, kernel], "input": [kernel, g], "kernel": [x, g]}[task["which"]]
    if kind in ("softmax", "reduce", "transpose", "sort"):
        return [uniform(1, tuple(task["shape"]))]
    if kind == "elementwise":
        return [uniform(seed, (task["length"],)) for seed in ([1, 2] if task["chain"] == "add" else [1])]
    if kind in ("gather", "scatter"):
        rows, width, count = task["rows"], task["width"], task["count"]
        more = [uniform(3, (count, width))] if kind == "scatter" else []
        return [uniform(1, (rows, width)), below(2, count, rows), *more]
    return [uniform(1, (task["length"],))] if kind == "copy" else []


SHAPES = {
    "cnn": {
        "w1": (3, 3, 1, 32), "b1": (32,), "w2": (3, 3, 32, 64), "b2": (64,),
        "w3": (1600, 64), "b3": (64,), "w4": (64, 10), "b4": (10,),
    },
    "autoencoder": {"w1": (784, 64), "b1": (64,), "w2": (64, 784), "b2": (784,)},
    "rnn": {"wx": (28, 128), "wh": (128, 128), "b": (128,), "wo": (128, 10), "bo": (10,)},
}  # fmt: skip


def parameters_of(model):
    """The first parameters of a model, by name; layouts are height, width, in, out."""

    def first(i, shape):
        if len(shape) == 1:
            return np.zeros(shape, np.float32)
        return uniform(100 + i, shape, float(np.prod(shape[:-1])) ** -0.5)

    return {name: first(i, shape) for i, (name, shape) in enumerate(SHAPES[model].items())}


def batch_of(model, batch):
    """A batch of a model: images, and labels but for the autoencoder."""
    if model == "autoencoder":
        return [unit(200, (batch, 784))]
    images = unit(200, (batch, 28, 28, 1) if model == "cnn" else (batch, 28, 28))
    return [images, below(201, batch, 10)]


# ------------------------------------------------------------------------------------------------ prepared tasks


class Prepared:
    """A task that is ready to be timed. The results of `run` are there when it returns."""

    def __init__(self, run, check, calls=1):
        self.run, self.check, self.calls = run, check, calls


def moments(data):
    """A check of an array: its mean and its root mean square, whatever its layout."""
    x = np.asarray(data, np.float64).ravel()
    root = float(np.sqrt(np.mean(x * x)))
    return {"check": [float(np.mean(x)), root], "scale": root}


def losses(values):
    return {"check": [float(v) for v in values], "scale": 0}


def unchecked():
    return {"check": [], "scale": 0}


def kernel(f, inputs, wait, to_numpy):
    """A compiled function of arrays."""
    return Prepared(lambda: wait(f(*inputs)), lambda: moments(to_numpy(f(*inputs))))


def called(f, wait, to_numpy):
    """A function that is called many times before the clock is looked at again."""

    def run():
        for _ in range(CALLS_AT_ONCE - 1):
            f()
        wait(f())

    return Prepared(run, lambda: moments(to_numpy(f())), CALLS_AT_ONCE)


def training(begin, advance):
    """A training step: `begin` gives a new state, `advance` makes a state and its loss of a state, and waits."""
    held = [None]

    def run():
        if held[0] is None:
            held[0] = begin()
        held[0], _ = advance(held[0])

    def check():
        held[0] = begin()
        values = []
        for _ in range(4):
            held[0], loss = advance(held[0])
            values.append(loss)
        return losses(values)

    return Prepared(run, check)


# --------------------------------------------------------------------------------------------------------- serving


def measure(prepared, seconds, warm_up):
    end, runs = time.perf_counter() + warm_up, 1
    while True:
        each = time_of(prepared.run, runs) / runs
        if time.perf_counter() >= end:
            break
        runs *= 2 if each * runs < 0.005 else 1
    runs = max(1, round(SAMPLE_SECONDS / each))
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < FEWEST_SAMPLES:
        times.append(time_of(prepared.run, runs) / (runs * prepared.calls) * 1000)
        if each > seconds:
            break
    return {"times": times}


def time_of(run, runs):
    start = time.perf_counter()
    for _ in range(runs):
        run()
    return time.perf_counter() - start


def answer(request, held, tasks):
    ask = request["ask"]
    if ask == "prepare":
        held.clear()
        make = tasks.get(request["task"]["kind"], "has no such thing")
        made = make if isinstance(make, str) else make(request["task"])
        if isinstance(made, str):
            return {"skip": made}
        held.append(made)
        return {"done": True}
    if ask == "release":
        held.clear()
        return {"done": True}
    if ask == "check":
        return held[0].check()
    if ask == "measure":
        return measure(held[0], request["seconds"], request["warmUp"])
    taken = time_of(held[0].run, 1) * 1000
    return {"time": taken, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def serve(library, version, tasks):
    """Answers requests, one a line. A task's function makes a Prepared, or gives the reason why not."""
    say({"library": library, "version": version, "backend": "cpu", "threads": THREADS})
    held = []
    for line in sys.stdin:
        try:
            say(answer(json.loads(line), held, tasks))
        except Exception as error:  # Whatever a library throws is told, and the next request is answered.
            say({"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"})


def absent(error):
    """The library can't be imported."""
    say({"absent": str(error)})
    sys.exit()
