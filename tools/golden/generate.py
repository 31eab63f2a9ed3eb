"""Writes all golden files: `python generate.py`. 64-bit types are a mode of the whole process, hence the second one."""

import os
import subprocess
import sys

os.environ['JAX_PLATFORMS'] = 'cpu'
wide = sys.argv[1:] == ['--x64']
os.environ['JAX_ENABLE_X64'] = '1' if wide else '0'

import numpy as np  # noqa: E402

import contractions  # noqa: E402
import elementwise  # noqa: E402
import networks  # noqa: E402
import random_cases  # noqa: E402
import reductions  # noqa: E402
import structural  # noqa: E402
from cases import write  # noqa: E402

dtype, suffix = (np.float64, 'f64') if wide else (np.float32, 'f32')
if not wide:
    write('random', random_cases.cases())
    write('whole', [*elementwise.whole_cases(), *reductions.whole_cases()])
    write('structural', structural.cases())
    write('optimizers', networks.optimizers())
    write('network', networks.network())
write(f'elementwise-{suffix}', elementwise.cases(dtype))
write(f'reductions-{suffix}', reductions.cases(dtype))
write(f'contractions-{suffix}', contractions.cases(dtype))
write(f'activations-{suffix}', networks.activations(dtype))
if not wide:
    subprocess.run([sys.executable, __file__, '--x64'], check=True)
