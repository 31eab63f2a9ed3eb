import type { Aval } from '../trace/aval.ts';
import { StaticArgumentError } from '../trace/errors.ts';
import { NDArray } from '../trace/value.ts';
import { isRecord, keystr } from '../tree/tree.ts';
import type { PathStep } from '../tree/tree.ts';
import { range } from '../util/array.ts';
import { structuralKey } from '../util/key.ts';
import { shown } from '../util/shown.ts';

/** Which arguments of a jitted function are static and which are donated. */
export interface Marks {
  readonly statics: readonly number[];
  readonly donated: readonly number[];
}

/** Positions, from the forms in which they may be given. */
export type Argnums = number | readonly number[] | undefined;

/**
 * Checks the positions that a user gave.
 *
 * @param name how error messages call the function.
 * @throws StaticArgumentError when they are not positions, or an argument is marked as both.
 */
export function marksOf(name: string, staticArgnums: Argnums, donateArgnums: Argnums): Marks {
  const statics = positions(name, 'staticArgnums', staticArgnums);
  const donated = positions(name, 'donateArgnums', donateArgnums);
  const both = donated.find((i) => statics.includes(i));
  if (both !== undefined) {
    throw new StaticArgumentError(`${name}: argument ${both} is static and can't be donated, as it holds no arrays`);
  }
  return { statics, donated };
}

function positions(name: string, option: string, given: Argnums): readonly number[] {
  const list: readonly unknown[] =
    given === undefined ? [] : Array.isArray(given) ? (given as readonly unknown[]) : [given];
  const bad = list.find((i) => !Number.isInteger(i));
  if (list.some((i) => !Number.isInteger(i))) {
    throw new StaticArgumentError(
      `${name}: ${option} must be positions of arguments, counted from 0, but has ${shown(bad)}`,
    );
  }
  return list as readonly number[];
}

/**
 * The marks with positions counted from the front, for a call with `count` arguments.
 *
 * @throws StaticArgumentError for a position that the call does not have.
 */
export function resolveMarks(name: string, marks: Marks, count: number): Marks {
  const resolve = (option: string, list: readonly number[]): readonly number[] =>
    list.map((i) => {
      const position = i < 0 ? i + count : i;
      if (position >= 0 && position < count) return position;
      throw new StaticArgumentError(`${name}: ${option} has ${i}, but the function was called with ${count} arguments`);
    });
  return { statics: resolve('staticArgnums', marks.statics), donated: resolve('donateArgnums', marks.donated) };
}

/**
 * A key of the static arguments, equal exactly for equal values.
 *
 * @throws StaticArgumentError for a value that can't be compared: it holds an array, or can change unnoticed.
 */
export function staticKey(name: string, args: readonly unknown[], statics: readonly number[]): string {
  let key = '';
  for (const i of statics) {
    const value = args[i];
    if (typeof value === 'object' && value !== null) requireComparable(value, [], `${name}: static argument ${i}`);
    key += `${structuralKey(value)};`;
  }
  return key;
}

/** A static argument, for people. */
export interface StaticText {
  readonly position: number;
  /** Equal exactly for equal values. */
  readonly key: string;
  readonly text: string;
}

/** The static arguments of a call, of which {@link staticKey} is made. */
export const staticTexts = (args: readonly unknown[], statics: readonly number[]): readonly StaticText[] =>
  statics.map((position) => ({ position, key: structuralKey(args[position]), text: shown(args[position]) }));

function requireComparable(value: unknown, path: readonly PathStep[], what: string): void {
  if (typeof value !== 'object' || value === null) return;
  const where = path.length === 0 ? what : `${what}, at ${keystr(path)},`;
  if (value instanceof NDArray) {
    throw new StaticArgumentError(
      `${where} is an array (${value.dtype}[${value.shape.join(',')}]), and arrays can't be static: each new value ` +
        'would be compiled anew. Leave the argument out of staticArgnums, or pass a number.',
    );
  }
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set || value instanceof Date) {
    throw new StaticArgumentError(
      `${where} is a ${value.constructor.name}, which can change without being another object, so it can't be compared ` +
        'with that of an earlier call. Pass a number, a string, or plain objects and arrays of them.',
    );
  }
  if (Object.getOwnPropertySymbols(value).length > 0 && isRecord(value)) {
    throw new StaticArgumentError(`${where} has keys that are symbols, which can't be compared: use string keys`);
  }
  if (Array.isArray(value)) value.forEach((v, i) => requireComparable(v, [...path, i], what));
  else if (isRecord(value)) Object.entries(value).forEach(([k, v]) => requireComparable(v, [...path, k], what));
}

/** The elements of a list in order, those at `positions` from one list and the others from another. */
export function merged(
  fixed: readonly unknown[],
  others: readonly unknown[],
  positions: ReadonlySet<number>,
): readonly unknown[] {
  const [a, b] = [fixed.values(), others.values()];
  return range(fixed.length + others.length).map((i): unknown => (positions.has(i) ? a : b).next().value);
}

/** Equal shape, dtype and weak type? */
export function identicalAval(a: Aval, b: Aval): boolean {
  if (a === b) return true;
  const { shape } = a;
  if (a.dtype !== b.dtype || a.weakType !== b.weakType || shape.length !== b.shape.length) return false;
  for (let i = 0; i < shape.length; i++) if (shape[i] !== b.shape[i]) return false;
  return true;
}
