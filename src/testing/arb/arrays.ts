import fc from 'fast-check';
import type { DType } from '../../kernel/dtype.ts';
import { dtypes as allDTypes, isFloat } from '../../kernel/dtype.ts';
import { key as keyOf } from '../../random/keys.ts';
import type { Shape } from '../../trace/aval.ts';
import { showAval, sizeOf } from '../../trace/aval.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { NDArray } from '../../trace/value.ts';
import { range } from '../../util/array.ts';
import { show } from '../derivatives.ts';
import { arrayOf } from '../subject.ts';
import type { NumberOptions } from './numbers.ts';
import { numbers } from './numbers.ts';

/** Arbitrary shapes, arrays and trees of them. */

/** How shapes are drawn. */
export interface ShapeOptions {
  /** Default 0. */
  readonly minRank?: number;
  /** Default 3, or `minRank` if that is more. */
  readonly maxRank?: number;
  /** Default 1; 0 draws arrays without elements, too. */
  readonly minExtent?: number;
  /** Default 4, or `minExtent` if that is more. */
  readonly maxExtent?: number;
}

/** How arrays are drawn. */
export interface ArrayOptions extends NumberOptions {
  /** A shape, or what draws one; default `arb.shape()`. */
  readonly shape?: Shape | fc.Arbitrary<Shape>;
  /** A dtype, or what draws one; default f64. */
  readonly dtype?: DType | fc.Arbitrary<DType>;
}

/** How symmetric positive definite matrices are drawn. */
export interface MatrixOptions {
  /** The number of rows, or what draws it; default 1 to 4. */
  readonly size?: number | fc.Arbitrary<number>;
  /** Default f64. */
  readonly dtype?: DType;
}

/** One of some dtypes, by default f32, f64, i32, u32 and bool. Shrinks to the first. */
export function dtype(among: readonly DType[] = ['f32', 'f64', 'i32', 'u32', 'bool']): fc.Arbitrary<DType> {
  if (among.length === 0) throw new ArgumentError('[arb.dtype] needs a list of dtypes');
  for (const d of among) requireDType('arb.dtype', d);
  return fc.constantFrom(...among);
}

/** A shape. Shrinks to fewer axes and to smaller ones. */
export function shape(options: ShapeOptions = {}): fc.Arbitrary<readonly number[]> {
  const [minRank, maxRank] = span('arb.shape', 'Rank', options.minRank ?? 0, options.maxRank, 3);
  const [minExtent, maxExtent] = span('arb.shape', 'Extent', options.minExtent ?? 1, options.maxExtent, 4);
  return fc.array(fc.integer({ min: minExtent, max: maxExtent }), { minLength: minRank, maxLength: maxRank });
}

/** From the least to the most. */
function span(
  of: string,
  what: string,
  least: number,
  most: number | undefined,
  usual: number,
): readonly [number, number] {
  const last = most ?? Math.max(usual, least);
  if (!isCount(least) || !isCount(last) || least > last) {
    throw new ArgumentError(
      `[${of}] needs whole numbers from 0 with min${what} ≤ max${what}, got ${least} and ${last}`,
    );
  }
  return [least, last];
}

const isCount = (x: unknown): boolean => Number.isInteger(x) && (x as number) >= 0;

function requireDType(of: string, d: unknown): void {
  if (allDTypes.includes(d as DType)) return;
  throw new ArgumentError(`[${of}] a dtype is one of ${allDTypes.join(', ')}, got ${JSON.stringify(d)}`);
}

/**
 * Shapes that broadcast together: some are without leading axes of the others, and some have the extent 1 where others have
 * more.
 */
export function broadcastableShapes(count = 2, options: ShapeOptions = {}): fc.Arbitrary<readonly Shape[]> {
  if (!isCount(count))
    throw new ArgumentError(`[arb.broadcastableShapes] needs a whole number of shapes, got ${count}`);
  return shape(options).chain((whole) => {
    const one = fc
      .tuple(
        fc.nat({ max: whole.length }),
        fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }),
      )
      .map(([dropped, ones]): Shape => whole.map((n, i) => (ones[i] === true ? 1 : n)).slice(dropped));
    return fc.array(one, { minLength: count, maxLength: count });
  });
}

