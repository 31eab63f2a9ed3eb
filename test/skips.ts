import { afterAll } from 'vitest';

/** Counts what a suite leaves out, by reason, and prints it in one line at its end. */
export class Skips {
  private readonly counts = new Map<string, number>();

  add(reason: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }

  /** All reasons with their numbers. */
  get text(): string {
    return [...this.counts].map(([reason, n]) => `${n} (${reason})`).join(', ');
  }

  /** To be called where tests are declared. */
  print(suite: string, unit: string): void {
    afterAll(() => console.info(`${suite}: ${this.counts.size === 0 ? 'nothing' : this.text} skipped, in ${unit}`));
  }
}
