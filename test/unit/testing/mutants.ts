import fc from 'fast-check';
import type { NDArray } from '../../../src/index.ts';
import {
  checkpoint,
  clearCaches,
  customJvp,
  customVjp,
  jit,
  jvp,
  lax,
  numpy as np,
  tree,
  vjp,
  vmap,
} from '../../../src/index.ts';
import type { DType } from '../../../src/kernel/dtype.ts';
import { isFloat } from '../../../src/kernel/dtype.ts';
import { primitives } from '../../../src/lax/registry.ts';
import { bind, resultTypes } from '../../../src/trace/context.ts';
import type {
  BatchedResult,
  Derivative,
  LinearMap,
  Primitive,
  StructuralRules,
  Tangent,
} from '../../../src/trace/primitive.ts';
import { casesOf } from '../../../src/trace/primitive.ts';
import { direction, floatPart } from '../../../src/testing/subject.ts';
import { structuralPrimitives } from '../../../src/transforms/registry.ts';
import { arrayOf, dtypesOf, values } from '../../laws/draw.ts';

/**
 * Mutants: primitives and functions with rules of their own, of which one rule has been made wrong. They are made from what
 * there is by a few kinds of damage, each applied to every rule that it fits; none is written for one rule.
 */

/** A function and where to look at it. */
export interface Program {
  readonly f: (...xs: readonly NDArray[]) => unknown;
  readonly at: (seed: number) => readonly NDArray[];
  /** Reverse mode is all that there is. */
  readonly modes?: readonly ('fwd' | 'rev')[];
}

export interface Mutant {
  readonly name: string;
  readonly damage: string;
  /** What has to be blamed: a primitive's rule, or that of a function of the user's. */
  readonly rule: 'jvp' | 'transpose' | 'batch';
  readonly blamed: string;
  /** The program without the damage. */
  readonly right: Program;
  /** Applies the program while the rule is wrong. */
  readonly during: <T>(body: (program: Program) => Promise<T>) => Promise<T>;
}

// ------------------------------------------------------------------------------------------------------ damage

/** What is done to what a rule gives. */
const damages: Readonly<Record<string, (x: NDArray) => NDArray>> = {
  'another sign': (x) => lax.mul(x, lax.mul(np.onesLike(x), -1)),
  'a factor': (x) => lax.mul(x, np.fullLike(x, 1.5)),
  'a missing term': (x) => np.zerosLike(x),
  'a wrong axis': (x) => lax.reshape(lax.rev(lax.reshape(x, [x.size]), [0]), x.shape),
};

type Damage = (x: NDArray) => NDArray;
const floatsBy = (damage: Damage, xs: readonly NDArray[]): readonly NDArray[] =>
  xs.map((x) => (isFloat(x.dtype) ? damage(x) : x));
/** A residual that is not quite what the rule was to see. */
const disturbed = (xs: readonly NDArray[]): readonly NDArray[] => floatsBy((x) => lax.mul(x, np.fullLike(x, 0.9)), xs);

type Rule = (...args: never[]) => unknown;
type Loose = (...args: readonly unknown[]) => unknown;

/** Each damage to one function that gives a linear map, by its name. */
function damagedPartials(rule: Loose): readonly (readonly [string, Rule])[] {
  const results = Object.entries(damages).map(([name, damage]): readonly [string, Rule] => [
    name,
    (...args: readonly unknown[]) => {
      const map = rule(...args) as LinearMap;
      return (t: NDArray) => floatsBy(damage, map(t));
    },
  ]);
  const residual: Rule = (...args: readonly unknown[]) =>
    rule(...args.map((a) => (Array.isArray(a) ? disturbed(a as readonly NDArray[]) : a)));
  return [...results, ['a wrong residual', residual]];
}

const damagedTransposes = (rule: Loose): readonly (readonly [string, Rule])[] =>
  Object.entries(damages).map(([name, damage]) => [name, (...args) => damage(rule(...(args as unknown[])) as NDArray)]);

type Change = readonly [name: string, rule: Mutant['rule'], change: Partial<Primitive>];

