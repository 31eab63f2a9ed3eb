import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PullbackError } from '../util/error.ts';
import { writeBytes } from './files.ts';
import type { HostTensor, Tensors } from './host-tensor.ts';
import { decodeNpy, encodeNpy } from './npy.ts';
import { platform } from './platform.ts';
import { runOrThrow } from './throwing.ts';
import { unzip, zip } from './zip.ts';

/** NumPy's format for several arrays: a zip archive of `.npy` files, whose names are the arrays'. */

const suffix = '.npy';

/** Options of {@link encodeNpz} and {@link saveNpz}. */
export interface NpzOptions {
  /** Pack the arrays, as `numpy.savez_compressed` does? Default false, as in `numpy.savez`. */
  readonly compress?: boolean;
}

/**
 * The bytes of an `.npz` file; equal arrays give equal bytes.
 *
 * @throws NpyError for a tensor whose data does not fit its dtype and shape; ZipError for more than 4 GB.
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = await data.encodeNpz({ x, y: x }, { compress: true });
 */
export const encodeNpz = async (
  tensors: Tensors,
  { compress = false }: NpzOptions = {},
): Promise<Uint8Array<ArrayBuffer>> =>
  zip(
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${name}${suffix}`, encodeNpy(tensor)])),
    compress,
  );

/**
 * Reads the bytes of an `.npz` file, packed or not; see {@link decodeNpy}. `source` names the file in errors.
 *
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * const read = await data.decodeNpz(await data.encodeNpz({ x }), 'x.npz')(); // E.right({ x })
 * read._tag; // 'Right'
 */
export const decodeNpz = (bytes: Uint8Array<ArrayBuffer>, source: string): TE.TaskEither<PullbackError, Tensors> =>
  pipe(
    unzip(bytes, source),
    TE.flatMapEither((files): E.Either<PullbackError, Tensors> => {
      const tensors = Object.entries(files).map(([file, content]) => {
        const name = file.endsWith(suffix) ? file.slice(0, -suffix.length) : file;
        return E.map((tensor: HostTensor) => [name, tensor] as const)(decodeNpy(content, `${source}: ${file}`));
      });
      return E.map((named: readonly (readonly [string, HostTensor])[]): Tensors => Object.fromEntries(named))(
        E.sequenceArray(tensors),
      );
    }),
  );

/**
 * {@link loadNpz} as a `TaskEither`.
 *
 * @example
 * const read = await data.readNpz('nowhere.npz')(); // E.left(a FileError)
 * read._tag; // 'Left'
 */
export const readNpz = (path: string): TE.TaskEither<PullbackError, Tensors> =>
  pipe(
    platform,
    TE.flatMap((files): TE.TaskEither<PullbackError, Uint8Array<ArrayBuffer>> => files.readFile(path)),
    TE.flatMap((bytes) => decodeNpz(bytes, path)),
  );

/**
 * Reads an `.npz` file. Its tensors can be the columns of a data set.
 *
 * @throws FileError where it can't be read; ZipError and NpyError for a damaged file.
 * @example
 * const { images, labels } = await data.loadNpz('digits.npz');
 * if (images === undefined || labels === undefined) throw new Error('digits.npz has no images or no labels');
 * const batches = data.fromArrays({ images, labels }).batch(32);
 */
export const loadNpz = (path: string): Promise<Tensors> => runOrThrow(readNpz(path));

/**
 * Writes an `.npz` file in one stroke: whoever reads it finds the old contents or the new.
 *
 * @throws FileError where it can't be written; otherwise as {@link encodeNpz}.
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * await data.saveNpz('x.npz', { x }, { compress: true });
 * Object.keys(await data.loadNpz('x.npz')).join(); // 'x'
 */
export const saveNpz = async (path: string, tensors: Tensors, options?: NpzOptions): Promise<void> =>
  runOrThrow(writeBytes(path, await encodeNpz(tensors, options)));
