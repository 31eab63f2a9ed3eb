import type { DType } from '../../kernel/dtype.ts';
import { isFloat, isUnsigned } from '../../kernel/dtype.ts';
import type { Monoid } from '../../kernel/ops.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { sameElements, range } from '../../util/array.ts';
import type { Shape } from '../aval.ts';
import type { HloValue, TensorType } from './text.ts';
import { comparisonType, functionType, list, names, tensorType, tensorTypes } from './text.ts';
import { HloWriter } from './writer.ts';

/** How two values are compared. */
export type Direction = 'EQ' | 'NE' | 'LT' | 'LE' | 'GT' | 'GE';

const monoidOps: { readonly [M in Monoid]: string } = {
  add: 'add',
  mul: 'multiply',
  max: 'maximum',
  min: 'minimum',
  and: 'and',
  or: 'or',
};

/** The operation that combines two values of a monoid. */
export const monoidOp = (monoid: Monoid): string => monoidOps[monoid];

/** What is cut out of each axis. */
export interface Cut {
  readonly start: readonly number[];
  readonly limit: readonly number[];
  readonly strides?: readonly number[];
}

/** Writes StableHLO: what rules of primitives are given. Each method adds an operation and returns its result. */
export class HloBuilder extends HloWriter {
  /** An operation of operands of one type, which is the result's. */
  op(name: string, ...operands: readonly [HloValue, ...HloValue[]]): HloValue {
    const [{ shape, dtype }] = operands;
    return this.add1(`stablehlo.${name} ${names(operands)} : ${tensorType({ shape, dtype })}`, { shape, dtype });
  }

  compare(direction: Direction, x: HloValue, y: HloValue): HloValue {
    const out: TensorType = { shape: x.shape, dtype: 'bool' };
    const how = `${direction}, ${names([x, y])}, ${comparisonType(x.dtype)}`;
    return this.add1(`stablehlo.compare ${how} : ${functionType([x, y], [out])}`, out);
  }

  /** `x` where `condition`, else `y`. */
  select(condition: HloValue, x: HloValue, y: HloValue): HloValue {
    return this.add1(`stablehlo.select ${names([condition, x, y])} : ${tensorTypes([condition, x])}`, x);
  }

  /** To another dtype: floats saturate where they become integers, with 0 for NaN; a bool is whether it is not 0. */
  convert(x: HloValue, dtype: DType): HloValue {
    if (x.dtype === dtype) return x;
    return dtype === 'bool' ? this.compare('NE', x, this.constant(x.dtype, 0, x.shape)) : this.typed('convert', x, { shape: x.shape, dtype }); // prettier-ignore
  }

  /** Rounds to the digits of half precision. */
  roundToHalf(x: HloValue): HloValue {
    return this.add1(`stablehlo.reduce_precision ${x.name}, format = e5m10 : ${tensorType(x)}`, x);
  }

  bitcast(x: HloValue, dtype: DType): HloValue {
    return x.dtype === dtype ? x : this.typed('bitcast_convert', x, { shape: x.shape, dtype });
  }

  /** A number of the type of `x`. */
  like(x: TensorType, value: number): HloValue {
    return this.constant(x.dtype, value, x.shape);
  }

  isNan(x: HloValue): HloValue {
    return this.compare('NE', x, x);
  }

  iota(dtype: DType, shape: Shape, axis: number): HloValue {
    return this.add1(`stablehlo.iota dim = ${axis} : ${tensorType({ shape, dtype })}`, { shape, dtype });
  }

  /** Repeats: axis `i` becomes axis `axes[i]`. */
  broadcast(x: HloValue, shape: Shape, axes: readonly number[]): HloValue {
    const same = sameElements(x.shape, shape) && axes.every((a, i) => a === i);
    return same ? x : this.typed('broadcast_in_dim', x, { shape, dtype: x.dtype }, `, dims = ${list(axes)}`);
  }

  reshape(x: HloValue, shape: Shape): HloValue {
    return sameElements(x.shape, shape) ? x : this.typed('reshape', x, { shape, dtype: x.dtype });
  }

  transpose(x: HloValue, permutation: readonly number[]): HloValue {
    if (permutation.every((p, i) => p === i)) return x;
    const shape = permutation.map((p) => x.shape[p] as number);
    return this.typed('transpose', x, { shape, dtype: x.dtype }, `, dims = ${list(permutation)}`);
  }

  reverse(x: HloValue, axes: readonly number[]): HloValue {
    return this.add1(`stablehlo.reverse ${x.name}, dims = ${list(axes)} : ${tensorType(x)}`, x);
  }

  slice(x: HloValue, { start, limit, strides = start.map(() => 1) }: Cut): HloValue {
    const whole = start.every((s, i) => s === 0 && limit[i] === x.shape[i] && strides[i] === 1);
    if (whole) return x;
    const shape = start.map((s, i) => Math.max(0, Math.ceil(((limit[i] as number) - s) / (strides[i] as number))));
    const cuts = start.map((s, i) => `${s}:${limit[i]}${strides[i] === 1 ? '' : `:${strides[i]}`}`);
    return this.typed('slice', x, { shape, dtype: x.dtype }, ` ${list(cuts)}`);
  }

  /** Elements from `start` to before `limit` along one axis, all of the others. */
  sliceAlong(x: HloValue, axis: number, start: number, limit: number, stride = 1): HloValue {
    return this.slice(x, {
      start: x.shape.map((_, a) => (a === axis ? start : 0)),
      limit: x.shape.map((n, a) => (a === axis ? limit : n)),
      strides: x.shape.map((_, a) => (a === axis ? stride : 1)),
    });
  }

