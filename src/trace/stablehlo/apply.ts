import { at, zipExact } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import { sameAval, showAval } from '../aval.ts';
import type { Aval } from '../aval.ts';
import type { Equation, Jaxpr, Literal } from '../jaxpr.ts';
import { walkJaxpr } from '../walk.ts';
import type { HloBuilder } from './builder.ts';
import type { HloValue } from './text.ts';

/** Writes a Jaxpr's equations, one after the other; `inputs` are its constants, then its inputs. */
export function applyJaxpr(b: HloBuilder, jaxpr: Jaxpr, inputs: readonly HloValue[]): readonly HloValue[] {
  const n = jaxpr.constants.length;
  const literal = ({ aval, value }: Literal): HloValue => b.constant(aval.dtype, value);
  return walkJaxpr(jaxpr, inputs.slice(0, n), inputs.slice(n), literal, (e, ins) => applyEquation(b, e, ins));
}

function applyEquation(b: HloBuilder, e: Equation, ins: readonly HloValue[]): readonly HloValue[] {
  const types = e.outputs.map((v) => v.aval);
  // Results without elements need no computation.
  if (types.length > 0 && types.every((t) => t.shape.includes(0))) return types.map((t) => b.like(t, 0));
  const outs = e.primitive.stablehlo(b, ins, e.params, types);
  zipExact(types, outs).forEach(([type, value], i) => checkType(e, i, type, value));
  return outs;
}

function checkType(e: Equation, i: number, type: Aval, value: HloValue): void {
  const written = { ...value, weakType: false };
  if (sameAval(type, written)) return;
  throw new InternalError(
    `result ${i} of ${e.primitive.name} is ${showAval(written)} in StableHLO, not ${showAval(at(e.outputs, i).aval)}`,
  );
}
