/**
 * The block at the start of linear memory through which threads work together. All of it is words (i32) that are read
 * and written atomically; what several threads write has a cache line of its own. Addresses are in bytes.
 */

const line = 64;
/** Below this is only zero: loads whose guard is false go there. */
const controlStart = 1024;

/** The most threads that a device can have. */
export const maxThreads = 64;
/** Phases that may run between two barriers: each has counters of its own. */
export const maxPhases = 32;
/** Bytes from one phase's counters to the next one's. */
export const counterStride = maxThreads * 4;
/** Bytes from one worker's count of commands to the next one's. */
export const doneStride = line;
/** Commands that may wait for a worker. */
export const queueLength = 64;
/** Words of a command. */
export const commandWords = 8;
/** The most characters of an error's text that a worker hands over. */
export const messageLength = 256;

const counters = controlStart + 11 * line;
const done = counters + maxPhases * counterStride;
const queue = done + maxThreads * line;
const message = queue + queueLength * commandWords * 4;

export const control = {
  /** Changes when all threads have come to a barrier. */
  generation: controlStart,
  /** How many have come to it. */
  arrived: controlStart + line,
  /** How many wait for it asleep, and have to be woken. */
  sleepers: controlStart + 2 * line,
  /** Not 0 when a thread has failed: nobody waits for anybody any more. */
  aborted: controlStart + 3 * line,
  /** Commands given so far. */
  given: controlStart + 4 * line,
  /** Workers that wait for commands asleep. */
  idle: controlStart + 5 * line,
  /** Workers that have come up; those that get commands. */
  ready: controlStart + 6 * line,
  joined: controlStart + 7 * line,
  /** Who waits, asleep, for the first worker to get on. */
  behind: controlStart + 8 * line,
  /** Not 0 when a command has failed that nobody was waiting for; which one. */
  failed: controlStart + 9 * line,
  failedCommand: controlStart + 10 * line,
  /** Units taken, of each thread's in each phase since the last barrier: a word a thread, `counterStride` a phase. */
  counters,
  /** Commands that each worker has done with, a line apart. */
  done,
  /** Command number `n` is at position `n mod queueLength`. */
  queue,
  /** Why the first worker failed: a character a word, ending with 0. */
  message,
} as const;

export const controlEnd = message + (messageLength + 1) * 4;

/**
 * What workers are told to do; a command's words are these and then `program, address, length, table, threads, first`: a
 * program, where its module's bytes are, and to run it on how many threads, of which the first worker is number `first`.
 */
export const commands = { load: 1, run: 2, free: 3 } as const;
