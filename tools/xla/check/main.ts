/**
 * Checks the exported trainings under XLA: `npm run xla [-- NAME… --steps N]`, all checks by default, 100 steps of each
 * training. Needs a Python with jax, numpy and safetensors, which `XLA_PYTHON` names; where there is none, nothing is checked.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checks } from './checks.ts';
import { findPython } from './process.ts';

const { values, positionals } = parseArgs({ options: { steps: { type: 'string' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(checks);
const unknown = names.find((name) => !(name in checks));
if (unknown !== undefined)
  throw new Error(`there is no check ${unknown}; there are: ${Object.keys(checks).join(', ')}`);

const python = await findPython();
if (python === null) {
  console.log('xla: passed over, there is no Python with jax, numpy and safetensors (XLA_PYTHON names one)');
  process.exit(0);
}
let failed = 0;
for (const name of names) {
  const folder = await mkdtemp(join(tmpdir(), 'pullback-xla-'));
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  try {
    const found = await checks[name]?.({ python, folder, steps: Number(values.steps ?? 100) });
    console.log(`ok ${name}: ${found ?? ''} (${seconds()})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)} (${seconds()})`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(`xla: ${names.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
