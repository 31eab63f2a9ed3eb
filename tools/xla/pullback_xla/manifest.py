"""A bundle's manifest: what it says, checked before anything else happens."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from .errors import RunnerError

FORMAT = "pullback-bundle"
VERSION = 1

DTYPES: Mapping[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    "i8": np.dtype(np.int8),
    "u8": np.dtype(np.uint8),
    "i16": np.dtype(np.int16),
    "u16": np.dtype(np.uint16),
    "i32": np.dtype(np.int32),
    "u32": np.dtype(np.uint32),
    "f16": np.dtype(np.float16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
}


@dataclass(frozen=True)
class File:
    """A file of the bundle, with what tells a damaged one."""

    path: Path
    bytes: int
    crc32: int

    def read(self) -> bytes:
        """All of it; a RunnerError if it is missing or not what was exported."""
        self.check_present()
        content = self.path.read_bytes()
        if zlib.crc32(content) != self.crc32:
            raise RunnerError("bundle-damaged", f"{self.path} is not what was exported: its check sum differs")
        return content

    def check_present(self) -> None:
        """A RunnerError unless the file is there, of its size."""
        if not self.path.is_file():
            raise RunnerError("bundle-missing", f"the bundle lacks {self.path.name}: there is no {self.path}")
        size = self.path.stat().st_size
        if size != self.bytes:
            raise RunnerError("bundle-damaged", f"{self.path} has {size} bytes, {self.bytes} were exported")


@dataclass(frozen=True)
class Tensor:
    """An argument or a result of a step."""

    role: str  # "state", "batch" or "metric"
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    spec: tuple[tuple[str, ...], ...]  # for each axis the mesh axes that it is spread over
    donated: bool


@dataclass(frozen=True)
class Step:
    """The program for batches of one size."""

    batch_size: int
    file: File
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class Column:
    """A column of the data as files hold it, and as the step takes it: divided by `divide_by` in double precision."""

    name: str
    stored: np.dtype[Any]
    dtype: np.dtype[Any]
    divide_by: float | None


@dataclass(frozen=True)
class Shard:
    """The examples from `start` to before `stop`."""

    file: File
    start: int
    stop: int


@dataclass(frozen=True)
class Data:
    """The examples, and the key that their orders follow from."""

    examples: int
    batch_size: int
    columns: tuple[Column, ...]
    shards: tuple[Shard, ...]
    order_key: tuple[int, int]


@dataclass(frozen=True)
class Manifest:
    """All that a bundle says of itself."""

    folder: Path
    title: str
    mesh: tuple[tuple[str, int], ...]
    steps: tuple[Step, ...]
    state: File
    step: int
    total_steps: int
    metadata: Mapping[str, str]
    data: Data

    @property
    def devices(self) -> int:
        return prod(size for _, size in self.mesh)

    @property
    def mesh_text(self) -> str:
        return ", ".join(f"{name}={size}" for name, size in self.mesh)


def load_manifest(folder: Path) -> Manifest:
    """Reads and checks a bundle's manifest, and that its files are there. Nothing is computed."""
    path = folder / "manifest.json"
    try:
        raw = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RunnerError("bundle-missing", f"there is no bundle in {folder}: it has no manifest.json") from None
    except (OSError, ValueError) as error:
        raise RunnerError("bundle-format", f"{path} can't be read: {error}") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise RunnerError("bundle-format", f"{path} is not the manifest of a bundle")
    if raw.get("version") != VERSION:
        text = f"{path} is of version {raw.get('version')}, this runner reads version {VERSION}: export it anew"
        raise RunnerError("bundle-version", text)
    try:
        manifest = _manifest(folder, raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunnerError("bundle-format", f"{path} lacks a part, or has a wrong one: {error!r}") from None
    for step in manifest.steps:
        for tensor in (*step.inputs, *step.outputs):
            _check_spec(tensor, manifest)
    for file in (*(s.file for s in manifest.steps), manifest.state, *(s.file for s in manifest.data.shards)):
        file.check_present()
    _check_shards(manifest.data, path)
    return manifest


def _manifest(folder: Path, raw: Mapping[str, Any]) -> Manifest:
    def file(entry: Mapping[str, Any]) -> File:
        return File(folder / Path(entry["file"]).name, int(entry["bytes"]), int(entry["crc32"]))

    data = raw["data"]
    first, second = data["orderKey"]
    return Manifest(
        folder=folder,
        title=str(raw["title"]),
        mesh=tuple((str(axis["name"]), int(axis["size"])) for axis in raw["mesh"]),
        steps=tuple(
            Step(
                batch_size=int(step["batchSize"]),
                file=file(step),
                inputs=tuple(map(_tensor, step["inputs"])),
                outputs=tuple(map(_tensor, step["outputs"])),
            )
            for step in raw["steps"]
        ),
        state=file(raw["state"]),
        step=int(raw["step"]),
        total_steps=int(raw["totalSteps"]),
        metadata={str(k): str(v) for k, v in raw["metadata"].items()},
        data=Data(
            examples=int(data["examples"]),
            batch_size=int(data["batchSize"]),
            columns=tuple(
                Column(str(c["name"]), DTYPES[c["stored"]], DTYPES[c["dtype"]], c.get("divideBy"))
                for c in data["columns"]
            ),
            shards=tuple(Shard(file(s), int(s["from"]), int(s["to"])) for s in data["shards"]),
            order_key=(int(first), int(second)),
        ),
    )


def _tensor(raw: Mapping[str, Any]) -> Tensor:
    return Tensor(
        role=str(raw["role"]),
        name=str(raw["name"]),
        shape=tuple(map(int, raw["shape"])),
        dtype=DTYPES[raw["dtype"]],
        spec=tuple(tuple(map(str, axes)) for axes in raw["sharding"]),
        donated=bool(raw.get("donated", False)),
    )


def _check_spec(tensor: Tensor, manifest: Manifest) -> None:
    sizes = dict(manifest.mesh)
    what = f"{tensor.role} {tensor.name}"
    if len(tensor.spec) != len(tensor.shape):
        text = f"{what} has {len(tensor.shape)} axes, its sharding {len(tensor.spec)}"
        raise RunnerError("sharding-rank", text)
    for axis, names in enumerate(tensor.spec):
        for name in names:
            if name not in sizes:
                text = f"{what} is sharded over {name!r}, an axis that the mesh has not: it has {manifest.mesh_text}"
                raise RunnerError("sharding-axis", text)
        parts = prod(sizes[name] for name in names)
        if tensor.shape[axis] % parts != 0:
            over = ", ".join(f"{name}={sizes[name]}" for name in names)
            text = f"axis {axis} of {what}, {tensor.shape[axis]}, can't be spread over {over}: it is no multiple of {parts}"
            raise RunnerError("sharding-indivisible", text)


def _check_shards(data: Data, path: Path) -> None:
    end = 0
    for shard in data.shards:
        if shard.start != end:
            text = f"{path} has no shard with the examples from {end} to {shard.start}"
            raise RunnerError("bundle-missing", text)
        end = shard.stop
    if end != data.examples:
        raise RunnerError("bundle-missing", f"{path} has no shard with the examples from {end} to {data.examples}")
