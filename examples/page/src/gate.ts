/** Where a loop waits while it is paused. */
export class Gate {
  #open: (() => void) | null = null;
  #opened: Promise<void> | null = null;

  get closed(): boolean {
    return this.#opened !== null;
  }

  close(): void {
    this.#opened ??= new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open?.();
    this.#open = this.#opened = null;
  }

  /** Resolves when it is open; at once if it is. */
  async pass(): Promise<void> {
    // It may have been closed again before this is noticed.
    while (this.#opened !== null) await this.#opened;
  }
}
