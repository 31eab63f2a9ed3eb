"""The loop: batches in, losses out, checkpoints on the way."""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import jax
import numpy as np
from jax.sharding import Mesh

from .checkpoint import FILE, Checkpoint, save_checkpoint
from .dataset import Examples
from .errors import RunnerError
from .manifest import Manifest, Step
from .program import compile_step, fetcher, place, sharding_of
from .stopping import Stopping

METRICS = "metrics.jsonl"
IN_FLIGHT = 2  # steps that the devices may be behind the host
AGREE_EVERY = 8  # steps between two talks of the processes about stopping


@dataclass(frozen=True)
class Settings:
    """How far a training goes, and what it leaves behind."""

    out: Path
    steps: int
    log_every: int
    save_every: int | None
    resumed: bool


@dataclass
class Outcome:
    """How a run went."""

    step: int
    losses: list[dict[str, float]] = field(default_factory=list)
    step_seconds: list[float] = field(default_factory=list)
    compile_seconds: float = 0.0
    stopped_by: int | None = None
    checkpoint: Path | None = None

    @property
    def steps_per_second(self) -> float | None:
        """Without the first step, which waits for more than itself."""
        rest = self.step_seconds[1:]
        return len(rest) / sum(rest) if rest else None


class Training:
    """A bundle on its devices, in some state."""

    def __init__(self, manifest: Manifest, mesh: Mesh, examples: Examples, beginning: Checkpoint) -> None:
        self.manifest = manifest
        self.mesh = mesh
        self.examples = examples
        self.step = beginning.step
        self.state_types = [t for t in manifest.steps[0].inputs if t.role == "state"]
        self.state = [place(beginning.tensors[t.name], sharding_of(t, mesh)) for t in self.state_types]
        self.programs: dict[int, tuple[Step, Callable[..., list[jax.Array]]]] = {}
        self.fetch = fetcher(mesh)
        self.compile_seconds = 0.0
        self.shardings = {step.batch_size: [sharding_of(t, mesh) for t in step.inputs] for step in manifest.steps}

    def program(self, batch_size: int) -> tuple[Step, Callable[..., list[jax.Array]]]:
        """The step for batches of a size, compiled when it is first needed."""
        if batch_size not in self.programs:
            found = next((s for s in self.manifest.steps if s.batch_size == batch_size), None)
            if found is None:
                raise RunnerError("bundle-format", f"the bundle has no step for batches of {batch_size} examples")
            began = time.perf_counter()
            self.programs[batch_size] = (found, compile_step(found, self.mesh))
            self.compile_seconds += time.perf_counter() - began
        return self.programs[batch_size]

    def compile(self, steps: int) -> None:
        """Compiles what the steps from here to `steps` need, before any of them."""
        for batch_size in sorted(self.examples.batch_sizes(self.step, steps), reverse=True):
            self.program(batch_size)

    def advance(self) -> dict[str, jax.Array]:
        """Starts one step, and gives its losses, which may not be there yet."""
        rows = self.examples.rows(self.step)
        step, function = self.program(len(rows))
        shardings = self.shardings[len(rows)]
        batch = []
        for tensor, sharding in zip(step.inputs, shardings):
            if tensor.role != "batch":
                continue
            column = self.examples.by_name[tensor.name]
            # Each process gathers what its devices need, once for all that need the same.
            parts: dict[str, np.ndarray] = {}

            def part(index: tuple[slice, ...]) -> np.ndarray:
                key = str(index)
                if key not in parts:
                    parts[key] = self.examples.gather(column, rows[index[0]])[(slice(None), *index[1:])]
                return parts[key]

            batch.append(jax.make_array_from_callback(tensor.shape, sharding, part))
        results = function(*self.state, *batch)
        count = len(self.state)
        self.state = results[:count]
        self.step += 1
        return {t.name: x for t, x in zip(step.outputs[count:], results[count:])}

    def tensors(self) -> dict[str, np.ndarray]:
        """The whole state in host memory, by the paths of its leaves."""
        return {t.name: x for t, x in zip(self.state_types, self.fetch(self.state))}


