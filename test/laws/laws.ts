import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import '../../src/index.ts';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { defaultDevice, setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { DType } from '../../src/kernel/dtype.ts';
import { isFloat, isNarrow } from '../../src/kernel/dtype.ts';
import { constant } from '../../src/kernel/expr.ts';
import { add, mul } from '../../src/lax/elementwise.ts';
import { primitives } from '../../src/lax/registry.ts';
import { reduceSum } from '../../src/lax/structural.ts';
import { stack } from '../../src/numpy/shape.ts';
import type { Aval } from '../../src/trace/aval.ts';
import { showAval, sizeOf } from '../../src/trace/aval.ts';
import { GradientError } from '../../src/trace/errors.ts';
import { bind, currentTrace, resultTypes } from '../../src/trace/context.ts';
import type { Case, Primitive } from '../../src/trace/primitive.ts';
import { casesOf } from '../../src/trace/primitive.ts';
import type { NDArray } from '../../src/trace/value.ts';
import { structuralPrimitives } from '../../src/transforms/registry.ts';
import { isLinearOperand } from '../../src/transforms/differentiate.ts';
import { vjp } from '../../src/transforms/reverse-mode.ts';
import { jit } from '../../src/transforms/jit.ts';
import { vmap } from '../../src/transforms/vmap.ts';
import { batchFault } from '../../src/testing/batching.ts';
import type { Settings } from '../../src/testing/derivatives.ts';
import {
  derivativeOf,
  differentArrays,
  jvpAt,
  lawOf,
  linearLaw,
  settingsFor,
  transposeLaw,
} from '../../src/testing/derivatives.ts';
import type { Flat } from '../../src/testing/subject.ts';
import { direction, directions, floatPart } from '../../src/testing/subject.ts';
import { Skips } from '../skips.ts';
import { arrayOf, dtypesOf, values } from './draw.ts';

/**
 * The laws of a primitive: its rules agree with each other and with its evaluation, on its own cases. They run for every
 * registered primitive on whichever device a test file names.
 */

/** How a device is tested. */
export interface LawOptions {
  readonly make: () => Promise<Device>;
  /** Draws for each law of each case. */
  readonly runs: number;
  /** Largest relative error of f32 and f64 results, between orders of the same arithmetic. */
  readonly tolerance: { readonly f32: number; readonly f64: number };
  /** Dtypes that the device does not have; cases in them are not run. */
  readonly lacks: readonly DType[];
  /** Must the device agree with the reference at NaN, infinities, zeros and the ends of exp's range too? */
  readonly specials: boolean;
  /** May it take a subnormal number for zero? Then there is none among those. */
  readonly flushes: boolean;
}

/** Some units in the last place of half precision. */
const halfTolerance = 8e-3;

/** Where hand-written rules and approximations go wrong. */
const specialValues = (least: number): readonly number[] => [0, -0, Infinity, -Infinity, NaN, 1, -1, 88, -88, 200, -200, least, 0.5, 2]; // prettier-ignore

/** Those that have no cases say why, and where their rules are tested instead. */
const everyPrimitive = [...primitives, ...structuralPrimitives].filter((p) => casesOf(p).length > 0);
const reference = createReferenceDevice();

/** Declares the tests of all laws for all primitives on a device. */
export function lawsOn(name: string, options: LawOptions): void {
  const skips = new Skips();
  describe(`laws on ${name}`, () => {
    if (options.lacks.length > 0) skips.print(`laws on ${name}`, 'cases of primitives');
    beforeAll(async () => setDefaultDevice(await options.make()));
    afterEach(() => expect(currentTrace()).toBeNull());
    for (const primitive of everyPrimitive) {
      describe(primitive.name, () => {
        casesOf(primitive).forEach((c, n) => {
          for (const dtypes of dtypesOf(c.ins)) {
            const label = `${c.label ?? `case ${n}`} in ${dtypes.join(', ')}`;
            const lacking = dtypes.find((d) => options.lacks.includes(d));
            if (lacking === undefined) lawsOf(primitive, c, dtypes, label, options, skips);
            else skips.add(`the device has no ${lacking}`);
          }
        });
      });
    }
  });
}

/** The types of a case's results, or null where it does not take these dtypes. */
function resultsOf(primitive: Primitive, c: Case<unknown, number>, dtypes: readonly DType[]): readonly Aval[] | null {
  const avals = c.ins.map((i, k) => ({ shape: i.shape, dtype: dtypes[k] as DType, weakType: false }));
  try {
    return resultTypes(primitive, avals, c.params);
  } catch (error) {
    // A case for any dtype stands for those that the primitive takes; every other case must be accepted.
    if (c.ins.some((i) => i.dtype === 'any')) return null;
    throw error;
  }
}

function lawsOf(
  primitive: Primitive,
  c: Case<unknown, number>,
  dtypes: readonly DType[],
  label: string,
  options: LawOptions,
  skips: Skips,
): void {
  const results = resultsOf(primitive, c, dtypes);
  if (results === null) return;
  const lacking = results.find((r) => options.lacks.includes(r.dtype));
  if (lacking !== undefined) return skips.add(`the device has no ${lacking.dtype}`);
  const f: Flat = (...xs) => bind(primitive, xs, c.params);
  const involved = [...dtypes, ...results.map((r) => r.dtype)];
  const single = involved.includes('f32');
  const half = involved.includes('f16');
  const tolerance = half ? halfTolerance : options.tolerance[single ? 'f32' : 'f64'];
  // What is narrow is narrowed by one mechanism for all primitives.
  const usual = involved.some(isNarrow) ? 1 : options.runs;
  const inputs = fc
    .tuple(...c.ins.map((i, k) => values(i, dtypes[k] as DType, k)))
    .map((vs) => vs.map((v, k) => arrayOf((c.ins[k] as Aval).shape, dtypes[k] as DType, v)));
  const law = (name: string, check: (xs: readonly NDArray[]) => Promise<void>, runs = usual): void => {
    test(`${label}: ${name}`, () => fc.assert(fc.asyncProperty(inputs, check), { numRuns: runs }));
  };
  const close = (actual: readonly NDArray[], expected: readonly NDArray[]): Promise<void> =>
    expectClose(actual, expected, tolerance);

  law('the type is the result’s type', async (xs) => {
    const outs = f(...xs);
    expect(outs.map((o) => showAval(o.aval))).toEqual(results.map(showAval));
    for (const o of outs) expect((await o.data()).length).toBe(o.size);
  });

  law('the device agrees with the reference', async (xs) => {
    const copies = await Promise.all(xs.map(async (x) => arrayOf(x.shape, x.dtype, Array.from(await x.data()))));
    const device = defaultDevice();
    setDefaultDevice(reference);
    const expected = f(...copies);
    setDefaultDevice(device);
    await close(f(...xs), expected);
  });

  if (options.specials && dtypes.some(isFloat) && isLoopNest(primitive, c, dtypes, results)) {
    test(`${label}: special values as on the reference`, async () => {
      for (const shift of [0, 5]) {
        const special = (k: number): NDArray => {
          const { shape } = c.ins[k] as Aval;
          const from = specialValues(options.flushes ? 1.2e-38 : 1e-38);
          const data = Array.from({ length: sizeOf(shape) }, (_, i) => from[(i + (shift + 3) * k + shift) % from.length] as number); // prettier-ignore
          return arrayOf(shape, dtypes[k] as DType, isFloat(dtypes[k] as DType) ? data : data.map((_, i) => i % 2));
        };
        const device = defaultDevice();
        setDefaultDevice(reference);
        const expected = f(...dtypes.map((_, k) => special(k)));
        setDefaultDevice(device);
        await close(f(...dtypes.map((_, k) => special(k))), expected);
      }
    });
  }

  law('jit is evaluation', async (xs) => close(jit((...ys: readonly NDArray[]) => f(...ys))(...xs), f(...xs)));

  if (c.ins.length > 0) {
    law('vmap is a loop', async (xs) => {
      const near = (x: NDArray): number => (isFloat(x.dtype) ? tolerance : 0);
      expect(await batchFault(f, xs, defaultDevice(), near)).toBeNull();
    });
  }

  /** What rounds is compared with `tolerance`, or with what a law says. */
  const settings = (): Settings => ({ device: defaultDevice(), seed: 0, epsilon: 0, step: 0, tolerance, asked: {} });
  if (!dtypes.some(isFloat) || primitive.derivative.kind === 'zero' || !results.some((r) => isFloat(r.dtype))) return;
  for (const group of linearGroups(primitive, dtypes)) {
    law(
      `it is linear in ${group.join(', ')}`,
      async (xs) => {
        const { g, at } = floatPart(f, xs, (i) => group.includes(i));
        expect((await linearLaw(g, at, defaultDevice(), tolerance, [1, 2])).fault).toBeNull();
      },
      1,
    );
  }

  law('jvp’s primal is evaluation', async (xs) => {
    const { g, at } = floatPart(f, xs);
    const { primals } = jvpAt(g, at, directions(at, 0));
    await close(primals, g(...at));
  });

  const { derivative } = primitive;
  const forwardOnly = derivative.kind === 'structural' && typeof derivative.rules.transpose !== 'function';
  if (forwardOnly) {
    law('reverse mode is refused', (xs) => {
      const { g, at } = floatPart(f, xs);
      const [outs, pullback] = vjp(g, ...at);
      expect(() => pullback(outs.map((o, i) => direction(o, i + 7)))).toThrow(GradientError);
      return Promise.resolve();
    });
  }
  const reverseLaw: typeof law = (...args) => (forwardOnly ? undefined : law(...args));

  reverseLaw('jvp and vjp are transposes of each other', async (xs) => {
    const { g, at } = floatPart(f, xs);
    expect((await transposeLaw(g, at, settings(), tolerance * 10)).fault).toBeNull();
  });

  reverseLaw(
    'grad of vmap is vmap of grad',
    async (xs) => {
      const { g, at } = floatPart(f, xs);
      const total = (outs: readonly NDArray[]): NDArray =>
        outs.map((o) => reduceSum(mul(o, direction(o, 3)), o.shape.map((_, i) => i))).reduce(add); // prettier-ignore
      const gradient = (...ys: readonly NDArray[]): readonly NDArray[] => {
        const [value, pullback] = vjp((...zs: readonly NDArray[]) => total(g(...zs)), ...ys);
        return pullback(arrayOf([], value.dtype, [1]));
      };
      const perExample = vmap(gradient)(...at.map((x) => stack([x, x])));
      await close(
        perExample,
        gradient(...at).map((one) => stack([one, one])),
      );
    },
    1,
  );

  if (!dtypes.includes('f64') || half) return;
  const precise = (): Settings => settingsFor(involved, defaultDevice(), single ? {} : { tolerance: 1e-6 });
  const centralDifference = async (g: Flat, at: readonly NDArray[]): Promise<void> => {
    // Cases stay away from kinks.
    expect(await lawOf.fwd(g, at, precise())).toMatchObject({ fault: null, kinks: 0 });
  };
  law('jvp is the central difference', (xs) => {
    const { g, at } = floatPart(f, xs);
    return centralDifference(g, at);
  });
  law(
    'jvp of jvp is the central difference of jvp',
    (xs) => {
      const { g, at } = floatPart(f, xs);
      return centralDifference(derivativeOf.fwd(g, 0), at);
    },
    1,
  );
  reverseLaw(
    'jvp of vjp is the central difference of vjp',
    (xs) => {
      const { g, at } = floatPart(f, xs);
      return centralDifference(derivativeOf.rev(g, 0), at);
    },
    1,
  );
}

/** Does a primitive compute each element by itself, by a reduction or by a contraction? */
function isLoopNest(
  primitive: Primitive,
  c: Case<unknown, number>,
  dtypes: readonly DType[],
  results: readonly Aval[],
): boolean {
  if (primitive.derivative.kind === 'structural') return false;
  const operands = c.ins.map((i, k) => {
    const dtype = dtypes[k] as DType;
    return { aval: { shape: i.shape, dtype, weakType: false }, at: () => constant(dtype, 0) };
  });
  const { kind } = primitive.lower(operands, c.params, results);
  return kind === 'map' || kind === 'reduce' || kind === 'contract';
}

/** Positions of float operands that a primitive says it is linear in, together, the others fixed. */
function linearGroups({ derivative }: Primitive, dtypes: readonly DType[]): readonly (readonly number[])[] {
  const floats = dtypes.flatMap((d, i) => (isFloat(d) ? [i] : []));
  if (derivative.kind === 'bilinear') return [[0], [1]].filter(([i]) => floats.includes(i as number));
  if (derivative.kind !== 'linear') return [];
  const group = floats.filter((i) => isLinearOperand(derivative.transpose, i));
  return group.length === 0 ? [] : [group];
}

/** Close in the sense of the dtype: exact for integers and bools. */
async function expectClose(actual: readonly NDArray[], expected: readonly NDArray[], tolerance: number): Promise<void> {
  expect(await differentArrays(actual, expected, (x) => (isFloat(x.dtype) ? tolerance : 0))).toBeNull();
}
