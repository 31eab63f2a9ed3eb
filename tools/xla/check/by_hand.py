"""The convolutional network of examples/models/cnn.ts written in JAX by hand, timed against the exported step.

`python by_hand.py BUNDLE --host-devices 8`: both begin with the bundle's state and take the same batches, some steps of one
and then some of the other, so that whatever else the machine does slows both. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parent.parent))

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

from pullback_xla.checkpoint import load_checkpoint
from pullback_xla.dataset import Examples
from pullback_xla.manifest import Manifest, load_manifest
from pullback_xla.program import make_mesh
from pullback_xla.training import Training

Params = dict[str, dict[str, jax.Array]]
LAYERS = ("0", "3", "7", "9")  # where the layers with parameters are in the network


def conv(x: jax.Array, p: dict[str, jax.Array]) -> jax.Array:
    dims = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, p["kernel"], (1, 1), "VALID", dimension_numbers=dims) + p["bias"]


def max_pool(x: jax.Array) -> jax.Array:
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def loss_of(params: Params, images: jax.Array, labels: jax.Array) -> jax.Array:
    x = max_pool(jax.nn.relu(conv(images, params["0"])))
    x = max_pool(jax.nn.relu(conv(x, params["3"])))
    x = x.reshape(x.shape[0], -1)
    x = jax.nn.relu(x @ params["7"]["kernel"] + params["7"]["bias"])
    logits = x @ params["9"]["kernel"] + params["9"]["bias"]
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def step(state: Any, images: jax.Array, labels: jax.Array, rate: float = 1e-3) -> Any:
    """Adam by its formulas."""
    params, mu, nu, count = state
    loss, grads = jax.value_and_grad(loss_of)(params, images, labels)
    count = count + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mu, grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, nu, grads)
    first, second = 1 - 0.9**count, 1 - 0.999**count
    update = lambda p, m, v: p - rate * (m / first) / (jnp.sqrt(v / second) + 1e-8)  # noqa: E731
    return (jax.tree.map(update, params, mu, nu), mu, nu, count), loss


class ByHand:
    """The hand-written training, data parallel over the mesh's first axis."""

    def __init__(self, manifest: Manifest, mesh: Mesh, examples: Examples, tensors: dict[str, np.ndarray]) -> None:
        self.examples = examples
        self.images = NamedSharding(mesh, P(mesh.axis_names[0]))
        everywhere = NamedSharding(mesh, P())
        params = {n: {k: tensors[f"params[{n}].{k}"] for k in ("kernel", "bias")} for n in LAYERS}
        zeros = jax.tree.map(np.zeros_like, params)
        self.state = jax.device_put((params, zeros, zeros, np.float32(0)), everywhere)
        self.function = jax.jit(
            step,
            in_shardings=(everywhere, self.images, self.images),
            out_shardings=(everywhere, everywhere),
            donate_argnums=0,
        )
        self.step = 0

    def advance(self) -> jax.Array:
        rows = self.examples.rows(self.step)
        images, labels = (self.examples.gather(self.examples.by_name[n], rows) for n in ("images", "labels"))
        batch = [jax.device_put(x, self.images) for x in (images, labels)]
        self.state, loss = self.function(self.state, *batch)
        self.step += 1
        return loss


def timed(advance: Callable[[], Any], steps: int) -> tuple[float, list[float]]:
    began = time.perf_counter()
    losses = [advance() for _ in range(steps)]
    values = [float(x) for x in losses]
    return (time.perf_counter() - began) / steps, values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--host-devices", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=10, help="steps of each in a round")
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", options.host_devices)
    manifest = load_manifest(options.bundle)
    mesh, examples = make_mesh(manifest), Examples(manifest.data)
    beginning = load_checkpoint(manifest.state.path, manifest)
    exported = Training(manifest, mesh, examples, beginning)
    by_hand = ByHand(manifest, mesh, examples, dict(beginning.tensors))
    contestants: dict[str, Callable[[], Any]] = {
        "exported": lambda: exported.advance()["loss"],
        "byHand": by_hand.advance,
    }
    losses = {name: timed(advance, 3)[1] for name, advance in contestants.items()}  # compiled, and warm
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for round_number in range(options.rounds):
        order = list(contestants.items())
        for name, advance in order if round_number % 2 == 0 else order[::-1]:
            seconds[name].append(timed(advance, options.steps)[0])
    fastest = {name: min(s) for name, s in seconds.items()}
    medians = {name: statistics.median(s) for name, s in seconds.items()}
    ratio = fastest["exported"] / fastest["byHand"]
    print(json.dumps({"losses": losses, "fastest": fastest, "medians": medians, "ratio": ratio}))


if __name__ == "__main__":
    main()
