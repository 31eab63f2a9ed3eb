import type { JaxArray, JaxJs } from '../peers/jax-js-api.ts';
import { jaxJs } from '../peers/jax-js-api.ts';
import type { Foreign, Host } from './adapter.ts';

/** Functions of jax-js, whose arrays are used up by each operation. */

type Fn = (x: JaxArray) => JaxArray;
interface Readable {
  dataSync(): ArrayLike<number>;
}

const read = (x: JaxArray): ArrayLike<number> => (x as unknown as Readable).dataSync();

/** A function of jax-js for the adapter. */
function foreign(jax: JaxJs, name: string, f: Fn, result: Foreign['result'] = 'same'): Foreign {
  const array = ({ data, shape }: Host): JaxArray => jax.numpy.array(data).reshape(shape);
  return {
    name: `jax-js ${name}`,
    result,
    value: (x) => read(f(array(x))),
    pullback(x, ct) {
      const [y, back] = jax.vjp(f, [array(x)]);
      y.dispose();
      const [cotangent] = back(array(ct));
      back.dispose();
      return read(cotangent as JaxArray);
    },
  };
}

type Names = Readonly<Record<string, (...args: readonly unknown[]) => JaxArray>>;

/** The functions that are looked at, by their names. */
export async function jaxJsFunctions(): Promise<ReadonlyMap<string, Foreign>> {
  const { jax } = await jaxJs('wasm');
  const [np, nn] = [jax.numpy as Names, jax.nn as Names];
  const unary = ['sigmoid', 'softplus', 'elu', 'silu', 'celu', 'mish', 'gelu', 'logSigmoid', 'softmax'];
  const rows = [
    ...unary.map((name) => foreign(jax, name, (x) => nn[name]?.(x) as JaxArray)),
    ...['tanh', 'cumsum', 'sort', 'sinh'].map((name) => foreign(jax, name, (x) => np[name]?.(x) as JaxArray)),
    ...['prod', 'std'].map((name) => foreign(jax, name, (x) => np[name]?.(x) as JaxArray, 'scalar')),
    foreign(jax, 'remainder', (x) => np['remainder']?.(x, 1.5) as JaxArray),
  ];
  return new Map(rows.map((r) => [r.name, r]));
}