/** The rules of a list, or of a function that is told the operand, each damaged in each way. */
function changedList(
  rules: unknown,
  operands: number,
  damaged: (rule: Loose) => readonly (readonly [string, Rule])[],
): readonly (readonly [string, number, unknown])[] {
  return Array.from({ length: operands }, (_, i) => i).flatMap((i) => {
    if (typeof rules === 'function') {
      return damaged(rules as Loose).map(([name, bad]): readonly [string, number, unknown] => [
        name,
        i,
        (operand: number, ...rest: readonly unknown[]) =>
          operand === i ? (bad as Loose)(operand, ...rest) : (rules as Loose)(operand, ...rest),
      ]);
    }
    const list = rules as readonly unknown[];
    if (typeof list[i] !== 'function') return [];
    return damaged(list[i] as Loose).map(([name, bad]): readonly [string, number, unknown] => [
      name,
      i,
      list.map((r, k) => (k === i ? bad : r)),
    ]);
  });
}

function changedDerivatives({ derivative: d }: Primitive, operands: number): readonly Change[] {
  const change = (derivative: unknown): Partial<Primitive> => ({
    derivative: derivative as Derivative<unknown, number>,
  });
  switch (d.kind) {
    case 'smooth':
      return changedList(d.partials, operands, damagedPartials).map(([name, i, partials]) => [
        `${name}, operand ${i}`,
        'jvp',
        change({ ...d, partials }),
      ]);
    case 'linear':
      return changedList(d.transpose, operands, damagedTransposes).map(([name, i, transpose]) => [
        `${name}, operand ${i}`,
        'transpose',
        change({ ...d, transpose }),
      ]);
    case 'bilinear':
      return (['transposeLhs', 'transposeRhs'] as const).flatMap((side) =>
        damagedTransposes(d[side] as Loose).map(([name, bad]): Change => [
          `${name}, ${side}`,
          'transpose',
          change({ ...d, [side]: bad }),
        ]),
      );
    case 'structural':
      return changedStructural(d.rules).map(([name, rule, rules]) => [name, rule, change({ ...d, rules })]);
    case 'zero':
      return [];
  }
}

function changedStructural(
  rules: StructuralRules<unknown>,
): readonly (readonly [string, Mutant['rule'], StructuralRules<unknown>])[] {
  return Object.entries(damages).flatMap(([name, damage]) => {
    const hurt = (ts: readonly Tangent[]): readonly Tangent[] => ts.map((t) => (t === null ? t : damage(t)));
    const jvp: typeof rules.jvp = (...args) => {
      const out = rules.jvp(...args);
      return { ...out, tangents: hurt(out.tangents) };
    };
    const linearize: typeof rules.linearize = (...args) => {
      const out = rules.linearize(...args);
      return { ...out, linear: (ts) => hurt(out.linear(ts)) };
    };
    const transpose = (...args: readonly unknown[]): readonly Tangent[] =>
      hurt((rules.transpose as Loose)(...args) as readonly Tangent[]);
    const changed: (readonly [string, Mutant['rule'], StructuralRules<unknown>])[] = [
      [`${name}, forward`, 'jvp', { ...rules, jvp }],
    ];
    if (typeof rules.transpose === 'function') {
      changed.push([`${name}, linearized`, 'transpose', { ...rules, linearize }]);
      changed.push([`${name}, transposed`, 'transpose', { ...rules, transpose }]);
    }
    return changed;
  });
}

/** What is done to a batch that a rule gives. */
const batchDamages: Readonly<Record<string, (r: BatchedResult) => BatchedResult>> = {
  'another sign': ({ values: vs, axes }) => ({ values: floatsBy(damages['another sign'] as Damage, vs), axes }),
  'one example for all': ({ values: vs, axes }) => ({
    axes,
    values: vs.map((v, i) => {
      const axis = axes[i] ?? null;
      return axis === null || v.size === 0
        ? v
        : np.broadcastTo(np.take(v, np.array([0], { dtype: 'i32' }), axis), v.shape);
    }),
  }),
  'examples in another order': ({ values: vs, axes }) => ({
    axes,
    values: vs.map((v, i) => (axes[i] === null || axes[i] === undefined ? v : lax.rev(v, [axes[i]]))),
  }),
  'a wrong axis': ({ values: vs, axes }) => ({
    axes,
    values: vs.map((v, i) =>
      lax.rev(
        v,
        v.shape.map((_, a) => a).filter((a) => a !== axes[i]),
      ),
    ),
  }),
};

