import type { HostInput } from '../inputs.ts';
import { batchOf, parametersOf } from '../inputs.ts';
import type { ModelName } from '../task.ts';
import { adam } from '../task.ts';
import type { JaxArray, JaxJs } from './jax-js-api.ts';
import { channelsFirst, flattenedFirst, kernelsFirst } from './layouts.ts';

type Params = Readonly<Record<string, JaxArray>>;
type Loss = (p: Params, ...inputs: JaxArray[]) => JaxArray;

/** What training changes. */
interface Training {
  readonly params: Params;
  readonly mu: Params;
  readonly nu: Params;
  readonly count: JaxArray;
}

/** The models in jax-js, whose images are channels first and whose loops are unrolled. */
export interface JaxModels {
  readonly trained: (model: ModelName, batch: number) => { readonly params: Params; readonly inputs: readonly JaxArray[]; readonly loss: Loss }; // prettier-ignore
  readonly training: (
    model: ModelName,
    batch: number,
  ) => {
    readonly begin: () => Training;
    readonly inputs: readonly JaxArray[];
    readonly step: (state: Training, ...inputs: JaxArray[]) => readonly [Training, JaxArray];
  };
}

const layouts: Readonly<Record<string, (x: HostInput) => HostInput>> = {
  w1: kernelsFirst,
  w2: kernelsFirst,
  w3: (x) => flattenedFirst(x, [5, 5, 64]),
};

/** Each use of a parameter but the last is one more reference: with exactly one use each, none is needed. */
function lossesOf(jax: JaxJs): Readonly<Record<ModelName, Loss>> {
  const { numpy: np, lax, nn } = jax;
  const of = (p: Params, name: string): JaxArray => p[name] as JaxArray;
  const dense = (p: Params, x: JaxArray, w: string, b: string): JaxArray => np.matmul(x, of(p, w)).add(of(p, b));
  const crossEntropy = (scores: JaxArray, labels: JaxArray): JaxArray =>
    nn.logSoftmax(scores).mul(nn.oneHot(labels, 10)).sum(1).neg().mean();
  const block = (p: Params, x: JaxArray, w: string, b: string): JaxArray => {
    const y = lax.conv(x, of(p, w), [1, 1], 'VALID').add(of(p, b).reshape([-1, 1, 1]));
    return lax.reduceWindow(nn.relu(y), (v: JaxArray) => np.max(v), [2, 2], [2, 2]);
  };
  return {
    cnn(p, images, labels) {
      const features = block(p, block(p, images, 'w1', 'b1'), 'w2', 'b2').reshape([-1, 1600]);
      return crossEntropy(dense(p, nn.relu(dense(p, features, 'w3', 'b3')), 'w4', 'b4'), labels);
    },
    autoencoder(p, images) {
      const x = images;
      const made = nn.sigmoid(dense(p, nn.relu(dense(p, x.ref, 'w1', 'b1')), 'w2', 'b2'));
      const difference = made.sub(x);
      return difference.ref.mul(difference).mean();
    },
    rnn(p, images, labels) {
      const x = images;
      let h = np.tanh(np.matmul(x.ref.slice([], 0), of(p, 'wx').ref).add(of(p, 'b').ref));
      for (let t = 1; t < 28; t++) {
        const last = t === 27;
        const use = (y: JaxArray): JaxArray => (last ? y : y.ref);
        const input = np.matmul(use(x).slice([], t), use(of(p, 'wx')));
        h = np.tanh(input.add(np.matmul(h, use(of(p, 'wh')))).add(use(of(p, 'b'))));
      }
      return crossEntropy(dense(p, h, 'wo', 'bo'), labels);
    },
  };
}

/** Adam's step for one parameter; uses all of its operands up. */
function adamStep(jax: JaxJs, state: Training, gradients: Params): Training {
  const { numpy: np, tree } = jax;
  const { b1, b2, eps, learningRate } = adam;
  const count = state.count.add(1);
  const mu = tree.map((m, g) => m.mul(b1).add(g.mul(1 - b1)), state.mu, tree.ref(gradients));
  const nu = tree.map((v, g) => v.mul(b2).add(g.ref.mul(g).mul(1 - b2)), state.nu, gradients);
  const unbiased = (x: JaxArray, b: number): JaxArray => x.div(np.pow(b, count.ref).neg().add(1));
  const params = tree.map(
    (p, m, v) =>
      p.sub(
        unbiased(m, b1)
          .div(np.sqrt(unbiased(v, b2)).add(eps))
          .mul(learningRate),
      ),
    state.params,
    tree.ref(mu),
    tree.ref(nu),
  );
  return { params, mu, nu, count };
}

export function modelsOf(jax: JaxJs): JaxModels {
  const losses = lossesOf(jax);
  const array = ({ data, shape }: HostInput): JaxArray => jax.numpy.array(data, { shape: [...shape] });
  const first = (model: ModelName): Params =>
    Object.fromEntries(
      Object.entries(parametersOf(model)).map(([name, x]) => [name, array((model === 'cnn' ? layouts[name] : undefined)?.(x) ?? x)]), // prettier-ignore
    );
  const inputs = (model: ModelName, batch: number): readonly JaxArray[] =>
    batchOf(model, batch).map((x) => array(x.shape.length === 4 ? channelsFirst(x) : x));
  const zeros = (p: Params): Params => jax.tree.map((x) => x.mul(0), jax.tree.ref(p));
  return {
    trained: (model, batch) => ({ params: first(model), inputs: inputs(model, batch), loss: losses[model] }),
    training: (model, batch) => ({
      inputs: inputs(model, batch),
      begin() {
        const params = first(model);
        return { params, mu: zeros(params), nu: zeros(params), count: jax.numpy.zeros([]) };
      },
      step: jax.jit((state: Training, ...batch: JaxArray[]) => {
        const [loss, gradients] = jax.valueAndGrad(losses[model])(jax.tree.ref(state.params), ...batch);
        return [adamStep(jax, state, gradients), loss] as const;
      }),
    }),
  };
}
