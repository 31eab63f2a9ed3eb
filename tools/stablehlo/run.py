"""Compiles and runs StableHLO modules under XLA's CPU client, as `tools/stablehlo/check.ts` asks.

Each line of standard input is a JSON object: `id`, `text` (the module) and `inputs`. Each line of standard output has the
same `id` with `outputs`, or with `error`. An array is `{dtype, shape, data}`, its bytes in base64, those of f16 as f32.
"""

import base64
import json
import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import numpy as np
from jax._src import compiler, xla_bridge
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jax._src.lib.mlir import ir

DTYPES = {
    "bool": np.bool_,
    "i8": np.int8,
    "u8": np.uint8,
    "i16": np.int16,
    "u16": np.uint16,
    "i32": np.int32,
    "u32": np.uint32,
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
}
NAMES = {np.dtype(d): name for name, d in DTYPES.items()}


def on_host(dtype):
    """The dtype of an array's bytes."""
    return {"f16": np.float32, "bool": np.uint8}.get(dtype, DTYPES[dtype])


def decode(array):
    data = np.frombuffer(base64.b64decode(array["data"]), on_host(array["dtype"]))
    return data.reshape(array["shape"]).astype(DTYPES[array["dtype"]])


def encode(x):
    dtype = NAMES[x.dtype]
    data = base64.b64encode(np.ascontiguousarray(x.astype(on_host(dtype))).tobytes()).decode()
    return {"dtype": dtype, "shape": list(x.shape), "data": data}


class Runner:
    def __init__(self):
        self.backend = xla_bridge.get_backend("cpu")
        self.device = jax.devices("cpu")[0]

    def compile(self, text):
        with mlir.make_ir_context():
            module = ir.Module.parse(text)
            module.operation.verify()
            options = compiler.get_compile_options(num_replicas=1, num_partitions=1)
            devices = xla_client.DeviceList((self.device,))
            return compiler.backend_compile_and_load(self.backend, module, devices, options, [])

    def run(self, text, inputs):
        executable = self.compile(text)
        arrays = [jax.device_put(decode(x), self.device) for x in inputs]
        results = executable.execute_sharded(arrays).disassemble_into_single_device_arrays()
        return [encode(np.asarray(r[0])) for r in results]


def main():
    runner = Runner()
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = {"id": job["id"], "outputs": runner.run(job["text"], job["inputs"])}
        except Exception as error:  # what XLA refuses is an answer too
            answer = {"id": job["id"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
