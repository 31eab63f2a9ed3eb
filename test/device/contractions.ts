import type { DType, HostArray, ScalarType } from '../../src/kernel/dtype.ts';
import { hostArray } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { acc, binary, constant, index, load } from '../../src/kernel/expr.ts';
import { iadd, inBounds, linearize, lit } from '../../src/kernel/index-algebra.ts';
import type { ContractKernel } from '../../src/kernel/kernel.ts';
import { product, range } from '../../src/util/array.ts';
import type { Case } from './random-kernels.ts';
import { Random } from './random-kernels.ts';

/** Contractions whose values are small whole numbers, so that sums are exact in any order, and what comes out. */
export interface ExactCase extends Case {
  readonly kernel: ContractKernel;
  readonly want: HostArray;
}

/** Which product of matrices: `c[b, m, n] = Σₖ a[b, m, k] · b[b, k, n]`. */
export interface ProductOptions {
  readonly batch?: number;
  readonly dtype?: ScalarType;
  /** Stored with the rows inside: a as [k, m], b as [n, k]. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Adds a bias of the columns and clips at zero. */
  readonly epilogue?: boolean;
  /** The left operand is max(a, 0). */
  readonly prologue?: boolean;
}

const whole = (r: Random, dtype: DType, length: number): HostArray =>
  hostArray[dtype](length).map(() => (dtype === 'u32' ? r.below(5) : r.below(5) - 2));

/** A product of matrices with its result. */
export function matrixProduct(m: number, k: number, n: number, options: ProductOptions = {}): ExactCase {
  const {
    batch = 1,
    dtype = 'f32',
    transposeA = false,
    transposeB = false,
    epilogue = false,
    prologue = false,
  } = options;
  const r = new Random(m * 31 + k * 7 + n);
  const [a, b, bias] = [whole(r, dtype, batch * m * k), whole(r, dtype, batch * k * n), whole(r, dtype, n)];
  const [p, i, j, d] = [index(0, batch), index(1, m), index(2, n), index(3, k)];
  const left = load(0, dtype, transposeA ? linearize([p, d, i], [batch, k, m]) : linearize([p, i, d], [batch, m, k]));
  const right = load(1, dtype, transposeB ? linearize([p, j, d], [batch, n, k]) : linearize([p, d, j], [batch, k, n]));
  const sum = acc(0, dtype);
  const zero = constant(dtype, 0);
  const kernel: ContractKernel = {
    kind: 'contract', name: 'product', source: 'test', batch: [batch], rows: [m], columns: [n], depth: [k], dtype,
    lhs: prologue ? binary('max', left, zero) : left,
    rhs: right,
    operands: [
      { dtype, length: batch * m * k, access: 'read' },
      { dtype, length: batch * k * n, access: 'read' },
      { dtype, length: n, access: 'read' },
      { dtype, length: batch * m * n, access: 'write' },
    ],
    stores: [
      {
        operand: 3,
        index: linearize([p, i, j], [batch, m, n]),
        value: epilogue ? binary('max', binary('add', sum, load(2, dtype, j)), zero) : sum,
      },
    ],
  }; // prettier-ignore
  const at = (x: HostArray, position: number): number => x[position] ?? NaN;
  const want = hostArray[dtype](batch * m * n);
  for (let q = 0; q < batch; q++)
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++) {
        let total = 0;
        for (let e = 0; e < k; e++) {
          const x = at(a, transposeA ? (q * k + e) * m + row : (q * m + row) * k + e);
          total +=
            (prologue ? Math.max(x, 0) : x) * at(b, transposeB ? (q * n + column) * k + e : (q * k + e) * n + column);
        }
        want[(q * m + row) * n + column] = epilogue ? Math.max(total + at(bias, column), 0) : total;
      }
  return { kernel, data: [a, b, bias, hostArray[dtype](batch * m * n)], want };
}

/** Sizes of a convolution with square windows, images `[batch, size, size, channels]`. */
export interface ConvolutionSizes {
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly filters: number;
  readonly window: number;
  readonly padding: number;
}

/** A convolution forward, or the gradient of its filters: the same sums over other axes. */
export function convolution(kind: 'forward' | 'filters', s: ConvolutionSizes): ExactCase {
  const { batch, size, channels, filters, window, padding } = s;
  const out = size + 2 * padding - window + 1;
  const r = new Random(out * 31 + channels * 7 + filters);
  const forward = kind === 'forward';
  const image = whole(r, 'f32', batch * size * size * channels);
  const other = whole(r, 'f32', forward ? window * window * channels * filters : batch * out * out * filters);
  // Forward: rows are the places of the window, the depth is what is in it. Filters: the other way around.
  const places = [batch, out, out];
  const inside = [window, window, channels];
  const [rows, depth] = forward ? [places, inside] : [inside, places];
  const rowAxes = rows.map((extent, a) => index(a, extent));
  const column = index(3, filters);
  const depthAxes = depth.map((extent, a) => index(4 + a, extent));
  const [place, within] = forward ? [rowAxes, depthAxes] : [depthAxes, rowAxes];
  const pixel = [1, 2].map((a) => iadd(iadd(place[a] as Expr, within[a - 1] as Expr), lit(-padding))) as [Expr, Expr];
  const guard = binary('and', inBounds(pixel[0], size), inBounds(pixel[1], size));
  const position = linearize([place[0] as Expr, ...pixel, within[2] as Expr], [batch, size, size, channels]);
  const kernel: ContractKernel = {
    kind: 'contract', name: kind, source: 'test', batch: [], rows, columns: [filters], depth, dtype: 'f32',
    lhs: load(0, 'f32', position, padding > 0 ? guard : null),
    rhs: load(1, 'f32', linearize([...depthAxes, column], [...depth, filters])),
    operands: [
      { dtype: 'f32', length: image.length, access: 'read' },
      { dtype: 'f32', length: other.length, access: 'read' },
      { dtype: 'f32', length: product(rows) * filters, access: 'write' },
    ],
    stores: [{ operand: 2, index: linearize([...rowAxes, column], [...rows, filters]), value: acc(0, 'f32') }],
  }; // prettier-ignore
  const want = hostArray.f32(product(rows) * filters);
  const visit = (extents: readonly number[], body: (at: readonly number[], linear: number) => void): void =>
    range(product(extents)).forEach((linear) => {
      const [, second, third] = extents as [number, number, number];
      body([Math.floor(linear / third / second), Math.floor(linear / third) % second, linear % third], linear);
    });
  visit(places, (p, placeAt) =>
    visit(inside, (w, insideAt) => {
      const [y, x] = [1, 2].map((a) => (p[a] as number) + (w[a - 1] as number) - padding) as [number, number];
      if (y < 0 || x < 0 || y >= size || x >= size) return;
      const value = image[(((p[0] as number) * size + y) * size + x) * channels + (w[2] as number)] as number;
      const [row, d] = forward ? [placeAt, insideAt] : [insideAt, placeAt];
      for (let f = 0; f < filters; f++)
        want[row * filters + f] = (want[row * filters + f] as number) + value * (other[d * filters + f] as number);
    }),
  );
  return { kernel, data: [image, other, hostArray.f32(want.length)], want };
}
