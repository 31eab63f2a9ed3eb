import { invariant } from '../../util/assert.ts';
import {
  commands,
  commandWords,
  controlEnd,
  counterStride,
  doneStride,
  maxPhases,
  messageLength,
  queueLength,
} from './control.ts';
import type { Helper } from './platform.ts';
import { changed, maySleep, startHelper } from './platform.ts';
import { patience, word, workerSource } from './worker.ts';

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

/** Commands that failed with nobody waiting: all those from one on that had been given when it was noticed. */
interface Failure {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * The worker threads of a device. They start when there is a program for them, take part from the time that they have
 * come up, and wait for commands in the shared memory.
 *
 * Usually the calling thread is thread 0 of every run, and a run is over when the call returns. Where the caller must not
 * be kept waiting, the pool works `ahead`: workers do everything, one command after the other, while the caller goes on.
 */
export class Pool {
  private readonly memory: WebAssembly.Memory;
  private readonly words: Int32Array;
  private readonly most: number;
  readonly ahead: boolean;
  private readonly sleeps = maySleep();
  private readonly team: Team = { helpers: [], failed: false };
  private started = false;
  private closed = false;
  private count = 0;
  private joined = 0;
  private programs = 0;
  private readonly failures: Failure[] = [];

  /** @param threads how many there are to be, with the calling one unless the pool works ahead. */
  constructor(memory: WebAssembly.Memory, threads: number, ahead = false) {
    this.memory = memory;
    this.most = threads;
    this.ahead = ahead;
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
    return { number, address, length, run, loaded: this.count };
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
    if (threads > 1) this.give(commands.run, program.number, program.address, program.length, table, threads, 1);
    this.take(program, table, threads);
  }

  /** Runs a program on the calling thread alone; nothing may be outstanding. */
  runAlone(program: TeamProgram, table: number): void {
    this.take(program, table, 1);
  }

  /**
   * Has a program run after all that was given before, on all threads or on one.
   *
   * @returns the command's number, or null if there are no workers yet: nothing is outstanding then.
   */
  enqueue(program: TeamProgram, table: number, together: boolean): number | null {
    this.admit();
    if (this.joined === 0) return null;
    const threads = together ? this.joined : 1;
    this.give(commands.run, program.number, program.address, program.length, table, threads, 0);
    return this.count - 1;
  }

  /** How many commands have been given. */
  get given(): number {
    return this.count;
  }

  /** How many of them are over. */
  passed(): number {
    this.noteLoss();
    return this.joined === 0 ? this.count : this.whole(Atomics.load(this.words, word('done')));
  }

  /** Waits until so many commands are over. */
  finish(count = this.count): void {
    if (this.passed() < count) this.waitFor(word('done'), count);
  }

  /** The same without keeping the caller. */
  async finished(count = this.count): Promise<void> {
    while (this.passed() < count) {
      const now = Atomics.load(this.words, word('done'));
      Atomics.add(this.words, word('behind'), 1);
      if (this.passed() < count) await changed(this.words, word('done'), now);
      Atomics.sub(this.words, word('behind'), 1);
    }
  }

  /** Why what a command was to do is not there, or null if it is, or will be. */
  failureOf(command: number): string | null {
    this.noteLoss();
    this.noteFailure();
    return this.failures.find(({ from, to }) => from <= command && command < to)?.text ?? null;
  }

  async close(): Promise<void> {
    await this.finished();
    this.closed = true;
    this.joined = 0;
    await endAll(this.team);
  }

  /** The number of commands that has these lowest 32 bits: the last there has been. */
  private whole(low: number): number {
    return this.count - ((this.count - low) | 0);
  }

  /** The calling thread's part. */
  private take(program: TeamProgram, table: number, threads: number): void {
    try {
      program.run(table, 0, threads, this.sleeps ? patience : 0);
    } catch (error) {
      throw this.stop(error, threads);
    }
  }

  /** Workers that end take with them what they were to do. */
  private noteLoss(): void {
    if (!this.team.failed || this.closed || this.joined === 0) return;
    const from = this.whole(Atomics.load(this.words, word('done')));
    this.failures.push({ from, to: this.count, text: 'a thread of the device ended' });
    this.joined = 0;
  }

  /** What was given after a command that failed may have used its results. */
  private noteFailure(): void {
    const { words } = this;
    if (Atomics.load(words, word('failed')) === 0) return;
    const from = this.whole(words[word('failedCommand')] as number);
    this.failures.push({ from, to: this.count, text: this.message() });
    Atomics.store(words, word('failed'), 0);
  }

  private start(): void {
    if (this.started || this.closed) return;
    this.started = true;
    const { memory, team } = this;
    const failed = (): void => void (team.failed = true);
    try {
      for (let i = this.ahead ? 0 : 1; i < this.most; i++) team.helpers.push(startHelper(workerSource, memory, failed));
    } catch {
      // Pages may forbid workers. One thread does all there is to do.
      failed();
    }
  }

  /** Lets workers that have come up take part from the next command on. */
  private admit(): void {
    this.noteLoss();
    const { words } = this;
    const ready = this.threads === 1 ? 0 : Atomics.load(words, word('ready'));
    if (ready === this.joined) return;
    for (let w = this.joined; w < ready; w++) Atomics.store(words, word('done') + w * (doneStride / 4), this.count);
    this.joined = ready;
    Atomics.store(words, word('joined'), ready);
  }

  /** Puts a command into the queue; waits only when that is full. */
  private give(...command: readonly number[]): void {
    this.admit();
    if (this.joined === 0) return;
    const { words } = this;
    this.settle(this.count - queueLength + 1);
    invariant(command.length <= commandWords, 'a command fits');
    words.set(command, word('queue') + (this.count % queueLength) * commandWords);
    this.count += 1;
    Atomics.store(words, word('given'), this.count);
    if (Atomics.load(words, word('idle')) > 0) Atomics.notify(words, word('given'));
  }

  /** Waits until the workers have done the first `count` commands. */
  private settle(count: number): void {
    for (let w = 0; w < this.joined; w++) this.waitFor(word('done') + w * (doneStride / 4), count);
  }

  private waitFor(at: number, count: number): void {
    for (let looks = 0; ; looks++) {
      const done = Atomics.load(this.words, at);
      if (this.whole(done) >= count) return;
      if (looks > 1000 && this.sleeps) Atomics.wait(this.words, at, done, 1);
    }
  }

  /** Ends a run that failed in some thread, and gives the error to throw. */
  private stop(error: unknown, threads: number): unknown {
    const { words } = this;
    if (threads === 1) {
      this.reset();
      return error;
    }
    const first = Atomics.compareExchange(words, word('aborted'), 0, 1) === 0;
    Atomics.add(words, word('generation'), 1);
    Atomics.notify(words, word('generation'));
    this.settle(this.count);
    const text = first ? null : this.message();
    this.reset();
    return text === null ? error : new WebAssembly.RuntimeError(text);
  }

  private reset(): void {
    const { words } = this;
    for (const name of ['arrived', 'sleepers', 'aborted'] as const) Atomics.store(words, word(name), 0);
    const counters = (maxPhases * counterStride) / 4;
    for (let i = 0; i < counters; i++) Atomics.store(words, word('counters') + i, 0);
  }

  /** What a worker has left as the reason of its failure. */
  private message(): string {
    const from = word('message');
    const characters = [...this.words.subarray(from, from + messageLength)];
    const end = characters.indexOf(0);
    return String.fromCharCode(...characters.slice(0, end < 0 ? messageLength : end));
  }
}
