/** Steps take this many times as long as the tests between them. */
const share = 6;
/** Milliseconds of training between tests, at least. */
const least = 1000;

/** When to test the model: often enough to watch it, and never so often that training waits for it. */
export class Pace {
  #begun = 0;
  #next = 0;

  begin(): void {
    this.#begun = performance.now();
  }

  end(): void {
    const now = performance.now();
    this.#next = now + Math.max(least, share * (now - this.#begun));
  }

  isTime(): boolean {
    return performance.now() >= this.#next;
  }
}
