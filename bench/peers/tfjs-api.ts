import { createRequire } from 'node:module';
import { provideWebGpu } from './webgpu.ts';

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
  readonly setBackend: (name: 'wasm' | 'webgpu') => Promise<boolean>;
  readonly ready: () => Promise<void>;
  readonly backend: () => unknown;
  readonly engine: () => { readonly runKernel: (name: string, inputs: object, attributes: object) => Tensor };
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

interface WebGpuBackend {
  /** What has been recorded and not submitted. */
  readonly commandEncoder: GPUCommandEncoder | null;
  readonly endComputePassEncoder: () => void;
  readonly submitQueue: () => void;
  readonly device: GPUDevice;
}

/** TensorFlow.js with a backend. */
export interface Started {
  readonly tf: Tfjs;
  readonly backend: string;
  readonly threads: number;
  /** Waits for what has been asked of the backend; null where results are there when a call returns. */
  readonly finish: (() => Promise<void>) | null;
}

/** Loads TensorFlow.js with its WebAssembly backend, which has SIMD, and no threads in Node. */
export async function tfjsOnWasm(wanted: number): Promise<Started> {
  const { require, tf } = core();
  const backend = require('@tensorflow/tfjs-backend-wasm') as WasmBackend;
  backend.setThreadsCount(wanted);
  await use(tf, 'wasm');
  return { tf, backend: 'wasm', threads: backend.getThreadsCount(), finish: null };
}

/** Loads TensorFlow.js with its WebGPU backend. */
export async function tfjsOnWebGpu(): Promise<Started> {
  // It registers itself only where WebGPU is there already.
  const backend = await provideWebGpu();
  const { require, tf } = core();
  require('@tensorflow/tfjs-backend-webgpu');
  await use(tf, 'webgpu');
  const gpu = tf.backend() as WebGpuBackend;
  let failure: GPUError | null = null;
  gpu.device.addEventListener('uncapturederror', ({ error }) => (failure ??= error));
  const finish = async (): Promise<void> => {
    if (hasRecorded(gpu)) {
      gpu.endComputePassEncoder();
      gpu.submitQueue();
    }
    await gpu.device.queue.onSubmittedWorkDone();
    if (failure !== null) throw new Error(failure.message);
  };
  return { tf, backend, threads: 1, finish };
}

/** The backend submits on its own after some operations, and then has nothing to submit. */
const hasRecorded = ({ commandEncoder }: WebGpuBackend): boolean => (commandEncoder ?? null) !== null;

function core(): { readonly require: NodeJS.Require; readonly tf: Tfjs } {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs-core') as Tfjs;
  // Node's build of the core has no gradients; registries are of the process.
  require('@tensorflow/tfjs-core/dist/register_all_gradients.js');
  return { require, tf };
}

async function use(tf: Tfjs, name: 'wasm' | 'webgpu'): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js has no ${name} here`);
  await tf.ready();
}
