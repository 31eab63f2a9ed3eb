import type { Linter } from 'eslint';

export const folderOrder: readonly (readonly string[])[];
export function architecture(root: string): Linter.Config;
