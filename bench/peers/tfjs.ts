import type { HostInput } from '../inputs.ts';
import { batchOf, inputsOf, parametersOf } from '../inputs.ts';
import type { ModelName, TaskOf } from '../task.ts';
import { adam } from '../task.ts';
import type { Library, LibraryOptions, Prepared } from './library.ts';
import { losses, moments } from './library.ts';
import type { Started, Tensor, Tfjs } from './tfjs-api.ts';
import { tfjsOnWasm, tfjsOnWebGpu } from './tfjs-api.ts';

const noGradient = 'has no gradient of a convolution by its kernel on wasm (Conv2DBackpropFilter)';

/** Its layout is ours, and it compiles nothing: a function is run operation by operation. */
class Kernels {
  private readonly tf: Tfjs;
  private readonly finish: Started['finish'];

  constructor({ tf, finish }: Started) {
    this.tf = tf;
    this.finish = finish;
  }

  /** Only on wasm a convolution has no gradient by its kernel. */
  private get refusal(): string | null {
    return this.finish === null ? noGradient : null;
  }

  tensor({ data, shape }: HostInput): Tensor {
    return this.tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32');
  }

  /** Runs, waits for the result where it is not there yet, and gives it back. */
  private running(call: () => Tensor): Prepared['run'] {
    const { finish } = this;
    if (finish === null) return () => call().dispose();
    return async () => {
      const y = call();
      await finish();
      y.dispose();
    };
  }

  kernel(inputs: readonly HostInput[], f: (...xs: Tensor[]) => Tensor): Prepared {
    const xs = inputs.map((x) => this.tensor(x));
    const call = (): Tensor => this.tf.tidy(() => f(...xs));
    return {
      run: this.running(call),
      check: async () => moments(await call().data()),
      release: () => xs.forEach((x) => x.dispose()),
    };
  }

  conv(task: TaskOf<'conv'>): Prepared | string {
    const { tf } = this;
    const { which, batch, size, channels } = task;
    const shape = [batch, size, size, channels];
    if (which === 'kernel') {
      const filterShape = [3, 3, channels, task.features];
      const how = { strides: 1, pad: 'valid', dataFormat: 'NHWC', dimRoundingMode: null, filterShape };
      const gradient = (x: Tensor, dy: Tensor): Tensor => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, how);
      return this.refusal ?? this.kernel(inputsOf(task), gradient);
    }
    return this.kernel(inputsOf(task), (a, b) =>
      which === 'forward' ? tf.conv2d(a, b, 1, 'valid') : tf.conv2dTranspose(b, a, shape, 1, 'valid'),
    );
  }

  elementwise(task: TaskOf<'elementwise'>): Prepared {
    const { tf } = this;
    const root = Math.sqrt(2 / Math.PI);
    const functions = {
      add: (x: Tensor, y: Tensor) => tf.add(x, y),
      polynomial: (x: Tensor) => tf.relu(tf.sub(tf.mul(tf.add(tf.mul(x, 2), 1), x), 0.5)),
      gelu(x: Tensor) {
        const inner = tf.mul(tf.mul(tf.add(tf.mul(tf.mul(x, x), 0.044715), 1), x), root);
        return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
      },
    };
    return this.kernel(inputsOf(task), functions[task.chain]);
  }

  scatter(task: TaskOf<'scatter'>): Prepared {
    const { tf } = this;
    const { rows, width, count } = task;
    return this.kernel(inputsOf(task), (x, i, y) =>
      tf.add(x, tf.scatterND(tf.reshape(i, [count, 1]), y, [rows, width])),
    );
  }

  model({ model, batch }: TaskOf<'model'>): Prepared | string {
    if (model === 'cnn' && this.refusal !== null) return this.refusal;
    const { tf } = this;
    const inputs = batchOf(model, batch).map((x) => this.tensor(x));
    const loss = lossOf(tf, model);
    const begin = (): Training => ({
      params: Object.fromEntries(Object.entries(parametersOf(model)).map(([n, x]) => [n, tf.variable(this.tensor(x))])),
      optimizer: tf.train.adam(adam.learningRate, adam.b1, adam.b2, adam.eps),
    });
    let state = begin();
    const step = (): Tensor => tf.tidy(() => state.optimizer.minimize(() => loss(state.params, ...inputs), true));
    return {
      run: this.running(step),
      async check() {
        state = begin();
        const values: number[] = [];
        for (let i = 0; i < 4; i++) values.push((await step().data())[0] ?? NaN);
        return losses(values);
      },
      release: () => [...inputs, ...Object.values(state.params), state.optimizer].forEach((x) => x.dispose()),
    };
  }
}

