import type { NDArray } from '../../src/index.ts';
import { blockUntilReady, grad, init, jit, lax, makeJaxpr, nn, numpy as np, random, vjp } from '../../src/index.ts';
import type { HostInput } from '../inputs.ts';
import { inputsOf } from '../inputs.ts';
import type { Chain, TaskOf } from '../task.ts';
import { callsAtOnce } from '../task.ts';
import type { Library, LibraryOptions, Prepared } from './library.ts';
import { losses, moments, unchecked } from './library.ts';
import { eagerLoop, jittedLoop } from './pullback-memory.ts';
import type { Params } from './pullback-models.ts';
import { array, batch, cnnLoss, firstParameters, trainingStep } from './pullback-models.ts';
import { packageVersion } from './version.ts';

/** Gives an array's memory back at once, without waiting for the collector. */
const dispose = (x: NDArray): void => x.concrete()?.dispose();

const kernel = (inputs: readonly HostInput[], f: (...xs: NDArray[]) => NDArray): Prepared =>
  compiledOn(inputs.map(array), f);

/** A function of arrays, compiled. Its result is disposed of, as that of a peer is: what is timed is the work. */
function compiledOn(xs: readonly NDArray[], f: (...xs: NDArray[]) => NDArray): Prepared {
  const compiled = jit(f);
  return {
    async run() {
      const y = compiled(...xs);
      await blockUntilReady(y);
      dispose(y);
    },
    check: async () => moments(await compiled(...xs).data()),
    release: () => xs.forEach(dispose),
  };
}

function conv(task: TaskOf<'conv'>): Prepared {
  const { which, batch: n, size, channels, features } = task;
  const convolve = (x: NDArray, k: NDArray): NDArray =>
    lax.convGeneralDilated(x, k, [1, 1], 'VALID', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] });
  const functions = {
    forward: convolve,
    input: (k: NDArray, g: NDArray) => vjp((x: NDArray) => convolve(x, k), np.zeros([n, size, size, channels]))[1](g)[0], // prettier-ignore
    kernel: (x: NDArray, g: NDArray) => vjp((k: NDArray) => convolve(x, k), np.zeros([3, 3, channels, features]))[1](g)[0], // prettier-ignore
  };
  return kernel(inputsOf(task), functions[which]);
}

const chains: Readonly<Record<Chain, (...xs: NDArray[]) => NDArray>> = {
  add: (x, y) => np.add(x, y),
  polynomial: (x) => np.maximum((x).mul(2).add(1).mul(x).sub(0.5), 0), // prettier-ignore
  gelu: (x) => nn.gelu(x),
};

/** A function that is called many times before the clock is looked at again. */
function called(f: () => NDArray): Prepared {
  return {
    calls: callsAtOnce,
    async run() {
      for (let i = 1; i < callsAtOnce; i++) f();
      await blockUntilReady(f());
    },
    check: async () => moments(await f().data()),
    release: () => undefined,
  };
}

function dispatch(): Prepared {
  const f = jit((x: NDArray) => x.mul(2).add(1));
  const x = np.array(3);
  return called(() => f(x));
}

interface Layer {
  readonly w: NDArray;
  readonly b: NDArray;
}

function cacheHit({ results }: TaskOf<'cache-hit'>): Prepared {
  const params: readonly Layer[] = Array.from({ length: 10 }, () => ({ w: np.ones([4, 4]), b: np.ones([4]) }));
  if (results === 1) {
    const f = jit((p: readonly Layer[]) => (p[0] as Layer).b.add((p[9] as Layer).b));
    return called(() => f(params));
  }
  const f = jit((p: readonly Layer[]) => p.map(({ w, b }) => ({ w: w.mul(0.9), b: b.mul(0.9) })));
  return called(() => (f(params)[9] as Layer).w);
}

function trace(): Prepared {
  const [params, inputs] = [firstParameters('cnn'), batch('cnn', 8)];
  const run = (): void => {
    // Another function each time: what has been traced is not traced again.
    const loss = (p: Params, ...xs: NDArray[]): NDArray => cnnLoss(p, ...(xs as [NDArray, NDArray]));
    (makeJaxpr(grad(loss)) as (...args: readonly unknown[]) => unknown)(params, ...inputs);
  };
  return { run, check: unchecked, release: () => undefined };
}

function model({ model: name, batch: size }: TaskOf<'model'>): Prepared {
  const inputs = batch(name, size);
  const { init: begin, step } = trainingStep(name);
  let state = begin();
  const advance = async (): Promise<NDArray> => {
    const [next, loss] = step(state, ...inputs);
    state = next;
    return blockUntilReady(loss);
  };
  return {
    async run() {
      await advance();
    },
    async check() {
      state = begin();
      const values: number[] = [];
      for (let i = 0; i < 4; i++) values.push(await (await advance()).item());
      return losses(values);
    },
    release: () => inputs.forEach(dispose),
  };
}

export async function start({ threads, device }: LibraryOptions): Promise<Library> {
  const info = await init(device === 'wasm' ? { device, threads } : { device });
  return {
    version: packageVersion('pullback'),
    backend: info.description,
    threads: info.threads,
    tasks: {
      matmul: (task) => kernel(inputsOf(task), (a, b) => np.matmul(a, b)),
      conv,
      softmax: (task) => kernel(inputsOf(task), (x) => nn.softmax(x, task.axis)),
      reduce: (task) => kernel(inputsOf(task), (x) => np[task.op](x, task.axis)),
      elementwise: (task) => kernel(inputsOf(task), chains[task.chain]),
      transpose: (task) => kernel(inputsOf(task), (x) => np.transpose(x, task.axes)),
      sort: (task) => kernel(inputsOf(task), (x) => np.sort(x)),
      gather: (task) => kernel(inputsOf(task), (x, i) => np.take(x, i, 0)),
      scatter: (task) => kernel(inputsOf(task), (x, i, y) => x.at(i).add(y)),
      random: (task) => compiledOn([random.key(0)], (key) => random[task.what](key, [task.length])),
      dispatch,
      'cache-hit': cacheHit,
      trace,
      model,
      copy: 'arrays are values: nothing needs a copy',
      memory: ({ loop, times }) => (loop === 'eager' ? eagerLoop(times) : jittedLoop(times)),
    },
  };
}
