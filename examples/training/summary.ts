import type { Outcome } from './loop.ts';
import type { Plan } from './plan.ts';
import type { Scores, Trainer } from './trainer.ts';

/** What `--json` writes. */
export interface Summary {
  readonly model: string;
  readonly device: string;
  readonly threads: number;
  readonly epochs: number;
  /** Steps since the beginning of the training, of a resumed one too. */
  readonly steps: number;
  readonly batchSize: number;
  /** From the first step to the last evaluation. */
  readonly seconds: number;
  /** With compilation. */
  readonly firstStepMs: number | null;
  /** Of the steps after the first. */
  readonly medianStepMs: number | null;
  /** The mean over the steps of the last epoch; null for models with other losses. */
  readonly trainLoss: number | null;
  readonly testAccuracy: number | null;
  /** All losses of the last epoch, by name. */
  readonly trainLosses: Scores;
  /** All scores of the last evaluation, by name. */
  readonly testScores: Scores | null;
  /** The most memory that the process has had. */
  readonly peakMemoryBytes: number;
}

/** The summary of a run. */
export function summarize(model: string, trainer: Trainer, { settings, epochs }: Plan, outcome: Outcome): Summary {
  const [firstStepMs = null, ...laterMs] = outcome.stepMs;
  return {
    model,
    device: trainer.deviceName,
    threads: trainer.threads,
    epochs,
    steps: outcome.step,
    batchSize: settings.batchSize,
    seconds: outcome.seconds,
    firstStepMs,
    medianStepMs: median(laterMs),
    trainLoss: outcome.trainLosses.loss ?? null,
    testAccuracy: outcome.scores?.accuracy ?? null,
    trainLosses: outcome.trainLosses,
    testScores: outcome.scores,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** The middle value, or the mean of the middle two; null for none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
