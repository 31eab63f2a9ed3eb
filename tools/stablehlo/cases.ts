import fc from 'fast-check';
import type { NDArray } from '../../src/index.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import { primitives } from '../../src/lax/registry.ts';
import { bind, resultTypes } from '../../src/trace/context.ts';
import { HostFunction } from '../../src/trace/host-call.ts';
import type { Case, Primitive } from '../../src/trace/primitive.ts';
import { casesOf } from '../../src/trace/primitive.ts';
import { structuralPrimitives } from '../../src/transforms/registry.ts';
import type { CaseProgram } from '../../test/golden/calls.ts';
import { arrayOf, dtypesOf, values } from '../../test/laws/draw.ts';

/** The cases that the laws of primitives are tested on, as programs of one primitive. */

/** Where hand-written rules and approximations go wrong. */
const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 2, 88, -88, 200, -200, 1e-30, 3, -0.75];

const callsHost = ({ params }: Case<unknown, number>): boolean =>
  Object.values(params as object).some((x) => x instanceof HostFunction);

/** Does the primitive take these dtypes? */
function takes(primitive: Primitive, c: Case<unknown, number>, dtypes: readonly DType[]): boolean {
  try {
    resultTypes(primitive, c.ins.map((i, k) => ({ shape: i.shape, dtype: dtypes[k] as DType, weakType: false })), c.params); // prettier-ignore
    return true;
  } catch {
    return false;
  }
}

function drawn(c: Case<unknown, number>, dtypes: readonly DType[]): readonly NDArray[] {
  const all = fc.tuple(...c.ins.map((i, k) => values(i, dtypes[k] as DType, k)));
  const [sample = []] = fc.sample(all, { seed: 1, numRuns: 1 });
  return sample.map((v, k) => arrayOf((c.ins[k] as Case<unknown, number>['ins'][number]).shape, dtypes[k] as DType, v));
}

/** Two operands meet in every combination. */
function specials(arity: number, dtype: DType): readonly NDArray[] {
  const n = special.length;
  const shape = arity === 1 ? [n] : [n, n];
  return Array.from(
    { length: arity },
    (_, k) =>
    arrayOf(shape, dtype, Array.from({ length: n ** shape.length }, (__, i) => special[k === 0 ? i % n : Math.floor(i / n)] as number)), // prettier-ignore
  );
}

/** Is it a function of numbers, element by element? */
const isElementwise = (primitive: Primitive, c: Case<unknown, number>): boolean =>
  c.ins.length > 0 &&
  c.ins.length < 3 &&
  Object.keys(c.params as object).length === 0 &&
  primitive.lower(c.ins.map((i) => ({ aval: { shape: i.shape, dtype: 'f32', weakType: false }, at: () => { throw new Error(); } })), c.params, []).kind === 'map'; // prettier-ignore

/** A program for each case of each primitive and each choice of dtypes, and of elementwise ones for special values. */
export function* primitivePrograms(): Generator<{ readonly title: string; readonly program: CaseProgram }> {
  for (const primitive of [...primitives, ...structuralPrimitives]) {
    for (const [n, c] of casesOf(primitive).entries()) {
      if (callsHost(c)) continue;
      for (const dtypes of dtypesOf(c.ins)) {
        if (!takes(primitive, c, dtypes)) continue;
        const title = `primitives ${primitive.name} ${c.label ?? `case ${n}`} in ${dtypes.join(', ')}`;
        const run: CaseProgram['run'] = (...xs) => bind(primitive, xs, c.params);
        yield { title, program: { what: 'value', run, inputs: drawn(c, dtypes) } };
        const [dtype] = dtypes;
        if (n > 0 || dtype === undefined || !isFloat(dtype) || !isElementwise(primitive, c)) continue;
        yield {
          title: `${title}, special values`,
          program: { what: 'value', run, inputs: specials(c.ins.length, dtype) },
        };
      }
    }
  }
}
