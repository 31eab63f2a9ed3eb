import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const bench = join(import.meta.dirname, '..');

/** Installs jax-js and TensorFlow.js beside the benchmarks when they are first needed. */
export function installPeers(): void {
  if (existsSync(join(bench, 'node_modules'))) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', bench], { stdio: ['ignore', 2, 2] });
}
