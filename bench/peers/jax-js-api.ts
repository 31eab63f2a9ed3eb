import { provideWebGpu } from './webgpu.ts';

/** The backends of jax-js that take part. */
export type JaxBackend = 'wasm' | 'webgpu';

/** What the benchmarks use of jax-js. It is installed beside them, and not where the library's types are checked. */
export interface JaxJs {
  readonly init: (device: JaxBackend) => Promise<readonly string[]>;
  readonly defaultDevice: (device: JaxBackend) => string;
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

/** Loads jax-js with one of its backends, and says which. */
export async function jaxJs(wanted: JaxBackend): Promise<{ readonly jax: JaxJs; readonly backend: string }> {
  const backend = wanted === 'webgpu' ? await provideWebGpu() : wanted;
  const name = '@jax-js/jax';
  const jax = (await import(name)) as unknown as JaxJs;
  const initialized = await jax.init(wanted);
  if (!initialized.includes(wanted)) throw new Error(`jax-js has no ${wanted} here`);
  jax.defaultDevice(wanted);
  return { jax, backend };
}
