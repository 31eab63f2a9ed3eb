import { describe, expect, test } from 'vitest';
import { primitives } from '../../src/lax/registry.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import type { Aval } from '../../src/trace/aval.ts';
import { aval } from '../../src/trace/aval.ts';
import { bind, resultTypes } from '../../src/trace/context.ts';
import { ExportError } from '../../src/trace/errors.ts';
import { HostFunction } from '../../src/trace/host-call.ts';
import type { Case, Primitive } from '../../src/trace/primitive.ts';
import { casesOf } from '../../src/trace/primitive.ts';
import { stage } from '../../src/trace/stage.ts';
import { stableHloModule } from '../../src/trace/stablehlo/module.ts';
import { structuralPrimitives } from '../../src/transforms/registry.ts';
import { verifyModule } from '../golden/stablehlo/verify.ts';
import { dtypesOf } from './draw.ts';

/**
 * Every primitive, on its own cases, is written as StableHLO in which each value is defined before it is used and has the type
 * that it is used with. `tools/stablehlo/check.ts` lets XLA say whether it means the right thing.
 */

const avalsOf = (c: Case<unknown, number>, dtypes: readonly DType[]): readonly Aval[] =>
  c.ins.map((i, k) => aval(i.shape, dtypes[k] as DType));

function takes(primitive: Primitive, c: Case<unknown, number>, avals: readonly Aval[]): boolean {
  try {
    resultTypes(primitive, avals, c.params);
    return true;
  } catch {
    return false;
  }
}

const callsHost = ({ params }: Case<unknown, number>): boolean =>
  Object.values(params as object).some((x) => x instanceof HostFunction);

const moduleOf = (primitive: Primitive, c: Case<unknown, number>, avals: readonly Aval[]): string =>
  stableHloModule(
    primitive.name,
    stage('a case', (...xs) => bind(primitive, xs, c.params), avals),
  );

/** Collectives, which have no cases, are gone once a function is batched: test/golden/stablehlo.test.ts has one. */
const withCases = [...primitives, ...structuralPrimitives].filter((p) => casesOf(p).length > 0);

describe.each(withCases.map((p) => [p.name, p] as const))('%s', (_, primitive) => {
  for (const [n, c] of casesOf(primitive).entries()) {
    for (const dtypes of dtypesOf(c.ins)) {
      const avals = avalsOf(c, dtypes);
      if (!takes(primitive, c, avals)) continue;
      test(`${c.label ?? `case ${n}`} in ${dtypes.join(', ')}`, () => {
        if (callsHost(c)) expect(() => moduleOf(primitive, c, avals)).toThrow(ExportError);
        else expect(verifyModule(moduleOf(primitive, c, avals))).toEqual([]);
      });
    }
  }
});
