import type { DType, HostArray, ScalarType } from '../../src/kernel/dtype.ts';
import { boundsOf, computedIn, dtypes as allStored, hostArray, isFloat } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { acc, binary, bitcastTo, cast, constant, index, load, select, unary } from '../../src/kernel/expr.ts';
import { iadd, imod, idiv, imul, inBounds, interval, lit, linearize } from '../../src/kernel/index-algebra.ts';
import type { Accumulator, Kernel, Operand, Pass, Store } from '../../src/kernel/kernel.ts';
import { narrow } from '../../src/kernel/narrow.ts';
import type { BinaryOp, Monoid, UnaryOp } from '../../src/kernel/ops.ts';
import { roundTo } from '../../src/kernel/semantics.ts';
import { product, range } from '../../src/util/array.ts';
import type { Source } from './random.ts';
import { Random } from './random.ts';

export { Random };

/** A kernel with contents for its operands. */
export interface Case {
  readonly kernel: Kernel;
  readonly data: readonly HostArray[];
}

const specialFloats = [
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  -Infinity,
  0.5,
  2.5,
  -2.5,
  3.5,
  1e-40,
  3e38,
  -3e38,
  2147483648,
  4294967296,
];
const specialInts = [0, 1, -1, 2, 31, 32, 33, 7, -7, 2147483647, -2147483648, 100];

/** Which values and operations a random kernel is made of. */
export interface Vocabulary {
  readonly dtypes: readonly ScalarType[];
  /** Mixes in NaN, infinities, extreme integers and the like. */
  readonly special: boolean;
  /**
   * Only what a device with inexact floats computes to the bit as well: floats are quarters, and no operation on them
   * rounds, as long as they stay small.
   */
  readonly exact: boolean;
  /** Are operands at times of dtypes that take fewer bits than they are computed in? */
  readonly narrow?: boolean;
}

const exactFloats = [0, 1, -1, NaN, Infinity, -Infinity, 0.5, 2.5, -2.5, 3.5];

/** Random contents of an operand. */
export function randomData(from: Random, dtype: DType, length: number, { special, exact }: Vocabulary): HostArray {
  // What a case is made of can be made smaller without its numbers.
  const r = from.apart();
  const data = hostArray[dtype](length);
  for (let i = 0; i < length; i++) {
    if (dtype === 'bool') data[i] = r.below(2);
    else if ((dtype === 'f32' || dtype === 'f16') && exact)
      data[i] = special && r.chance(0.1) ? r.pick(exactFloats) : (r.below(81) - 40) / 4;
    else if (isFloat(dtype))
      data[i] = roundTo(
        dtype,
        special && r.chance(0.2) ? r.pick(specialFloats) : (r.next() - 0.5) * (special && r.chance(0.2) ? 200 : 4),
      );
    else data[i] = special && r.chance(0.5) ? r.pick(specialInts) : r.below(200) - (boundsOf(dtype).min < 0 ? 100 : 0);
  }
  return data;
}

const exactUnary: readonly UnaryOp[] = ['neg', 'abs', 'sign', 'floor', 'ceil', 'round'];
const floatUnary: readonly UnaryOp[] = [...exactUnary, 'sqrt'];
const intUnary: readonly UnaryOp[] = ['neg', 'abs', 'sign', 'not'];
const boolUnary: readonly UnaryOp[] = ['not'];
const exactBinary: readonly BinaryOp[] = ['add', 'sub', 'max', 'min'];
const floatBinary: readonly BinaryOp[] = [...exactBinary, 'mul', 'div', 'rem'];
const intBinary: readonly BinaryOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'rem',
  'max',
  'min',
  'and',
  'or',
  'xor',
  'shl',
  'shr',
  'sar',
];
const boolBinary: readonly BinaryOp[] = ['add', 'mul', 'max', 'min', 'and', 'or', 'xor', 'eq', 'ne', 'lt', 'le'];
const predicates: readonly BinaryOp[] = ['eq', 'ne', 'lt', 'le'];
/** Operations that a device computes to within some ulp: they come last, so that nothing amplifies the difference. */
const transcendental: readonly UnaryOp[] = ['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tan', 'tanh', 'atan', 'erf'];

