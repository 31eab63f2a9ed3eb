import type { DType } from '../../kernel/dtype.ts';
import { storedBytes } from '../../kernel/dtype.ts';
import type { Expr, LoadExpr, OpExpr } from '../../kernel/expr.ts';
import { operandsOf } from '../../kernel/expr.ts';
import { interval, linearForm } from '../../kernel/index-algebra.ts';
import type { Kernel, Operand } from '../../kernel/kernel.ts';
import type { BinaryOp, UnaryOp } from '../../kernel/ops.ts';
import { range } from '../../util/array.ts';
import { present } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import type { Library } from './math/library.ts';
import type { Func, Local, Value } from './module/code.ts';
import { get, i32, loadOp, op, selectOp, v128 } from './module/code.ts';
import type { CodeContext } from './scalar-ops.ts';
import { scalarBinary, scalarBitcast, scalarCast, scalarConst, scalarUnary } from './scalar-ops.ts';
import { Scopes } from './scopes.ts';
import { bitsOf, gatherLanes, loadLanes, loadScalar, storeLane, storeLanes, storeScalar } from './storage.ts';
import {
  divideLanes,
  laneOf,
  lanes,
  splatWord,
  vectorBinary,
  vectorCast,
  vectorConst,
  vectorSplat,
  vectorUnary,
} from './vector-ops.ts';

/** The local variables of a procedure. */
export interface Variables {
  /** The one of a slot: a vector of lanes for one that varies, when there are lanes. */
  readonly local: (slot: number) => Local;
  /** Do the slot's values differ between the lanes? */
  readonly varies: (slot: number) => boolean;
}

const noSets: ReadonlySet<number> = new Set();

interface Place {
  /** Of lane 0. */
  readonly address: Value;
  readonly offset: number;
  /** Bytes from lane to lane. */
  readonly stride: number;
}

/**
 * Writes the code of expressions inside a loop nest. Each subexpression is computed once, in the outermost block that
 * fixes all that it reads (see {@link Scopes}). In vector mode four neighbouring points of one axis, the lane axis, are computed at once;
 * what does not depend on it stays scalar.
 *
 * A load whose guard is false reads address 0: the device keeps the first 64 bytes of the memory zero, and no buffer
 * within 64 bytes of the memory's end.
 */
export class Evaluator {
  readonly f: Func;
  private readonly context: CodeContext;
  private readonly pointers: ReadonlyMap<number, Value>;
  private readonly operands: readonly Operand[];
  private readonly variables: Variables | null;
  private readonly scopes: Scopes;
  private laneAxis: number | null = null;
  private laneDependent = new Map<Expr, boolean>();
  private accValues: readonly Value[] = [];
  private accVectors: readonly Value[] = [];

  /**
   * `pointers` are the addresses of the kernel's operands, and of arrays in working memory by higher numbers, which hold
   * values as they are computed. For a procedure, whose statements change memory, `variables` are its local variables.
   */
  constructor(
    f: Func,
    lib: Library,
    { operands }: Pick<Kernel, 'operands'>,
    pointers: ReadonlyMap<number, Value>,
    variables: Variables | null = null,
  ) {
    this.f = f;
    this.context = { f, lib };
    this.operands = operands;
    this.pointers = pointers;
    this.variables = variables;
    this.scopes = new Scopes(f, variables !== null);
  }

  /**
   * Enters a loop level (the current block) that fixes `axes` and sets the local variables `sets`, for as long as `body`
   * runs.
   */
  within(axes: readonly (readonly [number, Value])[], body: () => void, sets = noSets): void {
    this.scopes.within(axes, sets, body);
  }

  /** Where the current point (that of lane 0 in vector mode) is along an axis. */
  coordinate(axis: number): Value {
    return this.scopes.axis(axis);
  }

  /** A local variable has been set: see {@link Scopes.forget}. */
  forget(slot: number): void {
    this.scopes.forget(slot);
  }

  /** Vector mode: lane i of `axis` is its current value plus i. */
  withLanes(axis: number, body: () => void): void {
    this.laneAxis = axis;
    this.laneDependent = new Map();
    body();
    this.laneAxis = null;
    this.laneDependent = new Map();
  }

