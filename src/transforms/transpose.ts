import { zerosOf } from '../lax/structural.ts';
import { withoutDeadEquations } from '../trace/dead-code.ts';
import { GradientError } from '../trace/errors.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { Atom, Equation, Jaxpr } from '../trace/jaxpr.ts';
import { Literal, Var } from '../trace/jaxpr.ts';
import { inPhase } from '../trace/phase.ts';
import type { Linearized, Primitive, Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { zipExact } from '../util/array.ts';
import { present } from '../util/assert.ts';
import { onBehalf, withOrigin } from '../util/origin.ts';
import { addTangents, isLinearOperand } from './differentiate.ts';

/**
 * The transpose of a linear Jaxpr: from cotangents of its results to cotangents of its inputs (null: zero), running
 * under the current interpreter. Equations that do not depend on the inputs are evaluated first, if they are needed or
 * have an effect.
 *
 * @param constants the values of `jaxpr.constants`: the residuals.
 */
export const transposeLinear = (
  jaxpr: Jaxpr,
  constants: readonly NDArray[],
  cts: readonly Tangent[],
): readonly Tangent[] =>
  onBehalf(transposeLinear, () => inPhase({ kind: 'backward' }, () => backwards(jaxpr, constants, cts)));

function backwards(jaxpr: Jaxpr, constants: readonly NDArray[], cts: readonly Tangent[]): readonly Tangent[] {
  const linear = new Set<Var>(jaxpr.inputs);
  const isLinear = (a: Atom): boolean => a instanceof Var && linear.has(a);
  const linearly: Equation[] = [];
  const others: Equation[] = [];
  for (const e of jaxpr.equations) {
    if (!e.inputs.some(isLinear)) {
      others.push(e);
      continue;
    }
    e.outputs.forEach((v) => linear.add(v));
    linearly.push(e);
  }
  const read = linearly.flatMap((e) => e.inputs.filter((a, i) => !isLinear(a) && needsValue(e.primitive, i)));
  const outputs = [...new Set(read)];
  const first = withoutDeadEquations({ ...jaxpr, inputs: [], equations: others, outputs });
  const known = new Map(zipExact(outputs, evalJaxpr(first, constants, [])));

  const cotangents = new Map<Var, NDArray>();
  const accumulate = (a: Atom, ct: Tangent): void => {
    if (ct === null || a instanceof Literal || !linear.has(a)) return;
    const sum = addTangents(cotangents.get(a) ?? null, ct);
    if (sum !== null) cotangents.set(a, sum);
  };
  for (const [a, ct] of zipExact(jaxpr.outputs, cts)) accumulate(a, ct);
  for (const e of linearly.reverse()) {
    const outs = e.outputs.map((v) => cotangents.get(v) ?? null);
    // What comes after has no further use for them.
    e.outputs.forEach((v) => cotangents.delete(v));
    if (outs.every((ct) => ct === null)) continue;
    const ins = e.inputs.map((a, i): Linearized => {
      return {
        aval: a.aval,
        value: isLinear(a) || !needsValue(e.primitive, i) ? null : present(known.get(a), 'a value'),
      };
    });
    const transposed = (): readonly Tangent[] => transposeEquation(e, outs, ins, e.inputs.map(isLinear));
    const back = e.origin === undefined ? transposed() : withOrigin(e.origin, transposed);
    zipExact(e.inputs, back).forEach(([a, ct]) => accumulate(a, ct));
  }
  return jaxpr.inputs.map((v) => cotangents.get(v) ?? null);
}

/** Does the transpose read the value of an operand that is known? Of those that it is linear in it does not. */
const needsValue = ({ derivative }: Primitive, operand: number): boolean =>
  derivative.kind !== 'linear' || !isLinearOperand(derivative.transpose, operand);

/** Cotangents of the operands of one linear equation. */
function transposeEquation(
  e: Equation,
  outs: readonly Tangent[],
  ins: readonly Linearized[],
  linear: readonly boolean[],
): readonly Tangent[] {
  const { derivative, name } = e.primitive;
  switch (derivative.kind) {
    case 'structural': {
      const { transpose } = derivative.rules;
      if (typeof transpose !== 'function') throw new GradientError('no-reverse-mode', transpose.noReverse);
      return transpose(outs, ins, e.params);
    }
    case 'bilinear': {
      const [ct] = outs as [NDArray];
      const [x, y] = ins as [Linearized, Linearized];
      if (x.value === null && y.value !== null) return [derivative.transposeLhs(ct, y.value, e.params, x.aval), null];
      if (y.value === null && x.value !== null) return [null, derivative.transposeRhs(ct, x.value, e.params, y.aval)];
      throw notLinear(`${name} of two values that both depend on them`);
    }
    case 'linear': {
      const cts = zipExact(outs, e.outputs).map(([ct, v]) => ct ?? zerosOf(v.aval));
      const { transpose } = derivative;
      return ins.map((_, i) => {
        if (linear[i] !== true) return null;
        if (typeof transpose === 'function') return transpose(i, cts, ins, e.params);
        const rule = transpose[i];
        if (typeof rule !== 'function') throw notLinear(`${name}, which is not linear in operand ${i}`);
        return rule(cts, ins, e.params);
      });
    }
    case 'smooth':
    case 'zero':
      throw notLinear(name);
  }
}

const notLinear = (operation: string): GradientError =>
  new GradientError(
    'not-linear',
    'only linear functions can be transposed: a function given to linearTranspose must be linear in its arguments, and a forward rule ' +
      `(customJvp) in the tangents, but this one applies to them ${operation}`,
  );
