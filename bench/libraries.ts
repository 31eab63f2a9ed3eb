import { fileURLToPath } from 'node:url';
import type { LibraryOptions } from './peers/library.ts';

/** Who takes part, by name: how its process is started. The first is pullback. */
export interface Contender {
  readonly name: ContenderName;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Does its process compile shaders? */
  readonly usesGpu: boolean;
}

/** Libraries whose ratio to pullback is a column of the table. */
export const peerNames = ['jax-js', 'tfjs', 'numpy', 'torch', 'jax', 'tensorflow'] as const;
export type PeerName = (typeof peerNames)[number];

/** Those that have WebGPU. */
export const webgpuPeers: readonly PeerName[] = ['jax-js', 'tfjs'];

/** `single` is pullback on one thread, `node` the engine's own copying. */
export type ContenderName = 'pullback' | 'single' | 'node' | PeerName;

const pythonModules: Readonly<Partial<Record<ContenderName, string>>> = {
  numpy: 'numpy_peer.py',
  torch: 'torch_peer.py',
  jax: 'jax_peer.py',
  tensorflow: 'tensorflow_peer.py',
};

const file = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/** How the process of a library is started. */
export function contender(name: ContenderName, options: LibraryOptions): Contender {
  const script = pythonModules[name];
  const threads = name === 'single' ? 1 : options.threads;
  if (script === undefined) {
    const library = name === 'single' ? 'pullback' : name;
    const given = JSON.stringify({ ...options, threads });
    const args = [...process.execArgv, file('worker.ts'), library, given];
    return { name, command: process.execPath, args, env: {}, usesGpu: options.device === 'webgpu' };
  }
  const env = {
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
    // Each library may choose its own kernels for the processor at hand.
    OPENBLAS_CORETYPE: undefined,
    OPENBLAS_L2_SIZE: undefined,
    TF_CPP_MIN_LOG_LEVEL: '3',
    JAX_PLATFORMS: 'cpu',
  };
  return {
    name,
    command: process.env['BENCH_PYTHON'] ?? 'python3',
    args: [file(script), String(threads)],
    env,
    usesGpu: false,
  };
}
