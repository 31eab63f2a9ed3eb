import fc from 'fast-check';
import type { DType, HostArray, ScalarType } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { acc, binary, bitcastTo, cast, constant, index, load, select, unary } from '../../src/kernel/expr.ts';
import { iadd, imul, inBounds, isub, linearize, lit } from '../../src/kernel/index-algebra.ts';
import type { Kernel, Operand, Store } from '../../src/kernel/kernel.ts';
import type { Monoid } from '../../src/kernel/ops.ts';
import type { Program } from '../../src/kernel/program.ts';
import { product } from '../../src/util/array.ts';

/** A kernel with the data of its operands; those that are only written have none. */
export interface Case {
  readonly kernel: Kernel;
  readonly data: readonly (HostArray | null)[];
}

/** A program of one kernel: operands that are read are inputs, the others outputs, those in place are donated. */
export function singleKernelProgram(kernel: Kernel): Program {
  const numbers = kernel.operands.map((_, i) => i);
  const access = (wanted: Operand['access']) => (i: number) => kernel.operands[i]?.access === wanted;
  return {
    name: kernel.name,
    buffers: kernel.operands.map(({ dtype, length, access: a }) => ({
      dtype,
      length,
      place: { kind: a === 'write' ? 'output' : 'input' },
    })),
    steps: [{ kind: 'run', kernel, args: numbers }],
    inputs: numbers.filter((i) => !access('write')(i)),
    outputs: numbers.filter((i) => !access('read')(i)),
    donated: numbers.filter(access('readwrite')),
    slots: [],
  };
}

/** Runs a case's kernel on a device and reads what it wrote. */
export async function runCase(device: Device, { kernel, data }: Case): Promise<readonly HostArray[]> {
  const program = singleKernelProgram(kernel);
  const executable = device.load(program);
  const inputs = program.inputs.map((b) => {
    const values = data[b];
    if (values === undefined || values === null) throw new Error(`no data for operand ${b}`);
    return device.write(kernel.operands[b]?.dtype ?? 'f32', values);
  });
  const outputs = executable.run(inputs);
  const results = await Promise.all(outputs.map((o) => device.read(o)));
  [...outputs, ...inputs].forEach((b) => device.free(b));
  executable.free();
  return results;
}

const gpuDTypes = ['f32', 'i32', 'u32', 'bool'] as const;
const arithmetic = ['f32', 'i32', 'u32'] as const;
type Arb<T> = fc.Arbitrary<T>;

const int = (min: number, max: number): Arb<number> => fc.integer({ min, max });
/** Small quarters: sums and products of a few stay exact in f32, so results differ by meaning, not by rounding. */
const smallFloat = int(-40, 40).map((n) => n / 4);
const someInteger = fc.oneof(int(-20, 20), int(-(2 ** 31), 2 ** 31 - 1));
const element: { readonly [D in ScalarType]: Arb<number> } = {
  f32: fc.oneof(
    { weight: 9, arbitrary: smallFloat },
    { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0) },
  ),
  f64: smallFloat,
  i32: someInteger,
  u32: someInteger.map((n) => n >>> 0),
  bool: int(0, 1),
};

function filled(dtype: DType, values: readonly number[], length: number): HostArray {
  const out = hostArray[dtype](length);
  for (let i = 0; i < length; i++) out[i] = values[(i * 7 + Math.floor(i / 5)) % values.length] ?? 0;
  return out;
}

const extents = fc.array(fc.oneof(int(1, 7), fc.constant(1), int(8, 33)), { maxLength: 3 });
const extentsWithEmpty = fc.oneof({ weight: 12, arbitrary: extents }, { weight: 1, arbitrary: fc.constant([3, 0, 2]) });

/** How a generated kernel collects its operands. */
class Operands {
  readonly list: { operand: Operand; data: HostArray | null }[] = [];

  read(dtype: DType, values: readonly number[], length: number): number {
    return this.list.push({ operand: { dtype, length, access: 'read' }, data: filled(dtype, values, length) }) - 1;
  }

  output(dtype: DType, length: number): number {
    return this.list.push({ operand: { dtype, length, access: 'write' }, data: null }) - 1;
  }

  inPlace(dtype: DType, values: readonly number[], length: number): number {
    return this.list.push({ operand: { dtype, length, access: 'readwrite' }, data: filled(dtype, values, length) }) - 1;
  }
}

