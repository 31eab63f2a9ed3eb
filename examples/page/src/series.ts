/** A point of a curve. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

const most = 300;

/** A curve of values that come one for each step, as few points: each is the mean over so many steps. */
export class Series {
  #points: Point[] = [];
  #each = 1;
  #sum = 0;
  #count = 0;
  #steps = 0;

  add(value: number): void {
    this.#steps += 1;
    this.#sum += value;
    this.#count += 1;
    if (this.#count < this.#each) return;
    this.#points.push({ step: this.#steps, value: this.#sum / this.#count });
    this.#sum = this.#count = 0;
    if (this.#points.length >= most) this.#halve();
  }

  get points(): readonly Point[] {
    return this.#points;
  }

  #halve(): void {
    this.#points = this.#points.flatMap((point, i, all) => {
      const before = all[i - 1];
      return i % 2 === 1 && before !== undefined ? [{ step: point.step, value: (point.value + before.value) / 2 }] : [];
    });
    this.#each *= 2;
  }
}
