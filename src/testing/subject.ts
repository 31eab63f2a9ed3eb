import { defaultDevice, startDevice, withDefault } from '../compiler/runtime.ts';
import type { Device } from '../kernel/device.ts';
import type { DType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { hostArrayOf } from '../kernel/semantics.ts';
import { mul } from '../lax/elementwise.ts';
import type { Shape } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { TracerConversionError } from '../trace/errors.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { ClosedJaxpr } from '../trace/jaxpr.ts';
import { stage } from '../trace/stage.ts';
import { recordOrigins } from '../trace/switches.ts';
import type { NDArray } from '../trace/value.ts';
import { flatFunction, flattenArrays, nameOf } from '../transforms/trees.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import { keystr, leafPaths } from '../tree/tree.ts';
import { at, range } from '../util/array.ts';
import { fixedCall } from './fixed.ts';

/** What is checked: a function on flat lists of arrays, at a point. */

/** A function of flat lists. */
export type Flat = (...xs: readonly NDArray[]) => readonly NDArray[];

/** A function of the user's. */
export type Fn<A extends readonly unknown[]> = (...args: A) => unknown;

/** A user's function and arguments as the checks see them. */
export interface Subject {
  readonly name: string;
  /** The function as the user wrote it. */
  readonly f: Fn<never>;
  readonly treedef: TreeDef;
  /** From all leaves of the arguments to all leaves of the result. */
  readonly run: Flat;
  readonly xs: readonly NDArray[];
  /** How messages call each leaf: `argument 0.w`. */
  readonly paths: readonly string[];
  /** Where it is run. */
  readonly device: Device;
}

/** The device that has f64 and can be read at once, whichever is the default. */
export const cpu = (): Promise<Device> => startDevice('wasm');

/** An array of these numbers, on no device yet. */
export const arrayOf = (shape: Shape, dtype: DType, values: globalThis.ArrayLike<number>): NDArray =>
  ConcreteArray.fromHost(aval(shape, dtype), hostArrayOf(dtype, values));

/** The array times a number. */
export const scaled = (x: NDArray, by: number): NDArray =>
  mul(
    x,
    arrayOf(
      x.shape,
      x.dtype,
      Array.from({ length: x.size }, () => by),
    ),
  );

/** A copy in another dtype that has not been put on a device. */
export const onHost = async (x: NDArray, dtype = x.dtype): Promise<NDArray> => arrayOf(x.shape, dtype, await x.data());

/** The user's function at a point, its float arguments in f64, on the CPU. */
export async function subjectInF64<A extends readonly unknown[]>(f: Fn<A>, args: A): Promise<Subject> {
  const subject = await subjectOf(f, args, await cpu());
  const wide = subject.xs.map((x) => (isFloat(x.dtype) ? onHost(x, 'f64') : Promise.resolve(x)));
  return movable({ ...subject, xs: await Promise.all(wide) });
}

/** The user's function at a point, on a device. */
export async function subjectOf<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  device: Device = defaultDevice(),
): Promise<Subject> {
  const fixed = fixedCall(f, args);
  return fixed === null
    ? subjectOfAll(f, args, range(args.length), device)
    : subjectOfAll(fixed.f, fixed.args, fixed.open, device);
}

/** The same for a list of arguments that stand at these positions of the user's. */
async function subjectOfAll(
  f: Fn<never>,
  args: readonly unknown[],
  positions: readonly number[],
  device: Device,
): Promise<Subject> {
  const name = nameOf(f);
  const called = ([first, ...rest]: readonly PathStep[]): string =>
    keystr(rest, `argument ${positions[Number(first)] ?? ''}`);
  const { leaves, treedef } = flattenArrays(args, (path) => `${called(path)} of ${name}`);
  const xs = await Promise.all(leaves.map((x) => (x.concrete()?.device === device ? Promise.resolve(x) : onHost(x))));
  const paths = leafPaths(treedef).map(called);
  return { name, f, treedef, run: flatFunction(f, treedef).run, xs, paths, device };
}

/** The same where what the function captured is on its device, too. */
export async function movable(subject: Subject): Promise<Subject> {
  const { run, xs, device } = subject;
  if (device === defaultDevice()) return subject;
  const closed = tracedOf(run, xs);
  const elsewhere = (c: NDArray): boolean => (c.concrete()?.boundTo ?? device) !== device;
  if (closed === null || !closed.constants.some(elsewhere)) return subject;
  const constants = await Promise.all(closed.constants.map((c) => (elsewhere(c) ? onHost(c) : Promise.resolve(c))));
  return { ...subject, run: (...ys) => evalJaxpr(closed.jaxpr, constants, ys) };
}

/** Runs `body`, which reads nothing, on a device. */
export const on = <T>(device: Device, body: () => T): T => withDefault(device, body);

/** The function's equations, with the user's lines; null where its control flow depends on values. */
export function tracedOf(run: Flat, xs: readonly NDArray[]): ClosedJaxpr | null {
  try {
    return recordOrigins(() =>
      stage(
        'a check',
        run,
        xs.map((x) => x.aval),
      ),
    );
  } catch (error) {
    if (error instanceof TracerConversionError) return null;
    throw error;
  }
}

/** A function of floats alone, at a point. */
export interface FloatPart {
  readonly g: Flat;
  readonly at: readonly NDArray[];
}

/** The float results of a function as one of its float operands, or of those that `vary` marks. */
export function floatPart(run: Flat, xs: readonly NDArray[], vary: (i: number) => boolean = () => true): FloatPart {
  const varied = xs.map((x, i) => isFloat(x.dtype) && vary(i));
  return {
    at: xs.filter((_, i) => varied[i] === true),
    g: (...ys) => {
      let next = 0;
      return run(...xs.map((x, i) => (varied[i] === true ? at(ys, next++) : x))).filter((o) => isFloat(o.dtype));
    },
  };
}

/** The subject at other values of its float arguments. */
export function withFloats(subject: Subject, values: readonly NDArray[]): Subject {
  const next = values.values();
  return { ...subject, xs: subject.xs.map((x) => (isFloat(x.dtype) ? (next.next().value ?? x) : x)) };
}

/**
 * A direction that looks random, the same for the same seed. None of its elements is near zero, so that each one of a
 * derivative counts.
 */
export function direction(x: NDArray, seed: number): NDArray {
  const values = Array.from({ length: x.size }, (_, i) => {
    const s = Math.sin(12.9898 * (i + 1) + 78.233 * (seed + 1));
    return s < 0 ? s / 2 - 0.5 : s / 2 + 0.5;
  });
  return arrayOf(x.shape, x.dtype, values);
}

/** A direction for each array. */
export const directions = (xs: readonly NDArray[], seed: number): readonly NDArray[] =>
  xs.map((x, i) => direction(x, i + 1000 * seed));
