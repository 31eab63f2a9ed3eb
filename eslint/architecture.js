import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';

/** The folders of src/ in order: a folder imports only itself and folders in earlier rows. */
export const folderOrder = [
  ['util'],
  ['tree'],
  ['sharding'],
  ['kernel'],
  ['trace'],
  ['lax'],
  ['compiler'],
  ['transforms'],
  ['numpy'],
  ['random'],
  ['nn', 'optim', 'data'],
  ['train', 'bundle', 'display'],
  ['testing'],
];

/** What backends may import: they see kernels and programs, never a tracer. */
const backendMayImport = ['backends', 'kernel', 'util'];

/** One zone per folder: everything in src/ but the allowed folders is out of bounds. */
function zones() {
  const zone = (folder, allowed) => ({
    target: `./src/${folder}`,
    from: './src',
    except: allowed.map((name) => `./${name}`),
    message: `src/${folder} may import only ${allowed.join(', ')} (the folder order of the design).`,
  });
  const ordered = folderOrder.flatMap((row, i) =>
    row.map((folder) => zone(folder, [...folderOrder.slice(0, i).flat(), folder])),
  );
  return [...ordered, zone('backends', backendMayImport)];
}

/**
 * The lint rules that hold the architecture: no import cycles, and the folder order. Only files directly in src/ (the
 * index) may import everything, backends included.
 *
 * @param {string} root the folder that holds src/
 */
export const architecture = (root) => ({
  files: ['src/**/*.ts'],
  plugins: { 'import-x': importX },
  settings: {
    'import-x/extensions': ['.ts'],
    'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    'import-x/resolver-next': [createTypeScriptImportResolver({ noWarnOnMultipleProjects: true })],
  },
  rules: {
    'import-x/no-cycle': ['error', { ignoreExternal: true }],
    'import-x/no-self-import': 'error',
    'import-x/no-restricted-paths': ['error', { basePath: root, zones: zones() }],
  },
});