const changedBatches = ({ batch }: Primitive): readonly Change[] =>
  Object.entries(batchDamages).map(([name, damage]) => [name, 'batch', { batch: (...args) => damage(batch(...args)) }]);

// ---------------------------------------------------------------------------------------------------- programs

/** A primitive's case in f64 as a part of a program with operations before and after it; null where it has no f64. */
function programOf(primitive: Primitive, n: number): Program | null {
  const c = casesOf(primitive)[n];
  if (c === undefined) return null;
  const dtypes = dtypesOf(c.ins).find((ds) => ds.every((d) => d === 'f64' || !isFloat(d)));
  if (dtypes === undefined || !dtypes.some(isFloat)) return null;
  try {
    const outs = resultTypes(primitive, c.ins.map((i, k) => ({ shape: i.shape, dtype: dtypes[k] as DType, weakType: false })), c.params); // prettier-ignore
    if (!outs.some((o) => isFloat(o.dtype))) return null;
  } catch {
    return null;
  }
  const drawn = fc.tuple(...c.ins.map((i, k) => values(i, dtypes[k] as DType, k)));
  // No operation twice: two of the same damage may cancel each other.
  const before = (x: NDArray): NDArray => (isFloat(x.dtype) ? lax.log(lax.exp(x)) : x);
  const after = (x: NDArray): NDArray => (isFloat(x.dtype) ? lax.exp(lax.sin(x)) : x);
  return {
    f: (...xs) => bind(primitive, xs.map(before), c.params).map(after),
    at: (seed) => (fc.sample(drawn, { seed, numRuns: 1 })[0] ?? []).map((v, k) => arrayOf(c.ins[k]?.shape ?? [], dtypes[k] as DType, v)), // prettier-ignore
  };
}

/** Numbers that look random. */
export const noise = (seed: number, ...shape: readonly number[]): NDArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  return arrayOf(
    shape,
    'f64',
    Array.from({ length: size }, (_, i) => 1.5 * Math.sin(7.1 * (i + 1) + 3.3 * (seed + 1))),
  );
};

/** Programs with loops, conditionals and compiled parts. */
const structured: Readonly<Record<string, Program>> = {
  jit: { f: (x) => jit((y: NDArray) => np.sin(y).mul(y))(np.cos(x)), at: (seed) => [noise(seed, 4)] },
  scan: {
    f: (c, xs) => lax.scan((h: NDArray, x: NDArray) => [np.tanh(h.mul(0.5).add(x)), h.mul(x)], np.sin(c), xs), // prettier-ignore
    at: (seed) => [noise(seed, 2), noise(seed + 1, 3, 2)],
  },
  cond: {
    f: (x) => lax.cond((x).sum().gt(0), (y: NDArray) => np.sin(y), (y: NDArray) => y.mul(y), np.cos(x)), // prettier-ignore
    at: (seed) => [noise(seed, 3)],
  },
  checkpoint: {
    f: (x) => checkpoint((y: NDArray) => np.exp(np.sin(y)))(np.tanh(x)),
    at: (seed) => [noise(seed, 3)],
  },
  while: {
    f: (x) => lax.whileLoop((s) => s.i.lt(3), (s) => ({ i: s.i.add(1), y: np.sin(s.y).mul(1.2) }), { i: np.array(0, { dtype: 'i32' }), y: x }).y, // prettier-ignore
    at: (seed) => [noise(seed, 3)],
    modes: ['fwd'],
  },
};

// ------------------------------------------------------------------------------------------ primitives’ mutants

/** Runs `body` while a primitive's record has another rule. */
export async function changed<T>(primitive: Primitive, change: Partial<Primitive>, body: () => Promise<T>): Promise<T> {
  const before = { ...primitive };
  clearCaches();
  Object.assign(primitive, change);
  try {
    return await body();
  } finally {
    Object.assign(primitive, before);
    clearCaches();
  }
}

/**
 * What a rule does: derivatives in both modes, or a batch. Where that is the same for a mutant as without the damage (the sign
 * of a residual of which only the sign counts, the axes of a scalar), it is no mutant.
 */
