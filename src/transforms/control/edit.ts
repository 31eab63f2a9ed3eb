import type { HostArray } from '../../kernel/dtype.ts';
import { scalarOf } from '../../lax/rules.ts';
import { concatenate } from '../../lax/pieces.ts';
import { reshape, toFront, zerosOf } from '../../lax/structural.ts';
import type { Aval } from '../../trace/aval.ts';
import type { Atom, ClosedJaxpr, Equation, Jaxpr, Var } from '../../trace/jaxpr.ts';
import { Literal } from '../../trace/jaxpr.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { Tracer } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import { invariant, present } from '../../util/assert.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { inputAvals } from '../jaxpr-rules.ts';

/** Jaxprs put together from others' inputs, equations and results, without tracing anything again. */

/** Cuts a list into pieces of these lengths; what is left over is the last piece. */
export function cut<T, const L extends readonly number[]>(items: readonly T[], ...lengths: L): Pieces<T, L> {
  let from = 0;
  const pieces = lengths.map((n) => items.slice(from, (from += n)));
  return [...pieces, items.slice(from)] as unknown as Pieces<T, L>;
}

type Pieces<T, L extends readonly number[]> = readonly [...{ [K in keyof L]: readonly T[] }, rest: readonly T[]];

/** Items of two lists, each in order: from `marked` where a flag says so. */
export function merged<T>(flags: Flags, others: readonly T[], marked: readonly T[]): readonly T[] {
  const [from, rest] = [marked.values(), others.values()];
  return flags.map((f) => present((f ? from : rest).next().value, 'an item'));
}

/** Repeats `step` with all flags that it gave so far until it gives no more. */
export function fixedPoint<R>(
  start: Flags,
  step: (flags: Flags) => { readonly flags: Flags; readonly result: R },
): { readonly flags: Flags; readonly result: R } {
  let flags = start;
  for (;;) {
    const { flags: given, result } = step(flags);
    const all = flags.map((f, i) => f || given[i] === true);
    if (all.every((f, i) => f === flags[i])) return { flags, result };
    flags = all;
  }
}

/** `flags` marks this many items. */
export const count = (flags: Flags): number => flags.filter((f) => f).length;

/** `jaxpr` with other results: atoms of it, or zeros of a type. */
export function withOutputs(jaxpr: Jaxpr, outputs: readonly (Atom | { readonly zeros: Aval })[]): Jaxpr {
  const more: Equation[] = [];
  const atoms = outputs.map((o): Atom => {
    if (!('zeros' in o)) return o;
    const zeros = stage('zeros', () => [zerosOf(o.zeros)], []).jaxpr;
    more.push(...zeros.equations);
    return at(zeros.outputs, 0);
  });
  return { ...jaxpr, equations: more.length === 0 ? jaxpr.equations : [...jaxpr.equations, ...more], outputs: atoms };
}

/** The result where there is one, zeros of its type where it is null but wanted. */
export const orZeros = (
  atoms: readonly (Atom | null)[],
  types: readonly Aval[],
): readonly (Atom | { readonly zeros: Aval })[] => atoms.map((a, i) => a ?? { zeros: at(types, i) });

/** Equations that read other atoms in place of some variables. */
export function renamed(equations: readonly Equation[], names: ReadonlyMap<Var, Atom>): readonly Equation[] {
  if (names.size === 0) return equations;
  return equations.map((e) => ({ ...e, inputs: e.inputs.map((a) => renamedAtom(a, names)) }));
}

/** The atom that stands for `a`. */
export const renamedAtom = (a: Atom, names: ReadonlyMap<Var, Atom>): Atom =>
  a instanceof Literal ? a : (names.get(a) ?? a);

/** A Jaxpr that was staged without capturing anything. */
export function capturingNothing({ jaxpr, constants }: ClosedJaxpr): Jaxpr {
  invariant(constants.length === 0, `a Jaxpr captured ${constants.length} arrays`);
  return jaxpr;
}

/**
 * A Jaxpr whose results have their batch axis in front.
 *
 * @param axes where they have it now; null where they have none.
 * @param wanted the results that shall have one; the others have none.
 */
export function batchInFront(jaxpr: Jaxpr, axes: readonly (number | null)[], wanted: Flags, size: number): Jaxpr {
  if (wanted.every((w, i) => (w ? 0 : null) === axes[i])) return jaxpr;
  const place = (value: NDArray, i: number): NDArray =>
    wanted[i] === true ? toFront({ value, axis: axes[i] ?? null }, size) : value;
  return capturingNothing(stage('vmap', (...xs) => evalJaxpr(jaxpr, [], xs).map(place), inputAvals(jaxpr)));
}

/** Small arrays are written into a Jaxpr; more would make it long. */
const maxWritten = 16;

/** The elements of an array that is small and known, else null. */
const written = (x: NDArray): HostArray | null =>
  x instanceof Tracer || x.size > maxWritten ? null : (x.concrete()?.onHost() ?? null);

/** Can these arrays become part of a Jaxpr by {@link withConstants}? */
export const canBeWritten = (constants: readonly NDArray[]): boolean => constants.every((c) => written(c) !== null);

/** A Jaxpr that makes the small arrays that it captured of literals. */
export function withConstants({ jaxpr, constants }: ClosedJaxpr): Jaxpr {
  if (constants.length === 0) return jaxpr;
  return stage(
    'constants',
    (...xs) => {
      const made = constants.map((c) => {
        const elements = Array.from(present(written(c), 'the elements of a constant'));
        const parts = elements.map((e) => reshape(scalarOf(c.dtype, e), [1]));
        return parts.length === 0 ? zerosOf(c.aval) : reshape(concatenate(parts, 0), c.shape);
      });
      return evalJaxpr(jaxpr, made, xs);
    },
    inputAvals(jaxpr),
  ).jaxpr;
}
