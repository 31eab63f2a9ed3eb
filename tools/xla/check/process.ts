import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the project. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What a process said, and how it ended. */
export interface Ended {
  /** Its exit code; 128 + n for a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. `onOutput` is told all that it has printed so far, and can send it a signal. */
export function run(
  command: string,
  args: readonly string[],
  onOutput: (text: string, signal: (name: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const path = [join(root, 'tools/xla'), ...(process.env.PYTHONPATH ?? '').split(delimiter)].filter((p) => p !== '');
  const env = { ...process.env, PYTHONPATH: path.join(delimiter), PYTHONDONTWRITEBYTECODE: '1' };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => {
      stdout += String(text);
      onOutput(stdout, (name) => void child.kill(name));
    });
    child.stderr.on('data', (text: Buffer) => (stderr += String(text)));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 143), stdout, stderr }));
  });
}

/** The Python to use, with jax, numpy and safetensors; null where there is none. A named one must do. */
export async function findPython(): Promise<string | null> {
  const named = process.env.XLA_PYTHON;
  const python = named ?? 'python3';
  const probe = await run(python, ['-c', 'import jax, numpy, safetensors']).catch(() => null);
  if (probe?.code === 0) return python;
  if (named !== undefined) throw new Error(`XLA_PYTHON=${named} has no jax, numpy and safetensors`);
  return null;
}
