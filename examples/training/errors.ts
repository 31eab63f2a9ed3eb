import { PullbackError } from '../../src/util/error.ts';

/** The command was called in a way it can't do anything with. */
export class UsageError extends PullbackError {
  constructor(message: string) {
    super('usage', message);
  }
}

/** A checkpoint that is missing or does not belong to this training. */
export class CheckpointError extends PullbackError {
  constructor(code: 'checkpoint-missing' | 'checkpoint-format' | 'checkpoint-mismatch', message: string) {
    super(code, message);
  }
}

/** A training whose loss is no number any more: what it would save is worthless. */
export class DivergedError extends PullbackError {
  constructor(message: string) {
    super('diverged', message);
  }
}
