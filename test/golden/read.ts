import { readFileSync } from 'node:fs';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { DType, HostArray } from '../../src/kernel/dtype.ts';

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
  readonly out: readonly GoldenArray[];
  readonly vjp?: { readonly ct: readonly GoldenArray[]; readonly grads: readonly Golden[] };
  readonly jvp?: { readonly tangents: readonly Golden[]; readonly out: readonly GoldenArray[] };
  readonly vmap?: {
    readonly args: readonly Golden[];
    readonly inAxes: readonly (0 | null)[];
    readonly out: readonly GoldenArray[];
  };
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

interface Files {
  readonly optimizers: GoldenOptimizer;
  readonly network: GoldenNetwork;
}
type Cases<F extends string> = readonly (F extends keyof Files ? Files[F] : GoldenCase)[];

/** The cases of test/golden/data/FILE.json. */
export function readGolden<F extends string>(file: F): Cases<F> {
  const text = readFileSync(new URL(`./data/${file}.json`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: readonly unknown[] };
  return cases.map(decode) as unknown as Cases<F>;
}

const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

function decode(json: unknown): Golden {
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== 'object' || json === null) return json as Golden;
  const record = json as Record<string, unknown>;
  return isArray(record)
    ? new GoldenArray(record.dtype, record.shape, elements(record))
    : Object.fromEntries(Object.entries(record).map(([name, value]) => [name, decode(value)]));
}

interface JsonArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

const isArray = (json: object): json is JsonArray => 'dtype' in json && 'shape' in json && 'data' in json;

function elements({ dtype, data }: JsonArray): HostArray {
  const array = hostArray[dtype](data.length);
  data.forEach((x, i) => (array[i] = typeof x === 'string' ? (special[x] as number) : x));
  return array;
}