  /** What `acc(i)` means in the current scope: scalars, or vectors whose lanes follow the lane axis. */
  bindAccumulators(values: readonly Value[], vectors: readonly Value[]): void {
    this.accValues = values;
    this.accVectors = vectors;
    this.scopes.fixAccumulators();
  }

  /** Does `e` differ between the lanes? */
  private varies(e: Expr): boolean {
    if (e.kind === 'const' || this.laneAxis === null) return false;
    let found = this.laneDependent.get(e);
    if (found === undefined) {
      if (e.kind === 'index') found = e.axis === this.laneAxis;
      else if (e.kind === 'acc') found = this.accVectors.length > 0;
      else if (e.kind === 'local') found = this.variables?.varies(e.slot) === true;
      else found = operandsOf(e).some((x) => this.varies(x));
      this.laneDependent.set(e, found);
    }
    return found;
  }

  private variable(slot: number): Value {
    return get(present(this.variables, 'local variables').local(slot));
  }

  /** The value of `e` at the current point (of lane 0, for positions in vector mode). */
  scalar(e: Expr): Value {
    switch (e.kind) {
      case 'const':
        return scalarConst(e.dtype, e.value);
      case 'index':
        return this.scopes.axis(e.axis);
      case 'acc':
        return present(this.accValues[e.slot], `accumulator ${e.slot}`);
      case 'local':
        return this.variable(e.slot);
      case 'load':
        return this.scopes.value(e, 'scalars', () => this.scalarLoad(e));
      case 'op':
        return this.scopes.value(e, 'scalars', () => this.scalarOperation(e));
    }
  }

  private scalarOperation(e: OpExpr): Value {
    const args = e.args.map((a) => this.scalar(a)) as [Value, Value, Value];
    const dtype = present(e.args[0], 'operand').dtype;
    const [x, y, z] = args;
    if (e.op === 'select') return selectOp(x, y, z);
    if (e.op === 'cast') return scalarCast(this.context, dtype, e.dtype, x);
    if (e.op === 'bitcast') return scalarBitcast(dtype, e.dtype, x);
    if (e.op === 'idiv' && isNonNegative(e)) return op('i32.div_u', x, y);
    if (e.op === 'imod' && isNonNegative(e)) return op('i32.rem_u', x, y);
    if (e.op in scalarBinary) return scalarBinary[e.op as BinaryOp](this.context, dtype, x, y);
    return scalarUnary[e.op as UnaryOp](this.context, dtype, x);
  }

  private scalarLoad(e: LoadExpr): Value {
    const { address, offset } = this.place(e.operand, e.stored, e.index, e.guard !== null);
    const at = e.guard === null ? address : selectOp(this.scalar(e.guard), address, i32(0));
    return loadScalar(this.f, e.stored, offset, at);
  }

  /** The values of `e` at the four points of the lanes; bools as masks. */
  vector(e: Expr): Value {
    if (e.kind === 'const') return vectorConst(e.dtype, e.value);
    return this.scopes.value(e, 'vectors', () => this.makeVector(e));
  }

  private makeVector(e: Expr): Value {
    if (!this.varies(e)) return vectorSplat(e.dtype, this.scalar(e));
    switch (e.kind) {
      case 'const':
        return vectorConst(e.dtype, e.value);
      case 'index':
        return op('i32x4.add', op('i32x4.splat', this.scalar(e)), v128([0, 1, 2, 3]));
      case 'acc':
        return present(this.accVectors[e.slot], `accumulator ${e.slot}`);
      case 'local':
        return this.variable(e.slot);
      case 'load':
        return this.vectorLoad(e);
      case 'op':
        return this.vectorOperation(e);
    }
  }

