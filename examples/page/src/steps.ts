import type { Scores } from '../../training/trainer.ts';
import type { Report } from './messages.ts';

/** Steps that may be under way on the device while the next is prepared. */
const inFlight = 2;
/** How often the page hears of steps, in milliseconds: often enough to look alive. */
const every = 150;
/** Less time than this, in milliseconds, tells nothing of the speed. */
const telling = 75;

/** Steps under way: collects their losses, and reports them now and then. */
export class Steps {
  readonly #report: (report: Report) => void;
  readonly #pending: Promise<Scores>[] = [];
  #losses: Record<string, number[]> = {};
  #count = 0;
  #done = 0;
  #since = performance.now();

  constructor(report: (report: Report) => void) {
    this.#report = report;
  }

  /** Takes note of a step, and waits while there are too many. */
  async add(losses: Promise<Scores>): Promise<void> {
    // It is awaited later; until then, a rejection is nobody's.
    losses.catch(() => undefined);
    this.#pending.push(losses);
    await this.#settle(inFlight);
    if (performance.now() - this.#since >= every) this.#flush();
  }

  /** Waits for all, and reports them. */
  async settle(): Promise<void> {
    await this.#settle(0);
    this.#flush();
  }

  /** Begins to measure time anew: what was done meanwhile was no training. */
  restart(): void {
    this.#since = performance.now();
  }

  async #settle(keep: number): Promise<void> {
    while (this.#pending.length > keep) {
      const losses = (await this.#pending[0]) ?? {};
      void this.#pending.shift();
      this.#done += 1;
      this.#count += 1;
      for (const [name, loss] of Object.entries(losses)) {
        if (!Number.isFinite(loss))
          throw new Error(`The ${name} of step ${this.#done} is ${loss}: training has diverged.`);
        (this.#losses[name] ??= []).push(loss);
      }
    }
  }

  #flush(): void {
    if (this.#count === 0) return;
    const now = performance.now();
    const passed = now - this.#since;
    const stepsPerSecond = passed < telling ? null : (1000 * this.#count) / passed;
    this.#report({ kind: 'steps', done: this.#done, losses: this.#losses, stepsPerSecond });
    this.#losses = {};
    this.#count = 0;
    this.#since = now;
  }
}
