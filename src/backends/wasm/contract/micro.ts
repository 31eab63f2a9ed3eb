import type { ScalarType } from '../../../kernel/dtype.ts';
import { storedBytes } from '../../../kernel/dtype.ts';
import { range } from '../../../util/array.ts';
import type { Local, Value } from '../module/code.ts';
import { Func, get, i32, loadOp, op, storeOp } from '../module/code.ts';
import { splatWord } from '../vector-ops.ts';
import { multiplyAdd } from './operands.ts';

/** The register tile of a micro-kernel: `height` rows of two vectors. */
export interface MicroTile {
  readonly dtype: ScalarType;
  readonly height: number;
  /** Elements from row to row of the result. */
  readonly pitch: number;
  readonly relaxed: boolean;
}

const vectors = 2;

/**
 * `micro(k, a, b, c, add)`: c ← (add ? c : 0) + Σₖ aₖ·bₖ over packed panels. All of the tile's accumulators stay in
 * registers: 6×2 of them with fused multiply-add, 5×2 without, two vectors of b, one splat of a and the product, if it
 * has a register of its own, make 15 or 14, as many as the engine can keep in the 16 of x64. The loop is neither unrolled
 * nor inside of another: Node 20 would then need more registers than there are, and take twice the time.
 */
export function microFunc(name: string, { dtype, height, pitch, relaxed }: MicroTile): Func {
  const bytes = storedBytes(dtype);
  const f = new Func(
    name,
    [
      ['k', 'i32'],
      ['a', 'i32'],
      ['b', 'i32'],
      ['c', 'i32'],
      ['add', 'i32'],
    ],
    [],
  );
  const [k, c, add] = [f.param(0), f.param(3), f.param(4)];
  const [a, b] = [f.variable(f.param(1), 'a'), f.variable(f.param(2), 'b')];
  const sums = range(height).map(() => range(vectors).map(() => f.local('v128', 'sum')));
  const forAll = (visit: (sum: Local, offset: number) => void): void =>
    sums.forEach((row, i) => row.forEach((sum, j) => visit(sum, i * pitch * bytes + j * 16)));
  f.if(
    add,
    () => forAll((sum, offset) => f.set(sum, loadOp('v128.load', offset, [c]))),
    () => forAll((sum) => f.set(sum, splatWord(0))),
  );
  const end = f.let(op('i32.add', get(a), op('i32.mul', k, i32(height * bytes))), 'end');
  f.while(op('i32.lt_u', get(a), end), () => {
    const right = range(vectors).map((j) => f.let(loadOp('v128.load', j * 16, [get(b)]), 'right'));
    const splat = dtype === 'f64' ? 'v128.load64_splat' : 'v128.load32_splat';
    sums.forEach((row, i) => {
      const left = f.let(loadOp(splat, i * bytes, [get(a)]), 'left');
      row.forEach((sum, j) => f.set(sum, multiplyAdd(dtype, relaxed, left, right[j] as Value, get(sum))));
    });
    f.set(a, op('i32.add', get(a), i32(height * bytes)));
    f.set(b, op('i32.add', get(b), i32(vectors * 16)));
  });
  forAll((sum, offset) => f.emit(storeOp('v128.store', offset, c, get(sum))));
  return f;
}
