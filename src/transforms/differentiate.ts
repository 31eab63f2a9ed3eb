import { isFloat } from '../kernel/dtype.ts';
import { add } from '../lax/elementwise.ts';
import { zerosOf } from '../lax/structural.ts';
import { bind } from '../trace/context.ts';
import { inPhase } from '../trace/phase.ts';
import type { Derivative, JvpResult, LinearMap, NoTangent, NotLinear, Primitive, Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { InternalError } from '../util/error.ts';

/** The derivative kinds that hold for one primitive by itself. */
type Plain = Exclude<Derivative<unknown, number>, { kind: 'structural' }>;

/** A sum of tangents, where null is zero. */
export const addTangents = (a: Tangent, b: Tangent): Tangent => (a === null ? b : b === null ? a : add(a, b));

/** Is operand `i` one that the primitive is linear in? */
export const isLinearOperand = (rules: readonly unknown[] | ((...args: never[]) => unknown), i: number): boolean =>
  typeof rules === 'function' || typeof rules[i] === 'function';

const isNoTangent = (rule: unknown): rule is NoTangent =>
  typeof rule === 'object' && rule !== null && 'noTangent' in rule;

/** Is it the rule of an operand that its linear primitive is not linear in? */
export const isNotLinear = (rule: unknown): rule is NotLinear<unknown, number> =>
  typeof rule === 'object' && rule !== null && 'partial' in rule;

/**
 * Results and tangents of one primitive. Zeros and sums over operands are handled here, once, and in no rule.
 *
 * @param linearly runs what is applied to tangents; `linearize` lets that go to another trace than the primal values.
 */
export function differentiate(
  primitive: Primitive,
  derivative: Plain,
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  params: unknown,
  linearly: <T>(body: () => T) => T,
): JvpResult {
  const outs = bind(primitive, primals, params);
  if (tangents.every((t) => t === null)) return { primals: outs, tangents: outs.map(() => null) };
  const inTangents = <T>(body: () => T): T => inPhase({ kind: 'tangent' }, () => linearly(body));
  return { primals: outs, tangents: tangentsOf(primitive, derivative, primals, outs, tangents, params, inTangents) };
}

/** What a rule computes before it sees a tangent. */
const factor = <T>({ name }: Primitive, body: () => T): T => inPhase({ kind: 'derivative', of: name }, body);

function tangentsOf(
  primitive: Primitive,
  derivative: Plain,
  primals: readonly NDArray[],
  outs: readonly NDArray[],
  tangents: readonly Tangent[],
  params: unknown,
  linearly: <T>(body: () => T) => T,
): readonly Tangent[] {
  const none = outs.map(() => null);
  const flowing = outs.map((o) => isFloat(o.dtype));
  const keep = (ts: readonly NDArray[]): readonly Tangent[] => ts.map((t, i) => (flowing[i] === true ? t : null));
  switch (derivative.kind) {
    case 'zero':
      return none;
    case 'smooth': {
      let total: readonly Tangent[] = none;
      tangents.forEach((t, i) => {
        if (t === null) return;
        const map = factor(primitive, () => partialOf(primitive, derivative.partials, i, primals, outs, params));
        total = linearly(() => keep(map(t)).map((s, o) => addTangents(total[o] ?? null, s)));
      });
      return total;
    }
    case 'linear': {
      return throughLinear(primitive, derivative.transpose, primals, outs, tangents, params, linearly);
    }
    case 'bilinear': {
      const [x, y] = primals as [NDArray, NDArray];
      const [s, t] = tangents as [Tangent, Tangent];
      const through = linearly(() =>
        addTangents(
          s === null ? null : first(bind(primitive, [s, y], params)),
          t === null ? null : first(bind(primitive, [x, t], params)),
        ),
      );
      return [through];
    }
  }
}

/** The tangents of a linear primitive: itself on the tangents it is linear in, and the partials of its other operands. */
function throughLinear(
  primitive: Primitive,
  rules: Extract<Plain, { kind: 'linear' }>['transpose'],
  primals: readonly NDArray[],
  outs: readonly NDArray[],
  tangents: readonly Tangent[],
  params: unknown,
  linearly: <T>(body: () => T) => T,
): readonly Tangent[] {
  const linear = primals.map((_, i) => isLinearOperand(rules, i));
  let total: readonly Tangent[] = outs.map(() => null);
  const include = (ts: readonly NDArray[]): void => {
    total = ts.map((t, o) => (isFloat(t.dtype) ? addTangents(total[o] ?? null, t) : null));
  };
  if (tangents.some((t, i) => t !== null && linear[i] === true)) {
    const operands = (): readonly NDArray[] =>
      primals.map((x, i) => (linear[i] === true ? (tangents[i] ?? zerosOf(x.aval)) : x));
    linearly(() => include(bind(primitive, operands(), params)));
  }
  tangents.forEach((t, i) => {
    const rule: unknown = typeof rules === 'function' ? null : rules[i];
    if (t === null || !isNotLinear(rule)) return;
    const map = factor(primitive, () => rule.partial(primals, outs, params));
    linearly(() => include(map(t)));
  });
  return total;
}

const first = (xs: readonly NDArray[]): NDArray => xs[0] as NDArray;

function partialOf(
  primitive: Primitive,
  partials: Extract<Plain, { kind: 'smooth' }>['partials'],
  operand: number,
  primals: readonly NDArray[],
  outs: readonly NDArray[],
  params: unknown,
): LinearMap {
  if (typeof partials === 'function') return partials(operand, primals, outs, params);
  const rule = partials[operand];
  if (rule === undefined || isNoTangent(rule)) {
    throw new InternalError(`a tangent reached operand ${operand} of ${primitive.name}, which takes none`);
  }
  return rule(primals, outs, params);
}
