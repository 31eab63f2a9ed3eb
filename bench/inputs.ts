import type { Chain, ModelName, Shape, Task } from './task.ts';

/** Numbers that every library makes alike, in JavaScript and in Python (`peers/common.py`). */

/** An array of the host. Positions and labels are i32. */
export interface HostInput {
  readonly shape: Shape;
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

export const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** 32 well mixed bits for each position, made into a number. */
function hashed<A extends Float32Array | Int32Array>(seed: number, into: A, number: (bits: number) => number): A {
  const start = Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < into.length; i++) {
    let h = Math.imul(i + start, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    into[i] = number((h ^ (h >>> 16)) >>> 0);
  }
  return into;
}

/** Numbers in [−scale, scale). */
function uniform(seed: number, shape: Shape, scale = 1): HostInput {
  const number = (bits: number): number => ((bits >>> 8) * 2 ** -23 - 1) * scale;
  return { shape, data: hashed(seed, new Float32Array(product(shape)), number) };
}

/** Numbers in [0, 1). */
function unit(seed: number, shape: Shape): HostInput {
  return { shape, data: hashed(seed, new Float32Array(product(shape)), (bits) => (bits >>> 8) * 2 ** -24) };
}

/** Integers from 0, below `limit`. */
const below = (seed: number, length: number, limit: number): HostInput => ({
  shape: [length],
  data: hashed(seed, new Int32Array(length), (bits) => bits % limit),
});

const zeros = (shape: Shape): HostInput => ({ shape, data: new Float32Array(product(shape)) });

/** The arrays that a kernel's function takes. */
export function inputsOf(task: Task): readonly HostInput[] {
  switch (task.kind) {
    case 'matmul':
      return [uniform(1, [task.m, task.k]), uniform(2, [task.k, task.n])];
    case 'conv': {
      const { which, batch, size, channels, features } = task;
      const x = uniform(1, [batch, size, size, channels]);
      const kernel = uniform(2, [3, 3, channels, features]);
      const g = uniform(3, [batch, size - 2, size - 2, features]);
      return which === 'forward' ? [x, kernel] : which === 'input' ? [kernel, g] : [x, g];
    }
    case 'softmax':
    case 'reduce':
    case 'transpose':
    case 'sort':
      return [uniform(1, task.shape)];
    case 'elementwise':
      return operands[task.chain].map((seed) => uniform(seed, [task.length]));
    case 'gather':
      return [uniform(1, [task.rows, task.width]), below(2, task.count, task.rows)];
    case 'scatter':
      return [uniform(1, [task.rows, task.width]), below(2, task.count, task.rows), uniform(3, [task.count, task.width])]; // prettier-ignore
    case 'copy':
      return [uniform(1, [task.length])];
    case 'random':
    case 'dispatch':
    case 'cache-hit':
    case 'trace':
    case 'model':
    case 'memory':
      return [];
  }
}

const operands: Readonly<Record<Chain, readonly number[]>> = { add: [1, 2], polynomial: [1], gelu: [1] };

/** The first parameters of a model, by name; layouts are height, width, in, out. */
export function parametersOf(model: ModelName): Readonly<Record<string, HostInput>> {
  const shapes = parameterShapes[model];
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const fanIn = product(shape.slice(0, -1));
      return [name, shape.length === 1 ? zeros(shape) : uniform(100 + i, shape, Math.fround(fanIn ** -0.5))];
    }),
  );
}

const parameterShapes: Readonly<Record<ModelName, Readonly<Record<string, Shape>>>> = {
  cnn: { w1: [3, 3, 1, 32], b1: [32], w2: [3, 3, 32, 64], b2: [64], w3: [1600, 64], b3: [64], w4: [64, 10], b4: [10] },
  autoencoder: { w1: [784, 64], b1: [64], w2: [64, 784], b2: [784] },
  rnn: { wx: [28, 128], wh: [128, 128], b: [128], wo: [128, 10], bo: [10] },
};

/** A batch of a model: images, and labels but for the autoencoder. */
export function batchOf(model: ModelName, batch: number): readonly HostInput[] {
  if (model === 'autoencoder') return [unit(200, [batch, 784])];
  const images = unit(200, model === 'cnn' ? [batch, 28, 28, 1] : [batch, 28, 28]);
  return [images, below(201, batch, 10)];
}
