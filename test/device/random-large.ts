import type { Expr } from '../../src/kernel/expr.ts';
import { acc, binary, constant, index, load, select } from '../../src/kernel/expr.ts';
import { iadd, imul, inBounds, interval, isub, linearize, lit } from '../../src/kernel/index-algebra.ts';
import type { Accumulator, ContractKernel, MapKernel, ReduceKernel } from '../../src/kernel/kernel.ts';
import { product, range } from '../../src/util/array.ts';
import type { Case } from './random-kernels.ts';
import { KernelMaker, allDTypes, axesOf, f32Like } from './random-kernels.ts';
import type { Source } from './random.ts';
import { Random } from './random.ts';

/** Random kernels of the sizes that are worked on in blocks and parts: see `expectSameAt`. */

export interface LargeCase<K> extends Case {
  readonly kernel: K & Case['kernel'];
  /** To choose points with. */
  readonly r: Random;
}

/** Extents of a domain with an axis, or a product of axes, of many thousands. */
function hugeDomain(r: Random): readonly number[] {
  const long = r.pick([4099, 65_537, 100_003, 20_000]);
  return r.pick([[long], [3, long], [long, 2], [129, 257], [5, 7, 1031], [1, long], [1031, 1, 63]]);
}

/** A view of an operand: its axes in some order, one of them reversed, stretched, broadcast or shifted out of bounds. */
function view(k: KernelMaker, r: Random, dtype: Parameters<KernelMaker['operand']>[0], axes: readonly Expr[]): Expr {
  const order = r.chance(0.4) ? [...axes].sort(() => r.next() - 0.5) : axes;
  const seen = order.filter(() => order.length === 1 || !r.chance(0.1));
  const extents = seen.map((a) => interval(a).max + 1);
  const special = r.below(seen.length + 1);
  const kind = r.below(4);
  const coordinates = seen.map((a, i) => {
    if (i !== special) return a;
    const last = (extents[i] as number) - 1;
    return kind === 0 ? isub(lit(last), a) : kind === 1 ? imul(a, 2) : a;
  });
  const shape = extents.map((n, i) => (i === special && kind === 1 ? 2 * n : n));
  const place = linearize(coordinates, shape);
  if (special === seen.length || kind !== 2) {
    return load(k.operand(dtype, Math.max(1, product(shape)), 'read'), dtype, place);
  }
  const moved = iadd(seen[special] as Expr, lit(r.below(5) - 2));
  const guarded = coordinates.map((c, i) => (i === special ? moved : c));
  const guard = inBounds(moved, extents[special] as number);
  return load(k.operand(dtype, Math.max(1, product(shape)), 'read'), dtype, linearize(guarded, shape), guard);
}

/** A map over a huge domain. */
export function randomLargeMap(source: Source): LargeCase<MapKernel> {
  const r = new Random(source);
  const dtypes = r.chance(0.2) ? allDTypes : f32Like;
  const k = new KernelMaker(r, { dtypes, special: r.chance(0.3), exact: false });
  const domain = hugeDomain(r);
  const axes = axesOf(domain);
  const stores = range(1 + r.below(2)).map(() => {
    const dtype = r.pick(dtypes);
    const [x, y] = [view(k, r, dtype, axes), view(k, r, dtype, axes)];
    const value = dtype === 'bool' ? binary('and', x, y) : binary(r.pick(['add', 'max', 'mul'] as const), x, y);
    return k.store(axes, r.chance(0.3) ? select(binary('lt', x, y), value, x) : value);
  });
  const kernel = { kind: 'map', name: 'map', source: 'random', domain, operands: k.operands, stores } as const;
  return { kernel, data: k.data, r };
}

/** A reduction of a huge domain, along any of its axes. */
export function randomHugeReduce(source: Source): LargeCase<ReduceKernel> {
  const r = new Random(source);
  const dtypes = r.chance(0.2) ? allDTypes : f32Like;
  const k = new KernelMaker(r, { dtypes, special: false, exact: false });
  const extents = hugeDomain(r);
  // What is reduced may be any of the axes, which are numbered domain first.
  const reducedAxes = extents.map(() => r.chance(0.5));
  const domain = extents.filter((_, i) => reducedAxes[i] !== true);
  const reduced = extents.filter((_, i) => reducedAxes[i] === true);
  let [outer, inner] = [0, domain.length];
  const axes = extents.map((n, i) => index(reducedAxes[i] === true ? inner++ : outer++, n));
  const accumulators = range(1 + r.below(2)).map((): Accumulator => {
    const dtype = r.pick(dtypes);
    return { monoid: r.pick(['add', 'max', 'min'] as const), dtype, value: view(k, r, dtype, axes) };
  });
  const points = axesOf(domain);
  const stores = accumulators.map((a, i) => k.store(points, acc(i, a.dtype)));
  const kernel = {
    kind: 'reduce', name: 'reduce', source: 'random', domain, reduced, accumulators, operands: k.operands, stores,
  } as const; // prettier-ignore
  return { kernel, data: k.data, r };
}

