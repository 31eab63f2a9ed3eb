import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version in a package's own package file; the benchmark's folder is in pullback's. */
export function packageVersion(name: string): string {
  const file = name === 'pullback' ? new URL('../../package.json', import.meta.url) : manifest(name);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}

/** Not every package exports its package file: it is above the file that does the work. */
function manifest(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  return `${entry.slice(0, entry.lastIndexOf(name) + name.length)}/package.json`;
}
