import fc from 'fast-check';
import type { DType } from '../../src/kernel/dtype.ts';
import { boundsOf, hostArray, isInteger, isUnsigned } from '../../src/kernel/dtype.ts';
import { roundTo } from '../../src/kernel/semantics.ts';
import { aval, sizeOf } from '../../src/trace/aval.ts';
import { ConcreteArray } from '../../src/trace/concrete.ts';
import type { CaseInput } from '../../src/trace/primitive.ts';
import type { NDArray } from '../../src/trace/value.ts';

/** Draws operands for a primitive's cases. */

/** Where distinct values of the first, second and third operand are between the marks of an even scale. */
const offsets = [0.5, 0.309017, 0.809017];

/**
 * Values for one operand: in its domain, away from kinks, distinct where asked.
 *
 * @param place the operand's position: distinct values of neighbouring operands of one size differ from each other too.
 */
export function values(input: CaseInput, dtype: DType, place = 0): fc.Arbitrary<readonly number[]> {
  const size = sizeOf(input.shape);
  if (dtype === 'bool') return fc.array(fc.integer({ min: 0, max: 1 }), { minLength: size, maxLength: size });
  if (isInteger(dtype)) {
    const usual = input.distinct === true ? [-1000, 1000] : isUnsigned(dtype) ? [0, 40] : [-9, 9];
    const [low, high] = input.integers ?? (usual as [number, number]);
    const { min, max } = boundsOf(dtype);
    const element = fc.integer({ min: Math.max(min, low), max: Math.min(max, high) });
    const length = { minLength: size, maxLength: size };
    return input.distinct === true ? fc.uniqueArray(element, length) : fc.array(element, length);
  }
  const [low, high] = input.domain ?? [-2, 2];
  if (input.distinct === true) {
    // A random order of evenly spaced numbers.
    return fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: size, maxLength: size }).map((keys) => {
      const order = keys.map((k, i) => [k, i] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const out = new Array<number>(size).fill(0);
      order.forEach(([, i], rank) => (out[i] = low + ((high - low) * (rank + (offsets[place % 3] as number))) / size));
      return out;
    });
  }
  if (input.structure !== undefined) return matrices(input.shape, input.structure);
  const away = (x: number): number => {
    const kink = (input.kinks ?? []).find((k) => Math.abs(x - k) < 0.02);
    return kink === undefined ? x : kink + 0.05;
  };
  return fc
    .array(fc.integer({ min: 0, max: 1 << 20 }), { minLength: size, maxLength: size })
    .map((ns) => ns.map((n) => away(Math.fround(low + ((high - low) * n) / (1 << 20)))));
}

/**
 * Matrices with 1, 2, 3, … on the diagonal and little noise: by Weyl's theorem their singular values (and eigenvalues,
 * where they are symmetric) are near those. Rows of the others are rotated, so that elimination has to pivot.
 */
function matrices(shape: readonly number[], structure: 'spd' | 'wellConditioned'): fc.Arbitrary<readonly number[]> {
  const [m, n] = shape.slice(-2) as [number, number];
  const size = sizeOf(shape);
  return fc.array(fc.integer({ min: -1024, max: 1024 }), { minLength: size, maxLength: size }).map((noise) =>
    noise.map((_, position) => {
      const [row, column] = [Math.floor(position / n) % m, position % n];
      const start = position - row * n - column;
      const [i, j] = structure === 'spd' ? [Math.max(row, column), Math.min(row, column)] : [(row + 1) % m, column];
      return (i === j ? i + 1 : 0) + (noise[start + i * n + j] as number) / 10240;
    }),
  );
}

/** The dtypes that a case's operands run in; all `float` operands of a case share one, and so do `integer` ones. */
export function dtypesOf(inputs: readonly CaseInput[]): readonly (readonly DType[])[] {
  const choices: readonly (readonly [float: DType, integer: DType, any: DType])[] = [
    ['f32', 'i32', 'f32'],
    ['f64', 'u32', 'f64'],
    ['f32', 'i32', 'i32'],
    ['f16', 'i8', 'f16'],
    ['f16', 'u16', 'u8'],
  ];
  const flexible = inputs.some(
    (i) => i.dtype === 'float' || i.dtype === 'wideFloat' || i.dtype === 'integer' || i.dtype === 'any',
  );
  const sets = (flexible ? choices : choices.slice(0, 1)).map(([float, integer, any]) =>
    inputs.map((i): DType => {
      if (i.dtype === 'float') return float;
      if (i.dtype === 'wideFloat') return float === 'f16' ? 'f32' : float;
      if (i.dtype === 'integer') return integer;
      return i.dtype === 'any' ? any : i.dtype;
    }),
  );
  return sets.filter((s, i) => sets.findIndex((t) => t.join() === s.join()) === i);
}

/** A concrete array of drawn values. */
export function arrayOf(shape: readonly number[], dtype: DType, data: readonly number[]): NDArray {
  const host = hostArray[dtype](data.length);
  data.forEach((x, i) => (host[i] = roundTo(dtype, x)));
  return ConcreteArray.fromHost(aval(shape, dtype), host);
}
