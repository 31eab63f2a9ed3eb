import { drawDigit } from './digits.ts';
import { context2d, element, make } from './dom.ts';
import type { Ability } from './messages.ts';
import type { Place, Stroke } from './strokes.ts';
import { drawStrokes, penWidth, pixelsOf } from './strokes.ts';

const notes: Readonly<Record<Ability, string>> = {
  recognise: 'Draw a digit; the network says what it is, and goes on learning.',
  redraw: 'Draw a digit; the network draws it again from 64 numbers.',
  generate: 'These networks draw digits themselves, and recognise none: choose another model for this.',
};

/** What the pad asks of the worker. */
export interface Eyes {
  look(pixels: Float32Array): void;
  sample(): void;
}

/** The pad that digits are drawn on, and what the network says of them. */
export class Drawing {
  readonly #place = element('drawing-place', HTMLElement);
  readonly #pad = element('pad', HTMLCanvasElement);
  readonly #seen = element('seen', HTMLCanvasElement);
  readonly #redrawn = element('redrawn', HTMLCanvasElement);
  readonly #recognised = element('recognised', HTMLElement);
  readonly #note = element('drawing-note', HTMLElement);
  readonly #sampleButton = element('sample', HTMLButtonElement);
  readonly #list = element('probabilities', HTMLElement);
  readonly #rows = Array.from({ length: 10 }, (_, digit) => new Row(digit));
  readonly #eyes: Eyes;
  #strokes: Stroke[] = [];
  #pixels: Float32Array | null = null;
  #ability: Ability = 'recognise';
  #ready = false;
  /** A question is out; the newest waits for its answer. */
  #asking: 'no' | 'yes' | 'again' = 'no';

  constructor(eyes: Eyes) {
    this.#eyes = eyes;
    this.#list.replaceChildren(...this.#rows.map(({ item }) => item));
    this.#listen();
    element('clear', HTMLButtonElement).addEventListener('click', () => this.wipe());
    this.#sampleButton.addEventListener('click', () => eyes.sample());
    this.clear('recognise');
  }

  /** There is no network to ask, or not yet. */
  clear(ability: Ability): void {
    this.#ability = ability;
    this.#ready = false;
    this.#asking = 'no';
    this.#note.textContent = notes[ability];
    this.#place.hidden = ability === 'generate';
    this.#list.hidden = ability !== 'recognise';
    this.#redrawn.hidden = ability !== 'redraw';
    this.#sampleButton.disabled = true;
    this.#forget();
  }

  /** There is a network to ask. */
  begin(): void {
    this.#ready = true;
    this.#sampleButton.disabled = this.#ability === 'generate';
    this.askAgain();
  }

  /** Asks about what is drawn: the network has learned since. */
  askAgain(): void {
    if (this.#pixels !== null) this.#ask();
  }

  /** Empties the pad. */
  wipe(): void {
    this.#strokes = [];
    this.#pixels = null;
    for (const canvas of [this.#pad, this.#seen]) context2d(canvas).clearRect(0, 0, canvas.width, canvas.height);
    this.#forget();
  }

  /** A test digit takes the place of what was drawn. */
  showSample(pixels: Float32Array): void {
    this.wipe();
    this.#pixels = pixels;
    drawDigit(this.#seen, pixels, 28);
    const context = context2d(this.#pad);
    context.imageSmoothingEnabled = true;
    context.drawImage(this.#seen, 0, 0, this.#pad.width, this.#pad.height);
  }

  showProbabilities(values: readonly number[]): void {
    this.#answered();
    if (this.#pixels === null) return;
    const best = values.indexOf(Math.max(...values));
    this.#rows.forEach((row, digit) => row.show(values[digit] ?? 0, digit === best));
    this.#recognised.textContent = `Recognised: ${best}`;
  }

  showRedrawn(pixels: Float32Array): void {
    this.#answered();
    if (this.#pixels === null) return;
    drawDigit(this.#redrawn, pixels, 28);
    this.#recognised.textContent = 'Left, what the network sees; right, what it makes of it.';
  }

  #forget(): void {
    for (const row of this.#rows) row.show(null, false);
    context2d(this.#redrawn).clearRect(0, 0, 28, 28);
    const drawn = this.#pixels !== null;
    this.#recognised.textContent = !drawn
      ? 'Nothing is drawn yet.'
      : 'The network answers when it is there: press Train.';
  }

  #listen(): void {
    const place = ({ clientX, clientY }: PointerEvent): Place => {
      const { left, top, width, height } = this.#pad.getBoundingClientRect();
      return { x: (clientX - left) / width, y: (clientY - top) / height };
    };
    this.#pad.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.#pad.setPointerCapture(event.pointerId);
      // A test digit is no drawing to go on with.
      if (this.#strokes.length === 0) this.wipe();
      this.#strokes.push([place(event)]);
      this.#drawn();
    });
    this.#pad.addEventListener('pointermove', (event) => {
      const last = this.#strokes.at(-1);
      if (last === undefined || !this.#pad.hasPointerCapture(event.pointerId)) return;
      this.#strokes[this.#strokes.length - 1] = [...last, place(event)];
      this.#drawn();
    });
  }

  #drawn(): void {
    const context = context2d(this.#pad);
    const { width: scale } = this.#pad;
    context.clearRect(0, 0, scale, scale);
    drawStrokes(context, this.#strokes, { scale, x: 0, y: 0, width: penWidth * scale });
    this.#pixels = pixelsOf(this.#strokes);
    drawDigit(this.#seen, this.#pixels, 28);
    if (this.#ready) this.#ask();
    else this.#forget();
  }

  #ask(): void {
    if (this.#pixels === null || !this.#ready || this.#ability === 'generate') return;
    if (this.#asking !== 'no') {
      this.#asking = 'again';
      return;
    }
    this.#asking = 'yes';
    this.#eyes.look(this.#pixels);
  }

  #answered(): void {
    const again = this.#asking === 'again';
    this.#asking = 'no';
    if (again) this.#ask();
  }
}

/** How probable a digit is. */
class Row {
  readonly item: HTMLLIElement;
  readonly #bar = make('span', 'bar');
  readonly #text = make('span', 'percent');

  constructor(digit: number) {
    this.item = make('li', '', make('span', 'name', String(digit)), make('span', 'track', this.#bar), this.#text);
  }

  show(probability: number | null, best: boolean): void {
    this.#bar.style.width = `${100 * (probability ?? 0)}%`;
    this.#text.textContent = probability === null ? '–' : `${(100 * probability).toFixed(1)} %`;
    this.item.classList.toggle('best', best);
  }
}
