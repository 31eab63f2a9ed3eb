import type { MimeBundle } from '../../../src/index.ts';

/** What a notebook gets of a value that is a cell's last expression. */
export function bundleOf(value: object): Promise<MimeBundle> {
  const ask = (value as Readonly<Record<symbol, unknown>>)[Symbol.for('Jupyter.display')];
  if (typeof ask !== 'function') throw new Error('notebooks show this value by its properties');
  return (ask as (this: unknown) => Promise<MimeBundle>).call(value);
}

export const htmlOf = async (value: object): Promise<string> => (await bundleOf(value))['text/html'] ?? '';

export const textOf = async (value: object): Promise<string> => (await bundleOf(value))['text/plain'] ?? '';
