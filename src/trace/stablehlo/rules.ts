import { load } from '../../kernel/expr.ts';
import { lit } from '../../kernel/index-algebra.ts';
import { narrow } from '../../kernel/narrow.ts';
import type { KernelOp } from '../../kernel/ops.ts';
import { at } from '../../util/array.ts';
import { InternalError } from '../../util/error.ts';
import type { Aval } from '../aval.ts';
import type { Operand, Primitive, Tuple } from '../primitive.ts';
import { applyJaxpr } from './apply.ts';
import type { HloBuilder } from './builder.ts';
import { writeProcedure } from './procedure.ts';
import { writeExpressions, writeOp } from './scalar.ts';
import type { HloValue } from './text.ts';

/** Rules that families of primitives share. */

/** How a primitive is written as StableHLO. */
export type StableHloRule<P, N extends number> = (
  b: HloBuilder,
  ins: Tuple<N, HloValue>,
  params: P,
  outs: readonly Aval[],
) => readonly HloValue[];

/** A primitive that has a lowering, when it is asked for. */
type Self<P, N extends number> = () => Pick<Primitive<P, N>, 'name' | 'lower'>;

/** The operands as they are. */
export const asTheyAre =
  <P, N extends number>(): StableHloRule<P, N> =>
  (_, ins) =>
    ins as readonly HloValue[];

/** One scalar operation, on whole arrays. */
export const operation =
  <P, N extends number>(op: KernelOp): StableHloRule<P, N> =>
  (b, ins, _, [out]) => [writeOp(b, op, ins as readonly HloValue[], (out as Aval).dtype)];

/** StableHLO's operation of that name, whose operands and result have one type. */
export const named =
  <P, N extends number>(name: string): StableHloRule<P, N> =>
  (b, ins) => [b.op(name, ...(ins as unknown as readonly [HloValue]))];

/** Scalar expressions of the operands' elements in the same place, as the primitive is lowered to. */
export const pointwise =
  <P, N extends number>(self: Self<P, N>): StableHloRule<P, N> =>
  (b, ins, params, outs) => {
    const values = ins as readonly HloValue[];
    const lowered = self().lower(values.map(elementOf) as unknown as Tuple<N, Operand>, params, outs);
    if (lowered.kind !== 'map') throw new InternalError(`a pointwise primitive is lowered to a ${lowered.kind}`);
    const roots = lowered.outputs.map((element, i) => narrow(at(outs, i).dtype, element([])));
    const written = writeExpressions(b, roots, at(outs, 0).shape, { load: ({ operand }) => at(values, operand) });
    return written.map((v, i) => b.convert(v, at(outs, i).dtype));
  };

const elementOf = ({ shape, dtype }: HloValue, operand: number): Operand => ({
  aval: { shape, dtype, weakType: false },
  at: () => load(operand, dtype, lit(0)),
});

/** As {@link pointwise}, in a function of its own. */
export const pointwiseFunction =
  <P, N extends number>(self: Self<P, N>): StableHloRule<P, N> =>
  (b, ins, params, outs) => {
    const values = ins as readonly HloValue[];
    const { shape, dtype } = at(outs, 0);
    const { name } = self();
    return b.call(name, `${name} ${dtype} ${shape.join()}`, values, outs, (inner, args) =>
      pointwise(self)(inner, args as unknown as Tuple<N, HloValue>, params, outs),
    );
  };

/** Loops over single elements, as the primitive is lowered to. */
export const procedural =
  <P, N extends number>(self: Self<P, N>): StableHloRule<P, N> =>
  (b, ins, params, outs) => {
    const values = ins as readonly HloValue[];
    const { name } = self();
    const key = `${name} ${JSON.stringify(params)} ${values.map((v) => `${v.dtype} ${v.shape.join()}`).join(';')}`;
    return b.call(name, key, values, outs, (inner, args) =>
      writeProcedure(inner, args, outs, (operands) => {
        const lowered = self().lower(operands as unknown as Tuple<N, Operand>, params, outs);
        if (lowered.kind !== 'procedure') throw new InternalError(`${name} is lowered to a ${lowered.kind}`);
        return lowered;
      }),
    );
  };

/** The equations of the Jaxpr that the primitive stands for. */
export const inlined =
  <P, N extends number>(self: Self<P, N>): StableHloRule<P, N> =>
  (b, ins, params, outs) => {
    const lowered = self().lower([] as unknown as Tuple<N, Operand>, params, outs);
    if (lowered.kind !== 'inline') throw new InternalError(`a primitive is lowered to a ${lowered.kind}`);
    return applyJaxpr(b, lowered.jaxpr, ins as readonly HloValue[]);
  };