/** Builds a random kernel's operands and expressions. */
export class KernelMaker {
  readonly operands: Operand[] = [];
  readonly data: HostArray[] = [];
  protected readonly r: Random;
  protected readonly vocabulary: Vocabulary;

  constructor(r: Random, vocabulary: Vocabulary) {
    this.r = r;
    this.vocabulary = vocabulary;
  }

  operand(dtype: DType, length: number, access: Operand['access']): number {
    this.operands.push({ dtype, length, access });
    this.data.push(access === 'write' ? hostArray[dtype](length) : randomData(this.r, dtype, length, this.vocabulary));
    return this.operands.length - 1;
  }

  /** A dtype that is computed in this one: mostly itself. */
  private stored(dtype: ScalarType): DType {
    if (this.vocabulary.narrow !== true || this.r.chance(0.8)) return dtype;
    return this.r.pick(allStored.filter((d) => computedIn(d) === dtype));
  }

  /** A load over some of the axes, in some order, with strides, offsets, reshapes and guards. */
  load(computed: ScalarType, axes: readonly Expr[]): Expr {
    const { r } = this;
    const dtype = this.stored(computed);
    const order = [...axes].sort(() => r.next() - 0.5);
    const used = (r.chance(0.6) ? axes : order).filter(() => !r.chance(0.2));
    let position = lit(r.below(3));
    let scale = 1;
    for (const axis of [...used].reverse()) {
      const extent = interval(axis).max + 1;
      const kind = r.below(8);
      if (kind === 0) position = iadd(position, imul(iadd(imul(axis, -1), lit(extent - 1)), scale));
      else if (kind === 1) position = iadd(position, imul(imod(iadd(axis, lit(1)), Math.max(2, extent - 1)), scale));
      else if (kind === 2) position = iadd(position, imul(idiv(axis, 2), scale));
      else position = iadd(position, imul(axis, scale * (kind === 3 ? 2 : 1)));
      scale = scale * (extent + 1) * 2;
    }
    if (r.chance(0.3)) {
      // Reads outside where the guard is false, far outside at times.
      const shift = r.chance(0.3) ? 1000000 : r.below(5);
      const moved = iadd(position, lit(-shift));
      const length = Math.max(1, interval(position).max + 1 - Math.min(shift, r.below(4)));
      return load(this.operand(dtype, length, 'read'), dtype, moved, inBounds(moved, length));
    }
    return load(this.operand(dtype, interval(position).max + 1, 'read'), dtype, position);
  }

  /** A random expression whose value every device computes exactly. */
  expr(dtype: ScalarType, axes: readonly Expr[], depth: number): Expr {
    const { r } = this;
    if (depth <= 0 || r.chance(0.1)) return this.leaf(dtype, axes);
    const sub = (d: ScalarType): Expr => this.expr(d, axes, depth - 1 - r.below(2));
    if (r.chance(0.12)) return select(sub('bool'), sub(dtype), sub(dtype));
    if (r.chance(0.15)) return this.cast(dtype, sub);
    const float = dtype === 'f32' || dtype === 'f64';
    const { dtypes, exact } = this.vocabulary;
    if (dtype === 'bool' && r.chance(0.5)) {
      const of = r.pick(dtypes);
      if (r.chance(0.1)) return unary('isNan', sub(dtypes.includes('f32') ? 'f32' : 'f64'));
      return binary(r.pick(predicates), sub(of), sub(of));
    }
    const [unaries, binaries] = float
      ? exact
        ? [exactUnary, exactBinary]
        : [floatUnary, floatBinary]
      : dtype === 'bool'
        ? [boolUnary, boolBinary]
        : [intUnary, intBinary];
    if (r.chance(0.3)) return unary(r.pick(unaries), sub(dtype));
    const name = r.pick(binaries);
    const [x, y] = [sub(dtype), sub(dtype)];
    const literals = [1, 2, 3, 5, 31, 32, 40, ...(float ? [] : [123456789, 987654321])];
    if (r.chance(0.2)) return binary(name, x, constant(dtype, r.pick(literals)));
    return binary(name, x, y);
  }

