import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Contender } from './libraries.ts';
import type { Answer, Greeting, Request } from './protocol.ts';

/** How much of what a process writes to its standard error is kept, for the case that it dies. */
const keptText = 2000;

/** A library's process: one request at a time. */
export class LibraryProcess {
  private readonly child: ChildProcess;
  private readonly waiting: ((line: string | null) => void)[] = [];
  private readonly lines: string[] = [];
  private text = '';
  private over = false;
  /** A folder of its own for what Mesa's drivers have compiled: with the usual one a first call would be none. */
  private readonly shaders: string | null = null;

  constructor({ command, args, env, usesGpu }: Contender) {
    if (usesGpu) this.shaders = mkdtempSync(join(tmpdir(), 'pullback-bench-'));
    const given = Object.entries({
      ...process.env,
      ...env,
      ...(this.shaders !== null && { MESA_SHADER_CACHE_DIR: this.shaders }),
    }).filter(([, value]) => value !== undefined);
    this.child = spawn(command, args, { env: Object.fromEntries(given), stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.on('error', (error) => this.end(error.message));
    this.child.on('close', () => this.end(''));
    this.child.stdin?.on('error', () => undefined);
    this.child.stderr?.on('data', (data: Buffer) => (this.text = (this.text + data.toString()).slice(-keptText)));
    // What is no object is something that the library printed.
    if (this.child.stdout !== null) {
      createInterface({ input: this.child.stdout }).on('line', (line) => line.startsWith('{') && this.take(line));
    }
  }

  private take(line: string): void {
    const next = this.waiting.shift();
    if (next === undefined) this.lines.push(line);
    else next(line);
  }

  private end(reason: string): void {
    this.over = true;
    if (this.shaders !== null) rmSync(this.shaders, { recursive: true, force: true });
    this.text += reason;
    this.waiting.splice(0).forEach((next) => next(null));
  }

  /** Is it still there to be asked? */
  get alive(): boolean {
    return !this.over;
  }

  /** The next line, null when there is none in time or the process is over. */
  private line(seconds: number): Promise<string | null> {
    const early = this.lines.shift();
    if (early !== undefined || this.over) return Promise.resolve(early ?? null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.child.kill('SIGKILL'), seconds * 1000);
      this.waiting.push((line) => {
        clearTimeout(timer);
        resolve(line);
      });
    });
  }

  /** What it says when it has started. */
  async greeting(seconds: number): Promise<Greeting> {
    const line = await this.line(seconds);
    return line === null ? { absent: this.lastWords() } : (JSON.parse(line) as Greeting);
  }

  /** Asks; a process that dies of it or takes too long is an error, and not asked again. */
  async ask(request: Request, seconds: number): Promise<Answer> {
    const begun = performance.now();
    if (this.alive) this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    const line = await this.line(seconds);
    if (line !== null) return JSON.parse(line) as Answer;
    const late = performance.now() - begun >= seconds * 1000 - 1;
    return { error: late ? `took longer than ${seconds} s` : `the process ended: ${this.lastWords()}` };
  }

  private lastWords(): string {
    return this.text.trim().split('\n').at(-1)?.trim() ?? '';
  }

  /** Ends the process; resolves when it is gone. */
  close(): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      this.child.once('close', () => resolve());
      this.child.kill('SIGKILL');
    });
  }
}
