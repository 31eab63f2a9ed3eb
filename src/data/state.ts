import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { hostArrayOf } from '../kernel/semantics.ts';
import { ShapeDtypeStruct } from '../trace/abstract.ts';
import { aval, showAval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { NDArray } from '../trace/value.ts';
import type { PathStep } from '../tree/tree.ts';
import { flattenWithPath, keystr, leavesWithPath, unflatten } from '../tree/tree.ts';
import type { PullbackError } from '../util/error.ts';
import { StateError } from './errors.ts';
import type { HostTensor, Tensors } from './host-tensor.ts';
import type { TensorFile } from './safetensors.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { orThrow, runOrThrow } from './throwing.ts';

/**
 * Trees of arrays (parameters, optimizer states, keys) in files: one tensor for each leaf, named by its path, as in
 * `params[0].kernel`.
 */

type Result<A> = E.Either<StateError, A>;
const fail = (code: 'state-leaf' | 'state-mismatch', text: string): Result<never> => E.left(new StateError(code, text));

/** The name of a leaf: its path as it would be written in code, without a dot in front. */
export const nameOf = (path: readonly PathStep[]): string => keystr(path).replace(/^\./, '');

/** How a leaf is called in a text. */
const called = (name: string): string => (name === '' ? 'the whole tree' : name);

/**
 * Every leaf of a tree in host memory, by its path: an array as it is, a number as an f64, `true` and `false` as a bool.
 * Reading begins at once, so that a donated state may be replaced while this waits.
 *
 * @throws StateError for any other leaf.
 * @example
 * const tensors = await data.toTensors({ layers: [{ w: np.ones([2, 3]) }], step: 7 });
 * Object.keys(tensors).join(); // 'layers[0].w,step'
 */
export const toTensors = (tree: unknown): Promise<Tensors> => runOrThrow(readTensors(tree));

/** {@link toTensors} as a `TaskEither`. */
const readTensors =
  (tree: unknown): TE.TaskEither<StateError, Tensors> =>
  async () => {
    const read = leavesWithPath(tree).map(async ([path, leaf]): Promise<Result<readonly [string, HostTensor]>> => {
      const name = nameOf(path);
      if (leaf instanceof NDArray) {
        return E.right([name, { dtype: leaf.dtype, shape: leaf.shape, data: await leaf.data() }]);
      }
      if (typeof leaf === 'number') return E.right([name, { dtype: 'f64', shape: [], data: Float64Array.of(leaf) }]);
      if (typeof leaf === 'boolean') {
        return E.right([name, { dtype: 'bool', shape: [], data: Uint8Array.of(Number(leaf)) }]);
      }
      return fail('state-leaf', `${called(name)} can't be saved: it is a ${typeof leaf}, not an array or a number`);
    });
    return E.map((named: readonly (readonly [string, HostTensor])[]): Tensors => Object.fromEntries(named))(
      E.sequenceArray(await Promise.all(read)),
    );
  };

/**
 * A tree like `template` whose leaves are taken from tensors, which must be those of such a tree: no leaf more, none less,
 * each of the template's shape and dtype. Leaves of the template may be arrays, numbers, booleans, and the shapes that
 * `evalShape` gives: what fills a template need not have been computed before. `source` names the file in errors.
 *
 * @throws StateError that lists what does not fit.
 * @example
 * const state = data.fromTensors(evalShape(init, key), file.tensors, 'model.safetensors');
 */
export function fromTensors<T>(template: T, tensors: Tensors, source: string): FromTemplate<T> {
  return orThrow(fillTemplate(template, tensors, source));
}

/** A tree with arrays in the place of shapes. Lists are spelled out, so that trees of any depth have a type. */
export type FromTemplate<T> = T extends ShapeDtypeStruct
  ? NDArray
  : T extends NDArray | number | boolean | null | undefined
    ? T
    : T extends readonly unknown[]
      ? number extends T['length']
        ? T extends unknown[]
          ? FromTemplate<T[number]>[]
          : readonly FromTemplate<T[number]>[]
        : { [K in keyof T]: FromTemplate<T[K]> }
      : T extends object
        ? { [K in keyof T]: FromTemplate<T[K]> }
        : T;

function fillTemplate<T>(template: T, tensors: Tensors, source: string): Result<FromTemplate<T>> {
  const { leaves, treedef } = flattenWithPath(template);
  const wanted = leaves.map(([path, leaf]) => [nameOf(path), leaf] as const);
  const names = new Set(wanted.map(([name]) => name));
  const faults = wanted.flatMap(
    ([name, leaf]) => misfit(name, leaf, Object.hasOwn(tensors, name) ? tensors[name] : undefined) ?? [],
  );
  for (const name of Object.keys(tensors)) {
    if (!names.has(name)) faults.push(`it has ${called(name)}, which the template does not`);
  }
  if (faults.length > 0) {
    const more = faults.length > faultsShown ? `; and ${faults.length - faultsShown} more` : '';
    const text = `${source} does not hold such a tree: ${faults.slice(0, faultsShown).join('; ')}${more}`;
    return fail('state-mismatch', text);
  }
  return E.right(
    unflatten(
      treedef,
      wanted.map(([name, leaf]) => valueOf(leaf, tensors[name] as HostTensor)),
    ),
  );
}

const faultsShown = 3;

/** What is wrong with the tensor for a leaf, or null. */
function misfit(name: string, leaf: unknown, tensor: HostTensor | undefined): string | null {
  const needed = typeNeeded(leaf);
  if (needed === null) return `${called(name)} of the template is a ${typeof leaf}, not an array or a number`;
  if (tensor === undefined) return `it lacks ${called(name)}, ${needed}`;
  const found = showAval(aval(tensor.shape, tensor.dtype));
  return found === needed ? null : `${called(name)} is ${found}, the template has ${needed}`;
}

function typeNeeded(leaf: unknown): string | null {
  if (leaf instanceof NDArray || leaf instanceof ShapeDtypeStruct) return showAval(aval(leaf.shape, leaf.dtype));
  if (typeof leaf === 'number') return showAval(aval([], 'f64'));
  return typeof leaf === 'boolean' ? showAval(aval([], 'bool')) : null;
}

function valueOf(leaf: unknown, { dtype, shape, data }: HostTensor): unknown {
  if (typeof leaf === 'number') return data[0];
  if (typeof leaf === 'boolean') return data[0] === 1;
  return ConcreteArray.fromHost(aval(shape, dtype), hostArrayOf(dtype, data));
}

/**
 * {@link saveState} as a `TaskEither`.
 *
 * @example
 * const written = await data.writeState('model.safetensors', { w: np.ones([3]) }, { epoch: '7' })();
 * written._tag; // 'Right'
 */
export const writeState = (
  path: string,
  state: unknown,
  metadata: TensorFile['metadata'] = {},
): TE.TaskEither<PullbackError, void> =>
  pipe(
    readTensors(state),
    TE.flatMap((tensors): TE.TaskEither<PullbackError, void> => writeSafetensors(path, { tensors, metadata })),
  );

/**
 * {@link loadState} as a `TaskEither`.
 *
 * @example
 * await data.saveState('small.safetensors', { w: np.ones([3]) });
 * const read = await data.readState('small.safetensors', { w: np.zeros([4]) })(); // E.left(a StateError): f32[3] is no f32[4]
 * read._tag; // 'Left'
 */
export const readState = <T>(path: string, template: T): TE.TaskEither<PullbackError, FromTemplate<T>> =>
  pipe(
    readSafetensors(path),
    TE.flatMapEither(({ tensors }): E.Either<PullbackError, FromTemplate<T>> => fillTemplate(template, tensors, path)),
  );

/**
 * Saves a tree of arrays to one safetensors file, in one stroke: whoever reads the file finds the old tree or the new one.
 * Tensors are named by their paths, so that other programs can make something of the file, too.
 *
 * @param metadata free text about the file, by name.
 * @throws StateError for a leaf that is no array, number or boolean; FileError where the file can't be written.
 * @example
 * await data.saveState('model.safetensors', { params, optimizer, key });
 */
export const saveState = (path: string, state: unknown, metadata?: TensorFile['metadata']): Promise<void> =>
  runOrThrow(writeState(path, state, metadata));

/**
 * The tree that {@link saveState} saved: the same numbers, bit for bit, in arrays on the default device.
 *
 * @param template a tree of the same structure, shapes and dtypes: a state as it begins, or what `evalShape` says of it.
 * @throws StateError that lists what does not fit; FileError and SafetensorsError for a file that can't be read.
 * @example
 * const state = await data.loadState('model.safetensors', evalShape(init, random.key(0)));
 */
export const loadState = <T>(path: string, template: T): Promise<FromTemplate<T>> =>
  runOrThrow(readState(path, template));