  private cast(dtype: ScalarType, sub: (d: ScalarType) => Expr): Expr {
    const { dtypes, exact } = this.vocabulary;
    const from = this.r.pick(dtypes);
    if (this.r.chance(0.3) && dtype === 'u32' && dtypes.includes('f32')) {
      // The bits of a NaN, and on inexact devices the sign of a zero, are nobody's promise.
      if (exact) return bitcastTo(dtype, sub('i32'));
      const x = sub('f32');
      return bitcastTo(dtype, select(unary('isNan', x), constant('f32', 1), x));
    }
    if (exact && dtype === 'f32' && (from === 'i32' || from === 'u32'))
      return cast(dtype, binary('rem', sub(from), constant(from, 1000)));
    return cast(dtype, sub(from));
  }

  protected leaf(dtype: ScalarType, axes: readonly Expr[]): Expr {
    const { r } = this;
    const { special, exact } = this.vocabulary;
    if (r.chance(0.15)) {
      const specials = dtype === 'f32' || dtype === 'f64' ? (exact ? exactFloats : specialFloats) : specialInts;
      return constant(dtype, special ? r.pick(specials) : r.below(5) - 2);
    }
    if (r.chance(0.15) && axes.length > 0) return cast(dtype, r.pick(axes));
    return this.load(dtype, axes);
  }

  /** As {@link expr}, perhaps with a transcendental function as the last operation. */
  value(dtype: ScalarType, axes: readonly Expr[], depth: number): Expr {
    const x = this.expr(dtype, axes, depth);
    if ((dtype !== 'f32' && dtype !== 'f64') || this.r.chance(0.6)) return x;
    if (this.r.chance(0.8)) return unary(this.r.pick(transcendental), x);
    return binary(this.r.pick(['pow', 'atan2'] as const), x, this.expr(dtype, axes, 0));
  }

  /** A store over all axes, in some order, with gaps or reversed. */
  store(axes: readonly Expr[], value: Expr): Store {
    const { r } = this;
    const order = r.chance(0.6) ? axes : [...axes].sort(() => r.next() - 0.5);
    const extents = order.map((a) => interval(a).max + 1);
    const gap = r.chance(0.2) ? 2 : 1;
    const reversed = r.chance(0.15);
    const last = order.length - 1;
    const position = linearize(
      order.map((a, i) => (reversed && i === last ? iadd(imul(a, -1), lit((extents[i] as number) - 1)) : a)),
      extents,
    );
    const index = imul(position, gap);
    const dtype = this.stored(value.dtype);
    return { operand: this.operand(dtype, product(extents) * gap, 'write'), index, value: narrow(dtype, value) };
  }
}

const extents = [1, 2, 3, 4, 5, 7, 8, 13, 16, 33];
/** Dtypes that every device has. */
export const f32Like: readonly ScalarType[] = ['f32', 'f32', 'i32', 'u32', 'bool'];
export const allDTypes: readonly ScalarType[] = ['f32', 'f64', 'i32', 'u32', 'bool'];
export const axesOf = (domain: readonly number[], first = 0): Expr[] => domain.map((n, i) => index(first + i, n));

/**
 * A random map kernel: one or two stores, at times one that updates an operand in place. Here and below, one that is
 * `exact` has only dtypes that every device has, and floats that are exact.
 */
export function randomMap(source: Source, exact = false): Case {
  const r = new Random(source);
  const dtypes = exact || r.chance(0.75) ? f32Like : allDTypes;
  const k = new KernelMaker(r, { dtypes, special: r.chance(0.7), exact, narrow: !exact });
  const domain = range(r.below(4)).map(() => (r.chance(0.03) ? 0 : r.pick(extents)));
  const axes = axesOf(domain);
  const stores = range(1 + r.below(2)).map(() =>
    k.store(axes, exact ? k.expr(r.pick(dtypes), axes, 3) : k.value(r.pick(dtypes), axes, 3)),
  );
  if (r.chance(0.3)) {
    const dtype = r.pick(dtypes);
    const at = linearize(axes, domain);
    const operand = k.operand(dtype, product(domain), 'readwrite');
    const old = load(operand, dtype, at);
    stores.push({
      operand,
      index: at,
      value: dtype === 'bool' ? unary('not', old) : binary('add', old, k.expr(dtype, axes, 1)),
    });
  }
  const kernel: Kernel = { kind: 'map', name: 'map', source: 'random', domain, operands: k.operands, stores };
  return { kernel, data: k.data };
}