  private vectorOperation(e: OpExpr): Value {
    const dtype = present(e.args[0], 'operand').dtype;
    const divisor = e.args[1];
    if ((e.op === 'idiv' || e.op === 'imod') && isNonNegative(e) && divisor?.kind === 'const') {
      const x = this.vector(e.args[0] as Expr);
      const quotient = divideLanes(this.context, x, divisor.value);
      if (e.op === 'idiv') return quotient;
      return op('i32x4.sub', x, op('i32x4.mul', quotient, splatWord(divisor.value)));
    }
    const [x, y, z] = e.args.map((a) => this.vector(a)) as [Value, Value, Value];
    if (e.op === 'select') return op('v128.bitselect', y, z, x);
    if (e.op === 'cast') return vectorCast(dtype, e.dtype, x);
    if (e.op === 'bitcast') return x;
    if (e.op in vectorBinary) return vectorBinary[e.op as BinaryOp](this.context, dtype, x, y);
    return vectorUnary[e.op as UnaryOp](this.context, dtype, x);
  }

  private vectorLoad(e: LoadExpr): Value {
    const { guard, stored } = e;
    const affine = this.varies(e.index) ? this.isAffine(e.index) : true;
    if (!affine) return gatherLanes(this.f, stored, this.laneAddresses(e.operand, stored, e.index, guard));
    const place = this.place(e.operand, stored, e.index, guard !== null);
    const contiguous = place.stride === storedBytes(stored);
    if (guard === null) return contiguous ? this.contiguous(stored, place) : this.strided(stored, place);
    if (!contiguous) return gatherLanes(this.f, stored, this.laneAddresses(e.operand, stored, e.index, guard));
    if (!this.varies(guard)) {
      return this.contiguous(stored, { ...place, address: selectOp(this.scalar(guard), place.address, i32(0)) });
    }
    // Some lane is in bounds or nothing is read: then the others are within 12 bytes of the operand.
    const mask = this.vector(guard);
    const address = selectOp(op('v128.any_true', mask), place.address, i32(0));
    return op('v128.and', this.contiguous(stored, { ...place, address }), mask);
  }

  private contiguous(dtype: DType, { address, offset }: Place): Value {
    return loadLanes(this.f, dtype, offset, address);
  }

  private strided(dtype: DType, { address, offset, stride }: Place): Value {
    const base = this.f.let(address);
    if (stride === 0 && storedBytes(dtype) === 4) return loadOp('v128.load32_splat', offset, [base]);
    if (stride >= 0)
      return gatherLanes(
        this.f,
        dtype,
        range(lanes).map((i) => [base, offset + i * stride]),
      );
    return gatherLanes(
      this.f,
      dtype,
      range(lanes).map((i) => [i === 0 ? base : op('i32.add', base, i32(i * stride)), offset]),
    );
  }

  /** The address of each lane's element, 0 where the guard is false. */
  private laneAddresses(
    operand: number,
    dtype: DType,
    index: Expr,
    guard: Expr | null,
  ): readonly (readonly [Value, number])[] {
    const size = Math.log2(storedBytes(dtype));
    const scaled = size === 0 ? this.vector(index) : op('i32x4.shl', this.vector(index), i32(size));
    const base = this.scopes.named(0, `splat ${operand}`, [], () =>
      op('i32x4.splat', present(this.pointers.get(operand), 'pointer')),
    );
    const all = op('i32x4.add', base, scaled);
    const safe = this.f.let(guard === null ? all : op('v128.and', all, this.vector(guard)));
    return range(lanes).map((i) => [laneOf('i32', safe, i), 0]);
  }

  private isAffine(index: Expr): boolean {
    return [...linearForm(index).terms.keys()].every((t) => t.kind === 'index' || !this.varies(t));
  }

