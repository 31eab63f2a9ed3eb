import type { HostInput } from '../inputs.ts';
import { inputsOf } from '../inputs.ts';
import type { TaskOf } from '../task.ts';
import { callsAtOnce } from '../task.ts';
import type { JaxArray, JaxJs } from './jax-js-api.ts';
import { jaxJs } from './jax-js-api.ts';
import { modelsOf } from './jax-js-models.ts';
import { channelsFirst, kernelsFirst } from './layouts.ts';
import type { Library, LibraryOptions, Prepared } from './library.ts';
import { losses, moments, unchecked } from './library.ts';
import { packageVersion } from './version.ts';

interface Layer {
  readonly w: JaxArray;
  readonly b: JaxArray;
}

/** Functions that use their operands up, as all of jax-js's do. */
class Kernels {
  private readonly jax: JaxJs;

  constructor(jax: JaxJs) {
    this.jax = jax;
  }

  array({ data, shape }: HostInput): JaxArray {
    return this.jax.numpy.array(data, { shape: [...shape] });
  }

  kernel(inputs: readonly HostInput[], f: (...xs: JaxArray[]) => JaxArray): Prepared {
    return this.compiledOn(inputs.map((x) => this.array(x)), f); // prettier-ignore
  }

  private compiledOn(xs: readonly JaxArray[], f: (...xs: JaxArray[]) => JaxArray): Prepared {
    const compiled = this.jax.jit(f);
    const call = (): JaxArray => compiled(...xs.map((x) => x.ref));
    return {
      async run() {
        const y = call();
        await y.blockUntilReady();
        y.dispose();
      },
      check: async () => moments(await call().data()),
      release: () => this.jax.tree.dispose(xs),
    };
  }

  conv(task: TaskOf<'conv'>): Prepared {
    const { jax } = this;
    const { which, batch, size, channels, features } = task;
    const convolve = (x: JaxArray, k: JaxArray): JaxArray => jax.lax.conv(x, k, [1, 1], 'VALID');
    const pulled = (f: (x: JaxArray) => JaxArray, at: readonly number[], g: JaxArray): JaxArray => {
      const [value, pullback] = jax.vjp(f, [jax.numpy.zeros([...at])]);
      value.dispose();
      const [ct] = pullback(g);
      pullback.dispose();
      return ct as JaxArray;
    };
    const functions = {
      forward: convolve,
      input: (k: JaxArray, g: JaxArray) => pulled((x) => convolve(x, k), [batch, channels, size, size], g),
      kernel: (x: JaxArray, g: JaxArray) => pulled((k) => convolve(x, k), [features, channels, 3, 3], g),
    };
    const [a, b] = inputsOf(task) as readonly [HostInput, HostInput];
    const first = which === 'input' ? kernelsFirst(a) : channelsFirst(a);
    const second = which === 'forward' ? kernelsFirst(b) : channelsFirst(b);
    return this.kernel([first, second], functions[which]);
  }

  elementwise({ chain, length }: TaskOf<'elementwise'>): Prepared {
    const { numpy, nn } = this.jax;
    const functions = {
      add: (x: JaxArray, y: JaxArray) => x.add(y),
      polynomial: (x: JaxArray) => numpy.maximum(x.ref.mul(2).add(1).mul(x).sub(0.5), 0),
      gelu: (x: JaxArray) => nn.gelu(x),
    };
    return this.kernel(inputsOf({ kind: 'elementwise', chain, length }), functions[chain]); // prettier-ignore
  }

  random({ what, length }: TaskOf<'random'>): Prepared {
    const { random } = this.jax;
    return this.compiledOn([random.key(0)], (key) => random[what](key, [length]));
  }

  /** A function that is called many times before the clock is looked at again. */
  private called(f: () => JaxArray): Prepared {
    return {
      calls: callsAtOnce,
      async run() {
        for (let i = 1; i < callsAtOnce; i++) f().dispose();
        const last = f();
        await last.blockUntilReady();
        last.dispose();
      },
      check: async () => moments(await f().data()),
      release: () => undefined,
    };
  }

  dispatch(): Prepared {
    const f = this.jax.jit((x: JaxArray) => x.mul(2).add(1));
    const x = this.jax.numpy.array(3);
    return this.called(() => f(x.ref));
  }

  cacheHit({ results }: TaskOf<'cache-hit'>): Prepared {
    const { jit, numpy, tree } = this.jax;
    const params: readonly Layer[] = Array.from({ length: 10 }, () => ({ w: numpy.ones([4, 4]), b: numpy.ones([4]) }));
    if (results === 1) {
      const f = jit((p: readonly Layer[]) => (p[0] as Layer).b.add((p[9] as Layer).b));
      return this.called(() => f(tree.ref(params)));
    }
    const f = jit((p: readonly Layer[]) => p.map(({ w, b }) => ({ w: w.mul(0.9), b: b.mul(0.9) })));
    return this.called(() => {
      const made = f(tree.ref(params));
      const last = (made[9] as Layer).w.ref;
      tree.dispose(made);
      return last;
    });
  }
}

export async function start({ device }: LibraryOptions): Promise<Library> {
  const { jax, backend } = await jaxJs(device === 'webgpu' ? 'webgpu' : 'wasm');
  const k = new Kernels(jax);
  const models = modelsOf(jax);
  const { numpy, nn } = jax;
  return {
    version: packageVersion('@jax-js/jax'),
    backend,
    threads: 1,
    tasks: {
      matmul: (task) => k.kernel(inputsOf(task), (a, b) => numpy.matmul(a, b)),
      conv: (task) => k.conv(task),
      softmax: (task) => k.kernel(inputsOf(task), (x) => nn.softmax(x, task.axis)),
      reduce: (task) => k.kernel(inputsOf(task), (x) => numpy[task.op](x, task.axis)),
      elementwise: (task) => k.elementwise(task),
      transpose: (task) => k.kernel(inputsOf(task), (x) => numpy.transpose(x, [...task.axes])),
      sort: (task) => k.kernel(inputsOf(task), (x) => numpy.sort(x)),
      gather: (task) => k.kernel(inputsOf(task), (x, i) => numpy.take(x, i, 0)),
      scatter: 'has no scatter',
      random: (task) => k.random(task),
      dispatch: () => k.dispatch(),
      'cache-hit': (task) => k.cacheHit(task),
      trace() {
        const { params, inputs, loss } = models.trained('cnn', 8);
        const run = (): void => {
          const traced = jax.makeJaxpr(jax.grad((...args: Parameters<typeof loss>) => loss(...args)));
          traced(jax.tree.ref(params), ...inputs.map((x) => x.ref)).jaxpr.dispose();
        };
        return { run, check: unchecked, release: () => jax.tree.dispose([params, inputs]) };
      },
      model({ model, batch }) {
        const { step, begin, inputs } = models.training(model, batch);
        let state = begin();
        const advance = async (): Promise<JaxArray> => {
          const [next, loss] = step(state, ...inputs.map((x) => x.ref));
          state = next;
          await loss.blockUntilReady();
          return loss;
        };
        return {
          run: async () => (await advance()).dispose(),
          async check() {
            jax.tree.dispose(state);
            state = begin();
            const values: number[] = [];
            for (let i = 0; i < 4; i++) values.push((await (await advance()).data())[0] ?? NaN);
            return losses(values);
          },
          release: () => jax.tree.dispose([state, inputs]),
        };
      },
      copy: 'arrays are values: nothing needs a copy',
      memory: 'arrays are counted by hand: nothing is left to the collector',
    },
  };
}
