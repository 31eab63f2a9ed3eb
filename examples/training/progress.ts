import { SingleBar } from 'cli-progress';
import type { Scores } from './trainer.ts';

/** How far a training is. */
export interface Status {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done, of all epochs together. */
  readonly step: number;
  readonly totalSteps: number;
  /** The mean losses since the last line, by name. */
  readonly losses: Scores;
  readonly stepsPerSecond: number;
}

/** Shows how far a training is. */
export interface Progress {
  /** After each step whose loss is known. `logged` when the step ends a log interval. */
  update(status: Status, logged: boolean): void;
  /** A line that stays. */
  note(line: string): void;
  /** Takes away what does not stay. */
  close(): void;
}

/** A time span, for people: `7 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const two = (n: number): string => String(n).padStart(2, '0');
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
}

/** The words for a status: loss, speed, time left. */
function describe({ losses, stepsPerSecond, step, totalSteps }: Status): string {
  const left = formatSeconds((totalSteps - step) / stepsPerSecond);
  const words = Object.entries(losses).map(([name, loss]) => `${name} ${loss.toFixed(4)}`);
  return `${words.join(' · ')} · ${stepsPerSecond.toFixed(1)} steps/s · ${left} left`;
}

const position = ({ epoch, epochs }: Status): string => `epoch ${epoch}/${epochs}`;

/** A bar on a terminal, plain lines elsewhere. */
export const createProgress = (stream: NodeJS.WriteStream): Progress =>
  stream.isTTY ? barProgress(stream) : plainProgress(stream);

function plainProgress(stream: NodeJS.WritableStream): Progress {
  const note = (line: string): void => void stream.write(`${line}\n`);
  return {
    update(status, logged) {
      if (logged) note(`${position(status)} · step ${status.step}/${status.totalSteps} · ${describe(status)}`);
    },
    note,
    close: () => undefined,
  };
}

function barProgress(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | null = null;
  const close = (): void => {
    bar?.stop();
    bar = null;
  };
  const open = (status: Status): SingleBar => {
    // The command handles signals itself: a bar that ended the process on Ctrl-C would lose the checkpoint.
    const made = new SingleBar({
      stream,
      format: '{position} {bar} {value}/{total} · {text}',
      barsize: 24,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      gracefulExit: false,
      clearOnComplete: true,
    });
    made.start(status.totalSteps, status.step, { position: position(status), text: describe(status) });
    return made;
  };
  return {
    update(status) {
      bar ??= open(status);
      bar.update(status.step, { position: position(status), text: describe(status) });
    },
    note(line) {
      close();
      stream.write(`${line}\n`);
    },
    close,
  };
}
