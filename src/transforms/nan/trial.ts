import type { HostArray } from '../../kernel/dtype.ts';
import { isFloat } from '../../kernel/dtype.ts';
import { hostArrayOf } from '../../kernel/semantics.ts';
import type { Aval } from '../../trace/aval.ts';
import { ConcreteArray } from '../../trace/concrete.ts';
import { bind, withTrace } from '../../trace/context.ts';
import { hostFunctionOf } from '../../trace/host-call.ts';
import { explainsNan } from '../../trace/switches.ts';
import { at, coordinateOf } from '../../util/array.ts';
import type { ElementRead } from './elements.ts';
import type { Operation } from './watch.ts';
import { concrete } from './watch.ts';

/**
 * Which element of its operands brought a NaN or an infinity into an operation of which no expression says what it read (a
 * factorization, a sum along an axis, sorting): found by running it again with some of them replaced by finite numbers. Null
 * where it makes one of finite numbers, too.
 *
 * @param data the elements of each operand.
 * @param result what was computed.
 */
export async function culpritByTrial(
  operation: Operation,
  data: readonly HostArray[],
  output: number,
  position: number,
  result: number,
): Promise<ElementRead | null> {
  const suspects = suspectsIn(operation, data);
  if (suspects.length === 0) return null;
  // The host's functions are not called for this.
  if (hostFunctionOf(operation.params) !== null) return at(suspects, 0);
  const failsAs = Number.isNaN(result) ? Number.isNaN : (v: number): boolean => v === result;
  for (const filling of fillings) {
    const fails = async (kept: number): Promise<boolean> => {
      const inputs = data.map((elements, i) => replaced(operation, elements, i, suspects.slice(kept), filling));
      return failsAs(Number((await run(operation, inputs, output))[position]));
    };
    if (!(await fails(0))) return at(suspects, (await fewest(suspects.length, fails)) - 1);
  }
  return null;
}

/** All that is not finite, NaN first. */
function suspectsIn({ inputs }: Operation, data: readonly HostArray[]): readonly ElementRead[] {
  const found: ElementRead[] = [];
  inputs.forEach(({ array }, operand) => {
    if (!isFloat(array.dtype)) return;
    at(data, operand).forEach((v: number, position: number) => {
      if (!Number.isFinite(v)) found.push({ operand, position, value: v });
    });
  });
  return [...found.filter((r) => Number.isNaN(r.value)), ...found.filter((r) => !Number.isNaN(r.value))];
}

/** What stands in for an element. */
type Filling = (aval: Aval, position: number, elements: HostArray) => number;

/** None makes NaN where it need not: the last keeps matrices positive definite. */
const fillings: readonly Filling[] = [
  () => 0,
  () => 1,
  ({ shape }, position, elements) => {
    const [row, column] = coordinateOf(position, shape.slice(-2));
    let sum = 1;
    for (const v of elements) if (Number.isFinite(v)) sum += Math.abs(v);
    return row === column || column === undefined ? sum : 0;
  },
];

function replaced(
  { inputs }: Operation,
  elements: HostArray,
  operand: number,
  those: readonly ElementRead[],
  filling: Filling,
): ConcreteArray {
  // prettier-ignore
  const { array } = at(inputs, operand);
  const positions = those.filter((r) => r.operand === operand).map((r) => r.position);
  if (positions.length === 0) return array;
  const values = Array.from(elements);
  for (const p of positions) values[p] = filling(array.aval, p % matrixSize(array.aval), elements);
  return ConcreteArray.fromHost(array.aval, hostArrayOf(array.dtype, values));
}

const matrixSize = ({ shape }: Aval): number => shape.slice(-2).reduce((a, b) => a * b, 1);

function run({ primitive, params }: Operation, inputs: readonly ConcreteArray[], output: number): Promise<HostArray> {
  // prettier-ignore
  const outs = explainsNan(() => withTrace(null, () => bind(primitive, inputs, params)));
  return concrete(at(outs, output)).read();
}

/** The least number up to `most`, for which it holds, of which it holds. */
async function fewest(most: number, holds: (n: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, most];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
