"""The command: `python -m pullback_xla BUNDLE --out DIR`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Sequence

from .errors import RunnerError
from .manifest import Manifest, load_manifest


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pullback_xla", description="Trains a bundle that pullback has exported.")
    parser.add_argument("bundle", type=Path, help="folder of the bundle")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.safetensors and metrics.jsonl")
    parser.add_argument("--steps", type=_whole, help="stop after N steps, counted from the training's beginning")
    parser.add_argument("--resume", nargs="?", const="", metavar="FILE", help="go on from a checkpoint (default: the one in --out)")
    parser.add_argument("--log-every", type=_whole, default=100, help="steps between lines of metrics (default 100)")
    parser.add_argument("--save-every", type=_whole, help="steps between checkpoints (default: at the end alone)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary of the run")
    parser.add_argument("--hlo", type=Path, metavar="FILE", help="write the compiled program, collectives and all")
    parser.add_argument("--platform", help="cpu, cuda, rocm or tpu (default: the best there is)")
    parser.add_argument("--host-devices", type=_whole, metavar="N", help="N devices made of the CPU, to try a mesh out")
    cluster = parser.add_argument_group("several processes")
    cluster.add_argument("--distributed", action="store_true", help="one of several processes; clusters that JAX knows need no more")
    cluster.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 listens")
    cluster.add_argument("--processes", type=_whole, metavar="N", help="how many processes there are")
    cluster.add_argument("--process", type=int, metavar="I", help="which one this is, from 0")
    return parser.parse_args(arguments)


def _whole(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text}")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    try:
        return train_bundle(options)
    except RunnerError as error:
        print(f"error ({error.code}): {error}", file=sys.stderr)
        return 1


def train_bundle(options: argparse.Namespace) -> int:
    """Checks all that can be checked, then trains."""
    manifest = load_manifest(options.bundle)
    start_jax(options, manifest)

    # These import JAX, which must be told about its devices first.
    import jax

    from .checkpoint import FILE, load_checkpoint
    from .dataset import Examples
    from .program import make_mesh
    from .stopping import Stopping
    from .training import Settings, Training, train

    if jax.process_index() == 0:
        for path in (options.json, options.hlo):
            if path is not None:
                require_writable(path)
    mesh = make_mesh(manifest)
    resumed = None
    if options.resume is not None:
        resumed = Path(options.resume) if options.resume else options.out / FILE
    if resumed is None:
        # Raises unless the state is what was exported.
        manifest.state.read()
    beginning = load_checkpoint(resumed or manifest.state.path, manifest)
    steps = options.steps or manifest.total_steps

    def say(text: str) -> None:
        if jax.process_index() == 0:
            print(text, flush=True)

    stopping = Stopping()
    training = Training(manifest, mesh, Examples(manifest.data), beginning)
    say(announce(manifest, mesh.devices.size, jax.devices()[0].device_kind, beginning.step, steps))
    settings = Settings(options.out, steps, options.log_every, options.save_every, resumed is not None)
    outcome = train(training, settings, stopping, say)
    rate = outcome.steps_per_second
    if jax.process_index() == 0:
        if options.hlo is not None:
            write_report(options.hlo, "\n".join(f.as_text() for _, f in training.programs.values()))
        if options.json is not None:
            summary = {
                "step": outcome.step,
                "losses": outcome.losses,
                "stepSeconds": outcome.step_seconds,
                "stepsPerSecond": rate,
                "compileSeconds": outcome.compile_seconds,
                "devices": mesh.devices.size,
                "processes": jax.process_count(),
            }
            write_report(options.json, json.dumps(summary))
    pace = "" if rate is None else f" · {rate:.3g} steps/s"
    ending = "done" if outcome.stopped_by is None else "stopped"
    kept = "nothing to save" if outcome.checkpoint is None else f"saved {outcome.checkpoint}"
    say(f"{ending} after step {outcome.step}; {kept}{pace}")
    return 0 if outcome.stopped_by is None else 128 + outcome.stopped_by


# Platforms by the names of the flag, and what JAX calls their devices.
PLATFORMS = {"cpu": "cpu", "cuda": "gpu", "rocm": "gpu", "tpu": "tpu"}


def start_jax(options: argparse.Namespace, manifest: Manifest) -> None:
    """Chooses the devices, and meets the other processes."""
    platform = options.platform
    if platform is not None and platform not in PLATFORMS:
        raise RunnerError("devices", f"there is no platform {platform}; there are: {', '.join(PLATFORMS)}")
    if platform not in (None, "cpu") and options.host_devices is not None:
        raise RunnerError("devices", f"--host-devices makes devices of the CPU: leave it out, or --platform {platform}")
    if platform is not None:
        os.environ["JAX_PLATFORMS"] = "cpu" if platform == "cpu" else f"{platform},cpu"
    import jax

    # The orders of examples are those of this generator, whatever the surroundings prefer.
    jax.config.update("jax_default_prng_impl", "threefry2x32")
    jax.config.update("jax_threefry_partitionable", True)
    if any(t.dtype.itemsize == 8 for step in manifest.steps for t in step.inputs):
        jax.config.update("jax_enable_x64", True)
    if options.host_devices is not None:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_num_cpu_devices", options.host_devices)
    given = (options.coordinator, options.processes, options.process)
    if options.distributed or any(x is not None for x in given):
        try:
            jax.distributed.initialize(*given)
        except (RuntimeError, ValueError) as error:
            raise RunnerError("distributed", f"the processes do not meet: {str(error).splitlines()[0]}") from error
    _require_devices(platform)


def _require_devices(platform: str | None) -> None:
    """JAX goes over to the CPU where it does not find what it was told to use, or fails in some way of its own."""
    import jax

    hint = f"--platform {platform} needs such devices, and a JAX that is made for them"
    try:
        kind = jax.devices()[0].platform
    except RuntimeError as error:
        reason = (str(error).strip().splitlines() or ["no devices"])[0]
        raise RunnerError("devices", f"JAX has no devices: {reason}" if platform is None else f"{hint}: {reason}") from None
    if platform is not None and kind != PLATFORMS[platform]:
        raise RunnerError("devices", f"{hint}: here are {jax.device_count()} ({kind})")


def require_writable(path: Path) -> None:
    """Finds out before the work what would be found out after it: whether a file can be written, or made with its folder."""
    if path.is_dir():
        raise RunnerError("out-unusable", f"{path} can't be written: it is a folder")
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    if there != path and not there.is_dir():
        raise RunnerError("out-unusable", f"{path} can't be written: {there} is no folder")
    if not os.access(there, os.W_OK):
        raise RunnerError("out-unusable", f"{path} can't be written: permission denied")


def write_report(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise RunnerError("out-unusable", f"{path} can't be written: {error.strerror}") from None


def announce(manifest: Manifest, devices: int, kind: str, step: int, steps: int) -> str:
    todo = f"steps {step + 1} to {steps}" if step < steps else f"all {step} steps are done"
    return f"{manifest.title} on {devices} × {kind} as {manifest.mesh_text}: batches of {manifest.data.batch_size}, {todo}"


def run() -> None:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