export async function doneBy({ f, at, modes }: Program, rule: Mutant['rule']): Promise<readonly number[]> {
  const [first, ...more] = [at(1), at(2), at(3)] as const;
  const outs = (...xs: readonly NDArray[]): readonly NDArray[] => tree.leaves(f(...xs)) as readonly NDArray[];
  const { g, at: xs } = floatPart(outs, first);
  const results = (): readonly NDArray[] => {
    if (rule === 'batch') return vmap((...ys: readonly NDArray[]) => outs(...ys))(...first.map((x, i) => np.stack([x, ...more.map((m) => m[i] as NDArray)]))); // prettier-ignore
    if (rule === 'jvp')
      return jvp(
        (...ys: readonly NDArray[]) => g(...ys),
        xs,
        xs.map((x) => np.cos(x)),
      )[1];
    const [value, pullback] = vjp((...ys: readonly NDArray[]) => g(...ys), ...xs);
    return pullback(value.map((v, i) => direction(v, i)));
  };
  if (rule === 'jvp' && modes?.includes('fwd') === false) return [];
  return (await Promise.all(results().map(async (r) => Array.from(await r.data())))).flat();
}

/** The first program that each primitive is a part of. */
export function programs(): readonly (readonly [Primitive, Program])[] {
  const plain = primitives.flatMap((p) => {
    const found = casesOf(p).map((_, n) => programOf(p, n)).find((program) => program !== null && program.at(1).every((x) => x.size > 1)); // prettier-ignore
    return found === undefined || found === null ? [] : [[p, found] as const];
  });
  const holding = structuralPrimitives.flatMap((p) => {
    const program = structured[p.name];
    return program === undefined ? [] : [[p, program] as const];
  });
  return [...plain, ...holding];
}

/** All mutants of primitives. */
export const primitiveMutants = (): readonly Mutant[] =>
  programs().flatMap(([primitive, program]) =>
    [...changedDerivatives(primitive, program.at(1).length), ...changedBatches(primitive)].map(
      ([damage, rule, change]) => ({
        name: `${primitive.name}: ${rule}, ${damage}`,
        damage,
        rule,
        blamed: primitive.name,
        right: program,
        during: (body) => changed(primitive, change, () => body(program)),
      }),
    ),
  );

// ------------------------------------------------------------------------------- mutants of the user’s own rules

/** A function with a forward rule: from the values, the result, the tangents. */
interface ForwardCase {
  readonly name: string;
  readonly body: (...xs: NDArray[]) => NDArray;
  readonly rule: (xs: readonly NDArray[], ts: readonly NDArray[]) => NDArray;
  readonly at: (seed: number) => readonly NDArray[];
}

/** A function with a backward rule. */
interface BackwardCase {
  readonly name: string;
  readonly body: (...xs: NDArray[]) => NDArray;
  readonly residuals: (...xs: NDArray[]) => readonly NDArray[];
  readonly backward: (residuals: readonly NDArray[], ct: NDArray) => readonly NDArray[];
  readonly at: (seed: number) => readonly NDArray[];
}

type Two = readonly [NDArray, NDArray];
type One = readonly [NDArray];

const forwardCases: readonly ForwardCase[] = [
  {
    name: 'softplus',
    body: (x) => np.log(np.exp(x).add(1)),
    rule: ([x], [t]) => (t as NDArray).mul(lax.logistic(x as NDArray)),
    at: (seed) => [noise(seed, 3)],
  },
  {
    name: 'ratio',
    body: (x, y) => x.div(y.mul(y).add(1)),
    rule: (xs, ts) => {
      const [[x, y], [s, t]] = [xs as Two, ts as Two];
      const q = y.mul(y).add(1);
      return s.div(q).sub(t.mul(x).mul(y).mul(2).div(q.mul(q)));
    },
    at: (seed) => [noise(seed, 3), noise(seed + 5, 3)],
  },
];

