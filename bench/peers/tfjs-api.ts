import { createRequire } from 'node:module';

/** What the benchmarks use of TensorFlow.js. It is installed beside them, and not where the library's types are checked. */
export interface Tfjs extends Functions<
  | 'matMul' | 'conv2d' | 'conv2dTranspose' | 'softmax' | 'sum' | 'max' | 'add' | 'mul' | 'sub' | 'relu' | 'tanh' | 'sigmoid'
  | 'transpose' | 'gather' | 'maxPool' | 'reshape' | 'mean' | 'square' | 'oneHot' | 'randomNormal' | 'logSoftmax' | 'neg'
  | 'clone' | 'scatterND' | 'unstack'
> {
  readonly tensor: (data: ArrayLike<number>, shape: readonly number[], dtype: 'float32' | 'int32') => Tensor;
  readonly variable: (x: Tensor) => Tensor;
  readonly tidy: (f: () => Tensor) => Tensor;
  readonly topk: (x: Tensor, k: number, sorted: boolean) => { readonly values: Tensor; readonly indices: Tensor };
  readonly train: { readonly adam: (rate: number, b1: number, b2: number, eps: number) => Optimizer };
  readonly setBackend: (name: 'wasm') => Promise<boolean>;
  readonly ready: () => Promise<void>;
  readonly version_core: string;
} // prettier-ignore

type Functions<Name extends string> = Readonly<Record<Name, (...args: readonly unknown[]) => Tensor>>;

/** An array of TensorFlow.js, which has to be disposed of. */
export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

export interface Optimizer {
  minimize(loss: () => Tensor, returnCost: true): Tensor;
  dispose(): void;
}

interface WasmBackend {
  readonly setThreadsCount: (threads: number) => void;
  readonly getThreadsCount: () => number;
}

/** Loads TensorFlow.js with its WebAssembly backend, which has SIMD, and no threads in Node. */
export async function tfjs(wanted: number): Promise<{ readonly tf: Tfjs; readonly threads: number }> {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs-core') as Tfjs;
  const backend = require('@tensorflow/tfjs-backend-wasm') as WasmBackend;
  // Node's build of the core has no gradients; registries are of the process.
  require('@tensorflow/tfjs-core/dist/register_all_gradients.js');
  backend.setThreadsCount(wanted);
  await tf.setBackend('wasm');
  await tf.ready();
  return { tf, threads: backend.getThreadsCount() };
}