  concatenate(xs: readonly HloValue[], axis: number): HloValue {
    const [first] = xs as [HloValue];
    if (xs.length === 1) return first;
    const total = xs.reduce((n, x) => n + (x.shape[axis] as number), 0);
    const out = { shape: first.shape.map((n, a) => (a === axis ? total : n)), dtype: first.dtype };
    return this.add1(`stablehlo.concatenate ${names(xs)}, dim = ${axis} : ${functionType(xs, [out])}`, out);
  }

  /** Puts `low` before, `high` after, and `interior` between the elements of each axis; negative ones crop. */
  pad(
    x: HloValue,
    value: HloValue,
    low: readonly number[],
    high: readonly number[],
    interior: readonly number[] = low.map(() => 0),
  ): HloValue {
    const shape = x.shape.map(
      (n, i) => n + (low[i] as number) + (high[i] as number) + Math.max(0, n - 1) * (interior[i] as number),
    );
    const out = { shape, dtype: x.dtype };
    const how = `low = ${list(low)}, high = ${list(high)}, interior = ${list(interior)}`;
    return this.add1(`stablehlo.pad ${names([x, value])}, ${how} : ${functionType([x, value], [out])}`, out);
  }

  /** Reduces over `axes`. */
  reduce(x: HloValue, monoid: Monoid, axes: readonly number[]): HloValue {
    const out = { shape: x.shape.filter((_, a) => !axes.includes(a)), dtype: x.dtype };
    const init = this.constant(x.dtype, monoidIdentity[monoid](x.dtype));
    const how = `stablehlo.reduce(${x.name} init: ${init.name}) applies stablehlo.${monoidOp(monoid)}`;
    return this.add1(`${how} across dimensions = ${list(axes)} : ${functionType([x, init], [out])}`, out);
  }

  /** The window of extents `sizes` that starts at integer scalars of one dtype; it is moved inside. */
  dynamicSlice(x: HloValue, starts: readonly HloValue[], sizes: Shape): HloValue {
    const out = { shape: sizes, dtype: x.dtype };
    const how = `${names([x, ...starts])}, sizes = ${list(sizes)}`;
    return this.add1(`stablehlo.dynamic_slice ${how} : ${functionType([x, ...starts], [out])}`, out);
  }

  /** `x` with the window that starts there replaced. */
  dynamicUpdateSlice(x: HloValue, update: HloValue, starts: readonly HloValue[]): HloValue {
    const operands = [x, update, ...starts];
    return this.add1(`stablehlo.dynamic_update_slice ${names(operands)} : ${functionType(operands, [x])}`, x);
  }

  /** Element `i` along axis 0, without that axis. */
  element(x: HloValue, i: HloValue): HloValue {
    const zero = this.constant(i.dtype, 0);
    const starts = [i, ...x.shape.slice(1).map(() => zero)];
    return this.reshape(this.dynamicSlice(x, starts, [1, ...x.shape.slice(1)]), x.shape.slice(1));
  }

  /** `x` with element `i` along axis 0 replaced. */
  withElement(x: HloValue, i: HloValue, value: HloValue): HloValue {
    const zero = this.constant(i.dtype, 0);
    const starts = [i, ...x.shape.slice(1).map(() => zero)];
    return this.dynamicUpdateSlice(x, this.reshape(value, [1, ...value.shape]), starts);
  }

  /** Repeats `body` for i32 numbers from 0 to below `trips`. */
  counted(
    trips: number,
    init: readonly HloValue[],
    body: (i: HloValue, carried: readonly HloValue[]) => readonly HloValue[],
  ): readonly HloValue[] {
    const outs = this.whileLoop(
      [this.constant('i32', 0), ...init],
      (i) => this.compare('LT', i, this.constant('i32', trips)),
      (i, ...carried) => {
        const results = body(i, carried);
        return [this.op('add', i, this.constant('i32', 1)), ...results];
      },
    );
    return outs.slice(1);
  }

  /** What is stored in fewer bits, in f32 or i32: sums and products of many are computed there. */
  widened(x: HloValue): HloValue {
    return x.dtype === 'f16' ? this.convert(x, 'f32') : x;
  }

  /** Integers in a dtype that has every position. */
  positions(x: HloValue): HloValue {
    return x.dtype === 'u32' ? x : this.convert(x, 'i32');
  }

  abs(x: HloValue): HloValue {
    return isUnsigned(x.dtype) ? x : this.op('abs', x);
  }

  sign(x: HloValue): HloValue {
    return isUnsigned(x.dtype) ? this.op('minimum', x, this.like(x, 1)) : this.op('sign', x);
  }

  not(x: HloValue): HloValue {
    return this.op('not', x);
  }

  /** Is `x` below `y` in the order of sorting, where NaN comes last? */
  sortsBefore(x: HloValue, y: HloValue): HloValue {
    const smaller = this.compare('LT', x, y);
    if (!isFloat(x.dtype)) return smaller;
    return this.op('or', smaller, this.op('and', this.isNan(y), this.not(this.isNan(x))));
  }

  /** All axes of an array. */
  axes(x: HloValue): readonly number[] {
    return range(x.shape.length);
  }

  private typed(op: string, x: HloValue, out: TensorType, attributes = ''): HloValue {
    return this.add1(`stablehlo.${op} ${x.name}${attributes} : ${functionType([x], [out])}`, out);
  }
}