/** A choice that fast-check makes for a builder: numbers in order, each reduced to what is asked. */
class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  next(n: number): number {
    const value = this.#numbers[this.#at++ % this.#numbers.length] ?? 0;
    return (value + Math.floor(this.#at / this.#numbers.length)) % n;
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.next(items.length)];
    if (item === undefined) throw new Error('a choice from nothing');
    return item;
  }
}

/** A load of a new operand: plain, transposed, broadcast, reversed, strided, or shifted with a guard. */
function someLoad(
  c: Choices,
  ops: Operands,
  axes: readonly Expr[],
  shape: readonly number[],
  dtype: DType,
  values: readonly number[],
): Expr {
  const at = (coordinates: readonly Expr[], extent: readonly number[], guard: Expr | null = null): Expr =>
    load(ops.read(dtype, values, product(extent)), dtype, linearize(coordinates, extent), guard);
  const order = shape.map((_, i) => shape.length - 1 - i);
  switch (c.next(7)) {
    case 0:
      return at(
        order.map((i) => axes[i] as Expr),
        order.map((i) => shape[i] as number),
      );
    case 1:
      return at([], []);
    case 2:
      return at(axes.slice(-1), shape.slice(-1));
    case 3:
      return at(
        axes.map((a, i) => isub(lit(Math.max((shape[i] as number) - 1, 0)), a)),
        shape,
      );
    case 4:
      return at(
        axes.map((a) => imul(a, 2)),
        shape.map((n) => 2 * n),
      );
    case 5: {
      const shift = c.next(3) - 1;
      const moved = axes.map((a) => iadd(a, lit(shift)));
      const guard = moved.reduce<Expr>(
        (g, a, i) => binary('and', g, inBounds(a, shape[i] as number)),
        constant('bool', 1),
      );
      return at(moved, shape, guard);
    }
    default:
      return at(axes, shape);
  }
}

/** Operations whose results are exact, so that any difference is a mistake. */
function someOperation(c: Choices, known: readonly Expr[]): Expr {
  const of = (dtype: ScalarType): readonly Expr[] => known.filter((e) => e.dtype === dtype);
  const x = c.of(known);
  const y = c.of(of(x.dtype));
  const bools = of('bool');
  const condition = bools.length === 0 ? null : c.of(bools);
  switch (c.next(8)) {
    case 0:
      return binary(c.of(['eq', 'ne', 'lt', 'le']), x, y);
    case 1:
      return condition === null ? binary('max', x, y) : select(condition, x, y);
    case 2:
      return exactCast(c.of(gpuDTypes), x);
    case 3:
      return x.dtype === 'bool' ? unary('not', x) : bitcastTo(x.dtype === 'f32' ? 'f32' : c.of(['i32', 'u32']), x);
    case 4:
      return x.dtype === 'f32' ? unary(c.of(['neg', 'abs', 'sign', 'floor', 'ceil', 'round']), x) : unary('not', x);
    case 5:
      return x.dtype === 'f32' ? unary('isNan', x) : binary(c.of(['and', 'or', 'xor']), x, y);
    case 6:
      if (x.dtype === 'f32' || x.dtype === 'bool') return binary(c.of(['max', 'min']), x, y);
      return binary(c.of(['div', 'rem', 'shl', 'shr', 'sar']), x, y);
    default: {
      const op = c.of(['add', 'sub', 'mul', 'max', 'min'] as const);
      return binary(op, x, op === 'mul' && x.dtype === 'f32' ? constant('f32', c.of([0.5, -2, 0, -0])) : y);
    }
  }
}

/** Large integers are made small before they become floats, so that no later step rounds. */
const exactCast = (dtype: ScalarType, x: Expr): Expr =>
  dtype === 'f32' && (x.dtype === 'i32' || x.dtype === 'u32')
    ? cast(dtype, binary('rem', x, constant(x.dtype, 1000)))
    : cast(dtype, x);

const zeroOf = (dtype: DType): Expr => constant(dtype, 1);

