"""Whole-state checkpoints in the file format that pullback's training command saves and resumes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .errors import RunnerError
from .manifest import Manifest, Tensor

FILE = "checkpoint.safetensors"
# What changes in the metadata while a training goes on.
PROGRESS = ("step", "totalSteps")


@dataclass(frozen=True)
class Checkpoint:
    """Steps done, and the state after them: arrays by the paths of the state's leaves."""

    step: int
    tensors: Mapping[str, np.ndarray]


def load_checkpoint(path: Path, manifest: Manifest) -> Checkpoint:
    """The state to go on from; a RunnerError unless it is one of the very training that the bundle holds."""
    if not path.is_file():
        raise RunnerError("checkpoint-missing", f"there is no {path} to resume from")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise RunnerError("checkpoint-format", f"{path} is no safetensors file: {error}") from None
    for name, value in manifest.metadata.items():
        if name not in PROGRESS and metadata.get(name) != value:
            text = f"{path} is of another training: its {name} is {metadata.get(name)}, the bundle's {value}"
            raise RunnerError("checkpoint-mismatch", text)
    step = metadata.get("step", "")
    if not step.isdigit():
        raise RunnerError("checkpoint-format", f"{path}: its metadata lack the steps")
    _check_tensors(path, tensors, [t for t in manifest.steps[0].inputs if t.role == "state"])
    return Checkpoint(int(step), tensors)


def _check_tensors(path: Path, tensors: Mapping[str, np.ndarray], wanted: list[Tensor]) -> None:
    for tensor in wanted:
        found = tensors.get(tensor.name)
        if found is None:
            raise RunnerError("checkpoint-mismatch", f"{path} lacks {tensor.name}")
        if found.shape != tensor.shape or found.dtype != tensor.dtype:
            got, need = (f"{x.dtype}{list(x.shape)}" for x in (found, tensor))
            raise RunnerError("checkpoint-mismatch", f"{path}: {tensor.name} is {got}, the step takes {need}")
    extra = set(tensors) - {t.name for t in wanted}
    if extra:
        raise RunnerError("checkpoint-mismatch", f"{path} has {min(extra)}, which the step does not take")


def save_checkpoint(
    folder: Path, manifest: Manifest, step: int, total_steps: int, tensors: Mapping[str, np.ndarray]
) -> Path:
    """Replaces the checkpoint at once: who reads it finds the old one or the new."""
    metadata = {**manifest.metadata, "step": str(step), "totalSteps": str(total_steps)}
    path = folder / FILE
    temporary = folder / f".{FILE}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        # Arrays that are views would be written with their strides ignored.
        file.write(save({name: np.array(x, order="C") for name, x in tensors.items()}, metadata))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return path
