import { Chart } from './chart.ts';
import { element } from './dom.ts';
import type { Report } from './messages.ts';
import type { Point } from './series.ts';
import { Series } from './series.ts';

type Started = Extract<Report, { kind: 'started' }>;

/** What the scores of a model are called. */
const scoreNames: Readonly<
  Record<string, { readonly title: string; readonly short: string; readonly percent: boolean }>
> = {
  accuracy: { title: 'Accuracy on test images', short: 'Test accuracy', percent: true },
  mse: { title: 'Squared error on test images', short: 'Test error', percent: false },
  real: { title: 'Discriminator: real images taken for real', short: 'Taken for real', percent: true },
};

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A number in three digits, always as wide. */
const brief = (x: number): string => (x >= 100 ? whole.format(x) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The numbers and curves of a training. */
export class Dashboard {
  readonly #bar = element('bar', HTMLProgressElement);
  readonly #step = element('figure-step', HTMLElement);
  readonly #speed = element('figure-speed', HTMLElement);
  readonly #loss = element('figure-loss', HTMLElement);
  readonly #lossName = element('loss-name', HTMLElement);
  readonly #score = element('figure-score', HTMLElement);
  readonly #scoreName = element('score-name', HTMLElement);
  readonly #lossChart = new Chart(element('loss-chart', HTMLElement), element('loss-caption', HTMLElement));
  readonly #scoreChart = new Chart(element('score-chart', HTMLElement), element('score-caption', HTMLElement));
  #started: Started | null = null;
  #losses = new Map<string, Series>();
  #testLosses: Point[] = [];
  #scores: Point[] = [];
  #named = '';

  /** Before there is anything to show. */
  clear(score: string): void {
    this.#started = null;
    this.#losses = new Map();
    this.#testLosses = [];
    this.#scores = [];
    this.#named = '';
    this.#bar.value = 0;
    for (const figure of [this.#step, this.#speed, this.#loss, this.#score]) figure.textContent = '–';
    this.#lossName.textContent = 'Training loss';
    this.#lossChart.describe('Loss');
    this.#name(score);
  }

  begin(started: Started): void {
    this.#started = started;
    this.#showSteps(0);
  }

  addSteps({ done, losses, stepsPerSecond }: Extract<Report, { kind: 'steps' }>): void {
    for (const [name, values] of Object.entries(losses)) {
      const series = this.#losses.get(name) ?? new Series();
      this.#losses.set(name, series);
      for (const value of values) series.add(value);
    }
    const [first = 'loss'] = Object.keys(losses);
    this.#lossName.textContent = first === 'loss' ? 'Training loss' : `Loss of the ${first}`;
    this.#loss.textContent = mean(losses[first] ?? []).toFixed(4);
    if (stepsPerSecond !== null) this.#speed.textContent = brief(stepsPerSecond * (this.#started?.batchSize ?? 0));
    this.#showSteps(done);
    this.#showLosses();
  }

  addScores({ done, scores }: Extract<Report, { kind: 'scores' }>): void {
    const name = Object.keys(scoreNames).find((n) => n in scores);
    const value = name === undefined ? undefined : scores[name];
    if (name !== undefined && value !== undefined) {
      if (this.#named !== name) this.#name(name);
      this.#scores.push({ step: done, value });
      this.#score.textContent = scoreNames[name]?.percent === true ? `${(100 * value).toFixed(1)} %` : value.toFixed(4);
      this.#scoreChart.show([{ name, points: this.#scores, dotted: true }]);
    }
    if (scores.loss !== undefined) this.#testLosses.push({ step: done, value: scores.loss });
    this.#showLosses();
  }

  #name(score: string): void {
    const { title = score, short = score, percent = false } = scoreNames[score] ?? {};
    this.#named = score;
    this.#scoreName.textContent = short;
    this.#scoreChart.describe(title, percent ? { range: [0, 1], percent } : {});
  }

  #showSteps(done: number): void {
    if (this.#started === null) return;
    const { totalSteps } = this.#started;
    this.#bar.value = done / totalSteps;
    this.#step.textContent = `${whole.format(done)} / ${whole.format(totalSteps)}`;
  }

  #showLosses(): void {
    const trained = [...this.#losses].map(([name, { points }]) => ({
      name: name === 'loss' ? 'training' : name,
      points,
    }));
    const tested = this.#testLosses.length === 0 ? [] : [{ name: 'test', points: this.#testLosses, dotted: true }];
    this.#lossChart.show([...trained, ...tested]);
  }
}