/** Values of some dtype at a point of a domain: loads, coordinates and a few operations on them. */
function someValue(
  c: Choices,
  ops: Operands,
  axes: readonly Expr[],
  shape: readonly number[],
  values: ValuePool,
): Expr {
  const known: Expr[] = [];
  for (let i = 0, n = 1 + c.next(3); i < n; i++) {
    const dtype = c.of(gpuDTypes);
    known.push(someLoad(c, ops, axes, shape, dtype, values[dtype]));
  }
  known.push(...axes.slice(0, 1), zeroOf(c.of(arithmetic)));
  for (let i = 0, n = c.next(9); i < n; i++) known.push(someOperation(c, known));
  return known.at(-1) as Expr;
}

type ValuePool = { readonly [D in ScalarType]: readonly number[] };
const valuePool: Arb<ValuePool> = fc.record({
  f32: fc.array(element.f32, { minLength: 6, maxLength: 12 }),
  f64: fc.constant([0]),
  i32: fc.array(element.i32, { minLength: 6, maxLength: 12 }),
  u32: fc.array(element.u32, { minLength: 6, maxLength: 12 }),
  bool: fc.array(element.bool, { minLength: 6, maxLength: 12 }),
});
const choices = fc.array(int(0, 5039), { minLength: 40, maxLength: 60 }).map((n) => new Choices(n));

type Parts<K> = K extends Kernel ? Omit<K, 'operands' | 'name' | 'source'> : never;

const finish = (kernel: Parts<Kernel>, ops: Operands): Case => ({
  kernel: {
    ...kernel,
    name: `random_${kernel.kind}`,
    source: `random ${kernel.kind}`,
    operands: ops.list.map((o) => o.operand),
  },
  data: ops.list.map((o) => o.data),
});

/** Random maps: one or two stores, sometimes in place. */
export const mapCases: Arb<Case> = fc.tuple(extentsWithEmpty, valuePool, choices).map(([domain, values, c]) => {
  const ops = new Operands();
  const axes = domain.map((extent, i) => index(i, extent));
  const here = linearize(axes, domain);
  const stores: Store[] = [];
  for (let i = 0, n = 1 + c.next(2); i < n; i++) {
    const value = someValue(c, ops, axes, domain, values);
    const { dtype } = value;
    if (c.next(3) === 0 && dtype !== 'bool') {
      const operand = ops.inPlace(dtype, values[dtype], product(domain));
      const old = load(operand, dtype, here);
      stores.push({ operand, index: here, value: binary('max', old, value) });
    } else stores.push({ operand: ops.output(dtype, product(domain)), index: here, value });
  }
  return finish({ kind: 'map', domain, stores }, ops);
});

/** Random reductions: short, long and empty ones, several accumulators, an epilogue. */
export const reduceCases: Arb<Case> = fc
  .tuple(
    fc.array(int(1, 5), { maxLength: 2 }),
    fc.oneof(
      fc.array(int(1, 9), { minLength: 1, maxLength: 2 }),
      int(200, 900).map((n) => [n]),
      fc.constant([17, 19]),
      fc.constant([0]),
    ),
    valuePool,
    choices,
  )
  .map(([domain, reduced, values, c]) => {
    const ops = new Operands();
    const shape = [...domain, ...reduced];
    const axes = shape.map((extent, i) => index(i, extent));
    const accumulators = Array.from({ length: 1 + c.next(2) }, () => {
      const value = someValue(c, ops, axes, shape, values);
      const { dtype } = value;
      const monoid: Monoid =
        dtype === 'bool'
          ? c.of(['and', 'or'])
          : dtype === 'f32'
            ? c.of(['max', 'min'])
            : c.of(['add', 'mul', 'max', 'min']);
      return { monoid, dtype, value };
    });
    const here = linearize(axes.slice(0, domain.length), domain);
    const stores = accumulators.map(({ dtype }, i): Store => {
      return { operand: ops.output(dtype, product(domain)), index: here, value: acc(i, dtype) };
    });
    return finish({ kind: 'reduce', domain, reduced, accumulators, stores }, ops);
  });

