import { PullbackError } from '../../src/index.ts';

/** The command was called in a way it can't do anything with. */
export class UsageError extends PullbackError {
  constructor(message: string) {
    super('usage', message);
  }
}

/**
 * A checkpoint that is missing or does not belong to this training: `checkpoint-missing`, `checkpoint-format`,
 * `checkpoint-mismatch`.
 */
export class CheckpointError extends PullbackError {}

/** A training whose loss is no number any more: what it would save is worthless. */
export class DivergedError extends PullbackError {
  constructor(message: string) {
    super('diverged', message);
  }
}