  /**
   * The address of an element. The terms of the position are added up from the outer loops to the inner ones, and each
   * partial sum is computed once in its loop.
   */
  private place(operand: number, dtype: DType, index: Expr, guarded: boolean): Place {
    const bytes = storedBytes(dtype);
    const { terms, offset } = linearForm(index);
    const levels: [Expr, number][][] = range(this.scopes.depth).map(() => []);
    let stride = 0;
    let neverNegative = offset >= 0;
    for (const [term, c] of terms) {
      if (c === 0) continue;
      if (term.kind === 'index' && term.axis === this.laneAxis) stride += c * bytes;
      neverNegative &&= c > 0 && interval(term).min >= 0;
      present(levels[this.scopes.levelOf(term)], 'level').push([term, c]);
    }
    let address = present(this.pointers.get(operand), `pointer ${operand}`);
    let name = `pointer ${operand}`;
    const of: Expr[] = [];
    levels.forEach((parts, level) => {
      for (const [term, c] of parts) {
        const base = address;
        name += ` + ${c * bytes}*${term.id}`;
        of.push(term);
        address = this.scopes.named(level, name, [...of], () =>
          op('i32.add', base, this.scaled(term, c * bytes, level)),
        );
      }
    });
    // Immediate offsets add without wrapping around, so the rest must not be negative, nor replaced by 0.
    const immediate = neverNegative && !guarded;
    if (!immediate && offset !== 0) address = op('i32.add', address, i32(offset * bytes));
    return { address, offset: immediate ? offset * bytes : 0, stride };
  }

  private scaled(term: Expr, factor: number, level: number): Value {
    const x = this.scalar(term);
    if (factor === 1) return x;
    const log = Math.log2(factor);
    return this.scopes.named(level, `${factor}*${term.id}`, [term], () =>
      Number.isInteger(log) ? op('i32.shl', x, i32(log)) : op('i32.mul', x, i32(factor)),
    );
  }

  /** Writes values at positions, for the current point or the points of the lanes; all values are computed first. */
  store(stores: readonly { readonly operand: number; readonly index: Expr; readonly value: Expr }[]): void {
    if (this.laneAxis === null) {
      const values = stores.map((s) => this.scalar(s.value));
      const places = stores.map((s) => this.place(s.operand, this.storedAs(s), s.index, false));
      stores.forEach((s, i) => {
        const { address, offset } = places[i] as Place;
        storeScalar(this.f, this.storedAs(s), offset, address, values[i] as Value);
      });
      return;
    }
    const values = stores.map((s) => this.vector(s.value));
    const writers = stores.map((s, i) => this.vectorStore(s.operand, s.index, this.storedAs(s), values[i] as Value));
    writers.forEach((write) => write());
  }

  /** Working memory has values as they are computed. */
  private storedAs({ operand, value }: { readonly operand: number; readonly value: Expr }): DType {
    return this.operands[operand]?.dtype ?? value.dtype;
  }

  private vectorStore(operand: number, index: Expr, dtype: DType, value: Value): () => void {
    const { f } = this;
    const bytes = storedBytes(dtype);
    const place = this.isAffine(index) ? this.place(operand, dtype, index, false) : null;
    const bits = f.let(bitsOf(f, dtype, value));
    if (place !== null && place.stride === bytes) {
      const { address, offset } = place;
      return () => storeLanes(f, dtype, offset, address, bits);
    }
    let addresses: readonly (readonly [Value, number])[];
    if (place === null) addresses = this.laneAddresses(operand, dtype, index, null);
    else {
      const base = f.let(place.address);
      addresses = range(lanes).map((i) => [op('i32.add', base, i32(i * place.stride)), place.offset]);
    }
    const named = addresses.map(([a, offset]) => [f.let(a), offset] as const);
    return () => named.forEach(([address, offset], i) => storeLane(f, dtype, offset, address, bits, i));
  }

  /** A counter of the loop over `axis` in `[from, end)`, whose body runs in a scope of its own. */
  loop(axis: number, from: Value, end: Value, step: number, body: (at: Value) => void): Local {
    const counter = this.f.variable(from, 'i');
    this.loopOn(counter, axis, end, step, body);
    return counter;
  }

  /** As {@link loop}, with a counter that goes on from where it stands. */
  loopOn(counter: Local, axis: number, end: Value, step: number, body: (at: Value) => void): void {
    this.f.count(counter, end, step, () => this.within([[axis, get(counter)]], () => body(get(counter))));
  }
}

/** Is the dividend of this division known not to be negative? */
const isNonNegative = (e: OpExpr): boolean => {
  const dividend = e.args[0];
  if (dividend === undefined) throw new InternalError(`${e.op} without operands`);
  const { min, max } = interval(dividend);
  return min >= 0 && max < 2 ** 31;
};