type Params = Readonly<Record<string, Tensor>>;

/** What training changes; the optimizer keeps state of its own. */
interface Training {
  readonly params: Params;
  readonly optimizer: ReturnType<Tfjs['train']['adam']>;
}

function lossOf(tf: Tfjs, model: ModelName): (p: Params, ...inputs: Tensor[]) => Tensor {
  const of = (p: Params, name: string): Tensor => p[name] as Tensor;
  const dense = (p: Params, x: Tensor, w: string, b: string): Tensor => tf.add(tf.matMul(x, of(p, w)), of(p, b));
  const crossEntropy = (scores: Tensor, labels: Tensor): Tensor =>
    tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(scores), tf.oneHot(labels, 10)), 1)));
  const block = (p: Params, x: Tensor, w: string, b: string): Tensor =>
    tf.maxPool(tf.relu(tf.add(tf.conv2d(x, of(p, w), 1, 'valid'), of(p, b))), 2, 2, 'valid');
  switch (model) {
    case 'cnn':
      return (p, images, labels) => {
        const features = tf.reshape(block(p, block(p, images, 'w1', 'b1'), 'w2', 'b2'), [-1, 1600]);
        return crossEntropy(dense(p, tf.relu(dense(p, features, 'w3', 'b3')), 'w4', 'b4'), labels);
      };
    case 'autoencoder':
      return (p, images) => {
        const made = tf.sigmoid(dense(p, tf.relu(dense(p, images, 'w1', 'b1')), 'w2', 'b2'));
        return tf.mean(tf.square(tf.sub(made, images)));
      };
    case 'rnn':
      return (p, images, labels) => {
        const steps = tf.unstack(images, 1) as unknown as readonly Tensor[];
        let h: Tensor | null = null;
        for (const x of steps) {
          const input = dense(p, x, 'wx', 'b');
          h = tf.tanh(h === null ? input : tf.add(input, tf.matMul(h, of(p, 'wh'))));
        }
        return crossEntropy(dense(p, h as Tensor, 'wo', 'bo'), labels);
      };
  }
}

export async function start(options: LibraryOptions): Promise<Library> {
  const started = await (options.device === 'webgpu' ? tfjsOnWebGpu() : tfjsOnWasm(options.threads));
  const { tf, backend, threads } = started;
  const k = new Kernels(started);
  return {
    version: tf.version_core,
    backend,
    threads,
    tasks: {
      matmul: (task) => k.kernel(inputsOf(task), (a, b) => tf.matMul(a, b)),
      conv: (task) => k.conv(task),
      softmax: (task) =>
        task.axis === task.shape.length - 1
          ? k.kernel(inputsOf(task), (x) => tf.softmax(x))
          : 'has softmax along the last axis only',
      reduce: (task) => k.kernel(inputsOf(task), (x) => tf[task.op](x, task.axis)),
      elementwise: (task) => k.elementwise(task),
      transpose: (task) => k.kernel(inputsOf(task), (x) => tf.transpose(x, task.axes)),
      sort: (task) => k.kernel(inputsOf(task), (x) => tf.topk(x, task.shape.at(-1) ?? 1, true).values),
      gather: (task) => k.kernel(inputsOf(task), (x, i) => tf.gather(x, i)),
      scatter: (task) => k.scatter(task),
      random: (task) =>
        task.what === 'normal' ? k.kernel([], () => tf.randomNormal([task.length])) : 'has no random bits',
      dispatch: 'compiles nothing',
      'cache-hit': 'compiles nothing',
      trace: 'traces nothing',
      model: (task) => k.model(task),
      copy: 'arrays are values: nothing needs a copy',
      memory: 'arrays are disposed of by hand: nothing is left to the collector',
    },
  };
}
