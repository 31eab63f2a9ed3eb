"""Batches of the bundle's examples, in the order in which pullback's own training visits them."""

from __future__ import annotations

from typing import Any, Mapping

import jax
import numpy as np
from safetensors.numpy import load

from .errors import RunnerError
from .manifest import Column, Data


class Examples:
    """All examples in host memory, as the files hold them."""

    def __init__(self, data: Data) -> None:
        self.data = data
        parts = [load(shard.file.read()) for shard in data.shards]
        self.columns: dict[str, np.ndarray] = {}
        for column in data.columns:
            if any(column.name not in part for part in parts):
                raise RunnerError("bundle-damaged", f"a data shard lacks the column {column.name}")
            whole = np.concatenate([part[column.name] for part in parts])
            if len(whole) != data.examples or whole.dtype != column.stored:
                raise RunnerError("bundle-damaged", f"the column {column.name} is not what the manifest says")
            self.columns[column.name] = whole
        self._epoch: tuple[int, np.ndarray] | None = None

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.data.examples // self.data.batch_size)

    def batch_sizes(self, start: int, stop: int) -> set[int]:
        """How many examples the steps from `start` to before `stop` have."""
        size, examples, per_epoch = self.data.batch_size, self.data.examples, self.steps_per_epoch
        last = examples - (per_epoch - 1) * size
        begun = range(start, min(stop, start + per_epoch))  # an epoch has all sizes
        return {last if step % per_epoch == per_epoch - 1 else size for step in begun}

    def rows(self, step: int) -> np.ndarray:
        """The numbers of the examples of a step, which is counted from 0."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = (epoch, self._order(epoch))
        size = self.data.batch_size
        return self._epoch[1][batch * size : (batch + 1) * size]

    def _order(self, epoch: int) -> np.ndarray:
        """JAX's own permutation: pullback computes the same one."""
        with jax.default_device(_host()):
            key = jax.random.fold_in(np.array(self.data.order_key, np.uint32), epoch)
            return np.asarray(jax.random.permutation(key, self.data.examples))

    def gather(self, column: Column, rows: np.ndarray) -> np.ndarray:
        """These rows of a column, as the step takes them."""
        return _decoded(self.columns[column.name][rows], column)

    @property
    def by_name(self) -> Mapping[str, Column]:
        return {c.name: c for c in self.data.columns}


def _host() -> jax.Device:
    """The CPU, or whatever there is where JAX was told to leave that out."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return jax.local_devices()[0]


def _decoded(stored: np.ndarray, column: Column) -> np.ndarray:
    values: Any = stored if column.divide_by is None else stored.astype(np.float64) / column.divide_by
    return values.astype(column.dtype)
