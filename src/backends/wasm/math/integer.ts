import type { Func, Value } from '../module/code.ts';
import { i32, op, selectOp } from '../module/code.ts';
import type { IntegerFunction } from './library.ts';

/** Integer division with the results of `semantics.ts` where WebAssembly's instructions trap. */
export function buildInteger(f: Func, name: IntegerFunction): void {
  const [x, y] = [f.param(0), f.param(1)];
  const zero = op('i32.eqz', y);
  // A divisor that can't trap: 1 for 0; INT_MIN / -1 is the same as a negation.
  const safe = f.let(selectOp(zero, i32(1), y));
  const minusOne = op('i32.eq', y, i32(-1));
  const signed = (): Value => selectOp(minusOne, i32(1), safe);
  switch (name) {
    case 'div_s':
      f.returns = [selectOp(zero, i32(-1), selectOp(minusOne, op('i32.sub', i32(0), x), op('i32.div_s', x, signed())))];
      return;
    case 'div_u':
      f.returns = [selectOp(zero, i32(-1), op('i32.div_u', x, safe))];
      return;
    case 'rem_s':
      f.returns = [selectOp(zero, x, op('i32.rem_s', x, safe))];
      return;
    case 'rem_u':
      f.returns = [selectOp(zero, x, op('i32.rem_u', x, safe))];
      return;
    case 'floordiv':
      f.returns = [op('i32.sub', op('i32.div_s', x, y), op('i32.lt_s', op('i32.rem_s', x, y), i32(0)))];
      return;
    case 'floormod': {
      const rest = f.let(op('i32.rem_s', x, y));
      f.returns = [op('i32.add', rest, selectOp(op('i32.lt_s', rest, i32(0)), y, i32(0)))];
      return;
    }
  }
}
