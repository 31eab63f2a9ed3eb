import { FileError } from '../data/errors.ts';
import { pathIn, removeFile, textIfThere } from '../data/files.ts';
import { bundleFormat } from './manifest.ts';

export const manifestFile = 'manifest.json';

/**
 * Removes an earlier bundle from a folder: the manifest first, so that a folder in which not all has been replaced holds no
 * bundle, then the files that it lists.
 *
 * @throws FileError for a manifest of something else, which is left alone.
 */
export async function removeEarlier(folder: string): Promise<void> {
  const path = await pathIn(folder, manifestFile);
  const text = await textIfThere(path);
  if (text === null) return;
  const manifest = parsed(text);
  if (fieldOf(manifest, 'format') !== bundleFormat) {
    throw new FileError(
      'file-unwritable',
      `cannot write ${path}: there is one that is not a bundle's; choose another folder`,
    );
  }
  await removeFile(path);
  for (const file of filesOf(manifest)) await removeFile(await pathIn(folder, file));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** The files that a manifest lists beside itself. */
const filesOf = (manifest: unknown): readonly string[] =>
  [
    ...listOf(fieldOf(manifest, 'steps')),
    fieldOf(manifest, 'state'),
    ...listOf(fieldOf(fieldOf(manifest, 'data'), 'shards')),
  ]
    .map((entry) => fieldOf(entry, 'file'))
    .filter(isOurs);

/** The names that bundles' files have; whatever else a manifest may say stays where it is. */
const isOurs = (name: unknown): name is string =>
  typeof name === 'string' && /^(step(-\d+)?\.mlir|state\.safetensors|data-\d+-of-\d+\.safetensors)$/.test(name);

const fieldOf = (x: unknown, name: string): unknown =>
  typeof x === 'object' && x !== null ? (x as Readonly<Record<string, unknown>>)[name] : undefined;

const listOf = (x: unknown): readonly unknown[] => (Array.isArray(x) ? x : []);
