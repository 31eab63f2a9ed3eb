import { readdirSync, readFileSync } from 'node:fs';
import { dtypes, hostArray } from '../../src/kernel/dtype.ts';
import type { DType, HostArray } from '../../src/kernel/dtype.ts';
import { roundTo } from '../../src/kernel/semantics.ts';

/** An array of a golden file, row by row. */
export class GoldenArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostArray;

  constructor(dtype: DType, shape: readonly number[], data: HostArray) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }
}

/** What a golden file holds: arrays, and plain JSON (axes, shapes, records of parameters). */
export type Golden = GoldenArray | null | boolean | number | string | readonly Golden[] | GoldenRecord;
export interface GoldenRecord {
  readonly [name: string]: Golden;
}

/** What JAX computed; tools/README.md says what the fields mean. */
export interface GoldenCase {
  readonly fn: string;
  readonly args: readonly Golden[];
  readonly options?: GoldenRecord;
  /** The leaves of the result; or one plain value. */
  readonly out: readonly Golden[];
  /** One for each float array of the arguments. */
  readonly vjp?: readonly GoldenArray[];
  /** One for each float array of the result. */
  readonly jvp?: readonly GoldenArray[];
  /** An axis for each array of the arguments. */
  readonly vmap?: { readonly axes: readonly (number | null)[]; readonly out: readonly GoldenArray[] };
}

/** Ten steps of an optimizer with given gradients; `out` are the parameters after each. */
export interface GoldenOptimizer {
  readonly fn: string;
  readonly args: readonly number[];
  readonly options?: Readonly<Record<string, number | boolean>>;
  readonly params: Readonly<Record<string, GoldenArray>>;
  readonly grads: readonly Readonly<Record<string, GoldenArray>>[];
  readonly out: readonly Readonly<Record<string, GoldenArray>>[];
}

/** The MNIST network on random images; tools/golden/networks.py says how its parameters are made. */
export interface GoldenNetwork {
  readonly paramsSeed: number;
  readonly imagesSeed: number;
  readonly labels: readonly number[];
  readonly layers: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly fanIn: number;
    readonly fanOut: number;
  }[];
  readonly logits: GoldenArray;
  readonly loss: GoldenArray;
  /** By `layer.leaf`: every `every`-th element of the flat gradient, and its 2-norm. */
  readonly grads: Readonly<
    Record<string, { readonly every: number; readonly values: GoldenArray; readonly norm: GoldenArray }>
  >;
  readonly learningRate: number;
  /** Before each of four Adam steps, the loss: f32[4]. */
  readonly out: readonly [GoldenArray];
}

/** What another library's layer makes of a batch, for parameters and a state given by path. */
export interface GoldenLayer {
  readonly name: string;
  /** The class or function that computed it. */
  readonly source: string;
  readonly params: Readonly<Record<string, GoldenArray>>;
  readonly state: Readonly<Record<string, GoldenArray>>;
  readonly training: boolean;
  readonly x: GoldenArray;
  readonly y: GoldenArray;
  /** The state afterwards. */
  readonly after: Readonly<Record<string, GoldenArray>>;
}

/** What an initializer draws for `random.key(seed)`. */
export interface GoldenInitializer {
  readonly fn: string;
  readonly args: readonly number[];
  readonly options?: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly shape: readonly number[];
  readonly out: GoldenArray;
}

/** Files whose cases have a shape of their own: test/golden/training.test.ts and test/laws/layers read them. */
interface Files {
  readonly optimizers: GoldenOptimizer;
  readonly network: GoldenNetwork;
  readonly initializers: GoldenInitializer;
  readonly [layers: `layers-${string}`]: GoldenLayer;
}
type Cases<F extends string> = readonly (F extends keyof Files ? Files[F] : GoldenCase)[];

const apart: readonly string[] = ['optimizers', 'network', 'initializers'];

/** The names of all files with cases of functions. */
export const goldenFiles: readonly string[] = readdirSync(new URL('./data/', import.meta.url))
  .map((f) => f.replace('.json', ''))
  .filter((f) => !apart.includes(f) && !f.startsWith('layers-') && !f.startsWith('optim-'));

/** The cases of test/golden/data/FILE.json. */
export function readGolden<F extends string>(file: F): Cases<F> {
  const text = readFileSync(new URL(`./data/${file}.json`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: readonly unknown[] };
  return cases.map(decode) as unknown as Cases<F>;
}

/** The cases of a file with cases of functions, by the functions' names. */
export function casesByFunction(file: string): ReadonlyMap<string, readonly GoldenCase[]> {
  const byName = new Map<string, GoldenCase[]>();
  for (const c of readGolden(file) as readonly GoldenCase[]) {
    const cases = byName.get(c.fn) ?? [];
    cases.push(c);
    byName.set(c.fn, cases);
  }
  return byName;
}

const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };
const arrayType = new RegExp(`^(${dtypes.join('|')})\\[([0-9,]*)\\]$`);

function decode(json: unknown): Golden {
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== 'object' || json === null) return json as Golden;
  const entries = Object.entries(json as Readonly<Record<string, unknown>>);
  const [key, value] = entries[0] ?? ['', null];
  const type = arrayType.exec(key);
  if (type !== null) return decodeArray(type[1] as DType, type[2] as string, value as readonly (number | string)[]);
  if (key === 'number') return special[value as string] ?? NaN;
  return Object.fromEntries(entries.map(([k, v]) => [k, decode(v)]));
}

function decodeArray(dtype: DType, shape: string, elements: readonly (number | string)[]): GoldenArray {
  const data = hostArray[dtype](elements.length);
  elements.forEach((x, i) => (data[i] = roundTo(dtype, typeof x === 'string' ? (special[x] as number) : x)));
  return new GoldenArray(dtype, shape === '' ? [] : shape.split(',').map(Number), data);
}
