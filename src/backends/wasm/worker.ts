import { commands, commandWords, control, controlEnd, messageLength, queueLength } from './control.ts';

/** How often a thread looks for what it waits for before it sleeps: about 0.1 ms, ten times as long as waking takes. */
export const patience = 100_000;
/** The same in JavaScript, where looking takes longer. */
const commandPatience = 50_000;

/** The position of a word of the control block. */
const word = (name: keyof typeof control): number => control[name] / 4;

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
    memory.grow(0); // so that memory.buffer is all that there is by now
    const bytes = new Uint8Array(memory.buffer, address, length).slice();
    run = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run;
    programs.set(program, run);
  }
  return run;
}

// Lets the threads that wait for this one fail as well, and says why.
function abort(error) {
  if (Atomics.compareExchange(words, ${word('aborted')}, 0, 1) === 0) {
    const text = String(error).slice(0, ${messageLength});
    for (let i = 0; i <= ${messageLength}; i++) words[${word('message')} + i] = i < text.length ? text.charCodeAt(i) : 0;
  }
  Atomics.add(words, ${word('generation')}, 1);
  Atomics.notify(words, ${word('generation')});
}

function execute([command, program, address, length, table, threads]) {
  if (command === ${commands.free}) programs.delete(program);
  else if (command === ${commands.load}) runOf(program, address >>> 0, length);
  else if (worker + 1 < threads) {
    try {
      runOf(program, address >>> 0, length)(table, worker + 1, threads, ${patience});
    } catch (error) {
      abort(error);
    }
  }
}

const worker = Atomics.add(words, ${word('ready')}, 1);
for (;;) {
  const number = Atomics.load(words, given);
  if (Atomics.load(words, ${word('joined')}) > worker) break;
  waitWhileGiven(number);
}
const done = ${word('done')} + 16 * worker;
for (let number = Atomics.load(words, done); ; ) {
  waitWhileGiven(number);
  const at = ${word('queue')} + (number & ${queueLength - 1}) * ${commandWords};
  try {
    execute(words.subarray(at, at + ${commandWords}));
  } catch {
    // What can't be loaded now is loaded again, and fails, when it is to run.
  }
  number = (number + 1) | 0;
  Atomics.store(words, done, number);
}
`;
