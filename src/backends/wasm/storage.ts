import type { DType } from '../../kernel/dtype.ts';
import { storedBytes } from '../../kernel/dtype.ts';
import { range } from '../../util/array.ts';
import { fromHalf, ofScalar, toHalf } from './math/half.ts';
import type { Func, Value } from './module/code.ts';
import { i32, laneOp, loadOp, op, storeOp } from './module/code.ts';
import type { Op } from './module/opcodes.ts';
import { splatWord } from './vector-ops.ts';

/**
 * How elements lie in memory, and how they become values: bools and narrow integers are extended to words, half precision
 * becomes f32.
 */

const scalarLoads: { readonly [D in DType]: Op } = {
  bool: 'i32.load8_u',
  i8: 'i32.load8_s',
  u8: 'i32.load8_u',
  i16: 'i32.load16_s',
  u16: 'i32.load16_u',
  i32: 'i32.load',
  u32: 'i32.load',
  f16: 'i32.load16_u',
  f32: 'f32.load',
  f64: 'f64.load',
};

const scalarStores: { readonly [D in DType]: Op } = {
  bool: 'i32.store8',
  i8: 'i32.store8',
  u8: 'i32.store8',
  i16: 'i32.store16',
  u16: 'i32.store16',
  i32: 'i32.store',
  u32: 'i32.store',
  f16: 'i32.store16',
  f32: 'f32.store',
  f64: 'f64.store',
};

const scalarFromHalf = ofScalar(fromHalf, ['i32', 'f32']);
const scalarToHalf = ofScalar(toHalf, ['f32', 'i32']);

/** The element at an address. */
export function loadScalar(f: Func, dtype: DType, offset: number, address: Value): Value {
  const loaded = loadOp(scalarLoads[dtype], offset, [address]);
  return dtype === 'f16' ? scalarFromHalf(f, loaded) : loaded;
}

/** Writes a value of the dtype at an address. */
export const storeScalar = (f: Func, dtype: DType, offset: number, address: Value, value: Value): void =>
  f.emit(storeOp(scalarStores[dtype], offset, address, dtype === 'f16' ? scalarToHalf(f, value) : value));

/** Four elements that lie next to each other. */
export function loadLanes(f: Func, dtype: DType, offset: number, address: Value): Value {
  switch (dtype) {
    case 'bool':
    case 'u8':
      return widened(f, dtype, extendBytes('u', loadOp('v128.load32_zero', offset, [address])));
    case 'i8':
      return extendBytes('s', loadOp('v128.load32_zero', offset, [address]));
    case 'i16':
      return loadOp('v128.load16x4_s', offset, [address]);
    case 'u16':
    case 'f16':
      return widened(f, dtype, loadOp('v128.load16x4_u', offset, [address]));
    default:
      return loadOp('v128.load', offset, [address]);
  }
}

const extendBytes = (sign: 's' | 'u', bytes: Value): Value =>
  op(`i32x4.extend_low_i16x8_${sign}`, op(`i16x8.extend_low_i8x16_${sign}`, bytes));

/** Four elements from anywhere. */
export function gatherLanes(f: Func, dtype: DType, addresses: readonly (readonly [Value, number])[]): Value {
  const bytes = storedBytes(dtype);
  let value: Value = splatWord(0);
  addresses.forEach(([address, offset], i) => {
    if (bytes === 1) value = loadOp('v128.load8_lane', offset, [address, value], [4 * i]);
    else if (bytes === 2) value = loadOp('v128.load16_lane', offset, [address, value], [2 * i]);
    else if (i === 0) value = loadOp('v128.load32_zero', offset, [address]);
    else value = loadOp('v128.load32_lane', offset, [address, value], [i]);
  });
  if (dtype !== 'i8' && dtype !== 'i16') return widened(f, dtype, value);
  const bits = i32(32 - 8 * bytes);
  return op('i32x4.shr_s', op('i32x4.shl', value, bits), bits);
}

/** Lanes of zero-extended elements as values; bools are masks. */
function widened(f: Func, dtype: DType, words: Value): Value {
  if (dtype === 'bool') return op('i32x4.ne', words, splatWord(0));
  return dtype === 'f16' ? fromHalf(f, words) : words;
}

/** Lanes as they are stored, each in the low bits of a word. */
export function bitsOf(f: Func, dtype: DType, value: Value): Value {
  if (dtype === 'bool') return op('v128.and', value, splatWord(1));
  return dtype === 'f16' ? toHalf(f, value) : value;
}

/** Writes four elements next to each other, given as {@link bitsOf} makes them. */
export function storeLanes(f: Func, dtype: DType, offset: number, address: Value, bits: Value): void {
  const bytes = storedBytes(dtype);
  if (bytes === 4) return f.emit(storeOp('v128.store', offset, address, bits));
  const kept = range(lanesPerVector).flatMap((lane) => range(bytes).map((b) => 4 * lane + b));
  const rest = range(16 - kept.length).map(() => 0);
  const packed = laneOp('i8x16.shuffle', [...kept, ...rest], bits, bits);
  f.emit(storeOp(bytes === 1 ? 'v128.store32_lane' : 'v128.store64_lane', offset, address, packed, [0]));
}

const lanesPerVector = 4;

/** Writes one lane of what {@link bitsOf} makes. */
export function storeLane(f: Func, dtype: DType, offset: number, address: Value, bits: Value, lane: number): void {
  const bytes = storedBytes(dtype);
  const store: Op = bytes === 1 ? 'v128.store8_lane' : bytes === 2 ? 'v128.store16_lane' : 'v128.store32_lane';
  f.emit(storeOp(store, offset, address, bits, [(lane * 4) / bytes]));
}
