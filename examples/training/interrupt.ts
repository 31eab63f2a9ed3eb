/** The signals that ask a training to stop, with the code that the process then exits with: 128 + the signal's number. */
export const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks a training to stop. */
export type StopSignal = keyof typeof exitCodes;

/** Whether the training has been asked to stop. */
export interface Interrupt {
  readonly signal: StopSignal | null;
}

/** How often to look whether the package manager's shell is still there. */
const lookMs = 100;

/**
 * Runs `body` while it listens for Ctrl-C and SIGTERM. The first asks the training to stop at the next step; a second one,
 * of a person who does not want to wait, ends the process at once.
 *
 * A SIGTERM to `npm start` reaches npm's shell only, which dies of it without passing it on. So a training that a package
 * script started takes the death of its parent for that signal.
 */
export async function withSignals<A>(body: (interrupt: Interrupt) => Promise<A>): Promise<A> {
  const state: { signal: StopSignal | null } = { signal: null };
  const listeners = (Object.keys(exitCodes) as StopSignal[]).map((signal) => {
    const listener = (): void => {
      if (state.signal !== null) process.exit(exitCodes[signal]);
      state.signal = signal;
    };
    return { signal, listener };
  });
  for (const { signal, listener } of listeners) process.on(signal, listener);
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid !== parent) state.signal ??= 'SIGTERM';
  }, lookMs);
  if (process.env.npm_lifecycle_event === undefined) clearInterval(look);
  try {
    return await body(state);
  } finally {
    clearInterval(look);
    for (const { signal, listener } of listeners) process.off(signal, listener);
  }
}
