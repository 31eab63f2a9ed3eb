/** The signals that ask a training to stop, with the code that the process then exits with: 128 + the signal's number. */
export const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks a training to stop. */
export type StopSignal = keyof typeof exitCodes;

/** Whether the training has been asked to stop. */
export interface Interrupt {
  readonly signal: StopSignal | null;
}

/**
 * Runs `body` while it listens for Ctrl-C and SIGTERM. The first asks the training to stop at the next step; a second one,
 * of a person who does not want to wait, ends the process at once.
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
  try {
    return await body(state);
  } finally {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  }
}
