/** What the benchmarks use of jax-js. It is installed beside them, and not where the library's types are checked. */
export interface JaxJs {
  readonly init: (device: 'wasm') => Promise<readonly string[]>;
  readonly defaultDevice: (device: 'wasm') => string;
  readonly numpy: Functions<
    | 'array' | 'matmul' | 'zeros' | 'ones' | 'maximum' | 'sqrt' | 'tanh' | 'sum' | 'max' | 'transpose' | 'sort' | 'take' | 'pow'
  >; // prettier-ignore
  readonly lax: Functions<'conv' | 'reduceWindow'>;
  readonly nn: Functions<'relu' | 'sigmoid' | 'softmax' | 'logSoftmax' | 'gelu' | 'oneHot'>;
  readonly random: Functions<'key' | 'bits' | 'normal'>;
  readonly tree: {
    readonly ref: <T>(tree: T) => T;
    readonly dispose: (tree: unknown) => void;
    readonly map: <T>(f: (...leaves: JaxArray[]) => JaxArray, first: T, ...rest: T[]) => T;
  };
  readonly jit: <A extends readonly unknown[], R>(f: (...args: A) => R) => ((...args: A) => R) & { dispose(): void };
  readonly vjp: (f: (x: JaxArray) => JaxArray, primals: readonly JaxArray[]) => readonly [JaxArray, Pullback];
  readonly grad: <A extends readonly unknown[]>(f: (...args: A) => JaxArray) => (...args: A) => A[0];
  readonly valueAndGrad: <A extends readonly unknown[]>(f: (...args: A) => JaxArray) => (...args: A) => readonly [JaxArray, A[0]]; // prettier-ignore
  readonly makeJaxpr: <A extends readonly unknown[]>(f: (...args: A) => unknown) => (...args: A) => { readonly jaxpr: { dispose(): void } }; // prettier-ignore
}

type Functions<Name extends string> = Readonly<Record<Name, (...args: readonly unknown[]) => JaxArray>>;

/** From a cotangent of the result to those of the primals. */
export type Pullback = ((ct: JaxArray) => readonly JaxArray[]) & { dispose(): void };

/** An array of jax-js; each operation uses its operands up, and `ref` is one more use. */
export interface JaxArray {
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  neg(): JaxArray;
  sum(axis?: number): JaxArray;
  mean(): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  slice(...index: readonly unknown[]): JaxArray;
  data(): Promise<ArrayLike<number>>;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}

/** Loads jax-js with its WebAssembly backend. */
export async function jaxJs(): Promise<JaxJs> {
  const name = '@jax-js/jax';
  const jax = (await import(name)) as unknown as JaxJs;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
}
