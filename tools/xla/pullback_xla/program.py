"""A step's StableHLO as a compiled JAX function over the mesh."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import jax
import numpy as np
from jax import export
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

# The text enters JAX as a function that `jax.export` has read back, which is all of JAX that is not public here: the
# requirements pin the version.
from jax._src.core import ShapedArray
from jax._src.interpreters import mlir
from jax._src.lib import _jax
from jax._src.lib.mlir import ir
from jax._src.lib.mlir.dialects import hlo

from .errors import RunnerError
from .manifest import Manifest, Step, Tensor

Arrays = Sequence[jax.Array]


def make_mesh(manifest: Manifest) -> Mesh:
    """The bundle's mesh over all devices of the job; a RunnerError where they do not fit it."""
    need, have = manifest.devices, jax.device_count()
    kind = jax.devices()[0].platform
    if have < need:
        text = f"the mesh {manifest.mesh_text} needs {need} devices, here are {have} ({kind})"
        hint = f": --host-devices {need} makes as many of the CPU" if kind == "cpu" else ""
        raise RunnerError("devices", text + hint)
    if have > need and jax.process_count() > 1:
        text = f"the mesh {manifest.mesh_text} takes {need} devices, the processes have {have}: start fewer of them"
        raise RunnerError("devices", text)
    names, sizes = zip(*manifest.mesh)
    auto = (AxisType.Auto,) * len(names)
    return jax.make_mesh(sizes, names, axis_types=auto, devices=jax.devices()[:need])


def sharding_of(tensor: Tensor, mesh: Mesh) -> NamedSharding:
    """Where a tensor's parts are."""
    return NamedSharding(mesh, PartitionSpec(*(axes if axes else None for axes in tensor.spec)))


def compile_step(step: Step, mesh: Mesh) -> Callable[..., list[jax.Array]]:
    """The step as a function of its inputs, compiled for the mesh; donated inputs are given up."""
    exported = _exported(step, mesh)
    function = jax.jit(
        exported.call,
        in_shardings=tuple(sharding_of(t, mesh) for t in step.inputs),
        out_shardings=[sharding_of(t, mesh) for t in step.outputs],
        donate_argnums=tuple(i for i, t in enumerate(step.inputs) if t.donated),
    )
    types = [jax.ShapeDtypeStruct(t.shape, t.dtype, sharding=sharding_of(t, mesh)) for t in step.inputs]
    try:
        return function.lower(*types).compile()
    except Exception as error:
        raise RunnerError("compile", f"XLA refuses {step.file.path}: {_first_line(error)}") from error


def _exported(step: Step, mesh: Mesh) -> export.Exported:
    text = step.file.read().decode("utf-8")
    abstract = mesh.abstract_mesh
    named = lambda tensors: tuple(NamedSharding(abstract, sharding_of(t, mesh).spec) for t in tensors)  # noqa: E731
    nothing = lambda tensors: (None,) * len(tensors)  # noqa: E731
    return export.Exported(
        fun_name="step",
        in_tree=jax.tree.structure(((0,) * len(step.inputs), {})),
        in_avals=tuple(ShapedArray(t.shape, t.dtype) for t in step.inputs),
        out_tree=jax.tree.structure([0] * len(step.outputs)),
        out_avals=tuple(ShapedArray(t.shape, t.dtype) for t in step.outputs),
        _has_named_shardings=True,
        _in_named_shardings=named(step.inputs),
        _out_named_shardings=named(step.outputs),
        in_shardings_hlo=nothing(step.inputs),
        out_shardings_hlo=nothing(step.outputs),
        nr_devices=mesh.size,
        platforms=(mesh.devices.flat[0].platform,),
        ordered_effects=(),
        unordered_effects=(),
        # JAX calls a GPU's platform by two names; the module is the same for all.
        disabled_safety_checks=(export.DisabledSafetyCheck.platform(),),
        mlir_module_serialized=_serialized(text, step),
        calling_convention_version=export.maximum_supported_calling_convention_version,
        module_kept_var_idx=tuple(range(len(step.inputs))),
        uses_global_constants=False,
        _get_vjp=None,
    )


def _serialized(text: str, step: Step) -> bytes:
    """The text as the portable artifact that JAX exchanges."""
    version = hlo.get_version_from_compatibility_requirement(hlo.StablehloCompatibilityRequirement.WEEK_4)
    try:
        with mlir.make_ir_context():
            return _jax.mlir.serialize_portable_artifact(ir.Module.parse(text), version, True)
    except Exception as error:
        raise RunnerError("bundle-format", f"{step.file.path} is no StableHLO: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def place(x: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """An array that this process has whole, its parts on the devices that it has."""
    return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])


def fetcher(mesh: Mesh) -> Callable[[Arrays], list[np.ndarray]]:
    """A function that gets whole arrays on every process; it is compiled once for arrays of the same types."""
    gather: Any = jax.jit(lambda xs: xs, out_shardings=NamedSharding(mesh, PartitionSpec()))
    return lambda arrays: [np.asarray(x.addressable_data(0)) for x in gather(list(arrays))]
