"""
Writes the golden files: `python generate.py [NAME…]`, all or those whose names start with NAME. 64-bit types are a mode
of the whole process, hence the second one.
"""

import importlib
import os
import subprocess
import sys

os.environ['JAX_PLATFORMS'] = 'cpu'
names = [a for a in sys.argv[1:] if a != '--x64']
wide = '--x64' in sys.argv
os.environ['JAX_ENABLE_X64'] = '1' if wide else '0'

# Every operation is compiled by itself: a second run finds them compiled.
os.environ.setdefault('JAX_COMPILATION_CACHE_DIR', os.path.join(os.path.dirname(__file__), '..', '..', '.cache', 'golden-xla'))
os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0'

import numpy as np  # noqa: E402

import activations  # noqa: E402
import contractions  # noqa: E402
import control  # noqa: E402
import elementwise  # noqa: E402
import images  # noqa: E402
import indexing  # noqa: E402
import linalg  # noqa: E402
import losses  # noqa: E402
import metrics  # noqa: E402
import methods  # noqa: E402
import networks  # noqa: E402
import optim_cases  # noqa: E402
import programs  # noqa: E402
import random_cases  # noqa: E402
import reductions  # noqa: E402
import sequence  # noqa: E402
import shapes  # noqa: E402
import sorting  # noqa: E402
from cases import write  # noqa: E402

MODULES = [elementwise, reductions, shapes, contractions, indexing, sorting, linalg, activations, losses, methods, control, programs,
           images]
WHOLE = [elementwise, reductions, shapes, contractions, indexing, sorting, methods]
dtype, suffix = (np.float64, 'f64') if wide else (np.float32, 'f32')

files = {f'{m.__name__}-{suffix}': lambda m=m: m.cases(dtype) for m in MODULES}
files[f'promotion-{suffix}'] = lambda: elementwise.promotion_cases(wide)
files[f'optim-{suffix}'] = lambda: optim_cases.cases(dtype)
if wide:
    files['random-f64'] = random_cases.wide_cases
else:
    files |= {f'{m.__name__}-whole': m.whole_cases for m in WHOLE}
    files |= {'random-f32': random_cases.cases, 'optimizers': networks.optimizers, 'network': networks.network}

# What more libraries are needed for: those are loaded only where the files are asked for.
MORE = {'layers-feedforward': 'layers', 'initializers': 'initializers'}
if not wide:
    files |= {name: lambda m=m: importlib.import_module(m).cases() for name, m in MORE.items()}
    files['attention-f32'] = sequence.attention
    files['metrics-f32'] = metrics.cases
    files['recurrent-f32'] = lambda: sequence.recurrent(dtype)

for name, make in files.items():
    if not names or any(name.startswith(n) for n in names):
        write(name, make())
if not wide:
    subprocess.run([sys.executable, __file__, '--x64', *names], check=True)