const backwardCases: readonly BackwardCase[] = [
  {
    name: 'product',
    body: (x, y) => x.mul(y),
    residuals: (x, y) => [x, y],
    backward: (rs, ct) => [ct.mul((rs as Two)[1]), ct.mul((rs as Two)[0])],
    at: (seed) => [noise(seed, 2, 3), noise(seed + 5, 2, 3)],
  },
  {
    name: 'layer',
    body: (x, w) => np.tanh(x.matmul(w)),
    residuals: (x, w) => [x, w, np.tanh(x.matmul(w))],
    backward: (rs, ct) => {
      const [x, w, y] = rs as readonly [NDArray, NDArray, NDArray];
      const c = ct.mul(y.mul(y).neg().add(1));
      return [c.matmul(w.T), x.T.matmul(c)];
    },
    at: (seed) => [noise(seed, 2, 3), noise(seed + 5, 3, 4)],
  },
  {
    name: 'logSumExp',
    body: (x) => np.log(np.exp(x).sum()),
    residuals: (x) => [np.exp(x)],
    backward: (rs, ct) => [(rs as One)[0].div((rs as One)[0].sum()).mul(ct)],
    at: (seed) => [noise(seed, 4)],
  },
];

const surrounded =
  (custom: (...xs: NDArray[]) => NDArray) =>
  (...xs: readonly NDArray[]): NDArray =>
    jit((...ys: NDArray[]) => np.sin(custom(...ys.map((y) => y.mul(1.1)))).mul(0.5))(...(xs as NDArray[]));

/** Gives a function its name, as declarations have it. */
const named = <F extends (...xs: NDArray[]) => NDArray>(name: string, f: F): F => Object.defineProperty(f, 'name', { value: name }); // prettier-ignore

function forwardProgram(c: ForwardCase, rule: ForwardCase['rule']): Program {
  const custom = customJvp(named(c.name, (...xs: NDArray[]) => c.body(...xs)));
  custom.defjvp((xs, ts) => [c.body(...xs), rule(xs, ts)]);
  return { f: surrounded(custom), at: c.at };
}

function backwardProgram(c: BackwardCase, rules: Pick<BackwardCase, 'residuals' | 'backward'>): Program {
  const custom = customVjp(named(c.name, (...xs: NDArray[]) => c.body(...xs)));
  custom.defvjp(
    (...xs) => [c.body(...xs), rules.residuals(...xs)],
    (residuals: readonly NDArray[], ct) => [...rules.backward(residuals, ct)],
  );
  return { f: surrounded(custom), at: c.at, modes: ['rev'] };
}

/** Programs whose functions have the rules that they should have. */
export const customPrograms = (): readonly Program[] => [
  ...forwardCases.map((c) => forwardProgram(c, c.rule)),
  ...backwardCases.map((c) => backwardProgram(c, c)),
];

const customMutant = (
  name: string,
  right: Program,
  damage: string,
  rule: Mutant['rule'],
  program: Program,
): Mutant => ({
  name: `${name}: ${rule}, ${damage}`,
  damage,
  rule,
  blamed: name,
  right,
  during: (body) => body(program),
});

/** All mutants of functions with rules of their own. */
export const customMutants = (): readonly Mutant[] => [
  ...forwardCases.flatMap((c) => [
    ...Object.entries(damages).map(
      ([damage, hurt]) =>
      customMutant(c.name, forwardProgram(c, c.rule), damage, 'jvp', forwardProgram(c, (xs, ts) => hurt(c.rule(xs, ts)))), // prettier-ignore
    ),
    customMutant(c.name, forwardProgram(c, c.rule), 'a wrong residual', 'jvp', forwardProgram(c, (xs, ts) => c.rule(disturbed(xs), ts))), // prettier-ignore
  ]),
  ...backwardCases.flatMap((c) => [
    ...Object.entries(damages).flatMap(([damage, hurt]) =>
      c.at(1).map(
        (_, i) =>
        customMutant(c.name, backwardProgram(c, c), `${damage}, argument ${i}`, 'transpose', backwardProgram(c, { ...c, backward: (rs, ct) => c.backward(rs, ct).map((x, k) => (k === i ? hurt(x) : x)) })), // prettier-ignore
      ),
    ),
    customMutant(c.name, backwardProgram(c, c), 'a wrong residual', 'transpose', backwardProgram(c, { ...c, residuals: (...xs) => disturbed(c.residuals(...xs)) })), // prettier-ignore
  ]),
];
