import type { Tensor, Tfjs } from '../peers/tfjs-api.ts';
import { tfjsOnWasm } from '../peers/tfjs-api.ts';
import type { Foreign, Host } from './adapter.ts';

/** Functions of TensorFlow.js, and their derivatives as functions. */

type Fn = (x: Tensor) => Tensor;

/** What is used of it beside what the benchmarks use. */
interface Gradients {
  readonly grad: (f: Fn) => (x: Tensor, dy?: Tensor) => Tensor;
  readonly cumsum: Fn;
  readonly elu: Fn;
  readonly logSumExp: Fn;
  readonly softplus: Fn;
}
type Core = Tfjs & Gradients;

const read = (x: Tensor): ArrayLike<number> => (x as unknown as { dataSync(): ArrayLike<number> }).dataSync();

/** A function of TensorFlow.js for the adapter. */
function foreign(tf: Core, name: string, f: Fn, result: Foreign['result'] = 'same'): Foreign {
  const tensor = ({ data, shape }: Host): Tensor => tf.tensor(data, shape, 'float32');
  return {
    name: `tfjs ${name}`,
    result,
    value: (x) => read(tf.tidy(() => f(tensor(x)))),
    pullback: (x, ct) => read(tf.tidy(() => tf.grad(f)(tensor(x), tensor(ct)))),
  };
}

/** The functions that are looked at, by their names; `f′` is the derivative of `f`. */
export async function tfjsFunctions(): Promise<ReadonlyMap<string, Foreign>> {
  const tf = (await tfjsOnWasm(1)).tf as Core;
  const silu: Fn = (x) => tf.mul(x, tf.sigmoid(x));
  const derivative = (f: Fn): Fn => tf.grad((x) => tf.sum(f(x)));
  const rows = [
    foreign(tf, 'sigmoid', (x) => tf.sigmoid(x)),
    foreign(tf, 'x·sigmoid(x)', silu),
    foreign(tf, '(x·sigmoid(x))′', derivative(silu)),
    foreign(tf, 'tanh', (x) => tf.tanh(x)),
    foreign(
      tf,
      'tanh′',
      derivative((x) => tf.tanh(x)),
    ),
    foreign(tf, 'softplus', (x) => tf.softplus(x)),
    foreign(tf, 'elu', (x) => tf.elu(x)),
    foreign(tf, 'softmax', (x) => tf.softmax(x)),
    foreign(tf, 'cumsum', (x) => tf.cumsum(x)),
    foreign(tf, 'logSumExp', (x) => tf.logSumExp(x), 'scalar'),
  ];
  return new Map(rows.map((r) => [r.name, r]));
}
