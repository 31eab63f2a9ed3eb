import { invariant } from '../../util/assert.ts';
import { commands, commandWords, control, controlEnd, maxPhases, messageLength, queueLength } from './control.ts';
import type { Helper } from './platform.ts';
import { maySleep, startHelper } from './platform.ts';
import { patience, workerSource } from './worker.ts';

/** `run` of a program's module, in the form that several threads call together; see `teamParams`. */
export type TeamRun = (table: number, thread: number, threads: number, patience: number) => void;

/** A program as workers get it: its module's bytes in linear memory. */
export interface TeamProgram {
  readonly number: number;
  readonly address: number;
  readonly length: number;
  /** This thread's instance. */
  readonly run: TeamRun;
  /** Commands given when workers had been told to load it. */
  readonly loaded: number;
}

/** What has been started; not the pool itself, so that a pool that nobody holds any more can be collected. */
interface Team {
  readonly helpers: Helper[];
  failed: boolean;
}

const abandoned = new FinalizationRegistry((team: Team) => void endAll(team));
const endAll = (team: Team): Promise<unknown> => Promise.all(team.helpers.splice(0).map((h) => h.terminate()));

const word = (name: keyof typeof control): number => control[name] / 4;
const doneStride = 16;

/**
 * The worker threads of a device. They start when there is a program for them, take part from the time that they have
 * come up, and wait for commands in the shared memory. The calling thread is thread 0 of every run, and a run is over
 * when the call returns.
 */
export class Pool {
  private readonly memory: WebAssembly.Memory;
  private readonly words: Int32Array;
  private readonly most: number;
  private readonly sleeps = maySleep();
  private readonly team: Team = { helpers: [], failed: false };
  private started = false;
  private closed = false;
  private given = 0;
  private joined = 0;
  private programs = 0;

  /** @param threads how many there are to be, with the calling one. */
  constructor(memory: WebAssembly.Memory, threads: number) {
    this.memory = memory;
    this.most = threads;
    this.words = new Int32Array(memory.buffer, 0, controlEnd / 4);
    abandoned.register(this, this.team);
  }

  /** The threads that programs run on, once those that are starting have come up. */
  get threads(): number {
    return this.team.failed || this.closed ? 1 : this.most;
  }

  /** Makes a program known to the workers, which start if they have not yet. The bytes must stay until {@link free}. */
  load(address: number, length: number, run: TeamRun): TeamProgram {
    this.start();
    const number = this.programs++;
    this.give(commands.load, number, address, length);
    return { number, address, length, run, loaded: this.given };
  }

  /** Forgets a program; its memory can be used for something else afterwards. */
  free(program: TeamProgram): void {
    this.give(commands.free, program.number);
    this.settle(program.loaded);
  }

  /**
   * Runs a program on all threads that are there.
   *
   * @throws WebAssembly.RuntimeError when it fails in any of them; the others have stopped then too.
   */
  run(program: TeamProgram, table: number): void {
    this.admit();
    const threads = this.joined + 1;
    if (threads > 1) this.give(commands.run, program.number, program.address, program.length, table, threads);
    try {
      program.run(table, 0, threads, this.sleeps ? patience : 0);
    } catch (error) {
      throw this.stop(error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.joined = 0;
    await endAll(this.team);
  }

  private start(): void {
    if (this.started || this.closed) return;
    this.started = true;
    const { memory, team } = this;
    const failed = (): void => void (team.failed = true);
    try {
      for (let i = 1; i < this.most; i++) team.helpers.push(startHelper(workerSource, memory, failed));
    } catch {
      // Pages may forbid workers. One thread does all there is to do.
      failed();
    }
  }

  /** Lets workers that have come up take part from the next command on. */
  private admit(): void {
    const { words } = this;
    const ready = this.threads === 1 ? 0 : Atomics.load(words, word('ready'));
    if (ready === this.joined) return;
    for (let w = this.joined; w < ready; w++) Atomics.store(words, word('done') + w * doneStride, this.given);
    this.joined = ready;
    Atomics.store(words, word('joined'), ready);
  }

  /** Puts a command into the queue; waits only when that is full. */
  private give(...command: readonly number[]): void {
    this.admit();
    if (this.joined === 0) return;
    const { words } = this;
    this.settle((this.given - queueLength + 1) | 0);
    invariant(command.length <= commandWords, 'a command fits');
    words.set(command, word('queue') + (this.given & (queueLength - 1)) * commandWords);
    this.given = (this.given + 1) | 0;
    Atomics.store(words, word('given'), this.given);
    if (Atomics.load(words, word('idle')) > 0) Atomics.notify(words, word('given'));
  }

  /** Waits until the workers have done the first `count` commands. */
  private settle(count: number): void {
    const { words } = this;
    for (let w = 0; w < this.joined; w++) {
      const at = word('done') + w * doneStride;
      for (let looks = 0; ; looks++) {
        const done = Atomics.load(words, at);
        if (((done - count) | 0) >= 0) break;
        if (looks > 1000 && this.sleeps) Atomics.wait(words, at, done, 1);
      }
    }
  }

  /** Ends a run that failed in some thread, and gives the error to throw. */
  private stop(error: unknown): unknown {
    const { words } = this;
    if (this.joined === 0) return (this.reset(), error);
    const first = Atomics.compareExchange(words, word('aborted'), 0, 1) === 0;
    Atomics.add(words, word('generation'), 1);
    Atomics.notify(words, word('generation'));
    this.settle(this.given);
    const text = first ? null : this.message();
    this.reset();
    return text === null ? error : new WebAssembly.RuntimeError(text);
  }

  private reset(): void {
    const { words } = this;
    for (const name of ['arrived', 'sleepers', 'aborted'] as const) Atomics.store(words, word(name), 0);
    for (let i = 0; i < maxPhases; i++) Atomics.store(words, word('counters') + i * doneStride, 0);
  }

  /** What a worker has left as the reason of its failure. */
  private message(): string {
    const from = word('message');
    const characters = [...this.words.subarray(from, from + messageLength)];
    const end = characters.indexOf(0);
    return String.fromCharCode(...characters.slice(0, end < 0 ? messageLength : end));
  }
}