/** A random map kernel over enough points that loads in another order than the stores go tile by tile. */
export function randomTranspose(source: Source, exact = false): Case {
  const r = new Random(source);
  const dtypes = exact || r.chance(0.85) ? f32Like : allDTypes;
  const k = new KernelMaker(r, { dtypes, special: r.chance(0.5), exact, narrow: !exact });
  const domain = r.pick([
    [r.pick([8, 31, 300]), r.pick([128, 131])],
    [257, r.pick([5, 8, 17])],
    [r.pick([2, 9]), r.pick([16, 33]), r.pick([32, 41])],
    [9, 4, 3, 21],
  ]);
  const axes = axesOf(domain);
  const permuted = (): Expr => {
    const dtype = r.pick(dtypes);
    const order = [...axes].sort(() => r.next() - 0.5);
    const place = linearize(
      order,
      order.map((a) => interval(a).max + 1),
    );
    const x = load(k.operand(dtype, interval(place).max + 3, 'read'), dtype, iadd(place, lit(r.below(3))));
    return r.chance(0.2) ? unary(dtype === 'bool' ? 'not' : 'neg', x) : x;
  };
  const stores = range(1 + r.below(2)).map(() => {
    const dtype = r.pick(dtypes);
    const sum = binary('add', cast(dtype, permuted()), cast(dtype, r.chance(0.5) ? permuted() : k.load(dtype, axes)));
    return k.store(axes, sum);
  });
  const kernel: Kernel = { kind: 'map', name: 'map', source: 'random', domain, operands: k.operands, stores };
  return { kernel, data: k.data };
}

const monoidsOf = (dtype: ScalarType): readonly Monoid[] =>
  dtype === 'bool'
    ? ['and', 'or', 'add', 'mul', 'max', 'min']
    : dtype === 'f32' || dtype === 'f64'
      ? ['add', 'max', 'min']
      : ['add', 'mul', 'max', 'min', 'and', 'or'];

/** A random reduce kernel with one to three accumulators. */
export function randomReduce(source: Source, exact = false): Case {
  const r = new Random(source);
  const dtypes = exact || r.chance(0.8) ? f32Like : allDTypes;
  const special = r.chance(0.3);
  const k = new KernelMaker(r, { dtypes, special, exact, narrow: !exact });
  const domain = range(r.below(3)).map(() => (r.chance(0.03) ? 0 : r.pick(extents)));
  const long = r.chance(0.15);
  const reduced = long
    ? [r.pick([700, 1031, 5000])]
    : range(1 + r.below(2)).map(() => (r.chance(0.05) ? 0 : r.pick(extents)));
  const outer = axesOf(long && product(domain) > 20 ? domain.slice(0, 1) : domain);
  const axes = [...outer, ...axesOf(reduced, outer.length)];
  const accumulators = range(1 + r.below(3)).map((): Accumulator => {
    const dtype = r.pick(dtypes);
    const monoid = r.pick(monoidsOf(dtype).filter((m) => !special || m !== 'add' || dtype[0] !== 'f'));
    return { monoid, dtype, value: k.expr(dtype, axes, special ? 2 : 0) };
  });
  const stores = accumulators.map((a, i) => {
    const result = acc(i, a.dtype);
    if (a.dtype === 'f32' && r.chance(0.4)) return k.store(outer, binary('mul', result, k.load('f32', outer)));
    return k.store(outer, result);
  });
  const kernel: Kernel = {
    kind: 'reduce', name: 'reduce', source: 'random', domain: domain.slice(0, outer.length), reduced, accumulators,
    operands: k.operands, stores,
  }; // prettier-ignore
  return { kernel, data: k.data };
}

