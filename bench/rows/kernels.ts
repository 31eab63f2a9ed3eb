import type { PeerName } from '../libraries.ts';
import { product } from '../inputs.ts';
import type { Goal, Row } from '../row.ts';
import { row as anyRow } from '../row.ts';
import type { Chain, Shape, TaskOf } from '../task.ts';

const floatBytes = 4;
const quickNames = new Set(['matmul-128', 'matmul-8x512x512', 'elementwise-add-1M', 'softmax-1024x256', 'sum-1024x256-axis1']); // prettier-ignore

const row: typeof anyRow = (given) => anyRow({ quick: quickNames.has(given.name), ...given });

const faster = (by: number, ...than: readonly PeerName[]): Goal => ({ kind: 'faster', than, by });
/** At least the share of a plain copy's bandwidth, and no slower than these. */
const bound = (...than: readonly PeerName[]): readonly Goal[] => [
  { kind: 'share', least: 0.7, row: 'copy', of: 'node' },
  faster(1, ...than),
];

function matmul(name: string, [m, k, n]: readonly [number, number, number], goals: readonly Goal[]): Row {
  return row({ name, group: 'matmul', task: { kind: 'matmul', m, k, n }, work: { amount: 2 * m * k * n, unit: 'flop' }, goals }); // prettier-ignore
}

const skinny: readonly Goal[] = [faster(2, 'jax-js', 'tfjs')];
const large: readonly Goal[] = [
  { kind: 'rate', least: 90 },
  faster(0.42, 'numpy'),
  faster(3, 'jax-js', 'tfjs'),
  { kind: 'faster', than: ['single'], by: 1.7 },
];

const products: readonly Row[] = [
  ...[128, 256, 512].map((n) => matmul(`matmul-${n}`, [n, n, n], [])),
  { ...matmul('matmul-1024', [1024, 1024, 1024], large), also: ['single'] },
  matmul('matmul-2048', [2048, 2048, 2048], []),
  matmul('matmul-8x512x512', [8, 512, 512], skinny),
  matmul('matmul-8x1024x1024', [8, 1024, 1024], skinny),
  matmul('matmul-32x1024x1024', [32, 1024, 1024], skinny),
  matmul('matmul-1024x1024x8', [1024, 1024, 8], skinny),
  matmul('matmul-1024x1024x32', [1024, 1024, 32], skinny),
  matmul('matvec-4096', [4096, 4096, 1], skinny),
  matmul('vecmat-4096', [1, 4096, 4096], skinny),
];

/** The convolutions of the network, both layers. Images need no gradient, so the first has none by its input. */
function convolutions(batch: number): readonly Row[] {
  const layer = (number: number, which: TaskOf<'conv'>['which'], size: number, channels: number, features: number): Row => {
    const out = (size - 2) ** 2;
    return row({
      name: `conv${number}-${which}-${batch}`,
      group: 'conv',
      task: { kind: 'conv', which, batch, size, channels, features },
      work: { amount: 2 * batch * out * 9 * channels * features, unit: 'flop' },
      goals: [{ kind: 'share', least: 0.6, row: 'matmul-1024', of: 'pullback' }],
    });
  }; // prettier-ignore
  return [
    layer(1, 'forward', 28, 1, 32),
    layer(1, 'kernel', 28, 1, 32),
    layer(2, 'forward', 13, 32, 64),
    layer(2, 'input', 13, 32, 64),
    layer(2, 'kernel', 13, 32, 64),
  ];
}

function softmax(shape: Shape, axis: number, goals: readonly Goal[]): Row {
  const name = `softmax-${shape.join('x')}${axis === shape.length - 1 ? '' : `-axis${axis}`}`;
  const work = { amount: 2 * floatBytes * product(shape), unit: 'byte' } as const;
  return row({ name, group: 'softmax', task: { kind: 'softmax', shape, axis }, work, goals });
}

function reduce(op: 'sum' | 'max', shape: Shape, axis: number | null, goals: readonly Goal[]): Row {
  const name = `${op}-${shape.join('x')}-${axis === null ? 'all' : `axis${axis}`}`;
  const work = { amount: floatBytes * product(shape), unit: 'byte' } as const;
  return row({ name, group: 'reduce', task: { kind: 'reduce', op, shape, axis }, work, goals });
}

const square = [4096, 4096];
const cube = [256, 256, 256];
const large16 = 16 * 2 ** 20;

function elementwise(chain: Chain, length: number, arrays: number, goals: readonly Goal[]): Row {
  const work = { amount: arrays * floatBytes * length, unit: 'byte' } as const;
  const name = `elementwise-${chain}-${length / 2 ** 20}M`;
  return row({ name, group: 'elementwise', task: { kind: 'elementwise', chain, length }, work, goals });
}

function transpose(shape: Shape, axes: Shape): Row {
  const work = { amount: 2 * floatBytes * product(shape), unit: 'byte' } as const;
  return row({ name: `transpose-${shape.join('x')}-${axes.join('')}`, group: 'transpose', task: { kind: 'transpose', shape, axes }, work }); // prettier-ignore
}

const table = { rows: 65536, width: 64, count: 65536 } as const;
const tableBytes = (arrays: number): NonNullable<Row['work']> => ({ amount: arrays * floatBytes * table.count * table.width, unit: 'byte' }); // prettier-ignore

/** Single kernels. */
export const kernels: readonly Row[] = [
  row({
    name: 'copy',
    group: 'copy',
    task: { kind: 'copy', length: large16 },
    work: { amount: 2 * floatBytes * large16, unit: 'byte' },
    also: ['node'],
    quick: true,
  }),
  ...products,
  ...convolutions(32),
  ...convolutions(128),
  softmax(square, 1, bound('numpy', 'torch')),
  softmax(square, 0, bound('numpy', 'torch')),
  softmax([1024, 256], 1, []),
  reduce('sum', square, 1, bound('numpy', 'torch')),
  reduce('sum', square, 0, bound('numpy', 'torch')),
  reduce('sum', square, null, bound('numpy', 'torch')),
  reduce('max', square, 1, bound('numpy', 'torch')),
  reduce('sum', cube, 0, bound('numpy', 'torch')),
  reduce('sum', cube, 1, bound('numpy', 'torch')),
  reduce('sum', cube, 2, bound('numpy', 'torch')),
  reduce('sum', [1024, 256], 1, []),
  elementwise('add', large16, 3, bound('numpy', 'torch')),
  elementwise('polynomial', large16, 2, bound('numpy', 'torch')),
  elementwise('gelu', large16, 2, [faster(1, 'numpy', 'torch')]),
  elementwise('add', 2 ** 20, 3, []),
  transpose(square, [1, 0]),
  transpose([64, 256, 1024], [0, 2, 1]),
  transpose([64, 256, 1024], [2, 0, 1]),
  row({ name: 'sort-1M', group: 'sort', task: { kind: 'sort', shape: [2 ** 20] } }),
  row({ name: 'sort-1024x1024', group: 'sort', task: { kind: 'sort', shape: [1024, 1024] } }),
  row({ name: 'gather-64k-rows', group: 'gather', task: { kind: 'gather', ...table }, work: tableBytes(2) }),
  row({ name: 'scatter-add-64k-rows', group: 'scatter', task: { kind: 'scatter', ...table }, work: tableBytes(3) }),
  row({ name: 'random-bits-4M', group: 'random', task: { kind: 'random', what: 'bits', length: 4 * 2 ** 20 }, tolerance: null }),
  row({ name: 'random-normal-4M', group: 'random', task: { kind: 'random', what: 'normal', length: 4 * 2 ** 20 }, tolerance: null }),
]; // prettier-ignore