/** Rows, columns and depth of a product of several blocks, with odd edges. */
function sizes(r: Random): readonly [rows: number, columns: number, depth: number] {
  const odd = (n: number): number => Math.max(1, n + r.below(7) - 3);
  const [a, b] = [r.pick([1, 2, 5, 17, 33]), r.pick([1, 3, 8, 31, 64])];
  return r.pick([
    [odd(100), odd(100), odd(100)],
    [odd(400), odd(530), odd(40)],
    [a, b, odd(r.pick([1030, 1536, 2304, 4000]))],
    [a, odd(r.pick([513, 1100, 2050])), odd(60)],
    [odd(r.pick([600, 1200, 5000])), b, odd(60)],
    [odd(130), odd(70), odd(1100)],
    [1, odd(2050), odd(300)],
    [odd(2050), 1, odd(300)],
  ]);
}

/** A product of matrices, perhaps several, with views for operands. */
export function randomLargeProduct(source: Source): LargeCase<ContractKernel> {
  const r = new Random(source);
  const dtype = r.pick(['f32', 'f32', 'f32', 'f64', 'i32'] as const);
  const k = new KernelMaker(r, { dtypes: [dtype], special: false, exact: false });
  const [m, n, d] = sizes(r);
  const batch = r.chance(0.2) ? [r.pick([2, 3])] : [];
  // An axis of two parts is one that is not contiguous.
  const parts = (extent: number): readonly number[] => (r.chance(0.2) ? [Math.ceil(extent / 3), 3] : [extent]);
  const [rows, columns, depth] = [parts(m), parts(n), parts(d)];
  let next = 0;
  const make = (domain: readonly number[]): readonly Expr[] => domain.map((extent) => index(next++, extent));
  const [b, i, j, e] = [make(batch), make(rows), make(columns), make(depth)] as const;
  const clipped = (x: Expr): Expr => (r.chance(0.2) ? binary('max', x, constant(dtype, 0)) : x);
  const lhs = clipped(view(k, r, dtype, [...b, ...i, ...e]));
  const rhs = clipped(view(k, r, dtype, r.chance(0.5) ? [...b, ...e, ...j] : [...b, ...j, ...e]));
  const outer = [...b, ...i, ...j];
  const sum = acc(0, dtype);
  const stores = [k.store(outer, r.chance(0.4) ? binary('add', sum, view(k, r, dtype, outer)) : sum)];
  const kernel = {
    kind: 'contract', name: 'contract', source: 'random', batch, rows, columns, depth, dtype, lhs, rhs,
    operands: k.operands, stores,
  } as const; // prettier-ignore
  return { kernel, data: k.data, r };
}

/** A convolution of images in one dimension or two, forward or by its kernel, with strides, dilation and padding. */
export function randomLargeConvolution(source: Source): LargeCase<ContractKernel> {
  const r = new Random(source);
  const k = new KernelMaker(r, { dtypes: ['f32'], special: false, exact: false });
  const spatial = 1 + r.below(2);
  const [n, channels, features] = [r.pick([1, 2, 9]), r.pick([1, 3, 16, 33]), r.pick([1, 8, 19, 64])];
  const window = range(spatial).map(() => r.pick([1, 2, 3, 5]));
  const [stride, dilation, low] = [1 + r.below(2), 1 + r.below(2), r.below(3)];
  const size = range(spatial).map(() => r.pick([11, 14, 23]));
  const out = size.map((s, i) => Math.floor((s + 2 * low - ((window[i] as number) - 1) * dilation - 1) / stride) + 1);
  const byKernel = r.chance(0.4);
  const [places, taps] = [
    [n, ...out],
    [...window, channels],
  ];
  const [rows, depth] = byKernel ? [taps, places] : [places, taps];
  const row = rows.map((extent, a) => index(a, extent));
  const column = index(rows.length, features);
  const inner = depth.map((extent, a) => index(rows.length + 1 + a, extent));
  const [place, tap] = byKernel ? [inner, row] : [row, inner];
  const pixel = range(spatial).map((a) =>
    iadd(iadd(imul(place[a + 1] as Expr, stride), imul(tap[a] as Expr, dilation)), lit(-low)),
  );
  const inside = pixel.map((p, a) => inBounds(p, size[a] as number)).reduce((x, y) => binary('and', x, y));
  const [image, channel] = [place[0] as Expr, tap[spatial] as Expr];
  // Channels last or first.
  const last = r.chance(0.6);
  const at = last ? [image, ...pixel, channel] : [image, channel, ...pixel];
  const shape = last ? [n, ...size, channels] : [n, channels, ...size];
  const lhs = load(k.operand('f32', product(shape), 'read'), 'f32', linearize(at, shape), inside);
  const rhs = view(k, r, 'f32', [...inner, column]);
  const outer = [...row, column];
  const sum = acc(0, 'f32');
  const value = r.chance(0.5) ? binary('max', sum, constant('f32', 0)) : sum;
  const kernel = {
    kind: 'contract', name: 'contract', source: 'random', batch: [], rows, columns: [features], depth, dtype: 'f32',
    lhs, rhs, operands: k.operands, stores: [k.store(outer, value)],
  } as const; // prettier-ignore
  return { kernel, data: k.data, r };
}
