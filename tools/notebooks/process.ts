import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a kernel listens. */
export interface Ports {
  readonly shell: number;
  readonly iopub: number;
}

/** A kernel's process. */
export interface KernelProcess {
  readonly ports: Ports;
  /** Why it is gone; null while it runs. */
  readonly gone: () => string | null;
  /** Ends it, and removes what it left. */
  readonly end: () => Promise<void>;
}

/** Deno itself, not the script around it, which would leave Deno running when it is ended. */
function denoPath(): string {
  const installer = createRequire(import.meta.url)('deno/install_api.cjs') as { readonly runInstall: () => string };
  return installer.runInstall();
}

/** Ports that nobody listens on, all different. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts Deno's kernel in a folder. */
export async function startProcess(folder: string, key: string): Promise<KernelProcess> {
  const [shell = 0, iopub = 0, stdin = 0, control = 0, heartbeat = 0] = await freePorts(5);
  const scratch = await mkdtemp(join(tmpdir(), 'notebooks-'));
  const connection = {
    ip: '127.0.0.1',
    transport: 'tcp',
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: heartbeat,
    key,
    signature_scheme: 'hmac-sha256',
    kernel_name: 'deno',
  };
  const file = join(scratch, 'connection.json');
  await writeFile(file, JSON.stringify(connection));
  const child = spawn(denoPath(), ['jupyter', '--kernel', '--conn', file], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { ports: { shell, iopub }, ...watched(child, scratch) };
}

function watched(child: ChildProcess, scratch: string): Pick<KernelProcess, 'gone' | 'end'> {
  let said = '';
  let why: string | null = null;
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  child.on('error', (error) => (why = `the kernel could not be started: ${error.message}`));
  child.on('exit', (code, signal) => (why ??= `the kernel ended (${String(code ?? signal)}): ${said.trim()}`));
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    gone: () => why,
    end: async () => {
      process.removeListener('exit', kill);
      kill();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
