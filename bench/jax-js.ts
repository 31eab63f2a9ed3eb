/** What the benchmarks use of jax-js. It is installed beside them, and not where the library's types are checked. */
export interface JaxJs {
  readonly init: (device: 'wasm') => Promise<readonly string[]>;
  readonly defaultDevice: (device: 'wasm') => string;
  readonly numpy: Readonly<Record<string, (...args: readonly unknown[]) => JaxArray>>;
  readonly lax: Readonly<Record<string, (...args: readonly unknown[]) => JaxArray>>;
  readonly nn: Readonly<Record<string, (...args: readonly unknown[]) => JaxArray>>;
  readonly tree: {
    readonly ref: <T>(tree: T) => T;
    readonly dispose: (tree: unknown) => void;
  };
  readonly jit: <A extends readonly unknown[], R>(f: (...args: A) => R) => ((...args: A) => R) & { dispose(): void };
  readonly grad: <A extends readonly unknown[]>(f: (...args: A) => JaxArray) => (...args: A) => unknown;
  readonly makeJaxpr: <A extends readonly unknown[]>(f: (...args: A) => unknown) => (...args: A) => { readonly jaxpr: { dispose(): void } }; // prettier-ignore
}

/** An array of jax-js; each operation uses its operands up, and `ref` is one more use. */
export interface JaxArray {
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  neg(): JaxArray;
  sum(axis?: number): JaxArray;
  mean(): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
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
