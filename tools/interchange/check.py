"""
Reads what pullback wrote in a folder, compares it with `expected.json` there, bit for bit, and writes the same arrays anew with
NumPy and safetensors, for pullback to read.
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from safetensors import safe_open

DTYPES = {'bool': 'bool', 'i8': 'int8', 'u8': 'uint8', 'i16': 'int16', 'u16': 'uint16', 'i32': 'int32', 'u32': 'uint32',
          'f16': 'float16', 'f32': 'float32', 'f64': 'float64'}


def main(folder):
    expected = json.loads((folder / 'expected.json').read_text())
    files = {
        'safetensors': load_file(folder / 'ours.safetensors'),
        'npz': dict(np.load(folder / 'ours.npz')),
        'packed npz': dict(np.load(folder / 'ours-packed.npz')),
        'npy': {name: np.load(folder / f'{name}.npy') for name in expected},
    }
    with safe_open(folder / 'ours.safetensors', 'np') as file:
        assert file.metadata() == {'made by': 'pullback'}, file.metadata()
    for kind, arrays in files.items():
        assert sorted(arrays) == sorted(expected), (kind, sorted(arrays))
        for name, want in expected.items():
            x = arrays[name]
            assert x.dtype == DTYPES[want['dtype']] and list(x.shape) == want['shape'], (kind, name, x.dtype, x.shape)
            assert x.tobytes().hex() == want['hex'], (kind, name, x)
    arrays = files['npy']
    save_file(arrays, folder / 'theirs.safetensors', {'made by': 'safetensors'})
    np.savez(folder / 'theirs.npz', **arrays)
    np.savez_compressed(folder / 'theirs-packed.npz', **arrays)
    for name, x in arrays.items():
        np.save(folder / f'{name}-theirs.npy', np.asfortranarray(x) if x.ndim > 1 else x)
    print(f'NumPy {np.__version__} and safetensors read {len(files)} kinds of files with {len(expected)} arrays each')


main(Path(sys.argv[1]))