def train(training: Training, settings: Settings, stopping: Stopping, say: Callable[[str], None]) -> Outcome:
    """Steps until there are `settings.steps` in all, or until it is asked to stop; then saves."""
    outcome = Outcome(step=training.step)
    first = jax.process_index() == 0
    # Before anything of an earlier training is touched: this finds out whether the bundle is whole.
    training.compile(settings.steps)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunnerError("out-unusable", f"{settings.out} can't be a folder: {error.strerror}") from None
    if first and not settings.resumed:
        _set_aside(settings.out)
    log = _Log(settings, outcome, training, first, say)
    pending: deque[tuple[int, dict[str, jax.Array]]] = deque()

    def settle(keep: int) -> None:
        while len(pending) > keep:
            log.record(*pending.popleft())

    def save() -> None:
        settle(0)
        tensors = training.tensors()
        if first:
            total = max(settings.steps, training.step)
            outcome.checkpoint = save_checkpoint(settings.out, training.manifest, training.step, total, tensors)

    began = training.step
    log.start()
    while training.step < settings.steps and not stopping.asked(training.step, AGREE_EVERY):
        losses = training.advance()
        pending.append((training.step, losses))
        settle(IN_FLIGHT)
        if settings.save_every is not None and training.step % settings.save_every == 0:
            save()
    settle(0)
    if training.step > began:
        save()
    outcome.step = training.step
    outcome.compile_seconds = training.compile_seconds
    outcome.stopped_by = stopping.signal if training.step < settings.steps else None
    return outcome


class _Log:
    """Losses as they come in: lines for people and for `metrics.jsonl`, means over an interval each."""

    def __init__(
        self, settings: Settings, outcome: Outcome, training: Training, first: bool, say: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.steps_per_epoch = training.examples.steps_per_epoch
        self.outcome = outcome
        self.say = say if first else lambda _: None
        self.path = settings.out / METRICS if first else None
        self.interval: list[dict[str, float]] = []
        self.since = self.last = time.perf_counter()
        if self.path is not None:
            _keep_until(self.path, training.step)

    def start(self) -> None:
        self.since = self.last = time.perf_counter()

    def record(self, step: int, losses: dict[str, jax.Array]) -> None:
        values = {name: float(np.asarray(x.addressable_data(0))) for name, x in losses.items()}
        for name, value in values.items():
            if not math.isfinite(value):
                raise RunnerError("diverged", f"the {name} of step {step} is {value}: try a smaller learning rate")
        now = time.perf_counter()
        self.outcome.step_seconds.append(now - self.last)
        self.outcome.losses.append(values)
        self.last = now
        self.interval.append(values)
        if step % self.settings.log_every != 0 and step != self.settings.steps:
            return
        means = {name: sum(v[name] for v in self.interval) / len(self.interval) for name in values}
        rate = len(self.interval) / (now - self.since)
        self.say(f"step {step}: {' · '.join(f'{n} {v:.4g}' for n, v in means.items())} · {rate:.3g} steps/s")
        if self.path is not None:
            line = {"kind": "train", "step": step, "epoch": -(-step // self.steps_per_epoch), **means, "stepsPerSecond": float(f"{rate:.4g}")}
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        self.interval, self.since = [], now


def _set_aside(folder: Path) -> None:
    """Keeps an earlier training's files as `previous-…`."""
    if (folder / FILE).exists():
        for name in (FILE, METRICS):
            if (folder / name).exists():
                os.replace(folder / name, folder / f"previous-{name}")


def _keep_until(path: Path, step: int) -> None:
    """Drops lines about steps that are taken again; all of them where a training begins."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            if step > 0 and json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue
    path.write_text("".join(kept), "utf-8")
