import {
  commands,
  commandWords,
  control,
  controlEnd,
  counterStride,
  doneStride,
  maxPhases,
  messageLength,
  queueLength,
} from './control.ts';

/** How often a thread looks for what it waits for before it sleeps: about 0.1 ms, ten times as long as waking takes. */
export const patience = 100_000;
/** The same in JavaScript, where looking takes longer. */
const commandPatience = 50_000;

/** The position of a word of the control block. */
export const word = (name: keyof typeof control): number => control[name] / 4;
/** Sets all counters of phases to zero. */
const clear = `for (let i = 0; i < ${(maxPhases * counterStride) / 4}; i++) Atomics.store(words, ${word('counters')} + i, 0);`;

/**
 * What a worker thread runs, as text: so it is one and the same wherever the library is bundled, and needs no file of its
 * own. `data` is the shared memory. It takes commands from the control block and never returns. It gets no messages, so
 * the thread that commands it may be in a synchronous loop.
 */
export const workerSource = `
const memory = data;
const words = new Int32Array(memory.buffer, 0, ${controlEnd / 4});
const given = ${word('given')};
const programs = new Map();

// Returns when the number of commands given is another one.
function waitWhileGiven(number) {
  for (let i = 0; i < ${commandPatience}; i++) if (Atomics.load(words, given) !== number) return;
  Atomics.add(words, ${word('idle')}, 1);
  while (Atomics.load(words, given) === number) Atomics.wait(words, given, number);
  Atomics.sub(words, ${word('idle')}, 1);
}

// The function of a program; its module is compiled here, but the engine has the code of equal bytes already.
function runOf(program, address, length) {
  let run = programs.get(program);
  if (run === undefined) {
    // So that memory.buffer is all that there is by now. Engines tell every instance of every program, which takes its time.
    if (address + length > memory.buffer.byteLength) memory.grow(0);
    const bytes = new Uint8Array(memory.buffer, address, length).slice();
    run = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run;
    programs.set(program, run);
  }
  return run;
}

// Lets the threads that wait for this one fail as well, and says why.
function abort(error) {
  if (Atomics.compareExchange(words, ${word('aborted')}, 0, 1) === 0 && Atomics.load(words, ${word('failed')}) === 0) {
    const text = String(error).slice(0, ${messageLength});
    for (let i = 0; i <= ${messageLength}; i++) words[${word('message')} + i] = i < text.length ? text.charCodeAt(i) : 0;
  }
  Atomics.add(words, ${word('generation')}, 1);
  Atomics.notify(words, ${word('generation')});
}

const first = ${word('done')};
const done = (worker) => first + ${doneStride / 4} * worker;

// Returns when a worker has done so many commands.
function waitForWorker(other, count) {
  const at = done(other);
  for (let i = 0; i < ${commandPatience}; i++) if (((Atomics.load(words, at) - count) | 0) >= 0) return;
  Atomics.add(words, ${word('behind')}, 1);
  for (;;) {
    const now = Atomics.load(words, at);
    if (((now - count) | 0) >= 0) break;
    Atomics.wait(words, at, now);
  }
  Atomics.sub(words, ${word('behind')}, 1);
}

// After a command that failed with nobody waiting: leaves its number, and makes everything ready for the next one.
function recover(number, threads) {
  for (let other = 1; other < threads; other++) waitForWorker(other, (number + 1) | 0);
  if (Atomics.load(words, ${word('failed')}) === 0) {
    words[${word('failedCommand')}] = number;
    Atomics.store(words, ${word('failed')}, 1);
  }
  Atomics.store(words, ${word('arrived')}, 0);
  ${clear}
  Atomics.store(words, ${word('aborted')}, 0);
}

function execute(number, [command, program, address, length, table, threads, firstThread]) {
  const thread = worker + firstThread;
  if (command === ${commands.free}) programs.delete(program);
  else if (command === ${commands.load}) runOf(program, address >>> 0, length);
  else if (thread < threads) {
    // Where the caller is no thread itself, the first worker is in all runs: when it has come here, all before is over.
    if (firstThread === 0 && worker > 0) waitForWorker(0, number);
    try {
      runOf(program, address >>> 0, length)(table, thread, threads, ${patience});
    } catch (error) {
      abort(error);
    }
    if (firstThread === 0 && worker === 0 && Atomics.load(words, ${word('aborted')}) !== 0) recover(number, threads);
  }
}

const worker = Atomics.add(words, ${word('ready')}, 1);
for (;;) {
  const number = Atomics.load(words, given);
  if (Atomics.load(words, ${word('joined')}) > worker) break;
  waitWhileGiven(number);
}
for (let number = Atomics.load(words, done(worker)); ; ) {
  waitWhileGiven(number);
  const at = ${word('queue')} + (number & ${queueLength - 1}) * ${commandWords};
  try {
    execute(number, words.subarray(at, at + ${commandWords}));
  } catch {
    // What can't be loaded now is loaded again, and fails, when it is to run.
  }
  number = (number + 1) | 0;
  Atomics.store(words, done(worker), number);
  if (Atomics.load(words, ${word('behind')}) > 0) Atomics.notify(words, done(worker));
}
`;