/** A random reduce kernel of so much to so little that it goes in parts, or along columns. */
export function randomLargeReduce(source: Source, exact = false): Case {
  const r = new Random(source);
  const special = r.chance(0.3);
  const dtypes = exact || r.chance(0.8) ? f32Like : allDTypes;
  const k = new KernelMaker(r, { dtypes, special, exact, narrow: !exact });
  const [domain, reduced] = r.pick([
    [[], [r.pick([65_536, 100_003])]],
    [[3], [50_001]],
    [[2], [37, 1031]],
    [[130], [r.pick([33, 700, 1003])]],
    [[259], [r.pick([40, 600])]],
    [
      [3, 131],
      [2, 99],
    ],
    [[140], [65, 40]],
  ] as const);
  const axes = axesOf([...domain, ...reduced]);
  const outer = axes.slice(0, domain.length);
  const accumulators = range(1 + r.below(2)).map((): Accumulator => {
    const dtype = r.pick(dtypes);
    const monoid = r.pick(monoidsOf(dtype).filter((m) => !special || m !== 'add' || dtype[0] !== 'f'));
    const order = r.chance(0.5) ? axes : [...axes.slice(domain.length), ...outer];
    const place = linearize(
      order,
      order.map((a) => interval(a).max + 1),
    );
    const x = load(k.operand(dtype, interval(place).max + 1, 'read'), dtype, place);
    return { monoid, dtype, value: r.chance(0.5) ? x : select(k.expr('bool', axes, 0), x, constant(dtype, 1)) };
  });
  const stores = accumulators.map((a, i) => k.store(outer, acc(i, a.dtype)));
  const kernel: Kernel = {
    kind: 'reduce', name: 'reduce', source: 'random', domain, reduced, accumulators, operands: k.operands, stores,
  }; // prettier-ignore
  return { kernel, data: k.data };
}

/**
 * A random row-wise kernel: one to four passes, later ones reading the results of those before and what was stored in
 * the row. Its floats are exact, unless `exact` is false and but for the last operation of what is stored.
 */
export function randomRowwise(source: Source, exact: boolean): Case {
  const r = new Random(source);
  const dtypes = exact || r.chance(0.8) ? f32Like : allDTypes;
  const k = new KernelMaker(r, { dtypes, special: r.chance(0.2), exact: true, narrow: !exact });
  const long = r.chance(0.2);
  // Columns that are worked on all together.
  const wide = !long && r.chance(0.05);
  const domain = wide
    ? r.pick([[130], [2, 131]])
    : range(r.below(3)).map(() => (r.chance(0.03) ? 0 : r.pick(long ? [1, 2, 5] : extents)));
  const row = wide
    ? r.pick([[260], [64, 5]])
    : long
      ? r.pick([[300], [700], [64, 9], [1031], [5000]])
      : range(1 + r.below(2)).map(() => (r.chance(0.05) ? 0 : r.pick(extents)));
  const outer = axesOf(domain);
  const points = [...outer, ...axesOf(row, outer.length)];
  // What a value may be made of besides loads: earlier results, where they stay exact, and what was stored in the row.
  const known: Expr[] = [];
  const value = (dtype: ScalarType, axes: readonly Expr[], depth: number): Expr => {
    const fresh = k.expr(dtype, axes, depth);
    const usable = known.filter((e) => axes === points || e.kind !== 'load');
    if (usable.length === 0 || r.chance(0.3)) return fresh;
    const old = cast(dtype, r.pick(usable));
    return binary(dtype === 'bool' ? 'xor' : r.pick(['max', 'sub'] as const), fresh, old);
  };
  // Without gaps, so that every element of what is stored can be compared.
  const everywhere = (axes: readonly Expr[], value: Expr): Store => {
    const lengths = axes === points ? [...domain, ...row] : domain;
    return { operand: k.operand(value.dtype, product(lengths), 'write'), index: linearize(axes, lengths), value };
  };
  const results: Expr[] = [];
  const passes = range(1 + r.below(4)).map((): Pass => {
    const stored: Expr[] = [];
    const stores = range(r.below(2)).map((): Store => {
      const dtype = r.pick(dtypes);
      const position = linearize(points, [...domain, ...row]);
      const operand = k.operand(dtype, product([...domain, ...row]), 'readwrite');
      const there = load(operand, dtype, position);
      if (r.chance(0.3)) known.push(there);
      stored.push(there);
      return { operand, index: position, value: value(dtype, points, 2) };
    });
    const accumulators = range(stores.length === 0 ? 1 + r.below(2) : r.below(3)).map((): Accumulator => {
      const dtype = r.pick(dtypes);
      return { monoid: r.pick(monoidsOf(dtype)), dtype, value: value(dtype, points, 1) };
    });
    for (const a of accumulators) {
      const result = acc(results.length, a.dtype);
      results.push(result);
      const inexact = (a.dtype === 'f32' || a.dtype === 'f64') && a.monoid === 'add';
      known.push(inexact ? cast(a.dtype, binary('lt', constant(a.dtype, 0), result)) : result);
    }
    known.push(...stored.filter((e) => !known.includes(e)));
    return { accumulators, stores };
  });
  const stores = range(r.below(3)).map(() => {
    const dtype = r.pick(dtypes);
    return everywhere(
      outer,
      r.chance(0.3) && dtype !== 'bool' ? unary('abs', value(dtype, outer, 1)) : value(dtype, outer, 1),
    );
  });
  results.forEach((e) => stores.push(everywhere(outer, e)));
  const last: Pass = {
    accumulators: [],
    stores: [everywhere(points, exact ? value(r.pick(dtypes), points, 2) : k.value(r.pick(dtypes), points, 2))],
  };
  const kernel: Kernel = {
    kind: 'rowwise', name: 'rowwise', source: 'random', domain, row, passes: [...passes, last], operands: k.operands, stores,
  }; // prettier-ignore
  return { kernel, data: k.data };
}