/** An array: first its shape shrinks, then its numbers, to those with few digits and to 0. */
export function array(options: ArrayOptions = {}): fc.Arbitrary<NDArray> {
  const { shape: of, dtype: d } = options;
  if (of !== undefined && !isArbitrary(of) && !(Array.isArray(of) && of.every(isCount))) {
    const got = Array.isArray(of) ? `[${of.join(', ')}]` : JSON.stringify(of);
    throw new ArgumentError(`[arb.array] a shape consists of whole numbers from 0, got ${got}`);
  }
  if (d !== undefined && !isArbitrary(d)) requireDType('arb.array', d);
  const shapes = isArbitrary(options.shape) ? options.shape : options.shape === undefined ? shape() : fc.constant(options.shape); // prettier-ignore
  const dtypes = isArbitrary(options.dtype) ? options.dtype : fc.constant(options.dtype ?? 'f64');
  return fc.tuple(shapes, dtypes).chain(([s, d]) => {
    const size = sizeOf(s);
    return fc.array(numbers(d, options), { minLength: size, maxLength: size }).map((vs) => printed(s, d, vs));
  });
}

/** I + B Bᵀ / n with elements of B from -1 to 1: symmetric, with eigenvalues from 1 to 1 + n. Shrinks to the identity. */
export function symmetricPositiveDefinite({ size, dtype: d = 'f64' }: MatrixOptions = {}): fc.Arbitrary<NDArray> {
  if (size !== undefined && !isArbitrary(size) && !isCount(size)) {
    throw new ArgumentError(`[arb.symmetricPositiveDefinite] needs a whole number of rows, got ${String(size)}`);
  }
  if (!isFloat(d)) throw new ArgumentError(`[arb.symmetricPositiveDefinite] needs a float dtype, got ${JSON.stringify(d)}`); // prettier-ignore
  const sizes = isArbitrary(size) ? size : size === undefined ? fc.integer({ min: 1, max: 4 }) : fc.constant(size);
  return sizes.chain(
    (n) =>
    fc
      .array(numbers('f64', { min: -1, max: 1 }), { minLength: n * n, maxLength: n * n })
      .map((b) => printed([n, n], d, range(n * n).map((at) => spdElement(b, n, Math.floor(at / n), at % n)))), // prettier-ignore
  );
}

const spdElement = (b: readonly number[], n: number, i: number, j: number): number => {
  const product = range(n).reduce((sum, k) => sum + (b[i * n + k] ?? 0) * (b[j * n + k] ?? 0), 0);
  return (i === j ? 1 : 0) + product / n;
};

/** A random key. Shrinks to that of seed 0. */
export const key = (): fc.Arbitrary<NDArray> => fc.nat().map((seed) => keyOf(seed));

/** A tree of arrays: an array, a list or a record of trees. */
export type ArrayTree = NDArray | readonly ArrayTree[] | { readonly [name: string]: ArrayTree };

/** A tree whose leaves are drawn by `leaf` (default `arb.array()`). Shrinks to a leaf. */
export function tree(leaf: fc.Arbitrary<NDArray> = array(), { maxDepth = 2 } = {}): fc.Arbitrary<ArrayTree> {
  const inner: fc.Arbitrary<ArrayTree> = maxDepth <= 0 ? leaf : tree(leaf, { maxDepth: maxDepth - 1 });
  if (maxDepth <= 0) return leaf;
  return fc.oneof(
    leaf,
    fc.array(inner, { minLength: 1, maxLength: 3 }),
    fc.dictionary(fc.constantFrom('w', 'b', 'scale'), inner, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  );
}

const isArbitrary = <T>(x: unknown): x is fc.Arbitrary<T> => x instanceof fc.Arbitrary;

/** An array that fast-check's reports show with its numbers. */
function printed(s: Shape, d: DType, vs: readonly number[]): NDArray {
  const x = arrayOf(s, d, vs);
  const text = (): string => `${showAval(x.aval)} [${vs.map(show).join(', ')}]`;
  return Object.defineProperty(x, fc.toStringMethod, { value: text });
}