/** Matrix products of any sizes, transposed operands, batches and an epilogue, in f32 and i32. */
export const productCases: Arb<Case> = fc
  .tuple(
    int(1, 2),
    int(1, 45),
    int(1, 45),
    int(0, 40),
    fc.constantFrom('f32', 'i32', 'u32'),
    fc.boolean(),
    fc.boolean(),
    valuePool,
  )
  .map(([b, m, n, k, dtype, lhsTurned, rhsTurned, values]) => {
    const ops = new Operands();
    const [bi, mi, ni, ki] = [index(0, b), index(1, m), index(2, n), index(3, k)] as const;
    const numbers = values[dtype].map((v) => (Number.isFinite(v) ? v : 3));
    const lhsAt = lhsTurned ? linearize([bi, ki, mi], [b, k, m]) : linearize([bi, mi, ki], [b, m, k]);
    const rhsAt = rhsTurned ? linearize([ni, ki], [n, k]) : linearize([ki, ni], [k, n]);
    const lhs = load(ops.read(dtype, numbers, b * m * k), dtype, lhsAt);
    const rhs = load(ops.read(dtype, numbers, k * n), dtype, rhsAt);
    const bias = load(ops.read(dtype, numbers, n), dtype, ni);
    const value = binary('max', binary('add', acc(0, dtype), bias), constant(dtype, 0));
    const stores = [{ operand: ops.output(dtype, b * m * n), index: linearize([bi, mi, ni], [b, m, n]), value }];
    const parts = {
      kind: 'contract',
      batch: [b],
      rows: [m],
      columns: [n],
      depth: [k],
      dtype,
      lhs,
      rhs,
      stores,
    } as const;
    return finish(parts, ops);
  });

/** Convolutions as products: padding, strides, and a kernel window, by index arithmetic and guards alone. */
export const convolutionCases: Arb<Case> = fc
  .tuple(int(1, 2), int(3, 11), int(1, 5), int(1, 40), int(1, 3), int(1, 2), int(0, 1), valuePool)
  .map(([images, size, channels, filters, window, stride, pad, values]) => {
    const ops = new Operands();
    const out = Math.floor((size + 2 * pad - window) / stride) + 1;
    const numbers = values.f32.map((v) => (Number.isFinite(v) ? v : 3));
    const [img, y, x] = [index(0, images), index(1, out), index(2, out)] as const;
    const f = index(3, filters);
    const [dy, dx, ch] = [index(4, window), index(5, window), index(6, channels)] as const;
    const row = iadd(imul(y, stride), isub(dy, lit(pad)));
    const column = iadd(imul(x, stride), isub(dx, lit(pad)));
    const image = ops.read('f32', numbers, images * size * size * channels);
    const weights = ops.read('f32', numbers, window * window * channels * filters);
    const guard = binary('and', inBounds(row, size), inBounds(column, size));
    const lhs = load(image, 'f32', linearize([img, row, column, ch], [images, size, size, channels]), guard);
    const rhs = load(weights, 'f32', linearize([dy, dx, ch, f], [window, window, channels, filters]));
    const at = linearize([img, y, x, f], [images, out, out, filters]);
    const stores = [{ operand: ops.output('f32', images * out * out * filters), index: at, value: acc(0, 'f32') }];
    const [batch, rows, columns, depth] = [[], [images, out, out], [filters], [window, window, channels]];
    const parts = { kind: 'contract', batch, rows, columns, depth, dtype: 'f32', lhs, rhs, stores } as const;
    return finish(parts, ops);
  });

/** Sums of floats over any number of points, exact because the values are quarters. */
export const sumCases: Arb<Case> = fc
  .tuple(int(1, 40), fc.oneof(int(0, 300), int(2000, 9000)), fc.boolean(), valuePool)
  .map(([results, depth, turned, values]) => {
    const ops = new Operands();
    const [i, r] = [index(0, results), index(1, depth)] as const;
    const numbers = values.f32.map((v) => (Number.isFinite(v) ? v : 3));
    const at = turned ? linearize([r, i], [depth, results]) : linearize([i, r], [results, depth]);
    const value = load(ops.read('f32', numbers, results * depth), 'f32', at);
    const accumulators = [
      { monoid: 'add', dtype: 'f32', value },
      { monoid: 'max', dtype: 'f32', value },
    ] as const;
    const stores = [
      { operand: ops.output('f32', results), index: i, value: binary('mul', acc(0, 'f32'), constant('f32', 0.5)) },
      { operand: ops.output('f32', results), index: i, value: acc(1, 'f32') },
    ];
    const parts = { kind: 'reduce', domain: [results], reduced: [depth], accumulators, stores } as const;
    return finish(parts, ops);
  });