/** A random contract kernel, from dot products to windows with padding. */
export function randomContract(source: Source, exact = false): Case {
  const r = new Random(source);
  const dtype = r.pick(
    exact ? (['f32', 'i32', 'u32'] as const) : (['f32', 'f32', 'f32', 'f64', 'i32', 'u32'] as const),
  );
  const k = new KernelMaker(r, { dtypes: [dtype], special: false, exact, narrow: !exact });
  const size = (): number => (r.chance(0.03) ? 0 : r.pick([...extents, 9, 12, 20, 50]));
  const group = (most: number): number[] => range(r.below(most + 1)).map(size);
  const batch = r.chance(0.3) ? [r.pick([1, 2, 3])] : [];
  const [rows, columns] = [group(2), group(2)];
  const long = r.chance(0.05);
  const depth = long ? [2100] : r.chance(0.05) ? [0] : group(2);
  // The reference device visits every point: keep them few.
  for (const part of [rows, columns, depth])
    while (product([...rows, ...columns, ...depth]) > 60000 && part.length > 0 && part[0] !== 2100) part.shift();
  let next = 0;
  const make = (domain: readonly number[]): Expr[] => domain.map((n) => index(next++, n));
  const [b, m, n, d] = [make(batch), make(rows), make(columns), make(depth)] as const;
  const operand = (axes: readonly Expr[]): Expr => {
    if (r.chance(0.5)) {
      const order = r.chance(0.5) ? axes : [...axes].sort(() => r.next() - 0.5);
      const lengths = order.map((a) => interval(a).max + 1);
      const x = load(k.operand(dtype, product(lengths), 'read'), dtype, linearize(order, lengths));
      return r.chance(0.3) ? binary('max', x, constant(dtype, 0)) : x;
    }
    return k.load(dtype, axes);
  };
  const lhs = operand([...b, ...m, ...d]);
  const rhs = operand([...b, ...d, ...n]);
  const outer = [...b, ...m, ...n];
  const sum = acc(0, dtype);
  const stores = [k.store(outer, r.chance(0.4) ? binary('add', sum, k.load(dtype, outer)) : sum)];
  if (r.chance(0.2)) stores.push(k.store(outer, binary('lt', sum, constant(dtype, 1e30))));
  const kernel: Kernel = {
    kind: 'contract', name: 'contract', source: 'random', batch, rows, columns, depth, dtype, lhs, rhs,
    operands: k.operands, stores,
  }; // prettier-ignore
  return { kernel, data: k.data };
}
