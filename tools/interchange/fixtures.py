"""
Writes the files of test/unit/data/fixtures with NumPy and safetensors: every dtype that pullback reads, and what `expected.json`
says they hold.
"""

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parents[2] / 'test' / 'unit' / 'data' / 'fixtures'
ARRAYS = {
    'bool': np.array([[True, False, True], [False, False, True]]),
    'i8': np.array([-128, -1, 0, 127], np.int8),
    'u8': np.array([[0], [255]], np.uint8),
    'i16': np.array([-32768, 258], np.int16),
    'u16': np.array([0, 65535, 258], np.uint16),
    'i32': np.array([[-2147483648, 16909060]], np.int32),
    'u32': np.array([4294967295, 16909060], np.uint32),
    'f16': np.array([0.5, -2.75, 65504, 6e-8, np.inf, -0.0], np.float16),
    'f32': np.array([[0.1, -1e-40, 3.4e38], [np.nan, -np.inf, -0.0]], np.float32),
    'f64': np.array([0.1, -5e-324, 1e308]),
    'scalar': np.array(1.5, np.float32),
    'empty': np.zeros([2, 0, 3], np.float32),
}
CUBE = np.arange(24, dtype=np.int16).reshape(2, 3, 4) * 259
MORE = {
    'fortran': np.asfortranarray(CUBE), 'big': np.arange(-3, 3).astype('>i4').reshape(2, 3), 'bigFloat': np.array([0.1, -2], '>f8'),
    'i64': np.array([-2147483648, 5, 2147483647]), 'u64': np.array([4294967295, 7], np.uint64),
    'wide': np.array([5, 2147483648]),
}


def number(x):
    return x.item() if np.isfinite(x) and not (x == 0 and np.signbit(x)) else str(x)


def plain(x):
    return {'shape': list(x.shape), 'values': [number(e) for e in x.reshape(-1)]}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, x in (ARRAYS | MORE).items():
        np.save(FOLDER / f'{name}.npy', x)
    np.savez(FOLDER / 'stored.npz', **ARRAYS)
    np.savez_compressed(FOLDER / 'deflated.npz', **ARRAYS, long=np.zeros(5000, np.uint8))
    save_file(ARRAYS, FOLDER / 'all.safetensors', {'made by': 'safetensors'})
    halves = np.array([1.0, -2.5, 3.0e38, 1.0e-40], ml_dtypes.bfloat16)
    save_file({'bf16': halves, 'i64': MORE['i64'], 'u64': MORE['u64']}, FOLDER / 'foreign.safetensors')
    expected = {name: plain(x) for name, x in (ARRAYS | MORE).items()} | {'bf16': plain(halves.astype(np.float32))}
    (FOLDER / 'expected.json').write_text(json.dumps(expected) + '\n')
    print(sum(1 for _ in FOLDER.iterdir()), 'files', sum(f.stat().st_size for f in FOLDER.iterdir()), 'bytes', file=sys.stderr)


main()
